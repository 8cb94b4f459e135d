"""Who did what: every change writes its audit entry in its own transaction, or neither is there.

``record`` is for a use case that writes its own transaction. ``recording`` is for one that knows nothing of the log: it
gives that use case a hub whose write transactions end with the entry.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from centralita.core.audit import Fault, Head, Link, verify_chain
from centralita.logs import redact
from centralita.store import audit
from centralita.store.audit import Wanted as Wanted
from centralita.store.database import Database, Transaction

if TYPE_CHECKING:
    from centralita.services.hub import Hub

T = TypeVar("T")

Details = Mapping[str, Any]


def record(tx: Transaction, now: float, actor: str, action: str, subject: str, details: Details) -> None:
    """Appends an entry; the last thing that a transaction does. ``details`` says before and after, never a secret."""
    text = msgspec.json.encode(redact(dict(details)), order="deterministic").decode()
    audit.append(tx, at=now, actor=actor, action=action, subject=subject, details=text)


class Wrapped:
    """A database whose write transactions end with something more."""

    def __init__(self, database: Database, around: Callable[[Transaction, Callable[[Transaction], Any]], Any]) -> None:
        self._database, self._around = database, around
        self.dialect = database.dialect

    async def write(self, fn: Callable[[Transaction], T], *, urgent: bool = False) -> T:
        def run(tx: Transaction) -> T:
            result: T = self._around(tx, fn)
            return result

        return await self._database.write(run, urgent=urgent)

    async def write_patiently(self, fn: Callable[[Transaction], T]) -> T:
        return await self._database.write_patiently(fn)

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        return await self._database.read(fn)

    async def now(self) -> float:
        return await self._database.now()

    def notify(self) -> None:
        self._database.notify()

    def on_notify(self, wake: Callable[[], None]) -> None:
        self._database.on_notify(wake)

    async def close(self) -> None:
        await self._database.close()


def recording(
    hub: Hub, actor: str, action: str, subject: str, describe: Callable[[Any], Details] = lambda result: {}
) -> Hub:
    """The hub for one use case: each of its write transactions appends an entry, whose details ``describe`` makes of
    the transaction's result."""

    def around(tx: Transaction, fn: Callable[[Transaction], Any]) -> Any:
        result = fn(tx)
        record(tx, hub.clock.now(), actor, action, subject, describe(result))
        return result

    return dataclasses.replace(hub, database=Wrapped(hub.database, around))


async def newest(hub: Hub, limit: int, before: int | None, actor: str, action: str) -> list[Link]:
    """Entries, newest first."""
    return await hub.database.read(lambda tx: audit.newest(tx, limit, before, actor, action))


async def find(hub: Hub, wanted: Wanted, limit: int, before: int | None) -> list[Link]:
    """Those that are wanted, newest first."""
    return await hub.database.read(lambda tx: audit.find(tx, wanted, limit, before))


async def head(hub: Hub) -> Head:
    """Where the chain ends: to be kept elsewhere, so that a cut tail is found."""
    return await hub.database.read(audit.head)


async def verify(hub: Hub, known: Head | None) -> tuple[Fault | None, Head]:
    """The first thing that is wrong with the chain (None: nothing), and where it ends."""

    def walk(tx: Transaction) -> tuple[Fault | None, Head]:
        return verify_stored(tx, known), audit.head(tx)

    return await hub.database.read(walk)


def verify_stored(tx: Transaction, known: Head | None) -> Fault | None:
    """``core.audit.verify_chain`` over what is stored, the column ``previous`` included."""
    torn: list[Fault] = []

    def links() -> Any:
        previous = None
        for stored in audit.walk(tx):
            if previous is not None and stored.previous != previous and not torn:
                torn.append(Fault("audit.edited", stored.link.entry.number))
            previous = stored.link.hash
            yield stored.link

    fault = verify_chain(links(), known)
    if fault is not None and torn:
        return min((fault, torn[0]), key=lambda found: found.number)
    return fault or (torn[0] if torn else None)
