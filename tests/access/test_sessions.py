"""A session from its first request to its end, however it ends."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from centralita.services import sessions
from centralita.services.access import change_user
from centralita.services.audit import newest
from centralita.services.hub import Hub
from centralita.services.passwords import set_password
from centralita.services.sessions import GRACE_S, ROTATED_S, Opened, SignedIn, signed_in
from centralita.services.sign_in import change_password, sign_in
from centralita.store import session_tables as tables
from centralita.store import sessions as stored
from tests.access.conftest import ADDRESS, ADMINISTRATOR, AGENT, PASSWORD, AddPerson, later

OTHER = "cuatro llamas en la azotea"


async def _opened(hub: Hub, person: AddPerson, **values: str) -> Opened:
    await person(**values)
    return await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)


async def _rotated(hub: Hub, token: str) -> str:
    """The token that replaces one after an hour."""
    later(hub, ROTATED_S + 1)
    principal = await signed_in(hub, token)
    assert principal is not None and principal.rotated_token
    return principal.rotated_token


async def test_a_token_stands_for_its_person_as_they_are_now(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    first = await signed_in(hub, opened.token)
    assert isinstance(first, SignedIn)
    assert (first.principal.actor, first.user.name, first.rotated_token) == ("user:ana", "ana", "")
    assert not first.principal.may("webhook.manage")
    await change_user(hub, ADMINISTRATOR, "ana", {"timezone": "America/Lima", "theme": "dark"})
    then = await signed_in(hub, opened.token)
    assert then is not None
    assert (then.user.timezone, then.user.theme) == ("America/Lima", "dark")


async def test_what_the_file_maps_an_address_to_counts_here_too(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person, email="Mapped@example.com")
    assert opened.person.principal.may("delivery.replay")


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 44, "ñ" * 43, "A" * 42 + "=", "' or 1=1 --"])
async def test_what_nobody_was_given_opens_nothing(hub: Hub, person: AddPerson, token: str) -> None:
    await _opened(hub, person)
    assert await signed_in(hub, token) is None


async def test_a_session_ends_when_nobody_is_there_for_long(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    idle_s = hub.settings.dashboard.session_idle_s
    later(hub, idle_s - 10)
    assert await signed_in(hub, opened.token) is not None
    later(hub, idle_s - 10)
    assert await signed_in(hub, opened.token) is not None
    later(hub, idle_s + 1)
    assert await signed_in(hub, opened.token) is None
    assert await sessions.list_sessions(hub, "ana") == []


async def test_a_page_that_looks_again_by_itself_keeps_no_session_from_going_idle(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    token, idle_s = opened.token, hub.settings.dashboard.session_idle_s
    for _ in range(3):
        later(hub, idle_s / 4)
        found = await signed_in(hub, token, by_itself=True)
        assert found is not None
        token = found.rotated_token or token  # the token is replaced all the same
    assert token != opened.token
    later(hub, idle_s / 4 + 1)
    assert await signed_in(hub, token, by_itself=True) is None
    assert await signed_in(hub, token) is None


async def test_a_session_ends_in_time_even_if_somebody_is_always_there(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    dashboard, token = hub.settings.dashboard, opened.token
    for _ in range(int(dashboard.session_s // (dashboard.session_idle_s - 60))):
        later(hub, dashboard.session_idle_s - 60)
        principal = await signed_in(hub, token)
        assert principal is not None
        token = principal.rotated_token or token
    later(hub, dashboard.session_idle_s - 60)
    assert await signed_in(hub, token) is None


async def test_only_hashes_are_kept(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    newer = await _rotated(hub, opened.token)

    def everything(tx: sa.Connection) -> str:
        names = (tables.sessions, tables.session_tokens, tables.sign_in_failures)
        return repr([tx.execute(sa.select(table)).all() for table in names])

    kept = await hub.database.read(everything) + repr([link.entry for link in await newest(hub, 50, None, "", "")])
    assert "Firefox" in kept
    assert opened.token not in kept and newer not in kept and PASSWORD not in kept
    assert opened.token not in repr(opened) and "argon2" not in repr(opened)


# ---- rotation


async def test_the_replaced_token_is_good_for_a_minute_after_the_newer_one_was_shown(
    hub: Hub, person: AddPerson
) -> None:
    opened = await _opened(hub, person)
    newer = await _rotated(hub, opened.token)
    assert await signed_in(hub, newer) is not None
    later(hub, GRACE_S - 1)
    late = await signed_in(hub, opened.token)
    assert late is not None and late.rotated_token == ""


async def test_a_replaced_token_that_comes_back_ends_the_session_for_both(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    newer = await _rotated(hub, opened.token)
    assert await signed_in(hub, newer) is not None
    later(hub, GRACE_S + 1)
    assert await signed_in(hub, opened.token) is None
    assert await signed_in(hub, newer) is None
    entry = (await newest(hub, 1, None, "", "session.ended"))[0].entry
    assert "session.replayed" in entry.details and entry.actor == "system"


async def test_a_token_of_long_ago_tells_of_the_theft_too(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    token = opened.token
    for _ in range(3):
        token = await _rotated(hub, token)
    assert await signed_in(hub, token) is not None
    later(hub, GRACE_S + 1)
    assert await signed_in(hub, opened.token) is None
    assert await signed_in(hub, token) is None


async def test_an_answer_that_never_arrived_costs_nobody_their_session(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    lost = await _rotated(hub, opened.token)
    later(hub, GRACE_S + 1)
    again = await signed_in(hub, opened.token)
    assert again is not None and again.rotated_token not in ("", lost)
    assert await signed_in(hub, again.rotated_token) is not None
    later(hub, GRACE_S + 1)
    assert await signed_in(hub, lost) is None


async def test_requests_at_once_are_given_one_newer_token(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    later(hub, ROTATED_S + 1)
    found = await asyncio.gather(*(signed_in(hub, opened.token) for _ in range(10)))
    assert all(found)
    assert len([each for each in found if each is not None and each.rotated_token]) == 1


async def test_looking_writes_at_most_once_a_minute(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    later(hub, 61)
    database, written = hub.database, []
    write = database.write

    async def counting(fn: object, *, urgent: bool = False) -> object:
        written.append(fn)
        return await write(fn, urgent=urgent)  # type: ignore[arg-type]

    database.write = counting  # type: ignore[method-assign,assignment]
    for _ in range(5):
        assert await signed_in(hub, opened.token) is not None
        later(hub, 10)
    assert len(written) == 1


# ---- ends


async def test_signing_out_ends_this_browser_and_no_other(hub: Hub, person: AddPerson) -> None:
    here = await _opened(hub, person)
    there = await sign_in(hub, "ana", PASSWORD, "Chromium", ADDRESS)
    await sessions.sign_out(hub, here.person)
    await sessions.sign_out(hub, here.person)
    assert await signed_in(hub, here.token) is None
    assert await signed_in(hub, there.token) is not None
    assert len(await newest(hub, 10, None, "", "session.ended")) == 1


async def test_what_is_done_to_the_person_ends_their_sessions(hub: Hub, person: AddPerson) -> None:
    await person()
    for ending in (
        lambda: sessions.end_all(hub, ADMINISTRATOR, "ana"),
        lambda: change_user(hub, ADMINISTRATOR, "ana", {"enabled": False}),
        lambda: set_password(hub, ADMINISTRATOR, "ana", OTHER),
        lambda: change_user(hub, ADMINISTRATOR, "ana", {"role": "admin"}),
        lambda: change_user(hub, ADMINISTRATOR, "ana", {"role": "viewer"}),
        # The settings give this address another role.
        lambda: change_user(hub, ADMINISTRATOR, "ana", {"email": "Mapped@example.com"}),
    ):
        await change_user(hub, ADMINISTRATOR, "ana", {"enabled": True})
        await set_password(hub, ADMINISTRATOR, "ana", PASSWORD)
        opened = await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)
        assert await signed_in(hub, opened.token) is not None
        await ending()
        assert await signed_in(hub, opened.token) is None
        await change_user(hub, ADMINISTRATOR, "ana", {"enabled": True})
        assert await signed_in(hub, opened.token) is None, "an ended session does not come back"


async def test_what_goes_on_asks_again_and_keeps_nothing_open(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    later(hub, hub.settings.dashboard.session_idle_s - 60)
    assert await sessions.still_may(hub, opened.token, "event.read")
    assert not await sessions.still_may(hub, opened.token, "user.manage")
    assert not await sessions.still_may(hub, "", "event.read")
    later(hub, 120)
    assert not await sessions.still_may(hub, opened.token, "event.read"), "looking was no sign of anybody"
    assert await signed_in(hub, opened.token) is None
    again = await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)
    await change_user(hub, ADMINISTRATOR, "ana", {"enabled": False})
    assert not await sessions.still_may(hub, again.token, "event.read")


async def test_a_new_password_of_ones_own_leaves_only_this_browser(hub: Hub, person: AddPerson) -> None:
    here = await _opened(hub, person)
    there = await sign_in(hub, "ana", PASSWORD, "Chromium", ADDRESS)
    changed = await change_password(hub, here.person, PASSWORD, OTHER, AGENT, ADDRESS)
    assert await signed_in(hub, changed.token) is not None
    for old in (here, there):
        assert await signed_in(hub, old.token) is None


async def test_nobody_ends_somebody_elses_session_as_their_own(hub: Hub, person: AddPerson) -> None:
    ana = await _opened(hub, person)
    await person("bea")
    bea = await sign_in(hub, "bea", PASSWORD, AGENT, ADDRESS)
    assert not await sessions.end_own(hub, bea.person, ana.person.session)
    assert await signed_in(hub, ana.token) is not None
    assert await sessions.end_own(hub, ana.person, ana.person.session)
    assert await signed_in(hub, ana.token) is None


async def test_what_has_expired_is_let_go_of(hub: Hub, person: AddPerson) -> None:
    opened = await _opened(hub, person)
    await _rotated(hub, opened.token)
    later(hub, hub.settings.dashboard.session_s)
    now = hub.clock.now()
    await hub.database.write(lambda tx: stored.forget(tx, now, now))

    def left(tx: sa.Connection) -> int:
        names = (tables.sessions, tables.session_tokens, tables.sign_in_failures)
        return sum(len(tx.execute(sa.select(table)).all()) for table in names)

    assert await hub.database.read(left) == 0
