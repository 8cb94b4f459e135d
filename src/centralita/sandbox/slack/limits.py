"""Slack's rate limits (https://docs.slack.dev/apis/web-api/rate-limits): one message a second per channel with a short
burst, and a tier per method and workspace."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

TIERS_PER_MIN: Mapping[int, int] = {1: 1, 2: 20, 3: 50, 4: 100}

EARLY = 0.05
"""The part of a token that may still be missing. A client that paces itself at exactly the limit is a few milliseconds
early half of the time, and Slack does not mind."""


@dataclass(frozen=True)
class Rate:
    """A token bucket: ``per_s`` tokens a second, at most ``burst`` saved up."""

    per_s: float
    burst: int

    def __post_init__(self) -> None:
        if not (self.per_s > 0 and math.isfinite(self.per_s) and self.burst >= 1):
            raise ValueError("a rate needs per_s > 0 and burst >= 1")


@dataclass(frozen=True)
class LimitSettings:
    """Which limits hold. None switches one off."""

    channel_post: Rate | None = Rate(1.0, 5)
    """chat.postMessage and incoming webhooks, per channel."""
    tiers_per_min: Mapping[int, int] | None = field(default_factory=lambda: dict(TIERS_PER_MIN))
    """Calls a minute of each method tier; a whole minute's worth may come at once."""
    methods: Mapping[str, Rate | None] = field(default_factory=dict)
    """Exceptions by method name; None exempts the method."""

    @classmethod
    def off(cls) -> LimitSettings:
        """No limits at all."""
        return cls(channel_post=None, tiers_per_min=None)

    def changed(self, wish: Mapping[str, Any]) -> LimitSettings:
        """With the keys of ``wish`` replaced, in the JSON shape of ``as_json``; ``{"enabled": false}`` is off and
        ``{"enabled": true}`` the defaults. Raises ValueError with a sentence."""
        unknown = set(wish) - {"enabled", "channel_post", "tiers_per_min", "methods"}
        if unknown:
            raise ValueError(f"unknown limits: {', '.join(sorted(unknown))}")
        settings = self
        if "enabled" in wish:
            settings = LimitSettings() if wish["enabled"] else LimitSettings.off()
        if "channel_post" in wish:
            settings = replace(settings, channel_post=_rate(wish["channel_post"]))
        if "tiers_per_min" in wish:
            settings = replace(settings, tiers_per_min=_tiers(wish["tiers_per_min"]))
        if "methods" in wish:
            settings = replace(settings, methods={name: _rate(rate) for name, rate in dict(wish["methods"]).items()})
        return settings

    def as_json(self) -> dict[str, Any]:
        """The settings as plain data."""

        def plain(rate: Rate | None) -> dict[str, float] | None:
            return None if rate is None else {"per_s": rate.per_s, "burst": rate.burst}

        tiers = None if self.tiers_per_min is None else {str(tier): count for tier, count in self.tiers_per_min.items()}
        methods = {name: plain(rate) for name, rate in self.methods.items()}
        return {"channel_post": plain(self.channel_post), "tiers_per_min": tiers, "methods": methods}


def _rate(value: Any) -> Rate | None:
    if value is None:
        return None
    try:
        return Rate(float(value["per_s"]), int(value["burst"]))
    except (TypeError, KeyError):
        raise ValueError('a rate is null or {"per_s": number, "burst": whole number}') from None


def _tiers(value: Any) -> dict[int, int] | None:
    if value is None:
        return None
    try:
        tiers = {int(tier): int(count) for tier, count in value.items()}
    except (TypeError, AttributeError, ValueError):
        raise ValueError('tiers_per_min is null or {"<tier>": calls a minute}') from None
    if not all(count >= 1 for count in tiers.values()):
        raise ValueError("a tier allows at least 1 call a minute")
    return {**TIERS_PER_MIN, **tiers}


@dataclass
class _Bucket:
    rate: Rate
    tokens: float
    at_s: float

    def wait_s(self, now_s: float) -> float:
        self.tokens = min(float(self.rate.burst), self.tokens + (now_s - self.at_s) * self.rate.per_s)
        self.at_s = now_s
        return max(0.0, (1 - EARLY - self.tokens) / self.rate.per_s)


class RateLimiter:
    """The buckets of every workspace."""

    def __init__(self, settings: LimitSettings) -> None:
        self.settings = settings
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def configure(self, settings: LimitSettings) -> None:
        """Takes new settings; every bucket starts full again."""
        self.settings = settings
        self._buckets.clear()

    def admit(self, method: str, tier: int, channel: str, now_s: float, team: str = "") -> int:
        """0 when the call may pass, which takes a token of each of its buckets; otherwise Retry-After in whole
        seconds, and nothing is taken. ``channel`` is "" for a call that posts nothing; ``now_s`` is monotonic; a
        method's tier is for each ``team``."""
        buckets = []
        method_rate = self._method_rate(method, tier)
        if method_rate is not None:
            buckets.append(self._bucket(("method", f"{team} {method}"), method_rate, now_s))
        if channel and self.settings.channel_post is not None:
            buckets.append(self._bucket(("channel", channel), self.settings.channel_post, now_s))
        longest = max((bucket.wait_s(now_s) for bucket in buckets), default=0.0)
        if longest > 0:
            return max(1, math.ceil(longest))
        for bucket in buckets:
            bucket.tokens -= 1
        return 0

    def _method_rate(self, method: str, tier: int) -> Rate | None:
        if method in self.settings.methods:
            return self.settings.methods[method]
        if self.settings.tiers_per_min is None or tier not in self.settings.tiers_per_min:
            return None
        per_min = self.settings.tiers_per_min[tier]
        return Rate(per_min / 60, per_min)

    def _bucket(self, key: tuple[str, str], rate: Rate, now_s: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(rate, float(rate.burst), now_s)
        return bucket
