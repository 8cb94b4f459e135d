"""What a browser waits for and receives: pages of a hub or of another program, by HTTP, compressed as browsers ask."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from urllib.parse import quote, urljoin

import aiohttp

from benchmarks.big import settings_of
from benchmarks.children import Failed
from centralita.core import ids
from centralita.core.access import PERMISSIONS
from centralita.services import saved_views
from centralita.services.access import Principal, add_user
from centralita.services.hub import Hub
from centralita.services.passwords import set_password
from centralita.serving import serving
from centralita.store import approvals, cis, events, incidents, lanes, users, webhook_history
from centralita.store.database import Transaction
from centralita.web.dashboard.event_page import PARTS

_NOBODY = quote("data.ticket.id == 'nobody'")
_SOME = quote("data.ticket.id endswith '77'")
_TWO = "source=monitor&type=asset.updated"
PAGES = (
    ("overview", "/"),
    ("events", "/events"),
    ("events, of a source that sends most", "/events?source=monitor"),
    ("events, of one that sends little", "/events?source=src7"),
    ("events, of a type (1 in 1,000)", "/events?type=approval.requested"),
    ("events, critical", "/events?severity=critical"),
    ("events, of a subject", "/events?subject=ticket/77"),
    ("events, of an hour three weeks ago", "/events?since=505h&until=504h"),
    ("events, source, type and severity", "/events?source=invgate&type=ticket.created&severity=high"),
    ("events, two filters that never meet", "/events?source=quiet&type=alert.fired"),
    ("events, a single one, four weeks old", "/events?type=printer.jammed&source=quiet"),
    ("events, that wait", "/events?outcome=waiting"),
    ("events, with a dead letter", "/events?outcome=dead"),
    ("events, delivered and critical", "/events?outcome=delivered&severity=critical"),
    ("events, unmatched", "/events?outcome=unmatched"),
    ("events, incomplete (none is)", "/events?outcome=incomplete"),
    ("events, by words (none)", "/events?text=nothing+says+this"),
    ("events, by JSON path, many", f"/events?condition={_SOME}"),
    ("events, by JSON path, none", f"/events?condition={_NOBODY}"),
    ("webhooks", "/webhooks"),
    ("webhooks, that are on hold", "/webhooks?state=held"),
    ("a webhook", "/webhooks/w07"),
    ("a webhook, 30 days", "/webhooks/w07?span=month"),
    ("a webhook's attempts", "/webhooks/w07/deliveries"),
    ("attempts, that got a 503", "/webhooks/w07/deliveries?status=503"),
    ("attempts, that got a 404 (none)", "/webhooks/w07/deliveries?status=404"),
    ("attempts, by JSON path, many", f"/webhooks/w07/deliveries?where={_SOME}"),
    ("attempts, by JSON path, none", f"/webhooks/w07/deliveries?where={_NOBODY}"),
    ("a webhook's deliveries", "/webhooks/w07/deliveries?view=deliveries"),
    ("deliveries, that wait", "/webhooks/w07/deliveries?view=deliveries&outcome=due"),
    ("deliveries, by JSON path, many", f"/webhooks/w07/deliveries?view=deliveries&where={_SOME}"),
    ("deliveries, by JSON path, none", f"/webhooks/w07/deliveries?view=deliveries&where={_NOBODY}"),
    ("a webhook's errors", "/webhooks/w07/errors"),
    ("a webhook's errors, open", "/webhooks/w07/errors?state=open"),
    ("a webhook's settings", "/webhooks/w07/settings"),
    ("a webhook's preview", "/webhooks/w07/preview"),
    ("sources", "/sources"),
    ("a source", "/sources/monitor"),
    ("a source whose last event is old", "/sources/quiet"),
    ("a source, what came", "/sources/quiet/came"),
    ("rules", "/rules"),
    ("approvals", "/approvals"),
    ("approvals, for me", "/approvals?view=mine"),
    ("approvals, all", "/approvals?view=all"),
    ("approvals, expired", "/approvals?view=all&state=expired"),
    ("delegates", "/approvals/delegates"),
    ("audit", "/audit"),
    ("audit, of an action (1 in 5,000)", "/audit?action=user.deleted"),
    ("audit, of somebody", "/audit?actor=token:t7"),
    ("audit, of somebody and an action", "/audit?actor=token:t7&action=user.deleted"),
    ("audit, of a day two weeks ago", "/audit?since=14d&until=13d"),
    ("users", "/users"),
    ("tokens", "/tokens"),
    ("dead letters", "/dead-letters"),
    ("search as it is typed", "/search.json?q=w0"),
    ("profile", "/profile"),
)
_ASKED = {
    "accept": "text/html, application/json;q=0.9",
    "accept-encoding": "gzip, deflate, br",
    "accept-language": "en",
}
_NEEDED = re.compile(r'<(?:script[^>]*\ssrc|link[^>]*rel="(?:stylesheet|icon|modulepreload)"[^>]*href)="([^"]+)"')
_PASSWORD = "zapato lima nube cuarenta"
_MAKER = Principal("local:bench", "bench", frozenset(PERMISSIONS))


async def fetch(http: aiohttp.ClientSession, url: str) -> tuple[float, int, bytes]:
    """A page: ms until its head is there, bytes on the wire, and its own. Raises Failed unless it is a 200."""
    began = time.perf_counter()
    async with http.get(url, headers=_ASKED, allow_redirects=False) as answer:
        took_ms = (time.perf_counter() - began) * 1000
        body = await answer.read()
        if answer.status != 200:
            raise Failed(f"{url}: {answer.status}")
        return took_ms, int(answer.headers.get("content-length") or len(body)), body


async def first_load(http: aiohttp.ClientSession, url: str) -> int:
    """Bytes on the wire of a page and of what its markup loads, for a browser that has nothing of it."""
    _took, total, body = await fetch(http, url)
    for path in dict.fromkeys(unescape(each) for each in _NEEDED.findall(body.decode())):
        total += (await fetch(http, urljoin(url, path)))[1]
    return total


def places(tx: Transaction) -> list[tuple[str, str]]:
    """Pages whose addresses depend on what there is: one of each noun, as far as there is one, and a list's news."""
    lane = lanes.by_key(tx, "webhook:w07")
    if lane is None:
        raise Failed("this database has no webhook w07")
    newest, tries = events.newest_id(tx), webhook_history.newest_attempts(tx, lane.id, 1).fitting
    # What went everywhere has the highest number of all.
    busy = webhook_history.newest_deliveries(tx, lane.id, 1)[0].event_id
    found = [(f"an event, {part}", f"/events/{busy}?part={part}") for part in PARTS]
    found += [
        ("an attempt", f"/webhooks/w07/attempts/{tries[0][1].id}"),
        ("a list's news", f"/events/live?after={newest}"),
    ]
    long_ago = f"evt_{ids.ulid(ids.time_ms(newest) - 20 * 86_400_000, 0)}"
    found += [("a list's news after long", f"/events/live?after={long_ago}")]
    for name, query in (("events", ""), ("critical ones", "&severity=critical"), ("two filters", f"&{_TWO}")):
        found.append((f"{name}, a page of long ago", f"/events?before={long_ago}{query}"))
    found += [("an approval", f"/approvals/{each.id}") for each in approvals.listing(tx, approvals.Filter(), 1)]
    found += [("an incident", f"/incidents/{each.number}") for each in incidents.listing(tx, incidents.Filter(), 1)]
    return found + [("an item", f"/cis/{each.id}") for each in cis.listed(tx, cis.Filter(), 1, None)]


