"""What a browser waits for and receives: pages of a hub or of another program, by HTTP, compressed as browsers ask."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import aiohttp

from benchmarks.big import settings_of
from benchmarks.children import Failed
from centralita.core.access import PERMISSIONS
from centralita.services.access import Principal, add_user
from centralita.services.passwords import set_password
from centralita.serving import serving

PAGES = (
    ("overview", "/"),
    ("events", "/events"),
    ("events, two filters that never meet", "/events?source=quiet&type=alert.fired"),
    ("events, by JSON path, none", "/events?condition=data.ticket.id+%3D%3D+%27nobody%27"),
    ("dead letters", "/dead-letters"),
    ("rules", "/rules"),
)
_ASKED = {"accept": "text/html", "accept-encoding": "gzip, deflate, br", "accept-language": "en"}
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


async def ask_pages(
    url: str, directory: Path, calls: int, pages: Sequence[tuple[str, str]] = PAGES
) -> tuple[dict[str, list[float]], int]:
    """How many ms each page took until its head came, by its name; and the bytes of the overview's first load."""
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
        found = {name: [(await fetch(http, address + path))[0] for _ in range(calls)] for name, path in pages}
        return found, await first_load(http, address + "/")
