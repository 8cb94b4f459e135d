"""Accepted requests: appended in batches with their dedupe, queued for the router. One of the three hot statements."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from centralita.core import ids
from centralita.ports import Receipt
from centralita.store import bulk, schema
from centralita.store.database import Transaction


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt on its way to the disk."""

    receipt: Receipt
    fingerprint: bytes
    """16 bytes of source and dedupe key."""
    body_hash: bytes
    """16 bytes of the body: the same id with another body is flagged."""
    expires_at: float
    """Until when the same fingerprint is a duplicate."""


class Appended(msgspec.Struct, frozen=True):
    """What became of an incoming receipt."""

    receipt_id: str
    """Its own id, or the id of the one that it repeats."""
    duplicate: bool = False
    conflict: bool = False
    """A duplicate by id whose body differs from the one that was kept."""


def put(tx: Transaction, source: str, receipt_id: str, content_type: str, body: bytes, now: float) -> None:
    """Appends a receipt that came by no wire, and queues it for the router."""
    row = {
        "day": ids.day(receipt_id),
        "id": receipt_id,
        "source": source,
        "received_at": now,
        "content_type": content_type,
        "body": body,
    }
    bulk.insert(tx, schema.receipts, [row])
    bulk.insert(tx, schema.inbox, [{"source": source, "receipt_id": receipt_id}])


Stored = tuple[str, bytes]  # receipt id, body hash


def append(tx: Transaction, batch: Sequence[Incoming], now: float, period_s: float) -> list[Appended]:
    """Appends what is new, in the batch's order; answers in the same order.

    ``period_s`` is the longest time that anything is a duplicate. Two equal fingerprints inside one batch count as new
    and duplicate.
    """
    first: dict[bytes, Incoming] = {}
    for incoming in batch:
        first.setdefault(incoming.fingerprint, incoming)
    period = int(now // period_s)
    if tx.dialect.name == "postgresql":
        known = _append_postgres(tx, list(first.values()), now, period)
    else:
        known = _append_sqlite(tx, list(first.values()), now, period)
    results = []
    for incoming in batch:
        mine = (incoming.receipt.id, incoming.body_hash)
        keeper = known.get(incoming.fingerprint)
        if keeper is None and first[incoming.fingerprint] is incoming:
            results.append(Appended(incoming.receipt.id))
            continue
        kept = keeper or (first[incoming.fingerprint].receipt.id, first[incoming.fingerprint].body_hash)
        results.append(Appended(kept[0], duplicate=True, conflict=kept[1] != mine[1]))
    _count(tx, batch, results, now)
    return results


def _append_sqlite(tx: Transaction, rows: list[Incoming], now: float, period: int) -> dict[bytes, Stored]:
    # By the driver: SQLAlchemy would cost three times the statement itself, row by row.
    cursor = tx.connection.cursor()
    known: dict[bytes, Stored] = {}
    fresh = []
    for row in rows:
        found = cursor.execute(
            "select receipt_id, body_hash from dedupe where period = ? and fingerprint = ? and expires_at > ?",
            (period - 1, row.fingerprint, now),
        ).fetchone()
        if found is None:
            cursor.execute(
                "insert into dedupe (period, fingerprint, receipt_id, body_hash, expires_at) values (?, ?, ?, ?, ?)"
                " on conflict (period, fingerprint) do update set receipt_id = excluded.receipt_id,"
                " body_hash = excluded.body_hash, expires_at = excluded.expires_at where dedupe.expires_at <= ?",
                (period, row.fingerprint, row.receipt.id, row.body_hash, row.expires_at, now),
            )
            if cursor.rowcount == 1:
                fresh.append(row.receipt)
                continue
            found = cursor.execute(
                "select receipt_id, body_hash from dedupe where period = ? and fingerprint = ?",
                (period, row.fingerprint),
            ).fetchone()
        known[row.fingerprint] = (found[0], found[1])
    cursor.executemany(
        "insert into receipts (day, id, source, received_at, content_type, headers, body, dedupe_key)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (ids.day(r.id), r.id, r.source, r.received_at, r.content_type, _headers(r.headers), r.body, r.dedupe_key)
            for r in fresh
        ],
    )
    cursor.executemany("insert into inbox (source, receipt_id) values (?, ?)", [(r.source, r.id) for r in fresh])
    cursor.close()
    return known


