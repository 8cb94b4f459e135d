"""What somebody tries who means no good: at the wire, behind a proxy, by other people's numbers, by big and odd
requests. What another site may make a browser send is in ``test_cross_site``, who may what in ``test_routes``."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest
from multidict import CIMultiDict
from structlog.testing import capture_logs

from centralita.services import saved_views, sessions, sign_in
from centralita.services.access import change_user
from centralita.services.sign_in import invite
from centralita.store import users
from centralita.web.api import make_api
from centralita.web.dashboard import MAX_BODY_BYTES
from centralita.web.dashboard.guard import HEADERS, POLICY
from tests.api.conftest import Api
from tests.dashboard.office import ADMINISTRATOR, PASSWORD, Office, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")
OURS = {"sec-fetch-site": "same-origin"}


@contextmanager
def _reached_by(office: Office, **server: object) -> Iterator[None]:
    """The hub as if its file said this of ``server``."""
    kept = office.hub.settings
    office.hub.settings = kept.model_copy(update={"server": kept.server.model_copy(update=server)})
    yield
    office.hub.settings = kept


async def _raw(office: Office, request: str) -> str:
    """What comes back for a request that no library would send."""
    host, _, port = office.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request.replace("\n", "\r\n").encode("latin-1"))
    answer = await reader.read()
    writer.close()
    return answer.decode("latin-1")


# ---- how the browser keeps what it is given


async def test_behind_a_proxy_that_ends_tls_the_cookies_go_by_https_only(office: Office) -> None:
    ana = await office.person("proxied")
    given = {"name": "proxied", "password": PASSWORD}
    forwarded = {"x-forwarded-proto": "https"}
    with _reached_by(office, trusted_proxies=("127.0.0.0/8",)):
        seen = await ana.post("/sign-in", given, False, **forwarded)
        assert seen.headers["set-cookie"].startswith("__Host-centralita_session=")
        assert "; secure" in seen.headers["set-cookie"].lower()
        plain = await ana.post("/sign-in", given, False)
        assert plain.headers["set-cookie"].startswith("centralita_session=")
        sent = await (await office.as_role("admin")).post("/users/proxied/invitation", {}, False, **forwarded)
        assert sent.status == 303, "over https nobody is in who signed in without"
    claimed = await ana.post("/sign-in", given, False, **forwarded)
    assert claimed.headers["set-cookie"].startswith("centralita_session="), "nobody else is believed"
    with _reached_by(office, public_url="https://desk.example.com"):
        seen = await ana.post("/sign-in", given, False)
        assert seen.headers["set-cookie"].startswith("__Host-centralita_session=")
        assert seen.headers["strict-transport-security"].startswith("max-age=")
        made = await _invitation(office)
        assert made.startswith("https://desk.example.com/invitation/"), "whatever host was asked"


async def _invitation(office: Office) -> str:
    made = await invite(office.hub, ADMINISTRATOR, "proxied")
    assert made is not None
    return made.url


async def test_whoever_writes_their_own_address_is_not_believed(office: Office) -> None:
    await office.person("roamer")
    headers = CIMultiDict({"origin": office.url, **OURS, "x-forwarded-for": "203.0.113.1"})
    headers.add("x-forwarded-for", "203.0.113.2")  # the proxy's own line, behind what it was sent
    for proxies, address in (((), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.2")):
        with _reached_by(office, trusted_proxies=proxies):
            fields = {"name": "roamer", "password": PASSWORD}
            async with (
                aiohttp.ClientSession() as http,
                http.post(office.url + "/sign-in", data=fields, headers=headers, allow_redirects=False) as answer,
            ):
                assert answer.status == 303
        rows = await sessions.list_sessions(office.hub, "roamer")
        assert rows is not None and rows[0].address == address


async def test_nobody_else_puts_words_or_a_button_into_a_page(office: Office) -> None:
    ana = await office.person("reader")
    for text in ("Call 555-0100", "{x:>999999999999}", "{x.__class__}"):
        forged = {"text": text, "arguments": {"x": "y"}, "lamp": "failed", "undo": "/users/reader/enable"}
        kept = base64.urlsafe_b64encode(msgspec.json.encode(forged)).decode()
        seen = await ana.get("/profile", cookie=f"centralita_said={kept}; {_cookies(ana)}")
        assert seen.status == 200 and "555-0100" not in seen.text and "/users/reader/enable" not in seen.forms()
    saved = await ana.post("/profile", {"locale": "en", "theme": "dark", "timezone": ""})
    assert "Saved." in saved.text and "Saved." not in (await ana.get("/profile")).text, "what the hub says is said once"


def _cookies(visitor: Visitor) -> str:
    return "; ".join(f"{each.key}={each.value}" for each in visitor.http.cookie_jar)


# ---- what every answer carries


async def test_every_answer_says_how_it_is_to_be_treated(office: Office) -> None:
    ana, stranger = await office.as_role("admin"), await office.stranger()
    for visitor, path, status in (
        (ana, "/", 200), (ana, "/users", 200), (ana, "/events/live?after=x", 200), (ana, "/nowhere", 404),
        (ana, "/users/%00", 404), (ana, "/events?before=zzz", 200), (ana, "/tokens?after=x", 422),
        (stranger, "/users", 303), (stranger, "/sign-in", 200), (stranger, "/invitation/x", 410),
        (stranger, "/static/x/app.css", 404),
        (await office.as_role("viewer"), "/users", 403),
    ):  # fmt: skip
        accept = "application/json" if "live" in path else "text/html"
        seen = await visitor.get(path, follow=False, accept=accept)
        assert seen.status == status, path
        assert {name: seen.headers.get(name) for name in HEADERS} == dict(HEADERS), path
    assert not {"unsafe-inline", "unsafe-eval", "*", "http:", "https:"} & set(POLICY.replace(";", " ").split())
    api = Api(office.hub, make_api(office.hub), "ctl_" + "x" * 43)
    for path in ("/api/v1/events", "/api/v1/nowhere", "/api/docs", "/slack/install"):
        said = (await api("GET", path)).headers
        assert (said["cache-control"], said["x-content-type-options"]) == ("no-store", "nosniff"), path


async def test_only_what_is_declared_is_answered(office: Office) -> None:
    ana = await office.as_role("admin")
    for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH"):
        for path in ("/", "/users", "/sources/desk"):
            headers = {"origin": office.url, **OURS}
            async with ana.http.request(method, office.url + path, headers=headers, allow_redirects=False) as answer:
                assert answer.status == 405, (method, path)
                assert "access-control-allow-origin" not in answer.headers


# ---- big, odd and crafted requests


async def test_a_form_has_a_size(office: Office) -> None:
    stranger = await office.stranger()
    many = await stranger.post("/sign-in", {f"n{n}": "" for n in range(2_100)}, False)
    assert many.status == 403, "it is read as empty, and nobody is signed in"
    head = "POST /sign-in HTTP/1.1\nHost: x\nSec-Fetch-Site: same-origin\nConnection: close\n"
    said = await _raw(office, f"{head}Content-Length: {MAX_BODY_BYTES + 1}\n\n")
    assert said.split()[1] == "413", "before the body came"
    chunk = f"{MAX_BODY_BYTES + 1:x}\n{'x' * (MAX_BODY_BYTES + 1)}\n"
    assert (await _raw(office, f"{head}Transfer-Encoding: chunked\n\n{chunk}0\n\n")).split()[1] == "413"


@pytest.mark.parametrize(
    "target",
    [
        "//[",
        "//evil.example\uff0fx",
        "/\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
    ],
)
async def test_no_target_leads_elsewhere_or_breaks_anything(office: Office, target: str) -> None:
    ana = await office.person(f"t{abs(hash(target)) % 10**9}")
    fields = {"name": ana.name, "password": PASSWORD, "next": target}
    answer = await ana.post("/sign-in", fields, False)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    chosen = await ana.post("/preferences", {"theme": "dark", "back": target}, False)
    assert (chosen.status, chosen.headers["location"]) == (303, "/")


async def test_odd_paths_and_hosts_lead_nowhere(office: Office) -> None:
    root = Path(__file__).parents[2] / "pyproject.toml"
    assert root.is_file()
    for path in (
        "/static/x/../../../../../pyproject.toml", "/static/x/%2e%2e/%2e%2e/guard.py", "/static/x//etc/passwd",
        "/static/x/..%5c..%5cguard.py", "/static/x/%00", "//evil.example/users",
    ):  # fmt: skip
        answer = await _raw(office, f"GET {path} HTTP/1.1\nHost: x\nAccept: text/html\nConnection: close\n\n")
        head, _, body = answer.partition("\r\n\r\n")
        assert head.split()[1] in ("404", "303"), path
        assert "[project]" not in body and "def crosses" not in body and "location: //" not in head.lower()
    for host in ("[", "evil.example", "evil.example/x?y", "", "a\tb"):
        answer = await _raw(office, f"GET /users HTTP/1.1\nHost: {host}\nAccept: text/html\nConnection: close\n\n")
        assert answer.split()[1] in ("303", "400", "404"), (host, answer[:200])
        assert "evil" not in answer


async def test_what_others_keep_is_not_reached_by_its_number(office: Office) -> None:
    ana, eve = await office.person("keeper", "viewer"), await office.person("eve", "viewer")
    await ana.post("/events/views", {"name": "Mine", "severity": "critical"})
    user = await office.hub.database.read(lambda tx: users.by_name(tx, "keeper"))
    assert user is not None
    [view] = await saved_views.listing(office.hub, user.id, "events")
    await eve.post(f"/events/views/{view.id}/remove")
    assert await saved_views.listing(office.hub, user.id, "events") == [view]
    assert "Mine" not in (await eve.get("/events")).text
    rows = await sessions.list_sessions(office.hub, "keeper")
    assert rows is not None
    await eve.post(f"/profile/sessions/{rows[0].id}/end")
    assert (await ana.get("/profile", follow=False)).status == 200


async def test_news_end_with_the_session(office: Office) -> None:
    ana = await office.person("listener", "viewer")
    headers = {"accept": "text/event-stream"}
    async with ana.http.get(office.url + "/events/live", headers=headers) as stream:
        assert stream.status == 200 and stream.headers["cache-control"] == "no-store"
        await office.receive(title="first")
        while not (await stream.content.readline()).startswith(b"event: new"):
            pass
        await change_user(office.hub, ADMINISTRATOR, "listener", {"enabled": False})
        await office.receive(title="second")
        rest = await stream.content.read()
    assert b"event: new" not in rest


async def test_no_secret_reaches_the_log(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, stranger = await office.as_role("admin"), await office.stranger()
    await office.person("logged", "viewer")
    secrets = [PASSWORD, "wrong but secret 0123"]
    with capture_logs() as lines:
        await stranger.post("/sign-in", {"name": "logged", "password": secrets[1]})
        await stranger.post("/sign-in", {"name": "logged", "password": PASSWORD})
        secrets.append(next(each.value for each in stranger.http.cookie_jar if each.key == "centralita_session"))
        invited = await ana.post("/users/logged/invitation")
        link = re.search(r"/invitation/([\w-]{43})", invited.html)
        made = await ana.post("/tokens", {"name": "t", "role": "viewer", "expires": "30d"})
        token = re.search(r"ctl_[0-9A-Za-z]{43}", made.html)
        assert link is not None and token is not None
        secrets += [link[1], token[0]]
        api = Api(office.hub, make_api(office.hub), token[0])
        assert (await api("GET", "/api/v1/events")).status == 200
        for broken in ("invited", "accept"):  # whatever fails there
            monkeypatch.setattr(sign_in, broken, _fails)
        assert (await stranger.get(f"/invitation/{link[1]}")).status == 500
        other = await office.stranger()  # a connection ends with what fails on it
        assert (await other.post(f"/invitation/{link[1]}", {"password": PASSWORD, "again": PASSWORD})).status == 500
    assert [line["path"] for line in lines if line["event"] == "dashboard.failed"] == ["/invitation/{key}"] * 2
    said = repr([{**line, "exc_info": ""} for line in lines])
    assert not [secret for secret in secrets if secret in said]


async def _fails(*given: object) -> None:
    raise RuntimeError("on purpose")
