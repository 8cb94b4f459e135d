"""Rules: who is told of an event, and by which effects.

``compile_rules`` makes an immutable ``Ruleset`` of specifications, ``decide_effects`` asks it what to do for one event,
``explain`` says of every rule why it did or didn't match. The rules of the configuration file come first, those that
people added behind them.

Rules are tried in their order and every one that matches adds its effects; ``stop`` ends the row. A rule that names no
channel, person or webhook posts to the channel that ``channel_mappings`` has for the severity. So does the rule
``channel_mappings``, the last of the row, when none before it named a channel. Outgoing webhooks subscribe by event
type, beside the rules. What the hub tells about itself (``centralita.*``) reaches only whoever names that very type,
and by the rule ``ops`` the operators' channel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from centralita.core.conditions import Reason, compile_condition
from centralita.core.effects import Effect, Subject
from centralita.core.events import MAX_CAUSATION_DEPTH, Event
from centralita.core.recipients import resolve
from centralita.core.rule_index import RuleIndex
from centralita.core.rule_specs import (
    MAPPINGS_RULE,
    OPS_RULE,
    WEBHOOK_RULE,
    Routing,
    RuleProblem,
    RulesError,
    RuleSpec,
    WebhookSpec,
    listed,
    problems_of,
)
from centralita.core.subscriptions import SYSTEM_PREFIX, Subscription, Subscriptions, webhook_effect

__all__ = [
    "Decision",
    "Routing",
    "RuleProblem",
    "RuleSpec",
    "RuleTrace",
    "RulesError",
    "Ruleset",
    "Skipped",
    "WebhookSpec",
    "compile_rules",
    "decide_effects",
    "explain",
]

MOST_TRACED = 200
OPS_TYPES = frozenset(
    {
        "centralita.delivery.dead",
        "centralita.breaker.opened",
        "centralita.breaker.closed",
        "centralita.webhook.failing",
        "centralita.webhook.disabled",
        "centralita.source.rejecting",
        "centralita.receipt.unparsed",
        "approval.unassigned",
        "approval.failed",
    }
)


class Skipped(msgspec.Struct, frozen=True):
    """An effect that a rule asked for and did not get: ``person.no_email``, ``comment.internal``, ``channel.unmapped``,
    ``webhook.disabled``, ``causation.too_deep``."""

    rule: str
    target: str
    reason: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What to do for one event: effects in the rules' order, one for each target; and the rules that matched."""

    effects: tuple[Effect, ...] = ()
    matched: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


class RuleTrace(msgspec.Struct, frozen=True, kw_only=True):
    """Why one rule did or didn't match."""

    name: str
    matched: bool
    why: tuple[Reason, ...]


class Rule:
    """A compiled rule; its effects that don't depend on the event are made once."""

    __slots__ = (
        "beside",
        "condition",
        "dm",
        "fixed",
        "formatting",
        "names_channel",
        "skipped",
        "spec",
        "uses_mappings",
    )

    def __init__(self, spec: RuleSpec, routing: Routing, known_webhooks: Mapping[str, bool]) -> None:
        """``known_webhooks``: those of the ruleset, by name, and whether they are on."""
        self.spec = spec
        self.condition = compile_condition(spec.condition)
        self.formatting = {**routing.formatting, **spec.formatting} if spec.formatting else routing.formatting
        channels, webhooks = listed(spec.channel), listed(spec.webhook)
        self.dm = listed(spec.dm)
        self.uses_mappings = not (channels or webhooks or self.dm)
        self.names_channel = bool(channels) or self.uses_mappings
        self.fixed = (
            *(self.channel_effect(channel) for channel in channels),
            *(webhook_effect(spec.name, name) for name in webhooks if known_webhooks.get(name)),
        )
        self.beside = tuple(webhook_effect(spec.name, name) for name in webhooks if name not in known_webhooks)
        """To webhooks that stand beside the ruleset: whether they are on is known when an event comes."""
        disabled = (name for name in webhooks if known_webhooks.get(name) is False)
        self.skipped = tuple(Skipped(spec.name, name, "webhook.disabled") for name in disabled)

    def channel_effect(self, channel: str) -> Effect:
        return Effect(
            rule=self.spec.name,
            destination="slack",
            target=channel,
            mentions=tuple(self.spec.mentions),
            formatting=self.formatting,
        )


