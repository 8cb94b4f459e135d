"""The rules as people look at them: what each says, who provides it, and whether it is in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from centralita.core.rules import RuleSpec
from centralita.services.hub import Hub
from centralita.services.times import shown
from centralita.services.webhook_keys import DESCRIBED
from centralita.store.stored_rules import RuleRow

State = Literal["on", "off", "hidden", "unreadable", "removed"]


@dataclass(frozen=True)
class RuleView:
    """A rule."""

    __pydantic_config__ = DESCRIBED
    name: str
    """What it is known by."""
    origin: Literal["file", "database"]
    """``file``: it is changed in the configuration file only."""
    place: str
    """Where the file has it, as ``centralita.yaml:12:5``; "" for one that people made."""
    state: State
    """``on``; ``off``; ``hidden`` by one of the file that has its name; ``unreadable`` to this version; ``removed``."""
    number: int
    """Its place in the order in which the rules are tried, from 1."""
    condition: str
    """Which events it is for; empty for all."""
    channel: str
    """A Slack channel; empty, with nobody else named, for the one of the severity."""
    dm: list[str]
    """People: ``requester``, ``agent``, ``approver``, or e-mail addresses."""
    mentions: list[str]
    """Who is mentioned in the message."""
    webhook: str
    """Name of an outgoing webhook."""
    formatting: dict[str, Any]
    """What its messages look like, where that differs from ``slack.formatting``."""
    stop: bool
    """Whether the rules after it are left out when it matches."""
    fallback: str
    """Channel for a person who is not in Slack."""
    version: int
    """Of the rules, by which it was changed last: give it back with a change, which is refused when it is not the
    newest; 0 for one that the file provides."""
    created_at: str | None
    """RFC 3339; null for one that the file provides."""
    created_by: str
    """Who made it."""
    changed_at: str | None
    """RFC 3339; null for one that the file provides."""
    changed_by: str
    """Who changed it last."""


def listing(hub: Hub) -> list[RuleView]:
    """All of them, in the order in which they are tried."""
    rules = hub.rules
    file = rules.in_force.ruleset.provided
    made = sorted(rules.rows.values(), key=lambda row: (row.position, row.id))
    return [
        *(_of_file(hub, spec, number) for number, spec in enumerate(file, 1)),
        *(replace(view(hub, row), number=number) for number, row in enumerate(made, len(file) + 1)),
    ]


def find(hub: Hub, name: str) -> RuleView:
    """The one of a name; the file's where there are two. Raises LookupError."""
    found = next((each for each in listing(hub) if each.name == name), None)
    if found is None:
        raise LookupError(name)
    return found


def view(hub: Hub, row: RuleRow) -> RuleView:
    """A rule as its row has it; its ``number`` is 0."""
    trouble = hub.rules.troubles.get(row.name, "").removeprefix("rule.")
    state = trouble or ("on" if row.enabled else "off")
    return RuleView(
        name=row.name,
        origin="database",
        place="",
        state=state,  # type: ignore[arg-type]  # the troubles are among the states
        number=0,
        condition=_text(row, "condition"),
        channel=_text(row, "channel"),
        dm=_texts(row, "dm"),
        mentions=_texts(row, "mentions"),
        webhook=_text(row, "webhook"),
        formatting=dict(row.spec.get("formatting") or {}),
        stop=bool(row.spec.get("stop")),
        fallback=_text(row, "fallback"),
        version=row.since,
        created_at=shown(row.created_at),
        created_by=row.created_by,
        changed_at=shown(row.changed_at),
        changed_by=row.changed_by,
    )


def _of_file(hub: Hub, spec: RuleSpec, number: int) -> RuleView:
    return RuleView(
        name=spec.name,
        origin="file",
        place=hub.rules.places.get(spec.name, ""),
        state="on" if spec.enabled else "off",
        number=number,
        condition=spec.condition,
        channel=_joined(spec.channel),
        dm=[spec.dm] if isinstance(spec.dm, str) else list(spec.dm),
        mentions=list(spec.mentions),
        webhook=_joined(spec.webhook),
        formatting=dict(spec.formatting),
        stop=spec.stop,
        fallback=spec.fallback,
        version=0,
        created_at=None,
        created_by="",
        changed_at=None,
        changed_by="",
    )


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _text(row: RuleRow, key: str) -> str:
    return str(row.spec.get(key) or "")


def _texts(row: RuleRow, key: str) -> list[str]:
    value = row.spec.get(key) or []
    return list(map(str, value)) if isinstance(value, list) else [str(value)]
