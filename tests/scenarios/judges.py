"""The judges: each reads the database and the receiving end, and returns what is wrong; [] acquits.

A the ledger is in the log, byte for byte. D every (event, destination) is delivered, dead-lettered with a reason, or
still due; what came twice is the same twice. I the database is intact, the audit chain too. N nothing half done, no
traceback, no secret.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, closing, suppress
from datetime import UTC, datetime
from typing import Any

import psycopg

from centralita.core.audit import Entry, Link, verify_chain
from centralita.sandbox.sink.receiver import Arrival
from tests.scenarios.ledger import Ledger


class Reader:
    """Reads a hub's database from outside, by the plain driver."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.dialect = "sqlite" if url.startswith("sqlite:") else "postgresql"

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query; parameters stand as ``?``."""
        if self.dialect == "sqlite":
            with closing(sqlite3.connect(f"file:{self.url.removeprefix('sqlite:///')}?mode=ro", uri=True)) as tx:
                return list(tx.execute(sql, parameters).fetchall())
        with psycopg.connect(self.url, autocommit=True) as connection:
            return self._ask(connection, sql, parameters)

    @staticmethod
    def _ask(connection: psycopg.Connection[Any], sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        return list(connection.execute(sql.replace("?", "%s"), parameters).fetchall())

    def value(self, sql: str, *parameters: Any) -> Any:
        """The first column of the first row; None without one."""
        found = self.rows(sql, *parameters)
        return found[0][0] if found else None


class KeptReader(Reader):
    """Keeps its connection until the stack ends: whoever asks again and again would have PostgreSQL start a process for
    each question. One that has broken, as when the server was killed, is replaced."""

    def __init__(self, url: str, stack: ExitStack | AsyncExitStack) -> None:
        super().__init__(url)
        self._kept: psycopg.Connection[Any] | None = None
        stack.callback(self._close)

    def _close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        if self.dialect == "sqlite":
            return super().rows(sql, *parameters)
        if self._kept is not None:
            with suppress(psycopg.OperationalError):
                return self._ask(self._kept, sql, parameters)
            self._close()
        self._kept = psycopg.connect(self.url, autocommit=True)
        return self._ask(self._kept, sql, parameters)


def judge_acknowledged(reader: Reader, ledger: Ledger) -> list[str]:
    """A: what was answered with 2xx is in the log with the very bytes."""
    stored = {row[0]: hashlib.sha256(row[1]).hexdigest() for row in reader.rows("select id, body from receipts")}
    faults = []
    for receipt_id, sha256 in ledger.receipts.items():
        if receipt_id not in stored:
            faults.append(f"{receipt_id} was acknowledged and is not there")
        elif stored[receipt_id] != sha256:
            faults.append(f"{receipt_id} has other bytes")
    return faults


def judge_delivered(
    reader: Reader, event_ids: Iterable[str], lanes: Mapping[str, str], arrivals: Sequence[Arrival]
) -> list[str]:
    """D for webhooks; ``lanes`` maps each lane that every event has to reach to its path at the sink."""
    keys = {row[0]: row[1] for row in reader.rows("select id, key from lanes")}
    ended = {(e, keys[lane]): (state, reason) for e, lane, state, reason in reader.rows(
        "select event_id, lane_id, state, reason from history")}  # fmt: skip
    pending = {(e, keys[lane]) for e, lane in reader.rows("select event_id, lane_id from deliveries")}
    unrouted = {f"evt_{row[0].removeprefix('rcp_')}" for row in reader.rows("select receipt_id from inbox")}
    came = {(header(arrival, "webhook-id"), arrival.path) for arrival in arrivals}
    faults = []
    for event_id in event_ids:
        for lane, path in lanes.items():
            state, reason = ended.get((event_id, lane), ("", ""))
            if state == "delivered" and (event_id, path) not in came:
                faults.append(f"{event_id} on {lane} is called delivered and never came")
            elif state == "dead" and not reason:
                faults.append(f"{event_id} on {lane} died without a reason")
            elif not state and (event_id, lane) not in pending and event_id not in unrouted:
                faults.append(f"{event_id} on {lane} is nowhere")
    return faults + judge_repeats(arrivals)


def judge_repeats(arrivals: Sequence[Arrival]) -> list[str]:
    """D: what came more than once to a path under one id is the same each time."""
    bodies: dict[tuple[str, str], set[bytes]] = {}
    for arrival in arrivals:
        bodies.setdefault((arrival.path, header(arrival, "webhook-id")), set()).add(arrival.body)
    return [f"{key} came with {len(found)} bodies" for key, found in bodies.items() if len(found) > 1 or not key[1]]


def judge_order(arrivals: Sequence[Arrival], number_of: Mapping[str, int]) -> list[str]:
    """D: first arrivals on each path are in the order of ``number_of`` (by webhook-id)."""
    faults = []
    for path in {arrival.path for arrival in arrivals}:
        ids = list(dict.fromkeys(header(arrival, "webhook-id") for arrival in arrivals if arrival.path == path))
        numbers = [number_of[one] for one in ids if one in number_of]
        if numbers != sorted(numbers):
            faults.append(f"{path} is out of order: {numbers}")
    return faults


def repeats(arrivals: Sequence[Arrival]) -> int:
    """How many arrivals were not the first of their id on their path."""
    counted = Counter((arrival.path, header(arrival, "webhook-id")) for arrival in arrivals)
    return sum(count - 1 for count in counted.values())


def judge_intact(reader: Reader) -> list[str]:
    """I: the database's own check, no row that contradicts another, and an unbroken audit chain."""
    faults = []
    if reader.dialect == "sqlite":
        faults += [row[0] for row in reader.rows("pragma integrity_check") if row[0] != "ok"]
    counts = {
        "deliveries both pending and ended": "select count(*) from deliveries d join history h on h.id = d.id",
        "events without their receipt": "select count(*) from events e left join receipts r on r.id = e.receipt_id"
        " where r.id is null",
        "receipts queued twice": "select count(*) from (select receipt_id from inbox group by receipt_id"
        " having count(*) > 1) t",
        "chains with two heads": "select count(*) from (select lane_id, ordering_key from deliveries"
        " where state in ('due', 'in_flight') and ordering_key <> '' group by lane_id, ordering_key"
        " having count(*) > 1) t",
        "chains without a head": "select count(*) from deliveries w where w.state = 'waiting' and not exists (select 1"
        " from deliveries h where h.lane_id = w.lane_id and h.ordering_key = w.ordering_key and h.state <> 'waiting')",
        "lanes that count their flights wrong": "select count(*) from lanes l where l.in_flight <> (select count(*)"
        " from deliveries d where d.lane_id = l.id and d.state = 'in_flight')",
        "lanes in flight without an owner": "select count(*) from lanes where in_flight > 0 and owner is null",
    }
    faults += [f"{count} {name}" for name, sql in counts.items() if (count := reader.value(sql))]
    return faults + _judge_audit(reader)


def _judge_audit(reader: Reader) -> list[str]:
    rows = reader.rows("select seq, at, actor, action, object, detail, hash from audit order by seq")
    links = []
    for seq, at, actor, action, subject, detail, mark in rows:
        when = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        entry = Entry(number=seq, at=when, actor=actor, action=action, subject=subject, details=detail)
        links.append(Link(entry, bytes(mark).hex()))
    fault = verify_chain(links)
    return [f"the audit chain is broken: {fault}"] if fault else []


def judge_quiet(log: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """N: no traceback and no secret in a log."""
    faults = []
    hidden = list(secrets)
    for line in log:
        if "Traceback" in line or '"level":"critical"' in line:
            faults.append(f"traceback: {line[:2000]}")
        faults += [f"a secret is in the log: {line[:200]}" for secret in hidden if secret in line]
    return faults


def header(arrival: Arrival, name: str) -> str:
    """One header of an arrival; "" if it is not there."""
    return next((value for key, value in arrival.headers if key == name), "")
