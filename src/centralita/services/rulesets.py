"""Which rules are in force: numbered versions that all processes agree on.

What the file provides has to be the same for all that route; what people add may change while they run, and makes
another version with the same digest.
"""

from __future__ import annotations

import msgspec

from centralita.core.rules import Routing, Ruleset, RuleSpec, WebhookSpec, compile_rules
from centralita.store import rulesets, stored_rules, workers
from centralita.store.database import Database, Transaction


class RulesetDiffers(Exception):
    """Other processes run by other rules than this one's file has."""

    def __init__(self, version: int, digest: str, others: list[str]) -> None:
        super().__init__(f"version {version}, {digest[:12]}: {', '.join(others)}")
        self.version, self.digest, self.others = version, digest, others


class _Body(msgspec.Struct, frozen=True):
    rules: list[RuleSpec]
    webhooks: list[WebhookSpec]
    routing: Routing


def canonical(provided: Ruleset) -> str:
    """What the file provides as JSON."""
    body = _Body(list(provided.provided), list(provided.webhook_specs), provided.routing)
    return msgspec.json.encode(body, order="deterministic").decode()


def compiled(body: str) -> Ruleset:
    """What ``canonical`` gave. Aliases of types are not kept with it: they only widen what a webhook takes."""
    specs = msgspec.json.decode(body, type=_Body)
    return compile_rules(specs.rules, specs.webhooks, specs.routing)


async def adopt(database: Database, provided: Ruleset, now: float, *, compare: bool) -> int:
    """The version of what the file provides, published as the newest one when nobody else runs by another.

    With ``compare`` off, nothing is published: the version in force is returned, whatever it says. Raises
    RulesetDiffers.
    """

    def run(tx: Transaction) -> int:
        stored_rules.hold(tx)
        version, digest = rulesets.latest(tx)
        if digest == provided.digest or not compare:
            return version
        others = [name for _, name, _ in workers.alive(tx, now)]
        if others and tx.dialect.name == "postgresql":
            raise RulesetDiffers(version, digest, others)
        return rulesets.publish(tx, provided.digest, canonical(provided), now, "file")

    return await database.write(run)


def publish_change(tx: Transaction, provided: Ruleset, now: float) -> int:
    """The number of a new version for a rule that somebody changes in this transaction, which holds the rules.

    What the file provides stays as it is in force, which may be another file's than ``provided``: that is published
    only when nothing ever was.
    """
    version, digest = rulesets.latest(tx)
    if not version:
        digest = provided.digest
        rulesets.publish(tx, digest, canonical(provided), now, "file")
    return rulesets.publish(tx, digest, "", now, "database")
