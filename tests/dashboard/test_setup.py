"""The first run without a script: who may claim a hub, and each step as a form."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
import pytest_asyncio

from centralita.sandbox.server import serve
from centralita.sandbox.slack import APP_TOKEN, BOT_TOKEN, LimitSettings, LocalSlack
from centralita.services import events
from centralita.services.first_run import setup_key, setup_link
from centralita.serving import serving
from centralita.settings import load
from centralita.store.events import Filter
from centralita.store.rejections import NOWHERE
from tests.dashboard.office import PASSWORD, SECRET, Office, Seen
from tests.scenarios.processes import write_config

pytestmark = pytest.mark.asyncio(loop_scope="module")
ADMIN = {"name": "ana", "email": "ana@example.com", "password": PASSWORD}
CANARY = '"><img src=x onerror=alert(1)>'


def _secret(seen: Seen) -> str:
    found = re.search(r'id="secret-shown">([^<]*)<', seen.html)
    assert found is not None, seen.text
    return unescape(found[1])


@asynccontextmanager
async def _unclaimed(directory: Path, database_url: str, slack_url: str) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        content: dict[str, Any] = {
            "locale": "en",
            "server": {"port": 0},
            "slack": {"api_url": f"{slack_url}/api/"},
            "network": {"allow": ["127.0.0.0/8"]},
        }
        config = write_config(directory, database_url, content, {})
        hub, url = await stack.enter_async_context(serving(load(config, {})))
        yield Office(hub, url, "", stack)


@pytest_asyncio.fixture(loop_scope="module")
async def empty(tmp_path: Path, migrated_sqlite: str) -> AsyncIterator[Office]:
    """A hub that nobody has set up, with a workspace in its reach."""
    async with serve(LocalSlack(LimitSettings.off())) as slack, _unclaimed(tmp_path, migrated_sqlite, slack.url) as hub:
        yield hub


async def test_whoever_comes_to_a_new_hub_is_led_here_and_claims_it(empty: Office) -> None:
    stranger = await empty.stranger()
    seen = await stranger.get("/")
    assert urlsplit(seen.url).path == "/setup" and "This hub belongs to nobody yet." in seen.text
    assert "Setup key" not in seen.text  # it listens to nobody but this machine
    assert (await setup_link(empty.hub)).startswith(f"{empty.url}/setup?key=")

    seen = await stranger.post("/setup/admin", {**ADMIN, "password": "short"})
    assert seen.status == 422 and "12 characters at least" in seen.text and 'value="ana"' in seen.html
    seen = await stranger.post("/setup/admin", {**ADMIN, "name": " "})
    assert seen.status == 422 and "Without a name" in seen.text
    seen = await stranger.post("/setup/admin", ADMIN)
    assert "ana is the administrator of this hub." in seen.text and "1 of 5 steps are done." in seen.text
    assert await setup_link(empty.hub) == ""

    late = await empty.stranger()
    seen = await late.post("/setup/admin", {**ADMIN, "name": "eve"})
    assert urlsplit(seen.url).path == "/sign-in"
    assert urlsplit((await late.get("/setup")).url).path == "/sign-in"


async def test_of_two_who_come_at_once_one_is_the_administrator(empty: Office) -> None:
    both = [await empty.stranger() for _number in range(2)]
    seen = await asyncio.gather(
        *(each.post("/setup/admin", {**ADMIN, "name": f"n{number}"}) for number, each in enumerate(both))
    )
    assert sorted(urlsplit(each.url).path for each in seen) == ["/setup", "/sign-in"]


@pytest.mark.parametrize(
    "sent",
    [
        {"x-forwarded-for": "203.0.113.7"},
        {"host": "desk.example.com", "origin": "http://desk.example.com"},
    ],
)
async def test_a_stranger_needs_the_key(empty: Office, sent: dict[str, Any]) -> None:
    stranger = await empty.stranger()
    assert "Setup key" in (await stranger.get("/setup", **sent)).text
    assert "Setup key" in (await stranger.get("/setup", host="[")).text, "what is no name at all is no name of ours"
    for key in ("", "0" * 40, setup_key(empty.hub)[:-1], "ñ"):
        seen = await stranger.post("/setup/admin", {**ADMIN, "key": key}, **sent)
        assert seen.status == 403 and "This is not the key." in seen.text
    key = setup_key(empty.hub)
    assert f'value="{key}"' in (await stranger.get(f"/setup?key={key}", **sent)).html
    assert (await stranger.post("/setup/admin", {**ADMIN, "key": key}, follow=False, **sent)).status == 303


async def test_each_step_is_a_form(empty: Office) -> None:
    ana = await empty.stranger()
    await ana.post("/setup/admin", ADMIN)

    seen = await ana.post("/setup/slack", {"bot_token": APP_TOKEN})
    assert seen.status == 422 and "it belongs into app_token" in seen.text and APP_TOKEN not in seen.html
    assert (await ana.post("/setup/slack", {"bot_token": ""})).status == 422
    seen = await ana.post("/setup/slack", {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN})
    assert "is connected." in seen.text and "2 of 5" in seen.text and BOT_TOKEN not in seen.html

    seen = await ana.post("/setup/source", {"kind": "generic", "slug": "Not A Slug"})
    assert seen.status == 422 and 'value="Not A Slug"' in seen.html
    seen = await ana.post("/setup/source", {"kind": "generic", "slug": "desk"})
    assert "The secret is shown this once." in seen.text and "Waiting for the first event of desk…" in seen.text
    first = _secret(seen)
    assert f"Authorization: Bearer {first}" in unescape(seen.html) and "curl -X POST" in seen.text
    # The form is sent again: by a reload, by a second click.
    seen = await ana.post("/setup/source", {"kind": "generic", "slug": "desk"})
    assert seen.status == 200 and "desk is there already. Its secret was shown once." in seen.text
    assert first not in seen.html and "/setup/secret" in seen.forms()
    seen = await ana.post("/setup/secret", {"source": "desk"})
    assert "The secret is shown this once." in seen.text and _secret(seen) != first
    assert empty.hub.sources["desk"].secrets_at(empty.hub.clock.now()) == (_secret(seen).encode(),)
    assert (await ana.post("/setup/source", {"kind": "zabbix", "slug": "desk"})).status == 422
    assert "The secret is shown" not in (await ana.get("/setup?step=source")).text

    seen = await ana.post("/setup/rule", {"name": "All", "condition": "source = = 'desk'", "channel": "#alerts"})
    assert seen.status == 422 and '<div class="caret"' in seen.html
    seen = await ana.post("/setup/rule", {"name": "All", "condition": "", "channel": "#alerts", "do": "try"})
    assert "There is no event yet to try it on." in seen.text and "2 of 5" in seen.text
    typo = {"name": "All", "condition": "", "channel": "#alertas", "do": "add"}
    seen = await ana.post("/setup/rule", typo)
    assert seen.status == 422 and "The app sees no channel #alertas" in seen.text
    assert 'name="warned" value="#alertas"' in seen.html  # said once: sent again, it is meant
    seen = await ana.post("/setup/rule", typo | {"channel": "#alerts", "warned": "#alertas"})
    assert "The rule All is in force" in seen.text
    again = await ana.post("/setup/rule", {"name": "All", "condition": "", "channel": "#alerts", "do": "add"})
    assert "The rule All is in force" in again.text and len(empty.hub.ruleset.specs) == 1
    other = await ana.post("/setup/rule", {"name": "All", "condition": "", "channel": "#incidents", "do": "add"})
    assert other.status == 422 and "name-fault" in other.html

    # Nothing has come: an example goes in, and its message arrives.
    seen = await ana.post("/setup/message", {"source": "desk"})
    assert "arrived #alerts by the rule All message" in seen.text and "Everything is set up" in seen.text


async def test_a_slack_that_is_away_is_called_by_its_name(tmp_path: Path, migrated_sqlite: str) -> None:
    async with serve(LocalSlack(LimitSettings.off())) as gone:
        pass
    async with _unclaimed(tmp_path, migrated_sqlite, gone.url) as empty:
        ana = await empty.stranger()
        await ana.post("/setup/admin", ADMIN)
        seen = await ana.post("/setup/slack", {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN})
    assert seen.status == 422 and "1 of 5 steps are done." in seen.text
    assert "Slack does not answer. The receiver refuses the connection. Nothing was kept. (" in seen.text
    assert BOT_TOKEN not in seen.html


async def test_whoever_has_to_sign_in_again_comes_back_to_the_step(empty: Office) -> None:
    ana = await empty.stranger()
    await ana.post("/setup/admin", ADMIN)
    await ana.post("/setup/source", {"kind": "generic", "slug": "desk"})
    at: dict[str, Any] = {"referer": f"{empty.url}/setup?step=source"}
    # What answers a form has an address that can't be asked for: the language's switch leads back to where it was.
    seen = await ana.post("/setup/secret", {"source": "desk"}, **at)
    assert 'name="back" value="/setup"' in seen.html
    assert urlsplit((await ana.get("/setup/source")).url).query == "step=source"
    stranger = await empty.stranger()
    seen = await stranger.post("/setup/source", {"kind": "generic"}, **at)
    assert "The session had ended, so nothing was done." in seen.text
    assert dict(parse_qsl(urlsplit(seen.url).query)) == {"next": "/setup?step=source"}
    seen = await stranger.post("/setup/source", {"kind": "generic"}, referer="https://example.com/setup?step=source")
    assert urlsplit(seen.url).query == ""
    # A part of the page that looks again by itself is no place to come back to.
    polled = await stranger.get("/setup/arrived?source=desk", **(at | {"hx-request": "true"}))
    assert polled.headers["hx-redirect"] == "/sign-in?next=%2Fsetup%3Fstep%3Dsource"


async def test_refused_tries_say_what_to_do_wherever_they_went(empty: Office) -> None:
    ana = await empty.stranger()
    await ana.post("/setup/admin", ADMIN)
    secret = _secret(await ana.post("/setup/source", {"kind": "generic", "slug": "desk"}))
    right = {"authorization": f"Bearer {secret}"}
    tries: list[tuple[str, bytes, dict[str, str], int]] = [
        ("desk", b"{}", {}, 401),
        ("desk", b"{}", {"authorization": "Bearer nope"}, 401),
        ("desk", b'{"title": "x', right, 400),
        ("desk/a/b", b"{}", right, 404),
        ("dask", b"{}", right, 404),
        (secret, b"{}", right, 404),
    ]
    known = {"desk", NOWHERE}
    async with aiohttp.ClientSession() as http:
        for path, body, headers, status in tries:
            meant = path.partition("/")[0]
            with empty.hub.bell.listening(
                [meant if meant in known else NOWHERE]
            ) as ear:  # what is refused is written down behind the answer
                async with http.post(f"{empty.url}/in/{path}", data=body, headers=headers) as answer:
                    assert answer.status == status
                await ear.wait()
    seen = await ana.get("/setup/arrived?source=desk")
    for said in ("The secret is missing.", "The secret is wrong.", "The JSON is not valid.", "too many parts"):
        assert said in seen.text
    for cure in ("Enter the secret at the sender again", "a quote inside a field has to be escaped", "/in/dask"):
        assert cure in seen.text
    assert "No source has this address" in seen.text and secret not in seen.html
    # On the overview are those of sources only: somebody's scan of addresses needs nobody.
    assert "4 requests were refused in the last hour, most by desk" in (await ana.get("/")).text
    with empty.hub.bell.listening(["desk"]) as ear:
        async with aiohttp.ClientSession() as http:
            async with http.post(f"{empty.url}/in/desk", json={"title": "It came"}, headers=right) as answer:
                assert answer.status == 202
        while not (await events.find(empty.hub, Filter(source="desk"), None, 1, "")).items:
            await ear.wait()
            ear.clear()
    assert "/in/dask" not in (await ana.get("/setup/arrived?source=desk")).text


async def test_what_was_refused_and_what_was_understood_is_text(office: Office) -> None:
    admin = await office.as_role("admin")
    seen = await admin.get("/setup/arrived?source=desk")
    assert "Waiting for the first event of desk…" in seen.text
    await office.receive(type="printer.jammed", title=f"Papel {CANARY}", subject=f"printer/{CANARY}", id="1")
    seen = await admin.get("/setup/arrived?source=desk")
    assert "Here it is" in seen.text and "<img" not in seen.html and "&lt;img src=x" in seen.html
    assert (await admin.get("/setup/arrived?source=nobody")).status == 404
    assert SECRET not in (await admin.get("/setup?step=source")).html


async def test_who_may_not_change_sees_the_steps_without_their_forms(office: Office) -> None:
    operator, viewer = await office.as_role("operator"), await office.as_role("viewer")
    seen = await operator.get("/setup")
    assert seen.status == 200 and not {"/setup/slack", "/setup/source", "/setup/rule"} & set(seen.forms())
    assert (await viewer.get("/setup")).status == 403
    assert (await operator.post("/setup/source", {"kind": "generic"})).status == 403


async def test_a_new_hub_prints_the_link_that_sets_it_up(tmp_path: Path) -> None:
    config = write_config(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}", {"server": {"port": 0}}, {})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from centralita.cli import main; main()", "--config", str(config), "serve"),
        env={**os.environ, "LANG": "en_US.UTF-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            listens, unclaimed = [(await process.stdout.readline()).decode() for _line in range(2)]
        url = listens.split()[-1]
        assert f"{url}/setup?key=" in unclaimed
    finally:
        process.terminate()
        await process.wait()