# One statement: a round trip costs more than the rows. The fingerprints are sorted, so that two processes which append
# the same ones at once wait for each other and do not deadlock; the receipts keep the order of arrival.
_APPEND = sa.text(
    """
    with given as (
        select * from unnest(
            cast(:fingerprints as bytea[]), cast(:hashes as bytea[]), cast(:expiries as float8[]), cast(:days as int[]),
            cast(:ids as text[]), cast(:sources as text[]), cast(:times as float8[]), cast(:types as text[]),
            cast(:headers as text[]), cast(:bodies as bytea[]), cast(:keys as text[])
        ) with ordinality as g(fingerprint, body_hash, expires_at, day, id, source, received_at, content_type, headers,
                               body, dedupe_key, position)
    ), fresh as (
        insert into dedupe (period, fingerprint, receipt_id, body_hash, expires_at)
        select :period, fingerprint, id, body_hash, expires_at from given g
        where not exists (select 1 from dedupe d where d.period = :period - 1 and d.fingerprint = g.fingerprint
                          and d.expires_at > :now)
        order by fingerprint
        on conflict (period, fingerprint) do update set receipt_id = excluded.receipt_id,
            body_hash = excluded.body_hash, expires_at = excluded.expires_at where dedupe.expires_at <= :now
        returning receipt_id
    ), kept as (
        insert into receipts (day, id, source, received_at, content_type, headers, body, dedupe_key)
        select day, id, source, received_at, content_type, headers, body, dedupe_key
        from given where id in (select receipt_id from fresh)
    )
    insert into inbox (source, receipt_id)
    select source, id from given where id in (select receipt_id from fresh) order by position
    returning receipt_id
    """
)
_KEPT = sa.text(
    "select fingerprint, receipt_id, body_hash from dedupe where period in (:period, :period - 1)"
    " and fingerprint = any(cast(:fingerprints as bytea[])) and expires_at > :now"
)


def _append_postgres(tx: Transaction, rows: list[Incoming], now: float, period: int) -> dict[bytes, Stored]:
    parameters = {
        "period": period,
        "now": now,
        "fingerprints": [row.fingerprint for row in rows],
        "hashes": [row.body_hash for row in rows],
        "expiries": [row.expires_at for row in rows],
        "days": [ids.day(row.receipt.id) for row in rows],
        "ids": [row.receipt.id for row in rows],
        "sources": [row.receipt.source for row in rows],
        "times": [row.receipt.received_at for row in rows],
        "types": [row.receipt.content_type for row in rows],
        "headers": [_headers(row.receipt.headers) for row in rows],
        "bodies": [row.receipt.body for row in rows],
        "keys": [row.receipt.dedupe_key for row in rows],
    }
    fresh = {receipt_id for (receipt_id,) in tx.execute(_APPEND, parameters)}
    repeated = [row.fingerprint for row in rows if row.receipt.id not in fresh]
    if not repeated:
        return {}
    kept = tx.execute(_KEPT, {"period": period, "now": now, "fingerprints": repeated})
    return {bytes(fingerprint): (receipt_id, bytes(body_hash)) for fingerprint, receipt_id, body_hash in kept}


def _headers(headers: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(headers)).decode() if headers else "{}"


_COUNT = sa.text(
    "insert into source_counts (source, accepted, duplicates, conflicts, rejected, last_accepted_at)"
    " values (:source, :accepted, :duplicates, :conflicts, 0, :now) on conflict (source) do update set"
    " accepted = source_counts.accepted + excluded.accepted,"
    " duplicates = source_counts.duplicates + excluded.duplicates,"
    " conflicts = source_counts.conflicts + excluded.conflicts, last_accepted_at = excluded.last_accepted_at"
)


def _count(tx: Transaction, batch: Sequence[Incoming], results: Sequence[Appended], now: float) -> None:
    counts: dict[str, list[int]] = {}
    for incoming, result in zip(batch, results, strict=True):
        count = counts.setdefault(incoming.receipt.source, [0, 0, 0])
        count[1 if result.duplicate else 0] += 1
        count[2] += result.conflict
    for source in sorted(counts):  # one order for everybody, or two processes deadlock
        accepted, duplicates, conflicts = counts[source]
        parameters = {
            "source": source,
            "accepted": accepted,
            "duplicates": duplicates,
            "conflicts": conflicts,
            "now": now,
        }
        tx.execute(_COUNT, parameters)


