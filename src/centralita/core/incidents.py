"""An incident: its states as a table, what it holds, and what joins it to events.

What a command makes of one is decided in ``core.incident_commands``.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from centralita.core.events import Severity

State = Literal["open", "acknowledged", "resolved"]
Happening = Literal["create", "acknowledge", "assign", "comment", "change", "relate", "resolve", "reopen"]
Priority = Literal["critical", "high", "medium", "low"]

TRANSITIONS: dict[tuple[State, Happening], State] = {
    ("open", "acknowledge"): "acknowledged",
    ("open", "assign"): "open",
    ("open", "comment"): "open",
    ("open", "change"): "open",
    ("open", "relate"): "open",
    # Whoever knows that it is over need not take charge first.
    ("open", "resolve"): "resolved",
    ("acknowledged", "assign"): "acknowledged",
    ("acknowledged", "comment"): "acknowledged",
    ("acknowledged", "change"): "acknowledged",
    ("acknowledged", "relate"): "acknowledged",
    ("acknowledged", "resolve"): "resolved",
    # What is learnt afterwards belongs to its story.
    ("resolved", "comment"): "resolved",
    # Somebody has to take charge anew.
    ("resolved", "reopen"): "open",
}
PRIORITIES: tuple[Priority, ...] = get_args(Priority)  # gravest first
TITLE_LIMIT = 200
TEXT_LIMIT = 12_000
"""Characters of a description or a comment."""
MOST_CIS = 50
RELATE_GAP_S = 60.0
"""Related events are told in the thread no more often; those between are told together."""


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody; what nobody said is ""."""

    name: str = ""
    email: str = ""
    slack: str = ""
    """Their id in Slack."""

    @property
    def called(self) -> str:
        """How people call them."""
        return self.name or self.email or self.slack

    @property
    def key(self) -> str:
        """The same for the same person, as far as it can be known; "" for nobody."""
        return self.email.strip().lower() or self.slack or self.name

    def is_same(self, other: Who) -> bool:
        """Whether two are one person: by address or Slack's id; a name decides only where there is nothing else."""
        mine, theirs = self.email.strip().lower(), other.email.strip().lower()
        if mine and theirs:
            return mine == theirs
        if self.slack and other.slack:
            return self.slack == other.slack
        return bool(self.key) and self.key == other.key


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration item that is affected."""

    id: str
    name: str = ""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What an incident was created from; "" for nothing in particular."""

    event: str = ""
    source: str = ""
    subject: str = ""
    """``alert/1a2b`` or ``ticket/4521`` of the source."""
    message: str = ""
    """Address of a message in Slack."""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident. Times are seconds since 1970, 0 for never."""

    number: int = 0
    title: str
    description: str = ""
    priority: Priority
    state: State = "open"
    version: int = 1
    reporter: Who = Who()
    assignee: Who = Who()
    origin: Origin = Origin()
    correlation: str = ""
    """That of the events that belong to it."""
    affected: tuple[Item, ...] = ()
    channel: str = ""
    """Slack channel where it is told, as written; "" for none. It stays, whatever the settings say later."""
    thread: str = ""
    """Address of its message there."""
    informed: tuple[str, ...] = ()
    """Addresses of those who were written to directly."""
    acknowledged_by: Who = Who()
    acknowledged_at: float = 0.0
    resolved_by: Who = Who()
    resolved_at: float = 0.0
    resolution: str = ""
    related: int = 0
    """How many events were found to belong to it."""
    untold: int = 0
    """How many of them nobody was told of yet."""
    related_told_at: float = 0.0
    created_at: float
    updated_at: float

    @property
    def code(self) -> str:
        """As people write it: ``INC-12``."""
        return f"INC-{self.number}"

    @property
    def subject(self) -> str:
        """Of the events about it."""
        return f"incident/{self.number}"

    @property
    def keys(self) -> tuple[str, ...]:
        """By which later events are found to belong to it; none once it is resolved."""
        if self.state == "resolved":
            return ()
        items = [text for each in self.affected for text in (each.id, each.name)]
        return keys_of(self.correlation, self.origin.source, self.origin.subject, items)

    @property
    def tells_related_at(self) -> float:
        """When the events that nobody was told of are told; 0 when there is none."""
        return self.related_told_at + RELATE_GAP_S if self.untold and self.state != "resolved" else 0.0


def keys_of(correlation: str, source: str, subject: str, items: list[str]) -> tuple[str, ...]:
    """What joins events and incidents: the correlation, the subject, each affected configuration item by
    its id and by its name."""
    found = [f"correlation:{correlation}"] if correlation else []
    if source and subject:
        found.append(f"subject:{source}/{subject}")
    return tuple(dict.fromkeys([*found, *(f"ci:{item.strip().casefold()}" for item in items if item.strip())]))


def read_number(written: str) -> int | None:
    """The number that people write as ``INC-12``, ``#12`` or ``12``; None for anything else."""
    digits = written.strip().upper().removeprefix("INC-").removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def priority_of(severity: Severity | None) -> Priority:
    """The priority of an incident that an event of this severity leads to."""
    return "low" if severity == "info" else severity or "medium"
