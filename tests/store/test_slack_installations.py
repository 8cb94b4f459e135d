"""Slack workspaces that people connected, as rows, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from centralita.services.slack_installations import Installations, Tokens, seal
from centralita.services.vault import Vault
from centralita.store import slack_installations as store
from centralita.store.database import Conflict, Database, open_database
from centralita.store.slack_installations import InstallationRow

ACME = InstallationRow(team_id="T0ACME", name="Acme", domain="acme", sealed=b"\x00sealed", installed_at=1.5)
BASE = {"api_url": "https://slack.com/api/", "webhook_url": ""}


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault({"CENTRALITA_SECRET_KEY": "0f" * 32}, tmp_path)


async def test_a_row_comes_back_as_it_was_kept(database: Database) -> None:
    await database.write(lambda tx: store.put(tx, ACME))
    ended = msgspec.structs.replace(ACME, sealed=None, revoked_at=2.5)
    assert await database.read(store.listing) == [ACME]
    await database.write(lambda tx: store.put(tx, ended))
    assert await database.write(lambda tx: store.find(tx, "T0ACME")) == ended
    await database.write(lambda tx: store.remove(tx, "T0ACME"))
    assert await database.read(store.listing) == []


async def test_of_two_who_add_the_same_one_is_told_or_comes_after(database: Database) -> None:
    rows = [msgspec.structs.replace(ACME, name=f"{n}") for n in range(6)]
    writes = (database.write(lambda tx, row=row: store.put(tx, row)) for row in rows)
    done = await asyncio.gather(*writes, return_exceptions=True)
    assert all(each is None or isinstance(each, Conflict) for each in done)
    assert len(await database.read(store.listing)) == 1


async def test_a_right_is_used_once_by_one_of_many_and_only_in_time(database: Database) -> None:
    await database.write(lambda tx: store.add_grant(tx, "a", "state", "local:ana", 100.0, 1.0))
    taken = await asyncio.gather(
        *(database.write(lambda tx: store.take_grant(tx, "a", "state", 50.0)) for _ in range(6))
    )
    assert sorted(taken, key=str) == [None] * 5 + ["local:ana"]
    await database.write(lambda tx: store.add_grant(tx, "b", "link", "local:ana", 100.0, 1.0))
    assert await database.read(lambda tx: store.grant_of(tx, "b", "link", 99.0)) == "local:ana"
    assert await database.read(lambda tx: store.grant_of(tx, "b", "link", 100.0)) is None
    assert await database.write(lambda tx: store.take_grant(tx, "b", "state", 50.0)) is None
    assert await database.write(lambda tx: store.take_grant(tx, "b", "link", 100.0)) is None


async def test_those_that_have_expired_are_forgotten(database: Database) -> None:
    await database.write(lambda tx: store.add_grant(tx, "old", "state", "x", 10.0, 1.0))
    await database.write(lambda tx: store.add_grant(tx, "new", "state", "x", 99.0, 11.0))
    assert await database.read(lambda tx: store.grant_of(tx, "old", "state", 5.0)) is None


async def test_the_catalogue_learns_of_changes_and_tells(database: Database, vault: Vault) -> None:
    tokens = Tokens(bot_token="xoxb-acme", app_token="xapp-acme")
    row = msgspec.structs.replace(ACME, sealed=seal(vault, "T0ACME", tokens))
    known, told = Installations(BASE, Tokens(), database, vault), list[str]()
    known.listeners.append(lambda: told.append("changed"))
    await known.refresh()
    assert (known.default, known.config("#alerts"), told) == (None, None, [])

    await database.write(lambda tx: (store.put(tx, row), store.set_version(tx, "1")))
    await known.refresh()
    assert told == ["changed"]
    default = known.default
    assert default is not None and default.tokens == tokens
    # However it is named, the default's limits are counted in one place.
    for target in ("#alerts", "acme/#alerts", "T0ACME/#alerts", "ana@example.com"):
        assert known.config(target) == {**BASE, "bot_token": "xoxb-acme", "interactive": True}
    assert known.config("nobody/#alerts") is None


async def test_the_files_workspace_is_the_default_and_the_others_stay_apart(database: Database, vault: Vault) -> None:
    row = msgspec.structs.replace(ACME, sealed=seal(vault, "T0ACME", Tokens(bot_token="xoxb-acme")))
    await database.write(lambda tx: (store.put(tx, row), store.set_version(tx, "1")))
    provided = Tokens(bot_token="xoxb-file", signing_secret="s1")
    known = Installations({**BASE, "webhook_url": "https://hooks.example.com/x"}, provided, database, vault)
    await known.refresh()
    assert (known.config("#alerts") or {})["bot_token"] == "xoxb-file"
    assert known.config("ACME/#alerts") == {
        **BASE,
        "bot_token": "xoxb-acme",
        "interactive": False,
        "workspace": "T0ACME",
        "webhook_url": "",
    }
    assert known.signing_secrets == ("s1",)


async def test_the_default_stays_the_default_when_slack_ends_it(database: Database, vault: Vault) -> None:
    other = msgspec.structs.replace(
        ACME,
        team_id="T0BETA",
        domain="beta",
        installed_at=3.0,
        sealed=seal(vault, "T0BETA", Tokens(bot_token="xoxb-beta")),
    )
    ended = msgspec.structs.replace(ACME, sealed=None, revoked_at=2.0)
    await database.write(lambda tx: (store.put(tx, ended), store.put(tx, other), store.set_version(tx, "1")))
    known = Installations(BASE, Tokens(), database, vault)
    await known.refresh()
    # What was meant for one workspace is never told in another: it waits.
    assert (known.config("#alerts") or {})["bot_token"] == ""
    assert (known.config("beta/#alerts") or {})["bot_token"] == "xoxb-beta"


async def test_with_another_key_a_workspace_stays_shut(database: Database, vault: Vault, tmp_path: Path) -> None:
    row = msgspec.structs.replace(ACME, sealed=seal(vault, "T0ACME", Tokens(bot_token="xoxb-acme")))
    await database.write(lambda tx: (store.put(tx, row), store.set_version(tx, "1")))
    stranger = Installations(BASE, Tokens(), database, Vault({"CENTRALITA_SECRET_KEY": "ab" * 32}, tmp_path))
    await stranger.refresh()
    assert (stranger.config("#alerts") or {})["bot_token"] == ""
    assert b"xoxb" not in (row.sealed or b"")


async def test_switched_off_nothing_is_sent_anywhere(database: Database, vault: Vault) -> None:
    known = Installations(None, Tokens(bot_token="xoxb-file"), database, vault)
    assert known.config("#alerts") is None