# ---- for the router --------------------------------------------------------------------------------------------------


def sources_waiting(tx: Transaction) -> list[str]:
    """Slugs with receipts that nobody has routed."""
    # A loose index scan by hand: `distinct` would read every waiting row.
    found: list[str] = []
    while True:
        query = sa.select(sa.func.min(schema.inbox.c.source))
        if found:
            query = query.where(schema.inbox.c.source > found[-1])
        slug = tx.execute(query).scalar()
        if slug is None:
            return found
        found.append(slug)


def waiting(tx: Transaction, source: str, limit: int) -> list[tuple[int, str]]:
    """The oldest ``(seq, receipt id)`` of a source that wait for the router."""
    inbox = schema.inbox
    query = sa.select(inbox.c.seq, inbox.c.receipt_id).where(inbox.c.source == source).order_by(inbox.c.seq)
    return [(seq, receipt_id) for seq, receipt_id in tx.execute(query.limit(sa.literal_column(str(int(limit)))))]


def load(tx: Transaction, receipt_ids: Iterable[str]) -> dict[str, Receipt]:
    """Receipts by id; an unknown id is left out."""
    wanted = list(receipt_ids)
    if not wanted:
        return {}
    table = schema.receipts
    days = sorted({ids.day(receipt_id) for receipt_id in wanted})
    query = sa.select(table).where(table.c.day.in_(days), table.c.id.in_(wanted))
    return {
        row.id: Receipt(
            id=row.id,
            source=row.source,
            received_at=row.received_at,
            content_type=row.content_type,
            headers=msgspec.json.decode(row.headers, type=dict[str, str]),
            body=bytes(row.body),
            dedupe_key=row.dedupe_key,
        )
        for row in tx.execute(query)
    }


def count_waiting(tx: Transaction) -> int:
    """How many receipts wait for a router."""
    return int(tx.execute(sa.select(sa.func.count()).select_from(schema.inbox)).scalar_one())


def is_waiting(tx: Transaction, source: str, receipt_id: str) -> bool:
    """Whether a receipt of a source waits for a router."""
    inbox = schema.inbox
    query = sa.select(inbox.c.seq).where(inbox.c.source == source, inbox.c.receipt_id == receipt_id)
    return tx.execute(query).first() is not None


def take_from_inbox(tx: Transaction, source: str, seqs: Sequence[int]) -> int:
    """Deletes routed rows of a source from the inbox; how many were still there. Fewer than given: somebody else has
    routed them, or is at the source until its transaction ends."""
    if tx.dialect.name == "postgresql":
        key = zlib.crc32(source.encode()) - 2**31
        return tx.execute(_TAKE, {"key": key, "seqs": list(seqs)}).rowcount
    cursor = tx.connection.cursor()
    taken = 0
    for seq in seqs:
        taken += cursor.execute("delete from inbox where seq = ?", (seq,)).rowcount
    cursor.close()
    return taken


# The count of the rows would be fence enough; the lock spares the work of whoever comes second. An array is one
# prepared statement whatever its length; IN would be one for each.
_TAKE = sa.text(
    "with held as materialized (select pg_try_advisory_xact_lock(7310583, :key) as mine)"
    " delete from inbox using held where held.mine and inbox.seq = any(cast(:seqs as bigint[]))"
)


def requeue(tx: Transaction, receipt: Receipt) -> None:
    """Puts a receipt at the inbox's tail, to be parsed again."""
    tx.execute(sa.insert(schema.inbox).values(source=receipt.source, receipt_id=receipt.id))
    tx.execute(sa.delete(schema.unparsed).where(schema.unparsed.c.receipt_id == receipt.id))


def record_unparsed(tx: Transaction, receipt: Receipt, now: float, reason: str, detail: str) -> None:
    """Keeps a receipt whose parser failed as a dead letter of its source."""
    row = {"receipt_id": receipt.id, "source": receipt.source, "at": now, "reason": reason, "detail": detail[:2000]}
    table = schema.unparsed
    tx.execute(sa.delete(table).where(table.c.receipt_id == receipt.id))
    tx.execute(sa.insert(table).values(row))
