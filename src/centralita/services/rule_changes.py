"""Rules that people make: added, changed, moved, switched off, removed and brought back, each with its audit entry.

Each change makes another version of the rules in the transaction that writes it; the very next event is decided by it.
What the configuration file provides is the file's alone, and comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from pydantic import ValidationError

from centralita.core.effects import Effect
from centralita.core.rule_specs import is_reserved, listed, rule_problems
from centralita.core.rules import Routing, RuleProblem, RulesError, Ruleset, RuleSpec
from centralita.services import rulesets, webhooks
from centralita.services.audit import record
from centralita.services.destinations import UnknownTarget
from centralita.services.hub import Hub
from centralita.services.rule_catalogue import parted, spec_of, spec_of_row
from centralita.services.rule_views import RuleView, find, view
from centralita.services.rules import unknown_paths
from centralita.services.source_changes import InTheWay
from centralita.services.webhook_changes import merged
from centralita.services.webhook_checks import Fault
from centralita.settings.faults import faults_of
from centralita.settings.shape import Rule
from centralita.store import stored_rules
from centralita.store.database import Transaction
from centralita.store.stored_rules import RuleRow

MAX_NAME = 200
TAKEN_NAMES = frozenset({"check", "dry-run", "new"})
"""What stands in paths where a name could."""


@dataclass(frozen=True)
class Made:
    """A rule as it is now, and what is odd about it and yet no fault."""

    view: RuleView
    warnings: tuple[Fault, ...]


Step = Callable[[Transaction, int], tuple[str, str, Mapping[str, Any]]]
"""Writes rows as of a version; (action, the rule's name, details) for the audit log."""


async def add(hub: Hub, actor: str, given: Mapping[str, Any]) -> Made:
    """Adds a rule behind the others. ``given`` says what ``settings.shape.Rule`` does. Raises RulesError, InTheWay."""
    spec = read(given)
    _refuse_provided(hub, spec.name)
    _check(hub, spec)
    now = hub.clock.now()

    def step(tx: Transaction, version: int) -> tuple[str, str, Mapping[str, Any]]:
        _refuse_taken(tx, spec.name)
        row = RuleRow(
            id=version,
            since=version,
            name=spec.name,
            position=stored_rules.last_position(tx) + 1.0,
            enabled=spec.enabled,
            spec=parted(spec),
            created_at=now,
            created_by=actor,
            changed_at=now,
            changed_by=actor,
        )
        stored_rules.begin(tx, [row])
        return "rule.added", spec.name, {"after": _told(row)}

    await _publish(hub, actor, step)
    return _made(hub, spec)


async def change(hub: Hub, actor: str, name: str, given: Mapping[str, Any], version: int | None = None) -> Made:
    """Changes what ``given`` names, as RFC 7396 says: null resets, a mapping changes only the keys that it names.

    ``version``: that of the rule that the caller has seen; None for whatever it is. Raises LookupError, RulesError,
    InTheWay.
    """
    _refuse_provided(hub, name)
    before = await hub.database.read(lambda tx: _alive(tx, name))
    spec = read(merged(_whole(before), given))
    if spec.name != name:
        _refuse_provided(hub, spec.name)
    _check(hub, spec)

    def step(tx: Transaction, number: int) -> tuple[str, str, Mapping[str, Any]]:
        current = _alive(tx, name)
        if version not in (None, current.since) or current.since != before.since:
            raise InTheWay("rule.stale", name=name)
        if spec.name != name:
            _refuse_taken(tx, spec.name)
        after = _again(hub, actor, current, number, name=spec.name, enabled=spec.enabled, spec=parted(spec))
        _replace(tx, [(current, after)], number)
        return "rule.changed", spec.name, {"before": _told(current), "after": _told(after)}

    await _publish(hub, actor, step)
    return _made(hub, spec)


async def set_enabled(hub: Hub, actor: str, name: str, enabled: bool) -> RuleView:
    """Switches it on or off. Raises LookupError, InTheWay, and RulesError for one that cannot be read."""
    return (await change(hub, actor, name, {"enabled": enabled})).view


async def move(hub: Hub, actor: str, name: str, before: str) -> RuleView:
    """Has it tried before another one that people made; behind all of them for "". Raises LookupError, InTheWay."""
    _refuse_provided(hub, name)
    _refuse_provided(hub, before)

    def step(tx: Transaction, number: int) -> tuple[str, str, Mapping[str, Any]]:
        rows = stored_rules.alive(tx)
        moved = _of(rows, name)
        others = [row for row in rows if row is not moved]
        index = others.index(_of(others, before)) if before else len(others)
        low = others[index - 1].position if index else others[0].position - 2.0 if others else 0.0
        high = others[index].position if index < len(others) else low + 2.0
        middle = (low + high) / 2
        if low < middle < high:
            places = {moved.id: middle}
        else:  # no number fits between the two any more
            places = {row.id: float(n) for n, row in enumerate([*others[:index], moved, *others[index:]], 1)}
        pairs = [(row, _again(hub, actor, row, number, position=places[row.id])) for row in rows if row.id in places]
        _replace(tx, pairs, number)
        return "rule.moved", name, {"before": before}

    await _publish(hub, actor, step)
    return find(hub, name)


async def remove(hub: Hub, actor: str, name: str) -> RuleView:
    """Takes it out of force; the answer is what it was. Raises LookupError, InTheWay."""
    _refuse_provided(hub, name)
    gone: list[RuleRow] = []

    def step(tx: Transaction, number: int) -> tuple[str, str, Mapping[str, Any]]:
        gone[:] = [_alive(tx, name)]
        stored_rules.end(tx, [gone[0].id], number)
        return "rule.removed", name, {"before": _told(gone[0])}

    await _publish(hub, actor, step)
    return replace(view(hub, gone[0]), state="removed")


async def restore(hub: Hub, actor: str, name: str) -> RuleView:
    """Brings back, as it was, the one of that name that was removed last. Raises LookupError, InTheWay."""
    _refuse_provided(hub, name)

    def step(tx: Transaction, number: int) -> tuple[str, str, Mapping[str, Any]]:
        before = stored_rules.removed(tx, name)
        if before is None:
            raise LookupError(name)
        _refuse_taken(tx, name)
        after = _again(hub, actor, before, number)
        stored_rules.begin(tx, [after])
        return "rule.restored", name, {"after": _told(after)}

    await _publish(hub, actor, step)
    return find(hub, name)


# ---- what can be wrong


def read(given: Mapping[str, Any]) -> RuleSpec:
    """A rule as it is given. Raises RulesError for another shape."""
    try:
        return spec_of(Rule.model_validate(given))
    except ValidationError as error:
        name = str(given.get("name") or "")
        raise RulesError([_problem(name, *fault) for fault in faults_of(error)]) from None


def problems(hub: Hub, spec: RuleSpec) -> Iterator[RuleProblem]:
    """Everything that is wrong with a rule whose shape is right."""
    name = spec.name
    if not name.strip():
        yield _problem(name, "name", "rule.no_name")
    elif not name.isprintable() or "/" in name or name != name.strip() or name in (".", "..") or len(name) > MAX_NAME:
        yield _problem(name, "name", "rule.name_invalid")
    elif is_reserved(name) or name in TAKEN_NAMES:
        yield _problem(name, "name", "rule.reserved_name")
    yield from rule_problems(spec)
    known = webhooks.names(hub)
    for webhook in listed(spec.webhook):
        if webhook not in known:
            yield _problem(name, "webhook", "rule.unknown_webhook", {"webhook": webhook})


def warnings(hub: Hub, spec: RuleSpec) -> list[Fault]:
    """What is odd about a rule, and yet no fault."""
    alone = Ruleset([msgspec.structs.replace(spec, enabled=True)], (), Routing(), {})
    found = [
        Fault("condition", "rule.unknown_path", {"path": path})
        for _name, path in unknown_paths(hub.sources.values(), alone)
    ]
    for key, target in (("channel", spec.channel), ("fallback", spec.fallback)):
        for channel in listed(target):
            if not _has_workspace(hub, channel):
                found.append(Fault(key, "rule.unknown_workspace", {"channel": channel}))
    routing = hub.ruleset.routing
    nobody = not (spec.channel or spec.dm or spec.webhook)
    if nobody and not (routing.channel_mappings or routing.changes_channel):
        found.append(Fault("channel", "rule.nowhere"))
    return found


def _has_workspace(hub: Hub, channel: str) -> bool:
    try:
        hub.destinations.address(Effect(rule="", destination="slack", target=channel))
    except UnknownTarget:
        return False
    return True


def _check(hub: Hub, spec: RuleSpec) -> None:
    found = list(problems(hub, spec))
    if found:
        raise RulesError(found)


def _problem(name: str, key: str, reason: str, arguments: Mapping[str, Any] | None = None) -> RuleProblem:
    return RuleProblem(rule=name, key=key, id=reason, arguments=dict(arguments or {}))


def _refuse_provided(hub: Hub, name: str) -> None:
    if name in {spec.name for spec in hub.rules.provided.provided}:
        raise InTheWay("rule.provided", name=name, place=hub.rules.places.get(name, ""))


def _refuse_taken(tx: Transaction, name: str) -> None:
    if stored_rules.find(tx, name) is not None:
        raise InTheWay("rule.taken", name=name)


# ---- writing


async def _publish(hub: Hub, actor: str, step: Step) -> None:
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        stored_rules.hold(tx)
        version = rulesets.publish_change(tx, hub.rules.provided, now)
        action, name, details = step(tx, version)
        record(tx, now, actor, action, f"rule/{name}", details)

    await hub.database.write(write)
    await hub.rules.refresh()
    hub.database.notify()


def _replace(tx: Transaction, pairs: Sequence[tuple[RuleRow, RuleRow]], version: int) -> None:
    stored_rules.end(tx, [before.id for before, _after in pairs], version)
    stored_rules.begin(tx, [after for _before, after in pairs])


def _again(hub: Hub, actor: str, row: RuleRow, version: int, **changed: Any) -> RuleRow:
    now = hub.clock.now()
    return msgspec.structs.replace(row, since=version, until=None, changed_at=now, changed_by=actor, **changed)


def _alive(tx: Transaction, name: str) -> RuleRow:
    row = stored_rules.find(tx, name)
    if row is None:
        raise LookupError(name)
    return row


def _of(rows: Iterable[RuleRow], name: str) -> RuleRow:
    found = next((row for row in rows if row.name == name), None)
    if found is None:
        raise LookupError(name)
    return found


def _whole(row: RuleRow) -> dict[str, Any]:
    """A rule as it was given."""
    try:
        spec = spec_of_row(row)
    except msgspec.ValidationError:
        raise InTheWay("rule.unreadable", name=row.name) from None
    return {key: value for key, value in msgspec.to_builtins(spec).items() if value not in ("", [], {})}


def _told(row: RuleRow) -> dict[str, Any]:
    return {"name": row.name, "enabled": row.enabled, "settings": row.spec}


def _made(hub: Hub, spec: RuleSpec) -> Made:
    return Made(find(hub, spec.name), tuple(warnings(hub, spec)))