class Ruleset:
    """Immutable. Same specifications, same ``digest`` (SHA-256, hexadecimal)."""

    def __init__(
        self,
        rules: Sequence[RuleSpec],
        webhooks: Sequence[WebhookSpec],
        routing: Routing,
        aliases: Mapping[str, str],
        added: Sequence[RuleSpec] = (),
    ) -> None:
        self.specs, self.routing, self.aliases = (*rules, *added), routing, aliases
        self.provided = tuple(rules)
        """The first of ``specs``; behind them come those that people added."""
        known = {webhook.name: webhook.enabled for webhook in webhooks}
        self.rules = [Rule(spec, routing, known) for spec in self.specs if spec.enabled]
        self.webhook_specs = tuple(webhooks)
        self.subscriptions = Subscriptions(webhooks, aliases)
        self.rule_index = RuleIndex((ordinal, rule.condition.requires) for ordinal, rule in enumerate(self.rules))
        canonical = msgspec.json.encode([self.specs, self.webhook_specs, routing, aliases], order="deterministic")
        self.digest = hashlib.sha256(canonical).hexdigest()

    def with_added(self, added: Sequence[RuleSpec]) -> Ruleset:
        """These with others in place of those that people added; none of them may have a problem."""
        return Ruleset(self.provided, self.webhook_specs, self.routing, self.aliases, added)


def compile_rules(
    rules: Sequence[RuleSpec],
    webhooks: Sequence[WebhookSpec] = (),
    routing: Routing | None = None,
    aliases: Mapping[str, str] | None = None,
    beside: Collection[str] = (),
) -> Ruleset:
    """The ruleset of specifications; ``aliases`` maps other names of event types, for webhooks, to the real ones;
    ``beside`` are the names of webhooks that stand beside it, and that its rules may name.

    Raises RulesError with everything that is wrong.
    """
    routing = routing or Routing()
    problems = list(problems_of(rules, webhooks, routing, beside))
    if problems:
        raise RulesError(problems)
    return Ruleset(rules, webhooks, routing, aliases or {})


def decide_effects(
    event: Event, ruleset: Ruleset, subject: Subject, subscriptions: Subscriptions | None = None
) -> Decision:
    """What to do for ``event``; ``subject`` is its projection, the event included. ``subscriptions`` are of webhooks
    that stand beside the ruleset."""
    if event.depth > MAX_CAUSATION_DEPTH:
        return Decision(skipped=(Skipped("", "", "causation.too_deep"),))
    drafts = _Drafts(event, subject, subscriptions)
    system = event.type.startswith(SYSTEM_PREFIX)
    channel_named = stopped = False
    for ordinal in ruleset.rule_index.candidates(event):
        rule = ruleset.rules[ordinal]
        condition = rule.condition
        if (system and event.type not in condition.types) or not condition.test(event):
            continue
        drafts.add_rule(rule, ruleset.routing)
        channel_named = channel_named or rule.names_channel
        stopped = rule.spec.stop
        if stopped:
            break
    mapped = mapped_channel(event, ruleset.routing)
    if mapped and not (system or stopped or channel_named):
        drafts.add(_built_in(MAPPINGS_RULE, mapped, "channel", ruleset.routing), MAPPINGS_RULE)
    if event.type in OPS_TYPES and ruleset.routing.ops_channel:
        drafts.add(_built_in(OPS_RULE, ruleset.routing.ops_channel, "system", ruleset.routing), OPS_RULE)
    for known in (ruleset.subscriptions, subscriptions):
        for webhook in () if known is None else known.taking(event):
            drafts.add(webhook.effect, webhook.effect.rule)
    return drafts.decision()


