"""Passwords, the limits of guessing, the first administrator, links."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from centralita.core.access import BUILT_IN
from centralita.core.sign_in import FORGOTTEN_S, FREE_TRIES
from centralita.services import passwords
from centralita.services.access import Principal, Refused, UserRow, add_user, change_user, list_users
from centralita.services.audit import newest
from centralita.services.hub import Hub
from centralita.services.passwords import set_password
from centralita.services.sessions import SignInRefused, signed_in
from centralita.services.sign_in import (
    INVITATION_S,
    InvitationGone,
    accept,
    change_password,
    first_admin,
    invite,
    is_unclaimed,
    sign_in,
)
from centralita.settings import load
from centralita.store import users
from centralita.store.database import Transaction
from centralita.wiring import open_hub
from tests.access.conftest import ADDRESS, ADMINISTRATOR, AGENT, ELSEWHERE, PASSWORD, AddPerson, later


async def _fails(hub: Hub, name: str = "ana", password: str = "wrong", address: str = ADDRESS) -> SignInRefused:
    with pytest.raises(SignInRefused) as refused:
        await sign_in(hub, name, password, AGENT, address)
    return refused.value


async def test_by_name_and_by_address(hub: Hub, person: AddPerson) -> None:
    await person()
    for given in ("ana", " ana ", "ana@example.com", "ANA@EXAMPLE.COM"):
        assert (await sign_in(hub, given, PASSWORD, AGENT, ADDRESS)).person.user.name == "ana"
    await person("bea", email="ana@example.com")
    assert (await _fails(hub, "ana@example.com", PASSWORD)).reason == "sign_in.wrong"


async def test_nobody_learns_who_there_is(hub: Hub, person: AddPerson) -> None:
    await person()
    await person("bea", password="")
    await person("cleo")
    await change_user(hub, ADMINISTRATOR, "cleo", {"enabled": False})
    told = [await _fails(hub, name, password) for name in ("ana", "bea", "nobody", "") for password in ("x", "")]
    told += [await _fails(hub, "cleo", PASSWORD), await _fails(hub, "ana", "x" * 100_000)]
    assert {(each.reason, each.retry_after_s) for each in told} == {("sign_in.wrong", 0.0)}


async def test_letters_that_look_the_same_are_the_same(hub: Hub, person: AddPerson) -> None:
    await person(password="mañana cuatro ñandúes verdes")
    decomposed = "man\u0303ana cuatro n\u0303andu\u0301es verdes"
    assert await sign_in(hub, "ana", decomposed, AGENT, ADDRESS)


async def test_a_hash_of_other_parameters_is_made_anew(hub: Hub, person: AddPerson) -> None:
    from argon2 import PasswordHasher

    user = await person()
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD.encode())
    await hub.database.write(lambda tx: users.change(tx, user.id, {"password_hash": old}))
    await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)
    kept = await hub.database.read(lambda tx: users.password_hash(tx, user.id))
    assert kept != old and "t=2" not in kept
    assert await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)


def test_a_hash_costs_what_the_rfc_says() -> None:
    from centralita.services.passwords import NOBODYS, hasher

    assert "$m=65536,t=3,p=4$" in NOBODYS
    assert not hasher().check_needs_rehash(NOBODYS), "who is unknown takes as long as who is known"


async def test_guessing_has_to_wait_longer_and_longer_but_never_for_ever(hub: Hub, person: AddPerson) -> None:
    await person()
    for _ in range(FREE_TRIES["account"]):
        assert (await _fails(hub)).reason == "sign_in.wrong"
    waits = []
    for _ in range(8):
        held = await _fails(hub, password=PASSWORD)
        assert held.reason == "sign_in.wait", "while there is a wait, not even the right one is heard"
        waits.append(round(held.retry_after_s))
        later(hub, held.retry_after_s + 0.001)
        assert (await _fails(hub)).reason == "sign_in.wrong"
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900]
    later(hub, FORGOTTEN_S + 1)
    assert await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)
    assert (await _fails(hub)).reason == "sign_in.wrong"
    entries = [link.entry for link in await newest(hub, 50, None, "", "sign_in.slowed")]
    assert [entry.subject for entry in entries] == ["user/ana"]


async def test_strangers_who_guess_do_not_shut_anybody_out_of_where_they_work(hub: Hub, person: AddPerson) -> None:
    await person()
    await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)
    for _ in range(FREE_TRIES["account"]):
        await _fails(hub, address=ELSEWHERE)
    assert (await _fails(hub, password=PASSWORD, address=ELSEWHERE)).reason == "sign_in.wait"
    assert await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)
    for _ in range(FREE_TRIES["place"]):
        await _fails(hub)
    assert (await _fails(hub, password=PASSWORD)).reason == "sign_in.wait", "there, too, guessing has an end"


async def test_how_a_name_is_written_does_not_tell_whether_there_is_one(hub: Hub, person: AddPerson) -> None:
    await person()
    for name, same, other in (
        ("ana@example.com", " Ana@Example.com", "ana"),
        ("eva@example.com", " Eva@Example.com", "eva"),
    ):
        for n in range(FREE_TRIES["account"]):
            assert (await _fails(hub, name, address=f"203.0.113.{n}")).reason == "sign_in.wrong"
        assert (await _fails(hub, same, address="203.0.113.99")).reason == "sign_in.wait"
        assert (await _fails(hub, other, address="203.0.113.99")).reason == "sign_in.wrong"


@pytest.mark.long
async def test_one_address_cannot_try_many_names(hub: Hub, person: AddPerson) -> None:
    await person()
    for n in range(FREE_TRIES["address"]):
        assert (await _fails(hub, f"user{n}", address="2001:db8:1:2::1")).reason == "sign_in.wrong"
    assert (await _fails(hub, "another", address="2001:db8:1:2:ffff::9")).reason == "sign_in.wait"
    assert (await _fails(hub, "another", address="2001:db8:1:3::1")).reason == "sign_in.wrong"


async def test_tries_at_once_are_counted_each(hub: Hub, person: AddPerson) -> None:
    await person()
    refused = await asyncio.gather(*(_fails(hub) for _ in range(40)))
    assert [each.reason for each in refused].count("sign_in.wrong") == FREE_TRIES["account"]


async def test_a_restart_forgets_no_failure(hub: Hub, person: AddPerson, usual_url: str, tmp_path: Path) -> None:
    await person()
    for _ in range(FREE_TRIES["account"]):
        await _fails(hub)
    environ = {"CENTRALITA_DATABASE__URL": usual_url, "CENTRALITA_DATA_DIR": str(tmp_path / "data")}
    async with open_hub(load(None, environ), role="cli") as other:
        assert (await _fails(other, password=PASSWORD)).reason == "sign_in.wait"


async def test_a_bad_password_is_refused_and_the_good_one_stays(hub: Hub, person: AddPerson) -> None:
    await person()
    for bad, reason in (
        ("short", "password.too_short"),
        ("x" * 1025, "password.too_long"),
        ("ñ" * 513, "password.too_long"),
        ("password1234", "password.guessable"),
        ("ana@example.com", "password.guessable"),
        ("123456789012345", "password.guessable"),
    ):
        with pytest.raises(Refused, match=reason.replace(".", r"\.")):
            await set_password(hub, ADMINISTRATOR, "ana", bad)
    assert await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)
    assert not await set_password(hub, ADMINISTRATOR, "nobody", PASSWORD)


async def test_who_may_less_does_not_come_in_as_somebody_who_may_more(hub: Hub, person: AddPerson) -> None:
    await person(role="admin")
    manager = Principal("token:1", "desk", frozenset({"user.manage"}))
    for attempt in (
        lambda: set_password(hub, manager, "ana", "cuatro llamas en la azotea"),
        lambda: invite(hub, manager, "ana"),
        lambda: change_user(hub, manager, "ana", {"email": "mine@example.com"}),
    ):
        with pytest.raises(Refused, match=r"user\.beyond_maker"):
            await attempt()


async def test_nobody_becomes_more_by_an_address_that_the_settings_know(hub: Hub, person: AddPerson) -> None:
    desk = Principal("user:eve", "eve", frozenset({"user.manage", *BUILT_IN.roles["viewer"]}))
    await person("eve")
    for values in ({"email": "Mapped@example.com"}, {"slack_id": "U0MAPPED"}):
        with pytest.raises(Refused, match="beyond_maker"):
            await change_user(hub, desk, "eve", values)
        with pytest.raises(Refused, match="beyond_maker"):
            await add_user(hub, desk, {"name": "mallory", "role": "viewer", **values})
    assert [user.email for user in await list_users(hub, 10, 0)] == ["eve@example.com"]
    await change_user(hub, ADMINISTRATOR, "eve", {"email": "mapped@example.com"})


async def test_a_password_that_an_administrator_sets_meanwhile_stays(
    hub: Hub, person: AddPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    await person()
    opened, verify = await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS), passwords.verify_password

    async def slow(kept: str, password: str) -> bool:
        good = await verify(kept, password)
        await set_password(hub, ADMINISTRATOR, "ana", "cuatro llamas en la azotea")
        return good

    monkeypatch.setattr(passwords, "verify_password", slow)
    with pytest.raises(SignInRefused, match="old_wrong"):
        await change_password(hub, opened.person, PASSWORD, "otra cosa que nadie adivina", AGENT, ADDRESS)
    monkeypatch.undo()
    assert await sign_in(hub, "ana", "cuatro llamas en la azotea", AGENT, ADDRESS)


async def test_changing_ones_own_password_takes_the_old_one(hub: Hub, person: AddPerson) -> None:
    await person()
    opened = await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)
    with pytest.raises(SignInRefused, match=r"password\.old_wrong"):
        await change_password(hub, opened.person, "wrong", "cuatro llamas en la azotea", AGENT, ADDRESS)
    with pytest.raises(Refused, match=r"password\.too_short"):
        await change_password(hub, opened.person, PASSWORD, "short", AGENT, ADDRESS)
    assert await signed_in(hub, opened.token) is not None


# ---- the first administrator


@pytest.fixture(params=["migrated_sqlite", "migrated_postgres"])
def either_url(request: pytest.FixtureRequest) -> str:
    """URL of a migrated database, of each kind every time: the lock is the database's."""
    url: str = request.getfixturevalue(request.param)
    return url