async def _save_views(hub: Hub, name: str) -> None:
    user = await hub.database.read(lambda tx: users.by_name(tx, name))
    if user is None:
        raise Failed(f"{name} is not there")
    for number in range(20):
        await saved_views.save(hub, user.id, "events", f"View {number}", f"source=src{number}&severity=high")


async def ask_pages(
    url: str, directory: Path, calls: int, pages: Sequence[tuple[str, str]] | None = None
) -> tuple[dict[str, list[float]], int]:
    """How many ms each page took until its head came, by its name; and the bytes of the overview's first load.

    Those of ``places`` too, unless ``pages`` are given."""
    settings = settings_of(url, directory)
    local = settings.server.model_copy(update={"host": "127.0.0.1", "port": 0})
    settings = settings.model_copy(update={"server": local})
    async with (
        serving(settings) as (hub, address),
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        name = f"bench{time.time_ns()}"  # the same database may be asked twice
        await add_user(hub, _MAKER, {"name": name, "role": "admin", "email": f"{name}@example.com"})
        await set_password(hub, _MAKER, name, _PASSWORD)
        form = {"name": name, "password": _PASSWORD}
        said = {"origin": address, "sec-fetch-site": "same-origin", "accept": "text/html"}
        async with http.post(f"{address}/sign-in", data=form, headers=said) as answer:
            if answer.status != 200 or "/sign-in" in str(answer.url):
                raise Failed(f"signing in: {answer.status} at {answer.url}")
        if pages is None:
            await _save_views(hub, name)
            pages = (*PAGES, *await hub.database.read(places))
        found = {name: [(await fetch(http, address + path))[0] for _ in range(calls)] for name, path in pages}
        return found, await first_load(http, address + "/")
