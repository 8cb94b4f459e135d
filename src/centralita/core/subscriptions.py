"""Which outgoing webhooks take an event: by its type, its channel and a condition.

There may be ten thousand of them, and one is added, changed or removed at a time: what has changed lately stands beside
an index of the others, which is made anew when that has become much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from centralita.core.condition_requirements import Requirements
from centralita.core.conditions import Reason, compile_condition
from centralita.core.effects import Effect
from centralita.core.events import Event
from centralita.core.rule_index import RuleIndex
from centralita.core.rule_specs import WEBHOOK_RULE, WebhookSpec

SYSTEM_PREFIX = "centralita."
LEAST_FRESH = 64
"""So many changes may stand beside the index, and an eighth of its size."""


def webhook_effect(rule: str, name: str) -> Effect:
    """To send an event to the webhook ``name``."""
    return Effect(rule=rule, destination="webhook", target=name, audience="system")


class Subscription:
    """A compiled WebhookSpec. ``aliases`` maps other names of event types to the real ones."""

    __slots__ = ("_channels", "_names", "condition", "effect", "everything", "prefixes", "spec", "types")

    def __init__(self, spec: WebhookSpec, aliases: Mapping[str, str]) -> None:
        self.spec = spec
        self.condition = compile_condition(spec.condition)
        self.everything = "*" in spec.types
        self.prefixes = tuple(name[:-1] for name in spec.types if name.endswith(".*"))
        self._names: dict[str, set[str]] = {}
        for name in spec.types:
            if "*" not in name:
                self._names.setdefault(aliases.get(name, name), set()).add(name)
        self.types = frozenset(self._names)
        self._channels = frozenset(_channel(name) for name in spec.channels)
        self.effect = webhook_effect(WEBHOOK_RULE + spec.name, spec.name)

    def takes(self, event: Event) -> bool:
        """Whether it subscribes to the event's type and channel: a wildcard never takes what the hub tells of itself.

        By a sender's own name for a type it gets what bears that name, and whatever of the type bears none.
        """
        return self.takes_type(event) and (not self._channels or bool(self._channels & channels_of(event)))

    def takes_type(self, event: Event) -> bool:
        """The first half of ``takes``."""
        names = self._names.get(event.type)
        if names is not None and (event.type in names or not event.alias or event.alias in names):
            return True
        if event.type.startswith(SYSTEM_PREFIX):
            return False
        return self.everything or bool(
            self.prefixes
            and (event.type.startswith(self.prefixes) or (event.alias and event.alias.startswith(self.prefixes)))
        )

    @property
    def requires(self) -> Requirements:
        """What an event must have for this one to be worth trying."""
        if self.everything or self.prefixes:
            return self.condition.requires
        return {**self.condition.requires, ("equal", "type"): self.types}

    def explain(self, event: Event) -> tuple[Reason, ...]:
        """Why it takes the event, or not."""
        taken = self.takes_type(event)
        types = Reason(
            f"webhook.type_{'taken' if taken else 'refused'}", {"types": self.spec.types, "actual": event.type}
        )
        if not taken:
            return (types,)
        if self._channels and not self._channels & channels_of(event):
            return (types, Reason("webhook.channel_refused", {"channels": self.spec.channels}))
        return (types, *self.condition.explain(event))


def channels_of(event: Event) -> frozenset[str]:
    """Where an event came by: its source, its chat's channel and platform, its Slack channel."""
    message = event.data.get("message")
    said: list[Any] = [event.source, event.data.get("channel")]
    if isinstance(message, dict):
        said += [message.get("channel"), message.get("platform")]
    return frozenset(_channel(name) for name in said if isinstance(name, str) and name)


def _channel(name: str) -> str:
    return name.strip().lstrip("#").lower()


class Subscriptions:
    """Webhooks that are switched on. Immutable: a change makes another one, which shares the index."""

    def __init__(self, specs: Iterable[WebhookSpec] = (), aliases: Mapping[str, str] | None = None) -> None:
        self._aliases = aliases or {}
        self._adopt({spec.name: Subscription(spec, self._aliases) for spec in specs if spec.enabled})

    def _adopt(self, every: dict[str, Subscription]) -> None:
        self._all = every
        self._indexed = list(every.values())
        self._index = RuleIndex((number, each.requires) for number, each in enumerate(self._indexed))
        self._fresh: dict[str, Subscription] = {}
        self._stale: frozenset[str] = frozenset()

    def changed(self, specs: Iterable[WebhookSpec], gone: Iterable[str] = ()) -> Subscriptions:
        """These with ``specs`` added or put in place of those of their names, and without ``gone``.

        One that is switched off is left out. Raises ConditionError.
        """
        new = {spec.name: Subscription(spec, self._aliases) if spec.enabled else None for spec in specs}
        new |= dict.fromkeys(gone)
        made = Subscriptions.__new__(Subscriptions)
        made._aliases = self._aliases
        every = {name: each for name, each in {**self._all, **new}.items() if each is not None}
        stale = self._stale | new.keys()
        if len(stale) > max(LEAST_FRESH, len(self._indexed) // 8):
            made._adopt(every)
            return made
        made._all, made._indexed, made._index, made._stale = every, self._indexed, self._index, stale
        made._fresh = {name: every[name] for name in stale if name in every}
        return made

    def taking(self, event: Event) -> Iterator[Subscription]:
        """Those that take the event."""
        for number in self._index.candidates(event):
            each = self._indexed[number]
            if each.spec.name not in self._stale and each.takes(event) and each.condition.test(event):
                yield each
        for each in self._fresh.values():
            if each.takes(event) and each.condition.test(event):
                yield each

    def get(self, name: str) -> Subscription | None:
        """One that is switched on."""
        return self._all.get(name)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)
