"""Whom a cookie lets in: every way in which a session is not, or no longer, good."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from yarl import URL

from centralita.services import sessions
from centralita.services.access import change_user
from centralita.services.clock import SystemClock
from centralita.services.passwords import set_password
from centralita.services.sessions import GRACE_S, ROTATED_S
from tests.dashboard.office import ADMINISTRATOR, PASSWORD, Office, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")
COOKIE = "centralita_session"


def token(visitor: Visitor) -> str:
    """What the visitor's browser holds."""
    return next((each.value for each in visitor.http.cookie_jar if each.key == COOKIE), "")


def hold(visitor: Visitor, value: str) -> None:
    """Puts a token into the visitor's browser."""
    visitor.http.cookie_jar.clear()
    visitor.http.cookie_jar.update_cookies({COOKIE: value}, URL(visitor.url))


def later(office: Office, seconds: float) -> None:
    """Lets time go by; the running hub would follow the database's clock, which stays."""
    clock = office.hub.clock
    clock.anchor(clock.now() + seconds)
    clock.anchor = lambda database_now: SystemClock.anchor(clock, max(database_now, clock.now()))


async def is_in(visitor: Visitor) -> bool:
    """Whether a page is shown to them. Whoever is not in is sent to sign in, and nothing else is shown."""
    seen = await visitor.get("/profile", follow=False)
    assert seen.status in (200, 303)
    assert seen.status == 200 or seen.headers["location"].startswith("/sign-in")
    return seen.status == 200


@pytest_asyncio.fixture(loop_scope="module")
async def ana(office: Office, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    """Somebody who is signed in, another each time."""
    visitor = await office.person(f"ana-{abs(hash(request.node.name)) % 10**9}", "viewer")
    assert await is_in(visitor)
    yield visitor


async def test_the_cookie_is_for_this_host_and_no_script(office: Office, ana: Visitor) -> None:
    ana.http.cookie_jar.clear()
    seen = await ana.post("/sign-in", {"name": ana.name, "password": PASSWORD}, follow=False)
    cookie = seen.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie and "domain" not in cookie
    assert seen.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "A" * 5000, "../../etc/passwd", "%00", "a b"])
async def test_what_nobody_was_given_opens_nothing(office: Office, value: str) -> None:
    stranger = await office.stranger()
    if value:
        hold(stranger, value)
    assert not await is_in(stranger)


async def test_a_session_is_over_when_nobody_was_there_for_long(office: Office, ana: Visitor) -> None:
    later(office, office.hub.settings.dashboard.session_idle_s + 1)
    assert not await is_in(ana)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"hx-request": "true", "hx-target": "now", "x-centralita-by-itself": "yes"}),
        ("/events/live", {"accept": "application/json", "x-centralita-by-itself": "yes"}),
        ("/events/live", {"accept": "text/event-stream"}),
    ],
)
async def test_a_tab_that_is_only_open_goes_idle(
    office: Office, ana: Visitor, path: str, headers: dict[str, str]
) -> None:
    later(office, office.hub.settings.dashboard.session_idle_s / 2 + 1)
    async with ana.http.get(office.url + path, headers=headers) as answer:
        assert answer.status == 200
    later(office, office.hub.settings.dashboard.session_idle_s / 2)
    assert not await is_in(ana)


async def test_a_session_is_over_in_time_whoever_is_there(office: Office, ana: Visitor) -> None:
    dashboard = office.hub.settings.dashboard
    for _ in range(int(dashboard.session_s // (dashboard.session_idle_s / 2))):
        assert await is_in(ana)
        later(office, dashboard.session_idle_s / 2)
    assert not await is_in(ana)


async def test_the_browser_gets_a_newer_token_and_the_old_one_is_good_a_minute_more(
    office: Office, ana: Visitor
) -> None:
    old = token(ana)
    later(office, ROTATED_S + 1)
    assert await is_in(ana)
    newer = token(ana)
    assert newer != old
    assert await is_in(ana)
    other = await office.stranger()
    hold(other, old)
    assert await is_in(other), "a request that was under way"
    assert token(other) == old


async def test_an_old_token_that_comes_back_ends_it_for_both(office: Office, ana: Visitor) -> None:
    old = token(ana)
    later(office, ROTATED_S + 1)
    assert await is_in(ana) and await is_in(ana)
    later(office, GRACE_S + 1)
    thief = await office.stranger()
    hold(thief, old)
    assert not await is_in(thief)
    assert not await is_in(ana)


async def test_who_signed_out_is_out_though_the_token_was_kept(office: Office, ana: Visitor) -> None:
    kept = token(ana)
    await ana.post("/sign-out")
    assert token(ana) == ""
    hold(ana, kept)
    assert not await is_in(ana)


Ending = Callable[[Office, str], Awaitable[object]]
ENDINGS: dict[str, Ending] = {
    "disabled": lambda office, name: change_user(office.hub, ADMINISTRATOR, name, {"enabled": False}),
    "password changed": lambda office, name: set_password(
        office.hub, ADMINISTRATOR, name, "cuatro llamas en la azotea"
    ),
    "another role": lambda office, name: change_user(office.hub, ADMINISTRATOR, name, {"role": "operator"}),
    "signed out by an administrator": lambda office, name: sessions.end_all(office.hub, ADMINISTRATOR, name),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_what_is_done_to_somebody_holds_from_their_next_request(
    office: Office, ana: Visitor, ending: str
) -> None:
    await ENDINGS[ending](office, ana.name)
    assert not await is_in(ana)


async def test_signing_in_never_takes_over_a_token_that_was_planted(office: Office, ana: Visitor) -> None:
    planted = token(ana)
    victim = await office.person(f"v-{ana.name}", "viewer")
    hold(victim, planted)
    await victim.sign_in(victim.name)
    assert token(victim) not in ("", planted)


async def test_an_open_page_of_somebody_who_was_signed_out_is_told_by_htmx(office: Office, ana: Visitor) -> None:
    await ana.post("/sign-out")
    page = {"hx-request": "true", "referer": f"{office.url}/profile"}
    seen = await ana.get("/events/live", follow=False, **page)
    assert (seen.status, seen.headers["hx-redirect"]) == (401, "/sign-in?next=%2Fprofile")