async def test_of_two_who_come_first_at_once_one_is(either_url: str, tmp_path: Path) -> None:
    environ = {"CENTRALITA_DATABASE__URL": either_url, "CENTRALITA_DATA_DIR": str(tmp_path)}
    async with open_hub(load(None, environ), role="web") as hub:
        assert await is_unclaimed(hub)
        names = ("ana", "bea", "cleo")
        made = await asyncio.gather(*(first_admin(hub, name, "", PASSWORD) for name in names), return_exceptions=True)
        opened = [each for each in made if not isinstance(each, BaseException)]
        assert len(opened) == 1
        assert {str(each) for each in made if isinstance(each, BaseException)} == {"user.not_first"}
        assert opened[0].person.principal.may("user.manage")
        assert await signed_in(hub, opened[0].token) is not None
        assert not await is_unclaimed(hub)
        assert len(await hub.database.read(lambda tx: users.listing(tx, 10))) == 1


async def test_an_account_that_was_added_without_a_password_can_be_the_first(hub: Hub, person: AddPerson) -> None:
    await person(password="")
    opened = await first_admin(hub, "ana", "ana@example.com", PASSWORD)
    assert (opened.person.user.role, opened.person.user.has_password) == ("admin", True)
    with pytest.raises(Refused, match=r"user\.not_first"):
        await first_admin(hub, "bea", "", PASSWORD)


