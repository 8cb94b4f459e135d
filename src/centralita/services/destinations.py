"""Which destination an effect goes to: its integration, its configuration and its lane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from centralita.core.effects import Effect
from centralita.ports import Config, Destination, Lane, LanePolicy


class Address(msgspec.Struct, frozen=True, gc=False):
    """Everything that is needed to perform an effect."""

    destination: Destination
    config: Config
    lane: Lane


class UnknownTarget(Exception):
    """The effect names a webhook (or a kind) that is not configured."""


class Destinations:
    """Finds addresses. ``configure(kind, target)`` gives a target's configuration, None for an unknown one."""

    def __init__(self, kinds: Mapping[str, Destination], configure: Callable[[str, str], Config | None]) -> None:
        self.kinds = kinds
        self._configure = configure
        self._known: dict[tuple[str, str, str], Address] = {}
        self._first: dict[tuple[str, str], str] = {}
        """(kind, place in lower case) to the target that was found to lead there first."""
        self._leads: dict[tuple[str, str], str] = {}
        """(kind, target in lower case) to its place."""

    def address(self, effect: Effect) -> Address:
        """Raises UnknownTarget."""
        key = (effect.destination, effect.target, effect.audience)
        found = self._known.get(key)
        if found is None:
            config = self._configure(effect.destination, effect.target)
            if config is None or effect.destination not in self.kinds:
                raise UnknownTarget(f"{effect.destination}:{effect.target}")
            destination = self.kinds[effect.destination]
            found = Address(destination, config, destination.lane(self._shared(effect), config))
            if len(self._known) >= 50_000:  # one entry a person and channel; a flood of invented ones must not stay
                self._known.clear()
            self._known[key] = found
        return found

    def _shared(self, effect: Effect) -> Effect:
        """The effect with the target whose lane it shares."""
        target = effect.target.strip().lower()
        place = self._leads.get((effect.destination, target), target)
        first = self._first.get((effect.destination, place))
        return effect if first is None or first == target else msgspec.structs.replace(effect, target=first)

    @property
    def prefixes(self) -> dict[str, str]:
        """The prefixes of what ``learn`` wants to know, to the kind of destination."""
        return {destination.places: kind for kind, destination in self.kinds.items() if destination.places}

    def learn(self, key: str, value: object) -> None:
        """A destination remembers something: perhaps where a target leads."""
        for prefix, kind in self.prefixes.items():
            target = key.removeprefix(prefix)
            if target == key or not isinstance(value, str) or self._leads.get((kind, target)) == value.lower():
                continue
            self._leads[kind, target] = value.lower()
            self._first.setdefault((kind, value.lower()), target)
            self.forget()

    def policy(self, destination: str, target: str) -> LanePolicy:
        """How a stored lane wants to be treated; the default for one whose target is gone (its rows die anyway)."""
        effect = Effect(rule="", destination=destination, target=target)  # type: ignore[arg-type]  # from our own column
        try:
            return self.address(effect).lane.policy
        except UnknownTarget:
            return LanePolicy()

    def forget(self) -> None:
        """The configuration has changed."""
        self._known.clear()

    def forget_target(self, destination: str, targets: Iterable[str]) -> None:
        """The configuration of some targets, whose audience is a system, has changed."""
        for target in targets:
            self._known.pop((destination, target, "system"), None)
            self._known.pop((destination, target, "channel"), None)
