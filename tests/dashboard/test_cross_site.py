"""Every route that changes something x every way in which another site could make a browser ask for it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.dashboard.office import Office
from tests.dashboard.test_routes import ALL

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGING = [(method, path) for method, path, _ in ALL if method != "GET"]

NONE = ""
"""The header is not sent."""
REFUSED = [
    # Sec-Fetch-Site, Origin: {host} is this hub's
    ("cross-site", "https://evil.example"),
    ("cross-site", "http://{host}"),
    ("cross-site", NONE),
    ("cross-site", "null"),
    ("same-site", "http://{host}"),
    ("same-site", NONE),
    ("same-origin", "https://evil.example"),
    ("same-origin", "null"),
    ("none", "https://evil.example"),
    ("odd", NONE),
    ("odd", "http://{host}"),
    (NONE, NONE),
    (NONE, "null"),
    (NONE, "https://evil.example"),
    (NONE, "http://{name}:1"),
    (NONE, "http://{name}"),
    (NONE, "http://{host}.evil.example"),
    (NONE, "http://evil.example/{host}"),
    (NONE, "http://x@{host}"),
    (NONE, "file://{host}"),
    (NONE, "http://localhost.{host}"),
]
TAKEN = [
    ("same-origin", "http://{host}"),
    ("same-origin", NONE),
    ("none", NONE),
    (NONE, "http://{host}"),
    (NONE, "https://{host}"),  # a proxy ends TLS
]


def _headers(office: Office, site: str, origin: str) -> dict[str, str]:
    parts = urlsplit(office.url)
    said = origin.format(host=parts.netloc, name=parts.hostname)
    return {name: value for name, value in (("sec-fetch-site", site), ("origin", said)) if value}


async def _ask(office: Office, method: str, path: str, site: str, origin: str) -> int:
    admin = await office.as_role("admin")
    address = re.sub(r"\{[^}]+\}", "nothing-of-that-name", path)
    headers = {"accept": "text/html", **_headers(office, site, origin)}
    async with admin.http.request(
        method, office.url + address, headers=headers, data={}, allow_redirects=False
    ) as answer:
        text = await answer.text()
    return 403 if "another site" in text else answer.status


@pytest.mark.parametrize(("site", "origin"), REFUSED)
async def test_nothing_but_this_site_changes_anything(office: Office, site: str, origin: str) -> None:
    assert await _ask(office, "POST", "/preferences", site, origin) == 403


@pytest.mark.parametrize(("method", "path"), CHANGING, ids=[path for _, path in CHANGING])
async def test_no_route_is_left_out(office: Office, method: str, path: str) -> None:
    assert await _ask(office, method, path, "cross-site", "https://evil.example") == 403


@pytest.mark.parametrize(("site", "origin"), TAKEN)
async def test_this_site_does(office: Office, site: str, origin: str) -> None:
    assert await _ask(office, "POST", "/preferences", site, origin) == 303


async def test_a_form_of_another_kind_is_no_way_around(office: Office) -> None:
    admin = await office.as_role("admin")
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/json"):
        headers = {"content-type": kind, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        async with admin.http.post(office.url + "/users", data=b"name=eva&role=admin", headers=headers) as answer:
            assert answer.status == 403


async def test_looking_changes_nothing(office: Office) -> None:
    admin = await office.as_role("admin")
    for method, path in CHANGING:
        address = re.sub(r"\{[^}]+\}", "nothing-of-that-name", path)
        seen = await admin.get(address, follow=False)
        assert seen.status in (200, 303, 404, 405, 410, 422), (method, path, seen.status)
