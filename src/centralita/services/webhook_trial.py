"""Trying a webhook out: one message goes to its receiver now, and everything about it is shown.

It takes the way of a delivery (rendered, signed, authorised, through the same network policy), and leaves no trace in
the queue, the breaker, the history or the statistics; only the audit log says who did it.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import msgspec

from centralita.core import ids
from centralita.core.effects import Payload
from centralita.core.events import Event
from centralita.core.shown_urls import shown_url
from centralita.core.subjects import project
from centralita.core.subscriptions import webhook_effect
from centralita.integrations.webhook.receiver import Receiver, SigningKey, receiver_of, session_of
from centralita.integrations.webhook.snippets import SUFFIXES, Language, snippet
from centralita.logs import redact_text
from centralita.ports import Config, HttpRequest, HttpResponse, MailRequest
from centralita.services import event_types
from centralita.services.attempts import Job, Performer, Sender
from centralita.services.audit import record
from centralita.services.destinations import Address
from centralita.services.hub import Hub
from centralita.services.source_changes import InTheWay
from centralita.services.webhook_catalogue import make_receiver, own_keys
from centralita.services.webhook_masking import came_headers, hide, secrets_of, sent_headers
from centralita.settings.webhooks import Webhook
from centralita.store import events, subjects
from centralita.store.database import Transaction
from centralita.store.deliveries import DeliveryRow

TEST_HEADER = ("webhook-test", "true")
"""By which a receiver knows that nothing has happened."""
SHOWN_BYTES = 65_536
"""Of the response's body."""
DEFAULT_TYPE = "ticket.created"


@dataclass(frozen=True)
class SentRequest:
    """What the receiver got, without what is secret."""

    method: str
    url: str
    """As far as people may see it."""
    headers: list[tuple[str, str]]
    body: str
    encoding: Literal["text", "base64"] = "text"
    """How ``body`` stands here: bytes that are no UTF-8 are base64."""


@dataclass(frozen=True)
class GotResponse:
    """What the receiver answered, without what is secret."""

    status: int
    """0 when there was no answer."""
    headers: list[tuple[str, str]]
    body: str
    truncated: bool
    error: str
    """"" or a class: ``blocked, dns, refused, reset, connect_timeout, timeout, tls, protocol, truncated``."""
    detail: str


@dataclass(frozen=True)
class Trial:
    """What became of a test message."""

    webhook: str
    event: str
    """Its id; of an example one that ends in ``_test``."""
    type: str
    state: Literal["delivered", "retry", "dead", "skipped"]
    """What would become of a delivery that ended like this."""
    reason: str
    """Message id; "" for success."""
    detail: str
    request: SentRequest | None
    """None when there was nothing to send."""
    response: GotResponse | None
    timings: dict[str, float] = field(default_factory=dict)
    """Milliseconds: ``dns, connect, tls, first_byte, total``; without the first three on a connection that was open."""
    snippets: dict[str, str] = field(default_factory=dict)
    """Language to a program that verifies this webhook's signatures; empty for one that signs nothing."""


class Recorder:
    """A way out that keeps what went through it."""

    def __init__(self, outbound: Sender) -> None:
        self._outbound = outbound
        self.request_made: HttpRequest | None = None

    async def request(self, request: HttpRequest | MailRequest) -> HttpResponse:
        """See ``net.outbound.Outbound``."""
        if isinstance(request, MailRequest):
            self.request_made = request.as_http
        elif not request.private:  # what comes before the message, and is nobody's business
            self.request_made = request
        return await self._outbound.request(request)


@dataclass(frozen=True)
class Wish:
    """What is to be sent."""

    event: str = ""
    """Id of one that has happened; "" for an example."""
    type: str = ""
    """Of the example; "" for one that the webhook subscribes to."""
    even_if_off: bool = False


async def try_saved(hub: Hub, actor: str, name: str, wish: Wish) -> Trial:
    """Sends to a webhook that there is. Raises LookupError, InTheWay for one that is off or polled."""
    config = config_of(hub, name)
    receiver = receiver_of(config)
    if not receiver.url:
        raise InTheWay("webhook.polled", webhook=name)
    if receiver.policy.off and not wish.even_if_off:
        raise InTheWay("webhook.off", webhook=name)
    return await _try(hub, actor, config, types_of(hub, name), wish)


async def try_draft(hub: Hub, actor: str, draft: Webhook, wish: Wish) -> Trial:
    """Sends by settings that are not saved. Those without a secret are signed by the saved webhook's of that name.

    Raises LookupError, InTheWay.
    """
    if not draft.url:
        raise InTheWay("webhook.polled", webhook=draft.name)
    saved = hub.webhooks.config(draft.name)
    keys: tuple[SigningKey, ...] = own_keys(draft) or (receiver_of(saved).keys if saved is not None else ())
    receiver = make_receiver(draft, keys, hub.webhooks.defaults)
    return await _try(hub, actor, {"receiver": receiver, "session": {}}, draft.types, wish)


def config_of(hub: Hub, name: str) -> Config:
    """How to send to a webhook that there is. Raises LookupError, InTheWay when its secrets can't be opened."""
    config = hub.webhooks.config(name)
    if config is None or not hub.webhooks.has(name):
        raise LookupError(name)
    if receiver_of(config).state == "shut":
        raise InTheWay("webhook.secret", webhook=name)
    return config


def types_of(hub: Hub, name: str) -> tuple[str, ...]:
    """What a webhook that there is subscribes to."""
    provided = hub.webhooks.provided.get(name)
    return tuple(provided.types) if provided is not None else hub.webhooks.rows[name].types


