"""Rules, outgoing subscriptions and default routing as they are configured, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from centralita.core.conditions import ConditionError, compile_condition
from centralita.core.events import PEOPLE, SEVERITIES
from centralita.core.recipients import is_address

MAPPINGS_RULE = "channel_mappings"
OPS_RULE = "ops"
WEBHOOK_RULE = "webhook:"


class RuleSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule as configured."""

    name: str
    condition: str = ""
    """"" is always true."""
    channel: str | list[str] = ""
    dm: str | list[str] = ""
    """Roles (``requester``, ``agent``, ``approver``) or e-mail addresses."""
    mentions: list[str] = []
    webhook: str | list[str] = ""
    """Names of outgoing webhooks."""
    formatting: dict[str, Any] = {}
    stop: bool = False
    fallback: str = ""
    """Channel for a person who is not in Slack."""
    enabled: bool = True


class WebhookSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The subscription of one outgoing webhook."""

    name: str
    types: list[str] = msgspec.field(default_factory=lambda: ["*"])
    """``ticket.created``, ``ticket.*`` or ``*``; [] for one that only rules name."""
    condition: str = ""
    channels: list[str] = []
    """Sources, channels of a chat or Slack channels; [] for all."""
    enabled: bool = True


class Routing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events go that no rule sends elsewhere, and the formatting that rules start from."""

    channel_mappings: dict[str, str] = {}
    """Severity -> channel."""
    changes_channel: str = ""
    """For events of category ``change``."""
    ops_channel: str = ""
    formatting: dict[str, Any] = {}


class RuleProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a rule: a message id with its arguments, and where it stands."""

    rule: str
    key: str
    id: str
    arguments: dict[str, Any] = {}
    line: int = 0
    """In the condition, from 1; 0 elsewhere."""
    column: int = 0
    point: str = ""
    """The condition's line with a caret below."""


class RulesError(ValueError):
    """Specifications that make no ruleset: ``problems`` has all that is wrong."""

    def __init__(self, problems: Sequence[RuleProblem]) -> None:
        super().__init__("; ".join(f"{problem.rule}: {problem.key}: {problem.id}" for problem in problems))
        self.problems = tuple(problems)


def listed(value: str | list[str]) -> tuple[str, ...]:
    """The names in a field that may be one name or a list; each once."""
    return tuple(dict.fromkeys(item for item in ([value] if isinstance(value, str) else value) if item))


def problems_of(
    rules: Sequence[RuleSpec], webhooks: Sequence[WebhookSpec], routing: Routing, beside: Collection[str] = ()
) -> Iterator[RuleProblem]:
    """All that is wrong, in the order of the specifications; ``beside`` names other webhooks that there are."""
    known_webhooks = {*beside, *(webhook.name for webhook in webhooks)}
    seen: set[str] = set()
    for rule in rules:
        yield from _name_problems(rule.name, seen)
        yield from rule_problems(rule)
        for name in listed(rule.webhook):
            if name not in known_webhooks:
                yield RuleProblem(rule=rule.name, key="webhook", id="rule.unknown_webhook", arguments={"webhook": name})
    seen = set()
    for webhook in webhooks:
        rule_name = WEBHOOK_RULE + webhook.name
        if not webhook.name or rule_name in seen:
            yield RuleProblem(rule=rule_name, key="name", id="rule.duplicate_name" if webhook.name else "rule.no_name")
        seen.add(rule_name)
        yield from webhook_problems(webhook)
    for severity in routing.channel_mappings:
        if severity not in SEVERITIES:
            arguments = {"word": severity, "known": list(SEVERITIES)}
            yield RuleProblem(
                rule=MAPPINGS_RULE, key="channel_mappings", id="condition.unknown_severity", arguments=arguments
            )


def rule_problems(rule: RuleSpec) -> Iterator[RuleProblem]:
    """What is wrong with one rule by itself, but for its name."""
    yield from _condition_problems(rule.name, rule.condition)
    for person in listed(rule.dm):
        if person not in PEOPLE and not is_address(person):
            yield RuleProblem(rule=rule.name, key="dm", id="rule.unknown_person", arguments={"person": person})


def is_reserved(name: str) -> bool:
    """Whether a name is one of the hub's own rules and of subscriptions."""
    return name in (MAPPINGS_RULE, OPS_RULE) or name.startswith(WEBHOOK_RULE)


def webhook_problems(webhook: WebhookSpec) -> Iterator[RuleProblem]:
    """What is wrong with one subscription, but for its name."""
    rule_name = WEBHOOK_RULE + webhook.name
    yield from _condition_problems(rule_name, webhook.condition)
    for pattern in webhook.types:
        if "*" in pattern.removesuffix(".*") and pattern != "*":
            yield RuleProblem(rule=rule_name, key="types", id="webhook.bad_type", arguments={"type": pattern})


def _name_problems(name: str, seen: set[str]) -> Iterator[RuleProblem]:
    if not name.strip():
        yield RuleProblem(rule=name, key="name", id="rule.no_name")
    elif is_reserved(name):
        yield RuleProblem(rule=name, key="name", id="rule.reserved_name")
    elif name in seen:
        yield RuleProblem(rule=name, key="name", id="rule.duplicate_name")
    seen.add(name)


def _condition_problems(name: str, condition: str) -> Iterator[RuleProblem]:
    try:
        compile_condition(condition)
    except ConditionError as error:
        yield RuleProblem(
            rule=name,
            key="condition",
            id=error.message_id,
            arguments=error.arguments,
            line=error.line,
            column=error.column,
            point=error.point(),
        )
