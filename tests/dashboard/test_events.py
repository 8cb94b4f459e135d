"""Where is my event? The list with its filters, one event whole, and doing it again; as a browser without a script
sees them."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from centralita.core import ids
from centralita.services import ci_changes, incidents, replays
from centralita.services.incidents import NewIncident
from centralita.web.dashboard import event_replays
from tests.dashboard.office import ADMINISTRATOR, SECRET, Office, Seen

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "<img src=x onerror=alert(1)>'\"{{7*7}}"


def _rows(seen: Seen) -> list[str]:
    """Ids of the events on a page."""
    return re.findall(r'<a class="open" href="/events/(evt_\w+)"', seen.html)


async def test_an_empty_log_says_how_it_is_filled(office: Office) -> None:
    seen = await (await office.as_role("viewer")).get("/events?text=nothing-is-called-so")
    assert "Nothing matches." in seen.text and "/events" in seen.links()


async def test_each_filter_finds_what_it_means(office: Office) -> None:
    admin = await office.as_role("admin")
    jammed = await office.receive(
        type="printer.jammed",
        title="Sin tóner",
        subject="printer/7",
        severity="critical",
        data={"place": "Quito", "rack": 3},
    )
    other = await office.receive(type="printer.cleaned", title="Como nueva", subject="printer/8", severity="low")
    for asked, found in (
        ({"text": "TÓNER"}, [jammed]),
        ({"type": "printer.cleaned", "subject": "printer/8"}, [other]),
        ({"severity": "critical", "source": "desk", "since": "1h"}, [jammed]),
        ({"path": "$.rack = 3"}, [jammed]),
        ({"condition": "data.place exists AND NOT severity == 'low'", "until": "2999-01-01"}, [jammed]),
        ({"outcome": "unmatched", "subject": "printer/8"}, [other]),
        ({"subject": "printer/8", "text": "tóner"}, []),
    ):
        seen = await admin.get("/events?" + urlencode(asked))
        assert seen.status == 200 and _rows(seen) == found, asked
        for value in asked.values():
            assert f'value="{value}"'.replace("'", "&#39;") in seen.html or f">{value}</option>" in seen.html, value


async def test_what_is_wrong_with_a_filter_stands_at_it_and_its_text_is_kept(office: Office) -> None:
    admin = await office.as_role("admin")
    seen = await admin.get("/events?" + urlencode({"condition": "severity = 'high'", "path": "a b"}))
    assert seen.status == 422 and not _rows(seen)
    assert "Instead of = write ==." in seen.text and "severity = &#39;high&#39;\n         ^" in seen.html
    for asked in ({"path": "a b"}, {"since": "soon"}, {"severity": "grave"}, {"outcome": "fine"}, {"until": "31/12"}):
        seen = await admin.get("/events?" + urlencode(asked))
        assert seen.status == 422 and 'role="alert"' in seen.html, asked


async def test_pages_follow_one_another_without_a_gap(office: Office) -> None:
    admin, subject = await office.as_role("admin"), "printer/many"
    sent = [await office.receive(type="printer.cleaned", title=f"n. {n}", subject=subject) for n in range(53)]
    first = await admin.get(f"/events?subject={quote(subject, safe='')}")
    assert _rows(first) == sent[::-1][:50]
    older = next(link for link in first.links() if "before=" in link)
    second = await admin.get(older)
    assert _rows(second) == sent[::-1][50:]
    assert "data-live" in first.html and "data-live" not in second.html
    assert (await admin.get("/events?before=nonsense")).status == 200


async def test_filters_are_kept_under_a_name_by_each_person_for_themselves(office: Office) -> None:
    ana, luis = await office.person("ana"), await office.person("luis", "viewer")
    refused = await ana.post("/events/views", {"name": "Empty"})
    assert "Set a filter first" in refused.text
    saved = await ana.post("/events/views", {"severity": "critical", "text": "tóner & co", "name": "Las graves"})
    assert "The view Las graves is saved." in saved.text
    view = next(link for link in saved.links() if "severity=critical" in link)
    opened = await ana.get(view)
    assert 'value="tóner &amp; co"' in opened.html and 'aria-current="page">Las graves' in opened.html
    assert "Las graves" not in (await luis.get("/events")).text
    rename = next(form for form in opened.forms() if form.endswith("/rename"))
    assert (await luis.post(rename, {"name": "Mine now"})).status == 404
    assert "A view needs a name" in (await ana.post(rename, {"name": " "})).text
    renamed = await ana.post(rename, {"name": "Las peores"})
    assert "The view is called Las peores." in renamed.text and "severity=critical" in renamed.url
    await ana.post(rename, {"name": "Las graves"})
    remove = next(form for form in opened.forms() if form.endswith("/remove"))
    await luis.post(remove)
    assert "Las graves" in (await ana.get("/events")).text
    await ana.post(remove)
    assert "Las graves" not in (await ana.get("/events")).text


async def test_one_event_is_told_whole(office: Office) -> None:
    admin = await office.as_role("admin")
    first = await office.receive(type="printer.jammed", title="Atasco", subject="printer/9", data={"n": 1})
    event = await office.receive(
        type="printer.jammed", title="Atasco", subject="printer/9", severity="critical", data={"n": 2}
    )
    await office.settled(event)
    page = f"/events/{event}"
    story = await admin.get(page)
    assert "Delivered to 1 of 1" in story.text and "of 3 rules" in story.text and "webhook:erp" in story.text
    assert "Came in from desk" in story.text
    assert "Then, of the same subject:" in (await admin.get(f"/events/{first}")).text
    payload = await admin.get(f"{page}?part=payload")
    assert "Bearer $SECRET" in payload.text.replace('"', "").replace("'", "") and "only-for-tests" not in payload.html
    assert "centralita event show" in payload.text
    rules = await admin.get(f"{page}?part=rules")
    assert "Grave" in rules.text and "is true (severity" in rules.text
    attempts = await admin.get(f"{page}?part=attempts")
    assert "webhook-signature" in attempts.text and "Send again" in attempts.text
    changes = await admin.get(f"{page}?part=changes")
    assert "data.n" in changes.text and "2 fields changed" in changes.text and f"/events/{first}" in changes.links()
    assert (await admin.get(f"{page}?part=nothing")).status == 200
    for gone in ("evt_01KAN7A5YR0000000000000000", "nonsense", "%00"):
        assert (await admin.get(f"/events/{gone}")).status == 404, gone


async def test_the_command_to_copy_really_sends_it_again(office: Office) -> None:
    admin = await office.as_role("admin")
    hostile = 'it\'s "$(id)" `id` \\ ñ \u202egnp.exe \u0007 €'
    event = await office.receive(type="printer.jammed", title=hostile, data={"deep": [{"": None}, [], hostile]})
    page = await admin.get(f"/events/{event}?part=payload")
    [command] = re.findall(r'<pre id="curl" tabindex="0">(.*?)</pre>', page.html, re.DOTALL)
    sent = f"{unescape(command)} -s -o /dev/null -w '%{{http_code}}'"
    environ = {"SECRET": SECRET, "PATH": "/usr/bin:/bin"}
    shell = await asyncio.create_subprocess_exec(
        "/bin/sh", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environ
    )
    said, _ = await asyncio.wait_for(shell.communicate(sent.encode()), 30)
    assert said == b"200"  # it is the same once more: the hub has it already


async def test_a_large_body_makes_no_large_page(office: Office) -> None:
    admin = await office.as_role("admin")
    event = await office.receive(type="printer.jammed", title="large", data={"note": "ñ<b>" * 250_000})
    for part in ("story", "payload", "rules", "attempts", "changes"):
        page = await admin.get(f"/events/{event}?part={part}")
        assert page.status == 200 and len(page.html) < 700_000, (part, len(page.html))
    payload = (await admin.get(f"/events/{event}?part=payload")).text
    assert re.search(r"The beginning; in all it has 1\.[23] MB\.", payload) and "too long to be pasted" in payload


async def test_nothing_that_a_sender_writes_is_markup(office: Office) -> None:
    admin = await office.as_role("admin")
    event = await office.receive(
        type="printer.jammed", title=CANARY, subject=f"printer/{CANARY}", severity="critical", status=CANARY,
        category=CANARY, url="javascript:alert(1)", data={"place": "Lima", CANARY: CANARY, "url": "javascript:a()"},
    )  # fmt: skip
    await office.receive(type="printer.jammed", title=CANARY + "2", subject=f"printer/{CANARY}", data={"x": CANARY})
    addresses = [
        f"/events/{event}",
        *(f"/events/{event}?part={part}" for part in ("payload", "rules", "attempts", "changes")),
    ]
    for path in [*addresses, "/events", "/events?" + urlencode({"text": CANARY, "path": f"$.x = {CANARY}"})]:
        seen = await admin.get(path)
        assert seen.status == 200 and "<img" not in seen.html and "49" not in re.findall(r"'\"(\d+)", seen.text), path
        assert 'href="javascript' not in seen.html


async def test_an_event_is_replayed_in_each_of_three_ways(office: Office) -> None:
    operator = await office.as_role("operator")
    event = await office.receive(type="printer.jammed", title="Otra vez", severity="critical")
    await office.settled(event)
    for mode, said in (
        ("reroute", "Deliveries queued: 1."),
        ("resend", "Deliveries queued: 1."),
        ("reparse", "read from its bytes"),
    ):
        seen = await operator.post(f"/events/{event}/replay", {"mode": mode})
        assert seen.url.endswith(f"/events/{event}") and said in seen.text, mode
    await office.settled(event, 3)
    again = await operator.post(f"/events/{event}/deliveries/dlv_999999999/resend")
    assert "There is no such finished delivery." in again.text
    page = await operator.get(f"/events/{event}?part=attempts")
    resend = next(form for form in page.forms() if form.endswith("/resend"))
    assert "It is sent again as dlv_" in (await operator.post(resend)).text
    assert (
        "no event"
        not in (await operator.post("/events/evt_01KAN7A5YR0000000000000000/replay", {"mode": "reroute"})).text
    )


async def test_the_ticked_ones_are_replayed(office: Office) -> None:
    operator = await office.as_role("operator")
    events = [await office.receive(type="printer.jammed", title=f"T{n}", severity="critical") for n in range(2)]
    for event in events:
        await office.settled(event)
    seen = await operator.post(
        "/events/replay", {"event": [*events, "evt_nonsense"], "mode": "reroute", "severity": "critical"}
    )
    assert "Events replayed: 2. Deliveries queued: 2. Not there any more: 1." in seen.text
    assert seen.url.endswith("/events?severity=critical")
    assert "Nothing was ticked." in (await operator.post("/events/replay", {"mode": "resend"})).text


async def test_all_that_match_are_replayed_in_steps(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "SLICE", 2)
    monkeypatch.setattr(event_replays, "BUDGET_S", 0.0)
    operator, subject = await office.as_role("operator"), "printer/steps"
    for number in range(3):
        await office.receive(type="printer.jammed", title=f"S{number}", subject=subject, severity="critical")
    filters = {"subject": subject, "mode": "reroute", "all": "yes"}
    asks = await operator.post("/events/replay", filters)
    assert "the oldest first" in asks.text and "so far" not in asks.text
    until = re.findall(r'name="until" value="([^"]+)"', asks.html)[0]
    later = await office.receive(type="printer.jammed", title="later", subject=subject, severity="critical")
    fields: dict[str, Any] = {**filters, "until": until, "go": "yes"}
    first = await operator.post("/events/replay", fields)
    assert "Events so far: 2. Deliveries queued: 2." in first.text
    fields |= dict(re.findall(r'name="(events|deliveries|cursor)" value="([^"]*)"', first.html))
    last = await operator.post("/events/replay", fields)
    assert "Events replayed: 3. Deliveries queued: 3." in last.text and later not in last.html
    assert "tick them" in (await operator.post("/events/replay", {**filters, "mode": "reparse"})).text
    await office.receive(type="printer.jammed", title="nobody's", subject=subject, severity="low")
    listed = await operator.get(f"/events?subject={subject}&outcome=unmatched")
    assert "Replay all that match…" in listed.text
    monkeypatch.setattr(replays, "SLICE", 100)
    unmatched = {**filters, "outcome": "unmatched"}
    assert "looked at when its turn comes" in (await operator.post("/events/replay", unmatched)).text
    assert (
        "Events replayed: 1. Deliveries queued: 0."
        in (await operator.post("/events/replay", {**unmatched, "go": "yes"})).text
    )


async def test_times_without_a_zone_are_the_readers(office: Office) -> None:
    admin = await office.person("zoe")
    event = await office.receive(type="printer.cleaned", subject="printer/zone")
    at = ids.time_ms(event) / 1000
    lima = datetime.fromtimestamp(at + 60, ZoneInfo("America/Lima")).strftime("%Y-%m-%d %H:%M:%S")
    asked = "/events?" + urlencode({"subject": "printer/zone", "until": lima})
    assert _rows(await admin.get(asked, Cookie="")) == []
    admin.http.cookie_jar.update_cookies({"centralita_tz": "America/Lima"})
    assert _rows(await admin.get(asked)) == [event]


async def test_whoever_looks_is_told_what_is_new(office: Office) -> None:
    admin = await office.as_role("admin")
    first = await office.receive(type="printer.cleaned", title="the first to be known")
    address = f"{office.url}/events/live?after={first}"
    second = await office.receive(type="printer.cleaned", title="while nobody listened")
    async with asyncio.timeout(30), admin.http.get(address) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert await _news(stream) == (second, 1)
        third = await office.receive(type="printer.cleaned", title="while somebody listens")
        assert await _news(stream) == (third, 1)
    # A browser that connects again says what it was told last.
    async with asyncio.timeout(30), admin.http.get(address, headers={"last-event-id": second}) as stream:
        assert await _news(stream) == (third, 1)
    async with admin.http.get(address, headers={"accept": "application/json"}) as answer:
        assert await answer.json() == {"count": 2, "newest": third}
    async with admin.http.get(f"{office.url}/events/live?after=odd", headers={"accept": "application/json"}) as answer:
        assert await answer.json() == {"count": 0, "newest": third}


async def _news(stream: aiohttp.ClientResponse) -> tuple[str, int]:
    """The next event of the stream: its id and its number."""
    said: dict[str, str] = {}
    async for line in stream.content:
        name, _, value = line.decode().strip().partition(": ")
        if not name and said.get("event") == "new":
            return said["id"], int(said["data"])
        said[name] = value
    raise AssertionError("the stream has ended")


async def test_links_from_slack_lead_to_pages(office: Office) -> None:
    viewer = await office.as_role("viewer")
    created = await incidents.create(
        office.hub, ADMINISTRATOR, NewIncident(title=f"El ERP {CANARY}", priority="high", description=CANARY)
    )
    seen = await viewer.get(f"/incidents/{created.number}")
    assert seen.status == 200 and "Timeline" in seen.text and "<img" not in seen.html
    made = await ci_changes.create(office.hub, ADMINISTRATOR.actor, {"name": f"erp-db-01 {CANARY}"})
    seen = await viewer.get(f"/cis/{made.ci.id}")
    assert seen.status == 200 and "erp-db-01" in seen.text and "<img" not in seen.html
    assert "Its id there" not in seen.text, "nothing but this hub knows it"
    shop = await ci_changes.create(office.hub, ADMINISTRATOR.actor, {"name": "shop"})
    await ci_changes.relate(office.hub, ADMINISTRATOR.actor, shop.ci.id, "depends_on", made.ci.id)
    assert "is required by shop" in (await viewer.get(f"/cis/{made.ci.id}")).text
    for gone in ("/incidents/999999", "/incidents/0", "/cis/nothing-is-called-so"):
        assert (await viewer.get(gone)).status in (404, 422), gone
