"""Where the nouns (tickets, approvals, assets) join the way of an event: what it means to them while it is routed, and
what follows once something that was asked of another system has ended.

Both run inside the transaction that they belong to: no network, and nothing that is not a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from centralita.core.effects import Effect, Payload, Subject
from centralita.core.events import Event
from centralita.ports import Outcome
from centralita.store.database import Transaction


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """What an event leads to beside the rules."""

    effects: tuple[Effect, ...] = ()
    echo: bool = False
    """It tells of what we did ourselves and told already: no rule's effect is carried out."""
    announced: bool = False
    """An event of ours was written (``announcements``)."""


NOTHING = Reaction()

React = Callable[[Transaction, Event, Subject, float], Reaction]
"""Called in the routing transaction with the event, its subject (the event included) and the time."""

Follow = Callable[[Transaction, Sequence[tuple[Event, Subject]], float], bool]
"""Called once a routing transaction, after its events were decided on, with each and its subject (the event included);
True when it wrote an event (``announcements``). Not for the hub's own events."""

Prepare = Callable[[Transaction, Sequence[Event], float], Sequence[Event]]
"""Called once a routing transaction, before anything is decided, with its new events (of one source) and the time; the
events as they are to be routed, in the same order."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with an ``action`` that has ended: delivered, skipped or dead."""

    delivery: str
    """``dlv_`` and a number."""
    payload: Payload
    outcome: Outcome
    now: float


After = Callable[[Transaction, Ended], bool]
"""Called in the transaction that settles the delivery; True when it wrote an event (``announcements``)."""


class Reactions:
    """Who reacts to which event types, and to the end of which actions."""

    def __init__(self) -> None:
        self._by_type: dict[str, list[React]] = {}
        self._by_noun: dict[str, After] = {}
        self._following: list[Follow] = []
        self._preparing: list[Prepare] = []

    def on_events(self, types: Sequence[str], react: React) -> None:
        """``react`` is called for each event of these types."""
        for name in types:
            self._by_type.setdefault(name, []).append(react)

    def on_end(self, noun: str, after: After) -> None:
        """``after`` is called for each delivery whose action begins with ``noun`` and a dot; one a noun."""
        self._by_noun[noun] = after

    def on_routing(self, prepare: Prepare) -> None:
        """``prepare`` completes the events of each routing transaction by what is known here."""
        self._preparing.append(prepare)

    def prepare(self, tx: Transaction, events: Sequence[Event], now: float) -> Sequence[Event]:
        """The events as they are to be routed."""
        for prepare in self._preparing:
            events = prepare(tx, events, now)
        return events

    def on_routed(self, follow: Follow) -> None:
        """``follow`` is called with the events of each routing transaction."""
        self._following.append(follow)

    def routed(self, tx: Transaction, told: Sequence[tuple[Event, Subject]], now: float) -> bool:
        """Tells all that care what has been routed; True when an event was written."""
        return any([follow(tx, told, now) for follow in self._following])

    def react(self, tx: Transaction, event: Event, subject: Subject, now: float) -> Reaction:
        """What all that care about the event's type say."""
        said = [react(tx, event, subject, now) for react in self._by_type.get(event.type, ())]
        if not said:
            return NOTHING
        effects = tuple(effect for one in said for effect in one.effects)
        return Reaction(
            effects=effects, echo=any(one.echo for one in said), announced=any(one.announced for one in said)
        )

    def ended(self, tx: Transaction, ended: Ended) -> bool:
        """Tells the noun of the action; True when an event was written."""
        after = self._by_noun.get(ended.payload.effect.action.partition(".")[0])
        return after is not None and after(tx, ended)