def explain(
    event: Event, ruleset: Ruleset, subject: Subject, subscriptions: Subscriptions | None = None
) -> list[RuleTrace]:
    """Why each rule, built-in rule and webhook did or didn't match, in their order; of more than ``MOST_TRACED``
    ``subscriptions`` only those that did."""
    matched = frozenset(decide_effects(event, ruleset, subject, subscriptions).matched)
    compiled = {rule.spec.name: rule for rule in ruleset.rules}
    traces: list[RuleTrace] = []
    stopped_by = ""
    for spec in ruleset.specs:
        hit = spec.name in matched
        why = _why_rule(compiled.get(spec.name), event, stopped_by)
        traces.append(RuleTrace(name=spec.name, matched=hit, why=why))
        stopped_by = stopped_by or (spec.name if hit and spec.stop else "")
    for name in (MAPPINGS_RULE, OPS_RULE):
        if name in matched:
            traces.append(RuleTrace(name=name, matched=True, why=(Reason("rule.built_in"),)))
    beside: Iterable[Subscription] = subscriptions or ()
    if subscriptions is not None and len(subscriptions) > MOST_TRACED:
        beside = subscriptions.taking(event)
    for webhook in (*ruleset.subscriptions, *beside):
        name = webhook.effect.rule
        traces.append(RuleTrace(name=name, matched=name in matched, why=_why_webhook(webhook, event)))
    disabled = (spec.name for spec in ruleset.webhook_specs if not spec.enabled)
    traces += [RuleTrace(name=WEBHOOK_RULE + name, matched=False, why=(Reason("rule.disabled"),)) for name in disabled]
    return traces


def mapped_channel(event: Event, routing: Routing) -> str:
    """The channel of the event's category or severity; "" when none is mapped."""
    if event.category == "change" and routing.changes_channel:
        return routing.changes_channel
    return routing.channel_mappings.get(event.severity or "", "")


class _Drafts:
    """Gathers the effects of one event, one for each target."""

    def __init__(self, event: Event, subject: Subject, subscriptions: Subscriptions | None) -> None:
        self._event, self._subject, self._subscriptions = event, subject, subscriptions
        self._effects: dict[tuple[str, str], Effect] = {}
        self._matched: list[str] = []
        self._skipped: list[Skipped] = []

    def add_rule(self, rule: Rule, routing: Routing) -> None:
        name = rule.spec.name
        self._matched.append(name)
        self._skipped += rule.skipped
        for effect in rule.fixed:
            self._put(effect)
        for effect in rule.beside:
            if self._subscriptions is None or self._subscriptions.get(effect.target) is None:
                self._skipped.append(Skipped(name, effect.target, "webhook.disabled"))
            else:
                self._put(effect)
        if rule.uses_mappings:
            channel = mapped_channel(self._event, routing)
            if channel:
                self._put(rule.channel_effect(channel))
            else:
                self._skipped.append(Skipped(name, "", "channel.unmapped"))
        for wanted in rule.dm:
            found = resolve(wanted, self._event, self._subject)
            if found.skip:
                self._skipped.append(Skipped(name, wanted, found.skip))
            else:
                self._put(
                    Effect(
                        rule=name,
                        destination="slack",
                        target=found.address,
                        audience=found.audience,
                        mentions=tuple(rule.spec.mentions),
                        formatting=rule.formatting,
                        fallback=rule.spec.fallback,
                    )
                )

    def add(self, effect: Effect, rule: str) -> None:
        self._matched.append(rule)
        self._put(effect)

    def _put(self, effect: Effect) -> None:
        key = (effect.destination, effect.target)
        first = self._effects.setdefault(key, effect)
        if first is not effect:
            mentions = tuple(dict.fromkeys((*first.mentions, *effect.mentions)))
            self._effects[key] = msgspec.structs.replace(first, mentions=mentions)

    def decision(self) -> Decision:
        return Decision(
            effects=tuple(self._effects.values()), matched=tuple(self._matched), skipped=tuple(self._skipped)
        )


def _built_in(rule: str, channel: str, audience: Any, routing: Routing) -> Effect:
    return Effect(rule=rule, destination="slack", target=channel, audience=audience, formatting=routing.formatting)


# --- Why and why not


def _why_rule(rule: Rule | None, event: Event, stopped_by: str) -> tuple[Reason, ...]:
    if rule is None:
        return (Reason("rule.disabled"),)
    if event.depth > MAX_CAUSATION_DEPTH:
        return (Reason("causation.too_deep", {"limit": MAX_CAUSATION_DEPTH}),)
    if stopped_by:
        return (Reason("rule.stopped", {"by": stopped_by}),)
    if event.type.startswith(SYSTEM_PREFIX) and event.type not in rule.condition.types:
        return (Reason("rule.type_not_named", {"type": event.type}),)
    return rule.condition.explain(event) or (Reason("rule.always"),)


def _why_webhook(webhook: Subscription, event: Event) -> tuple[Reason, ...]:
    if event.depth > MAX_CAUSATION_DEPTH:
        return (Reason("causation.too_deep", {"limit": MAX_CAUSATION_DEPTH}),)
    return webhook.explain(event)