async def test_the_first_has_a_name_as_all_others(hub: Hub) -> None:
    for name in ("", " ", "a/b", "a\nb", "-a", "a" * 101):
        with pytest.raises(Refused, match=r"user\.name_invalid"):
            await first_admin(hub, name, "", PASSWORD)
    assert await is_unclaimed(hub)


# ---- links


async def test_a_link_sets_the_password_once(hub: Hub, person: AddPerson) -> None:
    await person(password="")
    made = await invite(hub, ADMINISTRATOR, "ana")
    assert made is not None and made.url == f"https://desk.example.com/invitation/{made.key}"
    with pytest.raises(Refused, match=r"password\.too_short"):
        await accept(hub, made.key, "short", AGENT, ADDRESS)
    opened = await accept(hub, made.key, PASSWORD, AGENT, ADDRESS)
    assert await signed_in(hub, opened.token) is not None
    with pytest.raises(InvitationGone):
        await accept(hub, made.key, PASSWORD, AGENT, ADDRESS)
    assert await sign_in(hub, "ana", PASSWORD, AGENT, ADDRESS)
    told = repr([link.entry for link in await newest(hub, 50, None, "", "")])
    assert "user.invited" in told and made.key not in told and made.key not in repr(made)


async def test_of_two_who_use_a_link_at_once_one_does(either_url: str, tmp_path: Path) -> None:
    environ = {"CENTRALITA_DATABASE__URL": either_url, "CENTRALITA_DATA_DIR": str(tmp_path)}
    async with open_hub(load(None, environ), role="web") as hub:
        await add_user(hub, ADMINISTRATOR, {"name": "ana", "role": "viewer"})
        link = await invite(hub, ADMINISTRATOR, "ana")
        assert link is not None
        words = ("cuatro llamas en la azotea", "tres gatos bajo la mesa azul", PASSWORD)
        made = await asyncio.gather(
            *(accept(hub, link.key, each, AGENT, ADDRESS) for each in words), return_exceptions=True
        )
        opened = [each for each in made if not isinstance(each, BaseException)]
        assert len(opened) == 1 and all(isinstance(each, InvitationGone) for each in made if each is not opened[0])
        assert await signed_in(hub, opened[0].token) is not None


