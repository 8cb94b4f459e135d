"""Approvals as they are stored, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
import pytest

from centralita.core.approvals import Approval, Stage
from centralita.core.approvers import Approver
from centralita.store import approvals, users
from centralita.store.approvals import Filter
from centralita.store.database import Conflict, Database, open_database

NOW = 1_800_000_000.0
ANA, MARTA = Approver(email="ana@example.com"), Approver(email="marta_rios@example.com", id="7")


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


def _approval(number: int, **more: object) -> Approval:
    made = Approval(
        id=f"apr_{number}",
        topic=f"invgate/approval/{number % 2}",
        title="Notebook",
        requester=ANA,
        amount=1500.5,
        stages=(Stage(approvers=(MARTA,)),),
        created_at=NOW,
        updated_at=NOW,
        told_at={MARTA.key: NOW},
    )
    return msgspec.structs.replace(made, **more)


async def test_what_is_kept_comes_back_whole_and_newest_first(database: Database) -> None:
    made = [_approval(n, state="approved" if n == 2 else "open", subject=f"ticket/{n}") for n in range(4)]
    for each in made:
        await database.write(partial(approvals.add, approval=each))

    async def found(**wanted: Any) -> list[str]:
        return [each.id for each in await database.read(lambda tx: approvals.listing(tx, Filter(**wanted), 10))]

    assert await database.read(lambda tx: approvals.find(tx, "apr_1")) == made[1]
    assert await database.read(lambda tx: approvals.newest_of(tx, "invgate/approval/1")) == made[3]
    assert await found() == ["apr_3", "apr_2", "apr_1", "apr_0"]
    assert await found(state="waiting") == ["apr_3", "apr_1", "apr_0"]
    assert await found(approver="Marta_Rios@example.com") == ["apr_3", "apr_1", "apr_0"]
    assert await found(approver="martaXrios@example.com") == []
    assert await found(approvers=("x@example.com", MARTA.key)) == ["apr_3", "apr_1", "apr_0"]
    asked = msgspec.structs.replace(made[3], state="answering", version=2)
    await database.write(lambda tx: approvals.save(tx, asked, 1))
    assert await found(state="answerable", approvers=(MARTA.key,)) == ["apr_1", "apr_0"]
    await database.write(lambda tx: approvals.save(tx, msgspec.structs.replace(made[3], version=1), 2))
    assert await found(subject="ticket/2") == ["apr_2"]
    assert [each.id for each in await database.read(lambda tx: approvals.listing(tx, Filter(), 2, "apr_2"))] == [
        "apr_1",
        "apr_0",
    ]


async def test_what_was_decided_on_something_older_is_not_written(database: Database) -> None:
    start = _approval(1)
    await database.write(lambda tx: approvals.add(tx, start))
    later = msgspec.structs.replace(start, version=2)
    await database.write(lambda tx: approvals.save(tx, later, 1))
    with pytest.raises(Conflict):
        await database.write(lambda tx: approvals.save(tx, later, 1))
    assert await database.write(lambda tx: approvals.lock(tx, "apr_1")) == later


async def test_a_delegation_holds_between_its_times(database: Database) -> None:
    async def made(begins_at: float, ends_at: float) -> int:
        people = ("marta@example.com", "luis@example.com")
        return await database.write(lambda tx: approvals.delegate(tx, *people, begins_at, ends_at, "token:1"))

    first = await made(NOW, NOW + 10)
    await made(NOW + 50, NOW + 60)
    held = await database.read(lambda tx: approvals.delegations_at(tx, NOW + 5))
    assert [each.delegate.email for each in held] == ["luis@example.com"]
    assert len(await database.read(lambda tx: approvals.standing(tx, NOW))) == 2
    await database.write(lambda tx: approvals.end_delegation(tx, first, NOW + 1))
    assert await database.read(lambda tx: approvals.delegations_at(tx, NOW + 5)) == []


async def test_people_are_found_by_their_addresses_in_any_case(database: Database) -> None:
    values = {"name": "ana", "role": "viewer", "email": "Ana@Example.com", "created_at": NOW}
    await database.write(lambda tx: users.add(tx, values))
    found = await database.read(lambda tx: users.by_emails(tx, ["ana@example.com", ""]))
    assert [row.name for row in found] == ["ana"]
    assert await database.read(lambda tx: users.by_emails(tx, [""])) == []
