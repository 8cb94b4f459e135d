"""The rules in force, checking others, and trying others on what has happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from centralita.core.effects import Effect
from centralita.core.rules import (
    Routing,
    RuleProblem,
    RulesError,
    Ruleset,
    RuleSpec,
    WebhookSpec,
    compile_rules,
    decide_effects,
)
from centralita.core.subjects import project
from centralita.integrations import registry
from centralita.services import announcements
from centralita.services.events import EventSummary, summary
from centralita.services.hub import Hub
from centralita.services.ingest import ConfiguredSource
from centralita.store import events, glances, subjects
from centralita.store.database import Transaction
from centralita.store.events import Filter, StoredEvent

__all__ = ["RuleProblem", "RulesError"]

SLICE = 200


@dataclass(frozen=True)
class RulesInForce:
    """The rules that events are routed by."""

    version: int
    digest: str
    provided: int
    """So many of the rules, the first ones, come from the configuration file."""
    rules: list[dict[str, Any]]
    left_out: dict[str, str]
    """Those that people made and that are not in force, by name: a message id."""
    webhooks: list[dict[str, Any]]
    """Subscriptions: types and conditions, no addresses and no secrets."""
    routing: dict[str, Any]


@dataclass(frozen=True)
class Going:
    """One effect: who would be told, and because of which rule."""

    destination: str
    target: str
    rule: str


@dataclass(frozen=True)
class Compared:
    """One event under both sets of rules."""

    event: EventSummary
    before: list[Going]
    after: list[Going]
    changed: bool


@dataclass(frozen=True)
class Total:
    """What a destination would gain and lose."""

    destination: str
    target: str
    before: int
    after: int
    gained: int
    lost: int


@dataclass(frozen=True)
class DryRun:
    """A slice of a dry run. Nothing was written."""

    events: int
    changed: int
    items: list[Compared]
    totals: list[Total]
    next: str | None
    """Give it back to go on; None when nothing is left."""


def in_force(hub: Hub) -> RulesInForce:
    """The ruleset of this process."""
    ruleset = hub.ruleset
    return RulesInForce(
        version=hub.rules.in_force.version,
        digest=ruleset.digest,
        provided=len(ruleset.provided),
        rules=[msgspec.to_builtins(spec) for spec in ruleset.specs],
        left_out=dict(hub.rules.troubles),
        webhooks=[msgspec.to_builtins(spec) for spec in ruleset.webhook_specs],
        routing=msgspec.to_builtins(ruleset.routing),
    )


def changed_rules(hub: Hub, given: Mapping[str, Any]) -> Ruleset:
    """The rules of ``{rules, webhooks, routing}``, each part that is missing being the one in force; then with its
    ``rule`` in place of the one whose name is ``instead_of``, or else behind all others.

    Raises RulesError, and ``msgspec.ValidationError`` for what has another shape.
    """
    ruleset = hub.ruleset
    rules, webhooks, routing = ruleset.specs, ruleset.webhook_specs, ruleset.routing
    if given.get("rules") is not None:
        rules = tuple(msgspec.convert(given["rules"], list[RuleSpec]))
    if given.get("webhooks") is not None:
        webhooks = tuple(msgspec.convert(given["webhooks"], list[WebhookSpec]))
    if given.get("routing") is not None:
        routing = msgspec.convert(given["routing"], Routing)
    if given.get("rule") is not None:
        rules = _with(rules, msgspec.convert(given["rule"], RuleSpec), str(given.get("instead_of") or ""))
    return compile_rules(rules, webhooks, routing, aliases(), hub.webhooks.rows)


def _with(rules: Sequence[RuleSpec], rule: RuleSpec, instead_of: str) -> tuple[RuleSpec, ...]:
    if any(each.name == instead_of for each in rules):
        return tuple(rule if each.name == instead_of else each for each in rules)
    return (*rules, rule)


def aliases() -> dict[str, str]:
    """Other names of event types to the real ones, over all kinds of sources."""
    # One after the other: a type that the hub has in common with a sender keeps the names that the sender gives it.
    types = [*registry.event_types().values(), *announcements.TYPES.values()]
    return {alias: declared.name for declared in types for alias in declared.aliases}


def unknown_paths(sources: Iterable[ConfiguredSource], ruleset: Ruleset) -> list[tuple[str, str]]:
    """(rule, path) of every path that a condition reads and none of ``sources`` declares."""
    declared = {"affected_cis", "ci_type"}  # by the hub, of what it knows of the CIs that an event names
    declared |= {path for source in sources for path in source.integration.paths}
    open_maps = tuple(f"data.{path[:-1]}" for path in declared if path.endswith(".*"))
    # Whoever asks for ``ticket`` asks for something, when ``ticket.id`` is declared.
    parts = [f"data.{path}".split(".") for path in declared]
    known = {".".join(path[:length]) for path in parts for length in range(1, len(path) + 1)}
    return [
        (rule.spec.name, path)
        for rule in ruleset.rules
        for path in sorted(rule.condition.paths)
        if path.startswith("data.") and path not in known and not path.startswith(open_maps)
    ]


async def dry_run(hub: Hub, changed: Ruleset, wanted: Filter, limit: int, after: str) -> DryRun:
    """Decides the next stored events of a filter by the rules in force and by ``changed``, oldest first.

    ``limit`` is the size of the slice; without a beginning in ``wanted`` it is the caller's to say how far back to go.
    """

    def read(tx: Transaction) -> DryRun:
        page = glances.events_after(tx, wanted, after, limit)
        items = [_compared(tx, hub, changed, stored) for stored in page]
        return DryRun(
            events=len(items),
            changed=sum(item.changed for item in items),
            items=[item for item in items if item.changed],
            totals=_totals(items),
            next=page[-1].event.id if len(page) == limit else None,
        )

    return await hub.database.read(read)


async def try_over(hub: Hub, changed: Ruleset, last: int, shown: int) -> DryRun:
    """A dry run over the last ``last`` events; of those changed the newest ``shown`` come along, the newest first."""
    cursor: str | None = await cursor_before_last(hub, Filter(), last)
    whole = DryRun(events=0, changed=0, items=[], totals=[], next=None)
    counts: dict[tuple[str, str], list[int]] = {}
    while cursor is not None:
        slice_ = await dry_run(hub, changed, Filter(), SLICE, cursor)
        for total in slice_.totals:
            summed = counts.setdefault((total.destination, total.target), [0, 0, 0, 0])
            for index, count in enumerate((total.before, total.after, total.gained, total.lost)):
                summed[index] += count
        items = [*reversed(slice_.items), *whole.items][:shown]
        whole = replace(whole, events=whole.events + slice_.events, changed=whole.changed + slice_.changed, items=items)
        cursor = slice_.next
    return replace(whole, totals=[Total(*place, *summed) for place, summed in sorted(counts.items())])


async def matched_lately(hub: Hub, last: int) -> tuple[int, dict[str, int]]:
    """How many of the last ``last`` events there are, and how many of them each rule matched."""
    found = await hub.database.read(lambda tx: glances.matched_lately(tx, last))
    return len(found), Counter(name for matched in found for name in matched)


async def cursor_before_last(hub: Hub, wanted: Filter, last: int) -> str:
    """The cursor from which the last ``last`` events of a filter are ahead; "" when there are not more."""

    def read(tx: Transaction) -> str:
        found = events.newest(tx, wanted, last + 1)
        return found[-1].event.id if len(found) > last else ""

    return await hub.database.read(read)


def _compared(tx: Transaction, hub: Hub, changed: Ruleset, stored: StoredEvent) -> Compared:
    event, beside = stored.event, hub.webhooks.subscriptions
    known = subjects.load(tx, event.source, [event.subject]) if event.subject else {}
    subject = known.get(event.subject) or project(None, event)
    before = _going(decide_effects(event, hub.ruleset, subject, beside).effects)
    after = _going(decide_effects(event, changed, subject, beside).effects)
    places_before = {(going.destination, going.target) for going in before}
    places_after = {(going.destination, going.target) for going in after}
    return Compared(summary(stored), before, after, places_before != places_after)


def _going(effects: tuple[Effect, ...]) -> list[Going]:
    return [Going(effect.destination, effect.target, effect.rule) for effect in effects]


def _totals(items: list[Compared]) -> list[Total]:
    counts: dict[tuple[str, str], list[int]] = {}
    for item in items:
        before = {(going.destination, going.target) for going in item.before}
        after = {(going.destination, going.target) for going in item.after}
        for place in before | after:
            count = counts.setdefault(place, [0, 0, 0, 0])
            count[0] += place in before
            count[1] += place in after
            count[2] += place in after - before
            count[3] += place in before - after
    return [Total(*place, *count) for place, count in sorted(counts.items())]