async def test_a_link_ends_with_its_time_a_newer_one_and_the_account(hub: Hub, person: AddPerson) -> None:
    await person()
    first, second = await invite(hub, ADMINISTRATOR, "ana"), await invite(hub, ADMINISTRATOR, "ana")
    assert first is not None and second is not None
    with pytest.raises(InvitationGone):
        await accept(hub, first.key, PASSWORD, AGENT, ADDRESS)
    later(hub, INVITATION_S + 1)
    with pytest.raises(InvitationGone):
        await accept(hub, second.key, PASSWORD, AGENT, ADDRESS)
    third = await invite(hub, ADMINISTRATOR, "ana")
    assert third is not None
    await change_user(hub, ADMINISTRATOR, "ana", {"enabled": False})
    with pytest.raises(InvitationGone):
        await accept(hub, third.key, PASSWORD, AGENT, ADDRESS)
    with pytest.raises(Refused, match=r"user\.disabled"):
        await invite(hub, ADMINISTRATOR, "ana")
    assert await invite(hub, ADMINISTRATOR, "nobody") is None


async def test_a_password_that_is_replaced_while_it_is_verified_opens_nothing(
    hub: Hub, person: AddPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    from centralita.services import passwords

    user: UserRow = await person()
    verify = passwords.verify_password

    async def slow(kept: str, password: str) -> bool:
        good = await verify(kept, password)

        def replace(tx: Transaction) -> None:
            users.change(tx, user.id, {"password_hash": "another"})

        await hub.database.write(replace)
        return good

    monkeypatch.setattr(passwords, "verify_password", slow)
    assert (await _fails(hub, password=PASSWORD)).reason == "sign_in.wrong"
