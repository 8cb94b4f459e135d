"""Which rules there are: those of the configuration file, and behind them those that people made.

All that decides goes by one numbered version at a time. A routing transaction that finds a newer one in the database
has it read first; that is the case after every change of a rule, wherever it was made.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import structlog

from centralita.core.rule_specs import is_reserved, rule_problems
from centralita.core.rules import Ruleset, RuleSpec
from centralita.services import rulesets
from centralita.services.following import Follower
from centralita.services.rulesets import RulesetDiffers
from centralita.settings.shape import Rule
from centralita.store import rulesets as versions
from centralita.store import stored_rules
from centralita.store.database import Database, Transaction
from centralita.store.stored_rules import RuleRow

log = structlog.get_logger(__name__)

KEPT = 8
"""Earlier versions that stay compiled, for whoever asks why something was decided."""


class InForce(msgspec.Struct, frozen=True):
    """The rules of one version."""

    version: int
    ruleset: Ruleset


def spec_of(rule: Rule) -> RuleSpec:
    """A rule as the configuration has it, or as somebody made it, for routing."""
    return RuleSpec(
        name=rule.name,
        condition=rule.condition,
        channel=rule.channel or "",
        dm=list(rule.dm),
        mentions=list(rule.mentions),
        webhook=rule.webhook or "",
        formatting=rule.formatting.model_dump(exclude_none=True),
        stop=rule.stop,
        fallback=rule.fallback or "",
        enabled=rule.enabled,
    )


def parted(spec: RuleSpec) -> dict[str, Any]:
    """What a row keeps of a rule beside its name and whether it is on."""
    return {key: value for key, value in msgspec.to_builtins(spec).items() if key not in ("name", "enabled")}


def spec_of_row(row: RuleRow) -> RuleSpec:
    """A rule as a row keeps it. Raises msgspec.ValidationError."""
    return msgspec.convert({**row.spec, "name": row.name, "enabled": row.enabled}, RuleSpec)


class RuleCatalogue:
    """See above. ``provided`` is what this process' file says, ``places`` where it says each rule."""

    def __init__(self, provided: Ruleset, places: Mapping[str, str], database: Database, role: str) -> None:
        self.provided, self.places = provided, places
        self._database = database
        self._routes = role in ("all", "worker")
        self._alone = database.dialect == "sqlite"
        self.in_force = InForce(0, provided)
        self.rows: dict[int, RuleRow] = {}
        """Those that people made, as they are in this version, by id."""
        self.troubles: dict[str, str] = {}
        """Those of them that are not in force, by name: a message id."""
        self.differs: RulesetDiffers | None = None
        """Set in a process that routes, once others have started with another file: it must route no more."""
        self.news = Follower("rule", self.refresh)
        """Of what other processes change."""
        self._kept: OrderedDict[int, Ruleset] = OrderedDict()
        self._refreshing = asyncio.Lock()

    async def adopt(self, now: float, *, compare: bool) -> None:
        """Puts the file's rules in force, if nobody runs by others, with those that people made. With ``compare`` off
        nothing is published. Raises RulesetDiffers, StoreUnavailable."""
        await rulesets.adopt(self._database, self.provided, now, compare=compare)
        await self.refresh()

    async def refresh(self) -> None:
        """Reads the version in force, if it is another one than before. Raises StoreUnavailable."""
        async with self._refreshing:  # whoever read first must not adopt last
            known = self.in_force.version
            version, digest, body, changes = await self._database.read(lambda tx: self._news(tx, known))
            if version == known:
                return
            if self._routes and digest != self.provided.digest:
                self.differs = RulesetDiffers(version, digest, [])
                return
            rows = _merged(self.rows, changes, version)
            ordered = sorted(rows.values(), key=lambda row: (row.position, row.id))
            # In a thread: compiling ten thousand rules takes longer than a webhook's sender should wait.
            ruleset, troubles = await asyncio.to_thread(self._compiled, body, ordered)
            for name in troubles.keys() - self.troubles.keys():
                log.warning("rule.not_in_force", rule=name, reason=troubles[name])
            self.rows, self.troubles, self.in_force = rows, troubles, InForce(version, ruleset)

    async def at(self, version: int) -> Ruleset:
        """The rules of an earlier version; those in force when it is not known."""
        if version == self.in_force.version:
            return self.in_force.ruleset
        if version not in self._kept:

            def read(tx: Transaction) -> tuple[str | None, list[RuleRow]] | None:
                found = versions.provided(tx, version)
                return None if found is None else (self._foreign(*found), stored_rules.of_version(tx, version))

            found = await self._database.read(read)
            if found is None:
                return self.in_force.ruleset
            self._kept[version], _ = await asyncio.to_thread(self._compiled, *found)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[version]

    def _news(self, tx: Transaction, known: int) -> tuple[int, str, str | None, list[RuleRow]]:
        """(version, digest and body of its file's part, rows that are other ones than at version ``known``)"""
        version, digest = versions.latest(tx)
        if version == known:
            return version, digest, None, []
        # Alone with its database, what its file says is what will be in force when it serves.
        found = None if self._alone else versions.provided(tx, version)
        body = self._foreign(*found) if found is not None else None
        return version, digest, body, stored_rules.changed_since(tx, known, version)

    def _foreign(self, digest: str, body: str) -> str | None:
        """The body, when it is not what this process' file says."""
        return None if digest == self.provided.digest else body

    def _compiled(self, body: str | None, rows: Iterable[RuleRow]) -> tuple[Ruleset, dict[str, str]]:
        base = self.provided if body is None else rulesets.compiled(body)
        return join(base, rows)


def _merged(rows: Mapping[int, RuleRow], changes: Iterable[RuleRow], version: int) -> dict[int, RuleRow]:
    """``rows`` after what has begun and ended up to ``version``."""
    merged = dict(rows)
    for change in sorted(changes, key=lambda row: row.since):
        if change.until is None or change.until > version:
            merged[change.id] = change
        else:
            merged.pop(change.id, None)
    return merged


def join(base: Ruleset, rows: Iterable[RuleRow]) -> tuple[Ruleset, dict[str, str]]:
    """``base`` with the rules of ``rows`` behind its own, and why some of them are left out: name to message id. A
    rule that a later version of the hub wrote in words that this one does not know does not hold up the others."""
    taken = {spec.name for spec in base.provided}
    added, troubles = list[RuleSpec](), dict[str, str]()
    for row in rows:
        try:
            spec = spec_of_row(row)
        except msgspec.ValidationError:
            troubles[row.name] = "rule.unreadable"
            continue
        if row.name in taken:
            troubles[row.name] = "rule.hidden"  # the file's wins
        elif is_reserved(row.name) or any(rule_problems(spec)):
            troubles[row.name] = "rule.unreadable"
        else:
            added.append(spec)
    return base.with_added(added) if added else base, troubles
