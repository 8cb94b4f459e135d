"""The seams, on one page: what a source, a destination and a clock are.

Both integration seams are sans-I/O: a source is given the bytes of a request and says what they mean, a destination is
a generator that yields the requests it wants made and is sent their responses. So either is tested without a server.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from centralita.core.effects import Effect, Subject
from centralita.core.events import Event, EventType
from centralita.core.lanes import LanePolicy, Rate
from centralita.core.outcomes import Outcome

__all__ = [
    "ORIGINAL",
    "Clock",
    "Config",
    "ConfigField",
    "Delivery",
    "Destination",
    "Effect",
    "Event",
    "EventType",
    "Filling",
    "HttpRequest",
    "HttpResponse",
    "Known",
    "Lane",
    "LanePolicy",
    "MailRequest",
    "Outcome",
    "Rate",
    "RawRequest",
    "Receipt",
    "Remember",
    "Source",
    "Subject",
    "Verdict",
]


class RawRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An inbound request as it came off the wire."""

    method: str
    query: str
    """Undecoded query string, without the ``?``."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in wire order, values decoded as latin-1; duplicates kept."""
    body: bytes
    key: str = ""
    """The ``{key}`` of ``/in/{slug}/{key}``."""
    remote: str = ""

    def header(self, name: str) -> str | None:
        """The value of the header ``name`` (lower case), or None; also None when it came more than once, because a
        security header that is there twice says two things."""
        found = [value for key, value in self.headers if key == name]
        return found[0] if len(found) == 1 else None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What ``Source.verify`` thinks of a request."""

    ok: bool
    reason: str = ""
    """When not ok: a message id such as ``signature.missing``, ``signature.mismatch``, ``timestamp.stale``,
    ``secret.unconfigured``, ``body.unreadable``; shown in ``source show``. ``body.*`` answers 400, all others 401."""
    dedupe_key: str = ""
    """The sender's own id of this request; "" makes the hub use a hash of the content with a window of 5 minutes."""
    reply: bytes | None = None
    """Answers a handshake at once (200, this body as text/plain), without keeping a receipt."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted inbound request."""

    id: str
    """``rcp_`` and a ULID: its first 48 bits are the time in ms, so the day (and the partition) can be read off it."""
    source: str
    received_at: float
    """Seconds since 1970, UTC."""
    content_type: str
    headers: Mapping[str, str]
    """Those that carry no secret."""
    body: bytes
    dedupe_key: str = ""


class ConfigField(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of an integration: drives the form, the validation and the masking."""

    name: str
    help: str
    """English msgid."""
    type: Literal["text", "url", "secret", "integer", "number", "boolean", "choice", "map", "list"] = "text"
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    asked: bool = False
    """Whether a person who adds it at a terminal is asked for it, though it may be left out."""


class Source(Protocol):
    """A kind of sender. Stateless: one instance serves every configured source of its kind."""

    kind: str
    types: Mapping[str, EventType]
    """Every event type that it can produce; includes ``<kind>.unknown``."""
    fields: tuple[ConfigField, ...]
    paths: tuple[str, ...]
    """Dotted paths inside ``data`` that its events may have, for ``config check``; ``labels.*`` is an open map."""

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        """What is wrong with a configured source, as message ids with a key path in front (``auth: ...``)."""
        ...

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        """Judges authenticity over the raw bytes, in constant time, failing closed. Never raises."""
        ...

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        """The events of a receipt, in order. Raises nothing but ``core.payload.PayloadError``."""
        ...


class Filling(Source, Protocol):
    """A source whose sender can be asked for what an event needs (``Event.needs``). Both are pure."""

    def fetch(self, event: Event) -> Effect:
        """What is to be asked, of whom; its ``Outcome.answer`` comes back to ``fill``."""
        ...

    def fill(self, event: Event, answer: Mapping[str, Any], settings: Mapping[str, object]) -> Event:
        """The event with what was answered; it needs nothing more. Never raises."""
        ...


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An outbound request that a destination wants made; ``net.py`` makes it."""

    url: str
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    timeout_s: float = 15.0
    """Total: from the start of the look-up to the last byte read of the response."""
    paced: bool = False
    """Whether it counts against the lane's rate: true for what people see, false for a look-up on the way."""
    bucket: str = ""
    """One of ``Destination.buckets`` whose token it takes beside the lane's; "" for none. ``name@owner`` is a bucket of
    the same rate that is the owner's alone (a Slack workspace's)."""
    safe: bool = False
    """Whether it changes nothing (RFC 9110, 9.2.1): when its end is unknown, that leaves no doubt about anything."""
    private: bool = False
    """Whether the answer carries a secret (an access token), so that neither is kept with the attempt."""
    client_certificate: str = ""
    """PEM of a certificate and its key, to be shown in the TLS handshake; "" for none. Secret."""
    max_response_bytes: int = 65_536
    """What is read of the response's body; the rest is cut off (``HttpResponse.truncated``)."""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method})"  # an incoming webhook's URL is a secret, too


class MailRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that a destination wants sent by the operator's server; answered with its reply code as the status."""

    sender: str
    """Addresses without names."""
    recipient: str
    message: bytes
    """RFC 5322, lines ending in CRLF."""
    timeout_s: float = 30.0
    """Total: from the start of the look-up to the server's answer to the whole mail."""
    paced: bool = True
    """As ``HttpRequest.paced``."""

    @property
    def as_http(self) -> HttpRequest:
        """For a record of what was sent."""
        return HttpRequest(url=f"mailto:{self.recipient}", method="MAIL", body=self.message, timeout_s=self.timeout_s)

    def __repr__(self) -> str:
        return "MailRequest()"


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, or why nothing did."""

    status: int = 0
    """0 when there was no response."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case."""
    body: bytes = b""
    """At most ``HttpRequest.max_response_bytes``, never decompressed."""
    truncated: bool = False
    elapsed_ms: float = 0.0
    timings: Mapping[str, float] = msgspec.field(default_factory=dict)
    """ms of each phase: ``dns, connect, tls, first_byte, total``, as far as it came."""
    error: str = ""
    """"" or a class: ``blocked, dns, refused, reset, connect_timeout, timeout, tls, protocol, truncated``."""
    detail: str = ""
    """For a person: the address that was blocked, the certificate's fault."""
    reason: str = ""
    """Message id that says more than ``net.<error>`` does, such as ``net.tls_expired``; "" for none."""
    sent: bool = True
    """False when it is certain that the receiver got no complete request."""

    def header(self, name: str) -> str | None:
        """The first value of the header ``name`` (lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)


class Remember(msgspec.Struct, frozen=True, kw_only=True):
    """A fact to commit before the generator goes on; sent back None. ``value`` None forgets the key."""

    key: str
    value: Any
    also: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """Further facts of the same commit, such as the way back from where a message stands to what it tells of."""


Known = Mapping[str, Any]
"""What was remembered under the keys that ``Destination.wants`` asked for, those left out that nothing is known of."""

ORIGINAL = "receipt:original"
"""A key of ``Destination.wants`` under which ``known`` has the event's ``Receipt``, while it is kept."""

Config = Mapping[str, Any]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as its destination sees it."""

    id: str
    """``dlv_`` and the row's number; the same on every attempt."""
    event: Event
    effect: Effect
    subject: Subject
    attempt: int = 1
    """From 1."""
    generation: int = 0
    """0 the first time; each replay counts one up."""
    uncertain: bool = False
    """An earlier attempt may have arrived though nobody recorded it: reconcile before acting again."""
    locale: str = "en"


class Lane(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The queue that an effect goes to."""

    key: str
    """``slack:#alerts``, ``webhook:erp``; never a secret."""
    policy: LanePolicy


class Destination(Protocol):
    """A kind of receiver. Stateless, as a source is."""

    kind: str
    fields: tuple[ConfigField, ...]
    buckets: Mapping[str, Rate]
    """The limits that its lanes share, by name, such as Slack's tiers per method and workspace."""
    places: str
    """Prefix of the keys, followed by a target, under which it remembers what the target leads to (``#alerts`` to a
    channel's id): two targets that lead to the same share a lane. "" when targets are what they are."""

    def lane(self, effect: Effect, config: Config) -> Lane: ...

    def wants(self, delivery: Delivery, config: Config) -> tuple[str, ...]:
        """The keys to look up for ``known``."""
        ...

    def perform(
        self, delivery: Delivery, config: Config, known: Known, now: float
    ) -> Generator[HttpRequest | MailRequest | Remember, HttpResponse | None, Outcome]:
        """Yields a request and is sent its response (also a failed one: status 0), yields Remember and is sent None."""
        ...


class Clock(Protocol):
    """Wall time at boot plus monotonic time since: never jumps."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        ...