def snippets_of(hub: Hub, name: str) -> dict[Language, str]:
    """Language to a program that verifies a webhook's signatures. Raises LookupError, InTheWay for one without."""
    found = _snippets(receiver_of(config_of(hub, name)), hub.clock.now())
    if not found:
        raise InTheWay("webhook.unsigned", webhook=name)
    return found


def _snippets(receiver: Receiver, now: float) -> dict[Language, str]:
    made = {language: snippet(receiver, language, now) for language in SUFFIXES}
    return {language: text for language, text in made.items() if text}


async def _try(hub: Hub, actor: str, config: Config, types: tuple[str, ...], wish: Wish) -> Trial:
    receiver, now = receiver_of(config), hub.clock.now()
    payload = await _payload(hub, receiver.name, types, wish)
    details = {"event": payload.event.id, "type": payload.event.type}

    def note(tx: Transaction) -> None:
        record(tx, now, actor, "webhook.tested", f"webhook/{receiver.name}", details)

    await hub.database.write(note)  # before it is sent: nothing leaves that nobody has asked for
    marked = msgspec.structs.replace(receiver, headers=(*receiver.headers, TEST_HEADER))
    recorder = Recorder(hub.outbound)
    job = _job(hub, {"receiver": marked, "session": session_of(config)}, payload, now)
    await Performer(hub.database, recorder, hub.clock, hub.destinations, hub.buckets, hub.settings.locale).perform(job)
    request, response = recorder.request_made, job.last
    hidden = secrets_of(receiver, request)
    return Trial(
        webhook=receiver.name,
        event=payload.event.id,
        type=payload.event.type,
        state=job.outcome.state,
        reason=job.outcome.reason,
        detail=hide(job.outcome.detail or response.detail, hidden),
        request=None if request is None else _shown_request(request, receiver, hidden),
        response=None if request is None else _shown_response(response, hidden),
        timings={name: round(ms, 3) for name, ms in response.timings.items()},
        snippets={str(language): text for language, text in _snippets(receiver, now).items()},
    )


async def _payload(hub: Hub, name: str, types: tuple[str, ...], wish: Wish) -> Payload:
    event = await _chosen(hub, wish.event) if wish.event else example(hub, types, wish.type)
    known = await hub.database.read(lambda tx: subjects.load(tx, event.source, [event.subject] if wish.event else []))
    subject = known.get(event.subject) or project(None, event)
    return Payload(event=event, effect=webhook_effect("webhook.test", name), subject=subject)


async def _chosen(hub: Hub, event_id: str) -> Event:
    stored = await hub.database.read(lambda tx: events.get(tx, event_id))
    if stored is None:
        raise LookupError(event_id)
    return stored.event


def example(hub: Hub, types: tuple[str, ...], wanted: str) -> Event:
    """An example under an id of its own, so that no receiver takes the real one for a repetition. Raises LookupError
    for a type that there is not."""
    event = event_types.example_event(wanted) if wanted else example_of(types)
    now = hub.clock.now()
    ulid = ids.ulid(int(now * 1000), secrets.randbits(80))
    time = datetime.fromtimestamp(int(now), UTC).isoformat().replace("+00:00", "Z")
    return msgspec.structs.replace(event, id=f"evt_{ulid}_test", time=time)


def example_of(types: tuple[str, ...]) -> Event:
    """An example of the first type that is named and that there is, else of the plainest that a wildcard stands for."""
    for name in types:
        with contextlib.suppress(LookupError):
            return event_types.example_event(name)
    prefixes = tuple(each[:-1] for each in types if each.endswith(".*"))
    meant = (name for name in event_types.declared() if prefixes and name.startswith(prefixes))
    return event_types.example_event(min(meant, key=_plainness, default=DEFAULT_TYPE))


def _plainness(name: str) -> tuple[bool, str]:
    return not name.endswith((".created", ".started", ".requested", ".fired")), name


def _job(hub: Hub, config: Config, payload: Payload, now: float) -> Job:
    destination = hub.destinations.kinds["webhook"]
    row = DeliveryRow(
        id=0,
        lane_id=0,
        ordering_key="",
        state="in_flight",
        due_at=now,
        event_day=int(now // 86_400),
        event_id=payload.event.id,
        rule=payload.effect.rule,
        created_at=now,
        payload=b"",
    )
    lane = destination.lane(payload.effect, config)
    return Job(worker=0, row=row, payload=payload, address=Address(destination, config, lane))


# ---- what people may see


def _shown_request(request: HttpRequest, receiver: Receiver, hidden: list[str]) -> SentRequest:
    body, encoding = as_text(request.body)
    return SentRequest(
        method=request.method,
        url=shown_url(request.url),
        headers=sent_headers(request, receiver),
        body=hide(body, hidden) if encoding == "text" else body,
        encoding=encoding,
    )


def _shown_response(response: HttpResponse, hidden: list[str]) -> GotResponse:
    body = response.body[:SHOWN_BYTES].decode("utf-8", "replace")
    return GotResponse(
        status=response.status,
        headers=came_headers(response.headers, hidden),
        body=hide(redact_text(body), hidden),
        truncated=response.truncated or len(response.body) > SHOWN_BYTES,
        error=response.error,
        detail=hide(response.detail, hidden),
    )


def as_text(body: bytes) -> tuple[str, Literal["text", "base64"]]:
    """Bytes for JSON: as text where they are UTF-8, else as base64."""
    try:
        return body.decode(), "text"
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"
