"""Which rules are in force: numbered versions that all processes agree on."""

from __future__ import annotations

import msgspec

from centralita.core.rules import Ruleset
from centralita.store import rulesets, workers
from centralita.store.database import Database, Transaction


class RulesetDiffers(Exception):
    """Other processes run by other rules than this one's file has."""

    def __init__(self, version: int, digest: str, others: list[str]) -> None:
        super().__init__(f"version {version}, {digest[:12]}: {', '.join(others)}")
        self.version, self.digest, self.others = version, digest, others


def canonical(ruleset: Ruleset) -> str:
    """A ruleset's specifications as JSON."""
    body = {"rules": ruleset.specs, "webhooks": ruleset.webhook_specs, "routing": ruleset.routing}
    return msgspec.json.encode(body, order="deterministic").decode()


async def adopt(database: Database, ruleset: Ruleset, now: float, *, compare: bool) -> int:
    """The version of ``ruleset``, published as the newest one when nobody else runs by another.

    With ``compare`` off, nothing is published: the version in force is returned, whatever it says. Raises
    RulesetDiffers.
    """

    def run(tx: Transaction) -> int:
        version, digest = rulesets.latest(tx)
        if digest == ruleset.digest or not compare:
            return version
        others = [name for _, name, _ in workers.alive(tx, now)]
        if others and tx.dialect.name == "postgresql":
            raise RulesetDiffers(version, digest, others)
        return rulesets.publish(tx, ruleset.digest, canonical(ruleset), now, "file")

    return await database.write(run)
