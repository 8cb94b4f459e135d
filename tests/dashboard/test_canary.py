"""What strangers write is text, wherever it comes up: a canary in every field that a source, a receiver or a person can
fill, and a walk over every page that leads on from the rail."""

from __future__ import annotations

import re
from collections import deque
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pytest

from centralita.integrations import registry
from centralita.integrations.registry import Fixture
from centralita.ports import RawRequest
from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from centralita.services import rule_changes, source_changes, webhook_changes
from centralita.services.events import detail
from centralita.services.hub import Hub
from centralita.services.source_changes import NewSource
from tests.contracts.kinds import SCHEMES, SOURCE_KINDS, fixtures_of
from tests.contracts.test_canary import parsed, poisoned
from tests.dashboard.office import ADMINISTRATOR, SECRET, Office, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "'\"><x-canary onmouseover=a()>{{7*7}}</script></textarea></title><!--"
NAME = CANARY.replace("/", "")
"""Names have no slash."""
SCRIPT = "javascript:canary()//"
MOST_PAGES = 400
PLACES = ("/", "/events", "/webhooks", "/approvals", "/sources", "/rules", "/audit", "/users", "/tokens", "/profile")
LEFT_OUT = re.compile(r"^/(static|sign-out|oidc|api|setup|events/live|.*/live)")


class _Page(HTMLParser):
    """What could run, and where the page leads."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "x-canary":
            self.faults.append("an element of a stranger's")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.faults.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action", "formaction") and value:
                if urlsplit(value.strip()).scheme not in ("", "http", "https", "mailto"):
                    self.faults.append(f"{tag} {name}={value[:60]}")
                if name == "href" and tag == "a":
                    self.links.append(value)
        if tag == "script" and not dict(attrs).get("src") and dict(attrs).get("type") != "application/json":
            self.faults.append("a script in the page")


async def _fill(office: Office) -> None:
    """The canary wherever something comes from outside."""
    hub = office.hub
    for number in range(2):  # the second one differs: there is something to compare
        await office.receive(
            type="printer.jammed",
            subject=f"printer/{CANARY}",
            severity="critical",
            title=f"{CANARY} {number}",
            status=CANARY,
            correlation=CANARY,
            url=SCRIPT,
            data={CANARY: CANARY, "place": "Lima", "url": SCRIPT, "deep": {CANARY: [number, {CANARY: CANARY}]}},
        )
    body, kind = f"{CANARY} no JSON".encode(), ("content-type", f"application/json; {CANARY}")
    headers = (("authorization", f"Bearer {SECRET}"), kind, ("user-agent", CANARY), ("x-request-id", CANARY))
    refused = RawRequest(method="POST", query=f"a={quote(CANARY)}", headers=headers, body=body)
    assert (await hub.ingest.receive("desk", refused)).status == 400
    await _made_by_people(hub)


async def _told_by_every_kind(office: Office) -> list[str]:
    """The pages of one event of each kind of source, the canary in each of its texts."""
    hub, pages = office.hub, []
    schemes = {each.values[0].kind: each.values[0] for each in reversed(SCHEMES)}
    for kind in SOURCE_KINDS:
        scheme, slug = schemes[kind], f"canary-{kind}"
        new = NewSource(kind, slug, NAME, scheme.settings, scheme.secret.decode())
        await source_changes.add(hub, ADMINISTRATOR.actor, new)
        request = registry.signed(kind, _fullest(kind), [scheme.secret], scheme.settings, hub.clock.now())
        answer = await hub.ingest.receive(slug, request)
        assert answer.status == 202, (kind, answer.body)
        event_id = str(msgspec.json.decode(answer.body)["id"]).replace("rcp_", "evt_")
        with hub.bell.listening([slug, event_id.removeprefix("evt_")]) as ear:
            while await detail(hub, event_id) is None:
                await ear.wait()
                ear.clear()
        pages.append(f"/events/{event_id}")
    return pages


def _fullest(kind: str) -> Fixture:
    """The example that says most, poisoned; none that has to be filled in by its sender's interface."""
    made = [(fixture, poisoned(kind, fixture, CANARY)) for fixture in examples_of(kind)]
    whole = [
        (found[1], number, found[0])
        for number, (fixture, found) in enumerate(made)
        if found and not any(event.needs for event in parsed(kind, fixture, msgspec.json.decode(fixture.body)))
    ]
    return max(whole)[2]


def examples_of(kind: str) -> list[Fixture]:
    """Those that a source without further settings can read."""
    return [each for each in fixtures_of(kind).values() if not each.settings or kind != "generic"]


async def _made_by_people(hub: Hub) -> None:
    actor = ADMINISTRATOR.actor
    settings: dict[str, Any] = {"url": "https://example.com/x", "types": ["*"], "description": CANARY}
    await webhook_changes.add(hub, actor, {"name": f"hook {NAME}", **settings}, "v1")
    await rule_changes.add(hub, actor, {"name": f"rule {NAME}", "condition": "severity == 'low'", "webhook": "erp"})


async def _look(visitor: Visitor, path: str) -> tuple[list[str], list[tuple[str, Any]]]:
    """Where a page leads, and what is wrong with it."""
    answer, page = await visitor.get(path), _Page()
    if "html" in answer.headers["content-type"]:
        page.feed(answer.html)
    faults: list[tuple[str, Any]] = [(path, each) for each in page.faults]
    if answer.status >= 400:
        faults.append((path, answer.status))
    if "<x-canary" in answer.html:
        faults.append((path, "unescaped"))
    return page.links, faults


async def _walk(visitor: Visitor) -> tuple[set[str], list[tuple[str, Any]]]:
    """Every page that can be come to; what is wrong with each."""
    ahead, seen, faults = deque(PLACES), set(PLACES), list[tuple[str, Any]]()
    shapes: dict[str, int] = {}
    while ahead and len(seen) < MOST_PAGES:
        path = ahead.popleft()
        links, wrong = await _look(visitor, path)
        faults += wrong
        for link in links:
            if not link.startswith("/") or link.startswith("//") or LEFT_OUT.match(link) or link in seen:
                continue
            # Of pages that differ in their query only, a few show what there is to show.
            shape = urlsplit(link).path
            shapes[shape] = shapes.get(shape, 0) + 1
            if shapes[shape] <= 12:
                seen.add(link)
                ahead.append(link)
    return seen, faults


async def test_a_canary_stays_text_on_every_page_and_no_link_is_dead(office: Office) -> None:
    async with SinkControl(office.sink) as sink:
        await sink.answer(AnswerPlan(status=500, body=CANARY, headers={"x-said": "<x-canary>"}))
        await _fill(office)
        admin = await office.person("canary-watcher")
        visited, faults = await _walk(admin)
        for page in await _told_by_every_kind(office):
            for part in ("story", "payload"):
                faults += (await _look(admin, f"{page}?part={part}"))[1]
    assert faults == []
    kinds = {re.sub(r"/(evt|dlv|att|rcp)_\w+", "/ID", urlsplit(path).path) for path in visited}
    assert len(kinds) > 20, kinds
