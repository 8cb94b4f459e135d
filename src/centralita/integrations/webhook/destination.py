"""A webhook of somebody else as a destination: the event as signed JSON, by the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. The id is the event's, so
that a receiver that keeps ids takes each event once, however often it is tried or sent again.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from centralita import __version__
from centralita.core.effects import Effect
from centralita.core.events import Event
from centralita.core.headers import judge_header
from centralita.core.retry import retry_after
from centralita.core.signing import standard_headers
from centralita.i18n import N_
from centralita.ports import (
    Config,
    ConfigField,
    Delivery,
    HttpRequest,
    HttpResponse,
    Known,
    Lane,
    LanePolicy,
    Outcome,
    Rate,
    Remember,
)

DEFAULT_TIMEOUT_S = 15.0
DEFAULT_IN_FLIGHT = 16
DEFAULT_RETRY_AFTER_S = 60.0
"""For a 429 that does not say how long."""
USER_AGENT = f"Centralita/{__version__}"

FIELDS = (
    ConfigField(name="name", help=N_("Name of the webhook."), required=True),
    ConfigField(name="url", help=N_("Address that receives the events."), type="url", required=True),
    ConfigField(
        name="secrets", help=N_("Secrets (whsec_... or whsk_...) that sign; each adds a signature."), type="list"
    ),
    ConfigField(name="headers", help=N_("Further headers of each request."), type="map"),
    ConfigField(
        name="timeout_s",
        help=N_("Seconds until an attempt is given up."),
        type="number",
        default=DEFAULT_TIMEOUT_S,
    ),
    ConfigField(name="aliases", help=N_("Other names for event types: ours to the receiver's."), type="map"),
    ConfigField(name="rate_per_s", help=N_("Requests a second; 0 for no limit."), type="number", default=0),
    ConfigField(name="burst", help=N_("Requests that may follow each other at once."), type="integer", default=1),
    ConfigField(
        name="in_flight", help=N_("Requests under way at the same time."), type="integer", default=DEFAULT_IN_FLIGHT
    ),
    ConfigField(name="schedule_s", help=N_("Seconds between the attempts."), type="list"),
    ConfigField(
        name="order",
        help=N_("What is kept in order: the events of a subject, all events, or nothing."),
        type="choice",
        choices=("subject", "strict", "none"),
        default="subject",
    ),
    ConfigField(
        name="on_dead",
        help=N_("Whether what follows an undeliverable event goes on or is held."),
        type="choice",
        choices=("continue", "hold"),
        default="continue",
    ),
)
_POLICY_FIELDS = ("rate_per_s", "burst", "in_flight", "order", "on_dead")
_OWN_HEADERS = frozenset({"content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature"})


class WebhookDestination:
    """Posts events to a receiver's address."""

    kind: str = "webhook"
    fields: tuple[ConfigField, ...] = FIELDS
    buckets: Mapping[str, Rate] = {}
    places: str = ""

    def lane(self, effect: Effect, config: Config) -> Lane:
        """One lane per webhook, with the webhook's own policy."""
        given: dict[str, Any] = {name: config[name] for name in _POLICY_FIELDS if config.get(name) is not None}
        if config.get("schedule_s"):
            given["schedule_s"] = tuple(float(wait_s) for wait_s in config["schedule_s"])
        return Lane(key=f"webhook:{effect.target}", policy=LanePolicy(**given))

    def wants(self, delivery: Delivery, config: Config) -> tuple[str, ...]:
        """Nothing: an uncertain attempt is repeated with the same id."""
        return ()

    def perform(
        self, delivery: Delivery, config: Config, known: Known, now: float
    ) -> Generator[HttpRequest | Remember, HttpResponse | None, Outcome]:
        """One signed POST; any 2xx is delivered."""
        url = str(config.get("url") or "")
        if not url:
            return Outcome(state="dead", reason="webhook.unconfigured", detail=delivery.effect.target, failure=False)
        body = render_body(delivery.event, config.get("aliases") or {})
        # An empty secret is a mistake, not a wish to send unsigned: signing refuses it.
        secrets = [str(secret or "").encode() for secret in config.get("secrets") or ()]
        try:
            signature = (
                standard_headers(secrets, delivery.event.id, int(now), body) if secrets else _unsigned(delivery, now)
            )
        except ValueError:
            return Outcome(state="retry", reason="webhook.secret", detail=delivery.effect.target)
        own = (("content-type", "application/json"), ("user-agent", USER_AGENT), *signature)
        further = tuple((str(name), str(value)) for name, value in (config.get("headers") or {}).items())
        for name, value in further:
            if name.lower() in _OWN_HEADERS or judge_header(name, value):
                return Outcome(state="retry", reason="webhook.header", detail=name[:100])
        timeout_s = float(config.get("timeout_s") or DEFAULT_TIMEOUT_S)
        response = yield HttpRequest(url=url, headers=(*own, *further), body=body, timeout_s=timeout_s, paced=True)
        if response is None:
            raise TypeError("a request is answered with a response")
        return judge_response(response, now)


def render_body(event: Event, aliases: Mapping[str, str]) -> bytes:
    """``{"type", "timestamp", "data"}`` as the specification has it; ``data`` is the event with CloudEvents' attribute
    names, without what it does not say. An alias replaces the outer type only, so that the event can be recognised."""
    said = {name: value for name, value in msgspec.to_builtins(event).items() if value}
    return msgspec.json.encode({"type": alias_of(event.type, aliases), "timestamp": event.time, "data": said})


def alias_of(event_type: str, aliases: Mapping[str, str]) -> str:
    """The receiver's name for a type: its own entry, else the first pattern (``ticket.*``) that fits."""
    if event_type in aliases:
        return str(aliases[event_type])
    return next((str(name) for pattern, name in aliases.items() if fnmatchcase(event_type, pattern)), event_type)


def judge_response(response: HttpResponse, now: float) -> Outcome:
    """What a response, or none, means for the delivery."""
    status = response.status
    if 200 <= status < 300:
        # The receiver has answered for the request; that its body broke off changes nothing.
        return Outcome(state="delivered", detail=str(status))
    if status == 0:
        state = "dead" if response.error == "blocked" else "retry"
        reason = f"net.{response.error or 'protocol'}"
        return Outcome(state="dead" if state == "dead" else "retry", reason=reason, detail=response.detail)
    if status == 410:
        return Outcome(state="dead", reason="http.gone", detail="410")
    if status in (429, 503):
        wait_s = retry_after(response.header("retry-after") or "", now)
        if status == 429 or wait_s is not None:
            return _throttled(status, wait_s)
    reason = "http.redirect" if 300 <= status < 400 else "http.status"
    return Outcome(state="retry", reason=reason, detail=str(status))


def _throttled(status: int, wait_s: float | None) -> Outcome:
    is_limit = status == 429
    return Outcome(
        state="retry",
        reason="http.throttled" if is_limit else "http.status",
        detail=str(status),
        retry_after_s=DEFAULT_RETRY_AFTER_S if wait_s is None else wait_s,
        hold="lane",
        spends_attempt=not is_limit,
        failure=not is_limit,
    )


def _unsigned(delivery: Delivery, now: float) -> tuple[tuple[str, str], ...]:
    return (("webhook-id", delivery.event.id), ("webhook-timestamp", str(int(now))))
