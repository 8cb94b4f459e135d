"""Installing by OAuth: the whole way through the local workspace, and every way to go astray."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from centralita.cli.calling import Reply
from centralita.sandbox.control import SlackControl
from centralita.sandbox.server import serve
from centralita.sandbox.slack import LimitSettings, LocalSlack
from tests.slack.hub_world import World, world

OAUTH = 'client_id: "1000000000.2000000000", client_secret: local-client-secret'


@pytest.fixture
async def slack() -> AsyncIterator[SlackControl]:
    async with serve(LocalSlack(LimitSettings.off())) as address, SlackControl(address.url) as control:
        yield control


@pytest.fixture
async def hub(slack: SlackControl, tmp_path: Path, migrated_sqlite: str) -> AsyncIterator[World]:
    async with world(slack, migrated_sqlite, tmp_path, OAUTH) as made:
        yield made


def below(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


async def opened(hub: World) -> tuple[str, str]:
    """A link that somebody opened: where Slack asks, and the cookie."""
    link = (await hub("POST", "/api/v1/slack/links", {}, scopes=("slack.manage",))).json()["url"]
    assert link.startswith("https://desk.example.com/slack/install?key=")
    reply = await hub("GET", below(link), anonymous="1")
    assert reply.status == 302
    cookie = reply.headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/slack"} <= set(re.split(r";\s*", cookie))
    return reply.headers["location"], cookie.partition(";")[0]


async def back(hub: World, url: str, cookie: str, language: str = "en") -> Reply:
    return await hub("GET", below(url), anonymous="1", cookie=cookie, accept_language=language)


async def test_from_the_link_to_a_message(hub: World, slack: SlackControl) -> None:
    team = (await slack.add_workspace("Otra empresa"))["team"]
    asked, cookie = await opened(hub)
    query = parse_qs(urlsplit(asked).query)
    assert query["redirect_uri"] == ["https://desk.example.com/slack/oauth_redirect"]
    assert "usergroups:read" in query["scope"][0] and "user_scope" not in query
    reply = await back(hub, await slack.authorize(asked, team), cookie, "es")
    page = reply.body.decode()
    assert reply.status == 200 and '<html lang="es">' in page, page
    assert "Otra empresa" in page and "otra-empresa/#alerts" in page and "xoxb-" not in page
    assert "max-age=0" in reply.headers["set-cookie"].lower()
    known = hub.hub.workspaces.find("otra-empresa")
    assert known is not None and known.installed_by.startswith("token:")
    await hub.receive("p1", "there")
    (posted,) = await slack.wait_for(method="chat.postMessage")
    assert posted.args["channel"] == "#general"


async def test_a_state_works_once_of_many_tries(hub: World, slack: SlackControl) -> None:
    team = (await slack.add_workspace("Otra empresa"))["team"]
    asked, cookie = await opened(hub)
    url = await slack.authorize(asked, team)
    replies = await asyncio.gather(*(back(hub, url, cookie) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [200, 403, 403, 403]


async def test_another_browser_gets_nowhere_and_the_first_goes_on(hub: World, slack: SlackControl) -> None:
    team = (await slack.add_workspace("Otra empresa"))["team"]
    asked, cookie = await opened(hub)
    _other, stranger = await opened(hub)
    url = await slack.authorize(asked, team)
    assert (await back(hub, url, stranger)).status == 403
    assert (await back(hub, url, "")).status == 403
    assert (await back(hub, url.replace("state=", "state=x"), cookie)).status == 403
    assert (await back(hub, url, cookie)).status == 200


async def test_whoever_declines_is_told_so(hub: World, slack: SlackControl) -> None:
    asked, cookie = await opened(hub)
    reply = await back(hub, await slack.authorize(asked, "T0MESAAYUDA", allow=False), cookie)
    assert reply.status == 400 and "Slack was told not to install the app." in reply.body.decode()


async def test_a_code_that_slack_refuses_connects_nothing(hub: World) -> None:
    asked, cookie = await opened(hub)
    state = parse_qs(urlsplit(asked).query)["state"][0]
    reply = await back(hub, f"https://x/slack/oauth_redirect?code=%3Cscript%3E&state={state}", cookie)
    page = reply.body.decode()
    assert reply.status == 400 and "<script" not in page
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert hub.hub.workspaces.default is None


async def test_slack_out_of_reach_is_a_page_too(hub: World, slack: SlackControl) -> None:
    asked, cookie = await opened(hub)
    url = await slack.authorize(asked, "T0MESAAYUDA")
    await slack.drop_next("oauth.v2.access")
    assert (await back(hub, url, cookie)).status == 502


@pytest.mark.parametrize(
    "path", ["/slack/install", "/slack/install?key=made-up", "/slack/oauth_redirect?code=1&state=2"]
)
async def test_without_a_link_nobody_gets_in(hub: World, path: str) -> None:
    reply = await hub("GET", path, anonymous="1")
    assert reply.status == 403 and reply.headers["content-type"].startswith("text/html")
    assert (await hub("POST", "/api/v1/slack/links", {}, scopes=("settings.read",))).status == 403


async def test_without_its_settings_a_link_says_what_is_missing(
    slack: SlackControl, tmp_path: Path, migrated_sqlite: str
) -> None:
    async with world(slack, migrated_sqlite, tmp_path, "client_id: x") as hub:
        reply = await hub("POST", "/api/v1/slack/links", {})
        assert (reply.status, reply.json()["code"]) == (422, "slack.oauth_unconfigured")
        assert "slack.client_secret" in reply.json()["detail"]
