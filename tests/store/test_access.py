"""The audit chain, tokens and keys as they are stored, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import sqlalchemy as sa

from centralita.core.audit import Head
from centralita.services.audit import verify_stored
from centralita.store import audit, idempotency, schema, tokens
from centralita.store.database import Database, Transaction, open_database

NOW = 1_763_805_991.123456


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


def _append(n: int) -> Callable[[Transaction], Any]:
    return lambda tx: audit.append(
        tx, at=NOW + n, actor="token:1", action="lane.paused", subject=f"lane/{n}", details=f'{{"n":{n}}}'
    )


async def test_a_chain_that_nobody_touched_holds(database: Database) -> None:
    for n in range(5):
        await database.write(_append(n))
    head = await database.read(audit.head)
    assert head.number == 5
    assert await database.read(lambda tx: verify_stored(tx, head)) is None
    assert await database.read(lambda tx: verify_stored(tx, None)) is None
    newest = await database.read(lambda tx: audit.newest(tx, 2))
    assert [link.entry.number for link in newest] == [5, 4]
    assert newest[0].entry.at == "2025-11-22T10:06:35.123456Z"


async def test_a_time_is_found_by_the_numbers_of_its_entries(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_NEAR", 4)
    monkeypatch.setattr(audit, "SKEW_S", 2.0)
    # Made at most a second before the entry before it, as by the clock of another process.
    times = [NOW + n - (n % 3 == 2) * 1.5 for n in range(60)]

    def fill(tx: Transaction) -> None:
        for n, at in enumerate(times):
            audit.append(tx, at=at, actor="token:1", action="lane.paused", subject=f"lane/{n}", details="{}")

    await database.write(fill)
    for begin, end in ((-5, 70), (0, 0), (10, 12.5), (30, 29), (58, 90), (-9, 3), (-9, -5), (61, 70)):
        since, until = NOW + begin, NOW + end
        wanted = audit.Wanted(since=since, until=until)
        found = await database.read(lambda tx, wanted=wanted: audit.find(tx, wanted, 99))
        expected = [n for n, at in enumerate(times, 1) if since <= at <= until]
        assert [link.entry.number for link in found] == expected[::-1], (begin, end)


async def test_appenders_at_once_make_one_chain(database: Database) -> None:
    await asyncio.gather(*(database.write(_append(n)) for n in range(20)))
    assert (await database.read(audit.head)).number == 20
    assert await database.read(lambda tx: verify_stored(tx, None)) is None


async def test_a_transaction_that_fails_leaves_no_entry(database: Database) -> None:
    def fails(tx: Transaction) -> None:
        _append(0)(tx)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fails)
    assert (await database.read(audit.head)).number == 0


a = schema.audit
TAMPERED: dict[str, tuple[Any, str, int]] = {
    "actor": (sa.update(a).where(a.c.seq == 3).values(actor="token:2"), "audit.edited", 3),
    "action": (sa.update(a).where(a.c.seq == 3).values(action="lane.resumed"), "audit.edited", 3),
    "subject": (sa.update(a).where(a.c.seq == 3).values(object="lane/9"), "audit.edited", 3),
    "detail": (sa.update(a).where(a.c.seq == 3).values(detail="{}"), "audit.edited", 3),
    "time": (sa.update(a).where(a.c.seq == 3).values(at=NOW), "audit.edited", 3),
    "hash": (sa.update(a).where(a.c.seq == 3).values(hash=b"\0" * 32), "audit.edited", 3),
    "previous": (sa.update(a).where(a.c.seq == 3).values(previous=b"\0" * 32), "audit.edited", 3),
    "deleted": (sa.delete(a).where(a.c.seq == 3), "audit.gap", 3),
    "first deleted": (sa.delete(a).where(a.c.seq == 1), "audit.gap", 1),
    "cut": (sa.delete(a).where(a.c.seq >= 4), "audit.cut", 4),
    "emptied": (sa.delete(a), "audit.cut", 1),
}


@pytest.mark.parametrize("way", TAMPERED)
async def test_whatever_is_done_to_the_log_shows(database: Database, way: str) -> None:
    for n in range(5):
        await database.write(_append(n))
    head = await database.read(audit.head)
    statement, reason, number = TAMPERED[way]
    await database.write(lambda tx: tx.execute(statement) and None)
    fault = await database.read(lambda tx: verify_stored(tx, head))
    assert fault is not None
    assert (fault.reason, fault.number) == (reason, number)


async def test_a_log_written_anew_is_not_the_one_that_was_exported(database: Database) -> None:
    for n in range(3):
        await database.write(_append(n))
    head = await database.read(audit.head)
    await database.write(lambda tx: tx.execute(sa.delete(a)) and None)
    for n in (7, 8, 9, 10):
        await database.write(_append(n))
    assert await database.read(lambda tx: verify_stored(tx, None)) is None
    fault = await database.read(lambda tx: verify_stored(tx, Head(head.number, head.hash)))
    assert fault is not None and fault.reason == "audit.rewritten"


async def test_only_the_hash_of_a_token_is_kept(database: Database) -> None:
    def add(tx: Transaction) -> int:
        row = tokens.add(
            tx, name="x", hash_hex="ab" * 32, prefix="ctl_abc", scopes=("event.read", "rule.read"),
            created_by="local:me", created_at=NOW, expires_at=None,
        )  # fmt: skip
        return row.id

    number = await database.write(add)
    found = await database.read(lambda tx: tokens.by_hash(tx, "ab" * 32))
    assert found is not None and (found.id, found.scopes) == (number, ("event.read", "rule.read"))
    assert await database.read(lambda tx: tokens.by_hash(tx, "cd" * 32)) is None
    assert await database.write(lambda tx: tokens.revoke(tx, number, NOW))
    assert not await database.write(lambda tx: tokens.revoke(tx, number, NOW))
    assert await database.read(lambda tx: tokens.count_valid(tx, NOW)) == 0


async def test_a_key_is_claimed_once_and_forgotten_after_a_day(database: Database) -> None:
    def claim(now: float) -> Callable[[Transaction], bool]:
        return lambda tx: idempotency.claim(tx, "token:1", "key", "digest", now)

    assert await database.write(claim(NOW))
    assert not await database.write(claim(NOW + 1))
    await database.write(lambda tx: idempotency.keep(tx, "token:1", "key", 201, "{}"))
    kept = await database.read(lambda tx: idempotency.find(tx, "token:1", "key", NOW + 2))
    assert kept is not None and (kept.status, kept.body, kept.digest) == (201, "{}", "digest")
    assert await database.read(lambda tx: idempotency.find(tx, "token:2", "key", NOW)) is None
    later = NOW + idempotency.KEPT_S + 1
    assert await database.read(lambda tx: idempotency.find(tx, "token:1", "key", later)) is None
    assert await database.write(claim(later))
