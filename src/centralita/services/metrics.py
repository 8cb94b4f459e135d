"""Prometheus metrics: base units, ``_total`` and ``_seconds``; labels are bounded (no URLs, no people)."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from centralita import __version__

# The buckets of OpenTelemetry's http.server.request.duration, and 30 s.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30)
OTHER = "other"


class HubMetrics:
    """What the hub counts. One registry an instance, so that two hubs in one process don't add up."""

    def __init__(self, known_sources: Container[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self.known_sources = known_sources
        build = Gauge("centralita_build_info", "The running version.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self._received = Counter(
            "centralita_events_received", "Inbound requests by result.", ["source", "result"], registry=self.registry
        )
        self._received_by: dict[tuple[str, str], Counter] = {}
        self._routed = Counter("centralita_events_routed", "Events routed.", ["source"], registry=self.registry)
        self._attempts = Counter(
            "centralita_delivery_attempts", "Attempts by outcome.", ["destination", "outcome"], registry=self.registry
        )
        self._duration = Histogram(
            "centralita_delivery_duration_seconds",
            "How long an attempt took.",
            ["destination"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._slow = Counter(
            "centralita_delivery_slow",
            "Deliveries that succeeded, but took longer than the destination's slow_s.",
            ["destination"],
            registry=self.registry,
        )
        self._rejected = Counter(
            "centralita_delivery_rejected",
            "Deliveries that came to wait because the breaker was open or the hub had stopped the destination.",
            ["destination"],
            registry=self.registry,
        )
        self._attempted_by: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self.queue_depth = Gauge(
            "centralita_queue_depth",
            "Unfinished deliveries by state.",
            ["destination", "state"],
            registry=self.registry,
        )
        self.queue_oldest = Gauge(
            "centralita_queue_oldest_age_seconds", "Age of the oldest unfinished delivery.", registry=self.registry
        )
        self.inbox_depth = Gauge("centralita_inbox_depth", "Receipts that wait for routing.", registry=self.registry)
        self.dead_letters = Gauge(
            "centralita_dead_letters", "Dead letters that wait for somebody.", registry=self.registry
        )
        self.open_breakers = Gauge(
            "centralita_open_breakers", "Destinations whose breaker is open.", registry=self.registry
        )
        self.in_flight = Gauge("centralita_deliveries_in_flight", "In flight in this process.", registry=self.registry)

    def received(self, source: str, result: str) -> None:
        """One inbound request: accepted, duplicate, rejected, busy or unavailable."""
        child = self._received_by.get((source, result))
        if child is None:
            child = self._received.labels(source if source in self.known_sources else OTHER, result)
            if source in self.known_sources:
                self._received_by[source, result] = child
        child.inc()

    def routed(self, source: str, count: int) -> None:
        """Events that went through the rules."""
        self._routed.labels(source if source in self.known_sources else OTHER).inc(count)

    def attempted(self, destination: str, outcome: str, elapsed_s: float, slow_s: float = math.inf) -> None:
        """One attempt of a delivery; a success that took longer than ``slow_s`` is slow."""
        found = self._attempted_by.get((destination, outcome))
        if found is None:
            found = self._attempts.labels(destination, outcome), self._duration.labels(destination)
            self._attempted_by[destination, outcome] = found
        found[0].inc()
        found[1].observe(elapsed_s)
        if outcome == "delivered" and elapsed_s > slow_s:
            self._slow.labels(destination).inc()

    def rejected(self, counts: Mapping[str, int]) -> None:
        """Deliveries by destination that are held because it fails."""
        for destination, count in counts.items():
            self._rejected.labels(destination).inc(count)

    def text(self) -> bytes:
        """The exposition, text format 0.0.4."""
        return generate_latest(self.registry)
