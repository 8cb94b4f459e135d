"""Signatures of webhooks, made and checked: Standard Webhooks, and HMAC headers in their usual variants.

Secrets that are sent as they are (bearer, basic, a header, the URL) are compared in ``credentials``.

Every ``verify_*`` returns "" when the request is authentic, else a message id (``REASONS``). None of them raises, each
fails closed when no usable secret is configured, compares bytes in constant time, and refuses a header that is there
twice, because it says two things. Header names are in lower case, values decoded as latin-1 (``ports.RawRequest``).

Sources: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, RFC 2104 (HMAC),
RFC 8032 (ed25519).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from centralita.core.credentials import Headers, present_secrets, single_header, strict_base64, wire_bytes

REASONS = (
    "secret.unconfigured",
    "secret.malformed",
    "scheme.invalid",
    "header.duplicated",
    "signature.missing",
    "signature.mismatch",
    "signature.too_many",
    "id.missing",
    "timestamp.missing",
    "timestamp.malformed",
    "timestamp.stale",
)

TOLERANCE_S = 300.0
MAX_SIGNATURES = 32
"""In one header. A sender in the middle of a rotation sends a dozen; each one costs a comparison per secret."""

_SYMMETRIC, _PUBLIC, _PRIVATE = b"whsec_", b"whpk_", b"whsk_"


# --- Standard Webhooks ---------------------------------------------------------------------------------------------


class Key(msgspec.Struct, frozen=True):
    """A parsed secret: HMAC key (``hmac``), ed25519 public key (``public``, 32 bytes) or seed (``private``, 32)."""

    kind: Literal["hmac", "public", "private"]
    material: bytes

    def __repr__(self) -> str:
        return f"Key({self.kind})"


@lru_cache(1024)
def parse_key(secret: bytes) -> Key | None:
    """The key in ``whsec_<base64>`` (or the bare base64), ``whpk_<base64>``, ``whsk_<base64>``; None if malformed.

    Padding may be missing, as the reference libraries accept; any other deviation from base64 is refused.
    """
    for prefix, kind, sizes in _KEY_SHAPES:
        if secret.startswith(prefix):
            material = strict_base64(secret[len(prefix) :], padded=False)
            if material is None or not material or (sizes and len(material) not in sizes):
                return None
            # whsk_ holds either the seed or, as the reference implementation writes it, the seed and the public key.
            return Key(kind, material[:32] if kind == "private" else material)
    return None


_KEY_SHAPES: tuple[tuple[bytes, Literal["hmac", "public", "private"], tuple[int, ...]], ...] = (
    (_SYMMETRIC, "hmac", ()),
    (_PUBLIC, "public", (32,)),
    (_PRIVATE, "private", (32, 64)),
    (b"", "hmac", ()),
)


def sign_standard(secrets: Sequence[bytes], message_id: str, timestamp_s: int, body: bytes) -> str:
    """The value of ``webhook-signature``: one ``v1`` or ``v1a`` signature per secret, in the order of the secrets.

    Raises ValueError (``secret.unconfigured``, ``secret.malformed``) when there is nothing to sign with.
    """
    if not secrets:
        raise ValueError("secret.unconfigured")
    content = _standard_content(message_id, str(timestamp_s), body)
    signatures = []
    for secret in secrets:
        key = parse_key(secret)
        if key is None or key.kind == "public":
            raise ValueError("secret.malformed")
        signatures.append(_sign_with(key, content))
    return b" ".join(signatures).decode()


def standard_headers(
    secrets: Sequence[bytes], message_id: str, timestamp_s: int, body: bytes
) -> tuple[tuple[str, str], ...]:
    """The three headers of a signed message; raises as ``sign_standard``."""
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", str(timestamp_s)),
        ("webhook-signature", sign_standard(secrets, message_id, timestamp_s, body)),
    )


def verify_standard(
    headers: Headers, body: bytes, secrets: Sequence[bytes], now: float, tolerance_s: float = TOLERANCE_S
) -> str:
    """Judges a Standard Webhooks message: any signature by any secret will do, ``v1`` and ``v1a``, others are ignored.

    A ``whsk_`` secret verifies by its public half. ``now`` is in seconds since 1970.
    """
    present = present_secrets(secrets)
    if not present:
        return "secret.unconfigured"
    keys = [key for key in map(parse_key, present) if key is not None]
    if not keys:
        return "secret.malformed"
    values = {}
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        values[name], reason = single_header(headers, name)
        if reason:
            return reason
    for name, missing in _STANDARD_MISSING:
        if not values[name]:
            return missing
    signatures = wire_bytes(values["webhook-signature"]).split(b" ")
    if len(signatures) > MAX_SIGNATURES:
        return "signature.too_many"
    timestamp = values["webhook-timestamp"]
    if not _UNIX_S.fullmatch(timestamp):
        return "timestamp.malformed"
    content = _standard_content(values["webhook-id"], timestamp, body)
    authentic = False
    for key in keys:
        authentic |= _matches_any(key, content, signatures)
    if not authentic:
        return "signature.mismatch"
    # Last, so that a stranger without the secret learns nothing about our clock.
    return "" if abs(now - int(timestamp)) <= tolerance_s else "timestamp.stale"


_STANDARD_MISSING = (
    ("webhook-signature", "signature.missing"),
    ("webhook-id", "id.missing"),
    ("webhook-timestamp", "timestamp.missing"),
)


def generate_secret(random_bytes: bytes) -> str:
    """A ``whsec_`` secret of 24 to 64 random bytes, as the specification demands; else ValueError."""
    if not 24 <= len(random_bytes) <= 64:
        raise ValueError("a secret has 24 to 64 bytes")
    return (_SYMMETRIC + base64.b64encode(random_bytes)).decode()


def generate_key_pair(random_bytes: bytes) -> tuple[str, str]:
    """The ``whsk_`` and ``whpk_`` of an ed25519 key made of 32 random bytes; else ValueError."""
    if len(random_bytes) != 32:
        raise ValueError("an ed25519 seed has 32 bytes")
    public = Ed25519PrivateKey.from_private_bytes(random_bytes).public_key().public_bytes_raw()
    private_text = _PRIVATE + base64.b64encode(random_bytes + public)
    return private_text.decode(), (_PUBLIC + base64.b64encode(public)).decode()


def _standard_content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return b"%b.%b.%b" % (wire_bytes(message_id), timestamp.encode(), body)


def _sign_with(key: Key, content: bytes) -> bytes:
    if key.kind == "hmac":
        return b"v1," + base64.b64encode(hmac.digest(key.material, content, "sha256"))
    return b"v1a," + base64.b64encode(Ed25519PrivateKey.from_private_bytes(key.material).sign(content))


def _matches_any(key: Key, content: bytes, signatures: Iterable[bytes]) -> bool:
    if key.kind == "hmac":
        expected = _sign_with(key, content)
        # No early exit: how long it takes must not tell which one was right.
        return bool(sum([hmac.compare_digest(expected, signature) for signature in signatures]))
    public = (
        Ed25519PublicKey.from_public_bytes(key.material)
        if key.kind == "public"
        else Ed25519PrivateKey.from_private_bytes(key.material).public_key()
    )
    return any([_is_ed25519(public, content, signature) for signature in signatures])


def _is_ed25519(public: Ed25519PublicKey, content: bytes, signature: bytes) -> bool:
    version, _, text = signature.partition(b",")
    raw = strict_base64(text) if version == b"v1a" else None
    if raw is None or len(raw) != 64:
        return False
    try:
        public.verify(raw, content)
    except InvalidSignature:
        return False
    return True


# --- HMAC in a header ------------------------------------------------------------------------------------------------


class HmacScheme(msgspec.Struct, frozen=True, kw_only=True):
    """How a sender signs: everything that differs between GitHub, Slack, Stripe, Grafana, Zendesk, PagerDuty...

    The HMAC is over ``content``, in which ``{body}``, ``{timestamp}`` and ``{id}`` stand for the raw bytes of the
    request; it is found in ``header``, after ``prefix``, among the items of a list if there is a ``separator``.
    """

    header: str
    """Name in lower case."""
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    """In front of each signature: ``sha256=``, ``v0=``, ``v1=``. An item without it is ignored."""
    separator: str = ""
    """Between the items of the header: ``,``; "" when the whole value is one signature."""
    content: str = "{body}"
    timestamp_header: str = ""
    timestamp_prefix: str = ""
    """Instead of a header: the item of the signature's list that holds the time, as Stripe's ``t=``."""
    id_header: str = ""
    tolerance_s: float = TOLERANCE_S


PRESETS: Mapping[str, HmacScheme] = {
    "github": HmacScheme(header="x-hub-signature-256", prefix="sha256="),
    "slack": HmacScheme(
        header="x-slack-signature",
        prefix="v0=",
        content="v0:{timestamp}:{body}",
        timestamp_header="x-slack-request-timestamp",
    ),
    "stripe": HmacScheme(
        header="stripe-signature", prefix="v1=", separator=",", content="{timestamp}.{body}", timestamp_prefix="t="
    ),
    "grafana": HmacScheme(header="x-grafana-alerting-signature"),
    "jira": HmacScheme(header="x-hub-signature", prefix="sha256="),
    "zendesk": HmacScheme(
        header="x-zendesk-webhook-signature",
        encoding="base64",
        content="{timestamp}{body}",
        timestamp_header="x-zendesk-webhook-signature-timestamp",
    ),
    "zammad": HmacScheme(header="x-hub-signature", algorithm="sha1", prefix="sha1="),
    "pagerduty": HmacScheme(header="x-pagerduty-signature", prefix="v1=", separator=","),
    "sentry": HmacScheme(header="sentry-hook-signature"),
}

_PLACEHOLDER = re.compile(r"\{(body|timestamp|id)\}")
_UNIX_S = re.compile(r"[0-9]{1,11}")
_UNIX_MS = re.compile(r"[0-9]{13}")
_RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]+(?:[Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII)


def check_scheme(scheme: HmacScheme) -> list[str]:
    """What is wrong with a scheme, as message ids; [] if it can be used."""
    names = set(_PLACEHOLDER.findall(scheme.content))
    timed = bool(scheme.timestamp_header or scheme.timestamp_prefix)
    faults = {
        "scheme.header_missing": not scheme.header,
        "scheme.content_without_body": "body" not in names,
        "scheme.content_unreadable": bool(set(_PLACEHOLDER.sub("", scheme.content)) & set("{}")),
        "scheme.timestamp_unnamed": "timestamp" in names and not timed,
        # A time that is not signed can be changed by whoever replays the request.
        "scheme.timestamp_unsigned": timed and "timestamp" not in names,
        "scheme.timestamp_twice": bool(scheme.timestamp_header and scheme.timestamp_prefix),
        "scheme.timestamp_without_separator": bool(scheme.timestamp_prefix and not scheme.separator),
        "scheme.id_unnamed": "id" in names and not scheme.id_header,
        "scheme.tolerance": timed and not scheme.tolerance_s > 0,
    }
    return [fault for fault, present in faults.items() if present]


def verify_hmac(scheme: HmacScheme, headers: Headers, body: bytes, secrets: Sequence[bytes], now: float) -> str:
    """Judges a request by ``scheme``; any signature by any secret will do. ``now`` is in seconds since 1970."""
    present = present_secrets(secrets)
    if not present:
        return "secret.unconfigured"
    if check_scheme(scheme):
        return "scheme.invalid"
    value, reason = single_header(headers, scheme.header)
    if reason or not value:
        return reason or "signature.missing"
    items = [item.strip(" ") for item in value.split(scheme.separator)] if scheme.separator else [value]
    if len(items) > MAX_SIGNATURES:
        return "signature.too_many"
    timestamp, reason = _timestamp_of(scheme, headers, items)
    if reason:
        return reason
    message_id, reason = single_header(headers, scheme.id_header) if scheme.id_header else ("", "")
    if reason or (scheme.id_header and not message_id):
        return reason or "id.missing"
    given = [wire_bytes(item[len(scheme.prefix) :]) for item in items if item.startswith(scheme.prefix)]
    if scheme.encoding == "hex":
        given = [signature.lower() for signature in given]
    content = _content(scheme, timestamp, message_id, body)
    authentic = False
    for secret in present:
        expected = _hmac_text(scheme, secret, content)
        authentic |= bool(sum([hmac.compare_digest(expected, signature) for signature in given]))
    if not authentic:
        return "signature.mismatch"
    return _judge_time(timestamp, now, scheme.tolerance_s) if timestamp else ""


def sign_hmac(
    scheme: HmacScheme, secret: bytes, body: bytes, timestamp: str = "", message_id: str = ""
) -> tuple[tuple[str, str], ...]:
    """The headers that a sender of ``scheme`` adds. ``timestamp`` is written as given (seconds, ms or RFC 3339).

    Raises ValueError (``secret.unconfigured``, ``scheme.invalid``) when it can't be signed.
    """
    if not present_secrets([secret]):
        raise ValueError("secret.unconfigured")
    if check_scheme(scheme):
        raise ValueError("scheme.invalid")
    text = scheme.prefix + _hmac_text(scheme, secret, _content(scheme, timestamp, message_id, body)).decode()
    if scheme.timestamp_prefix:
        text = f"{scheme.timestamp_prefix}{timestamp}{scheme.separator}{text}"
    added = [(scheme.header, text)]
    if scheme.timestamp_header:
        added.append((scheme.timestamp_header, timestamp))
    if scheme.id_header:
        added.append((scheme.id_header, message_id))
    return tuple(added)


def _timestamp_of(scheme: HmacScheme, headers: Headers, items: Sequence[str]) -> tuple[str, str]:
    if scheme.timestamp_header:
        value, reason = single_header(headers, scheme.timestamp_header)
        return value, reason or ("" if value else "timestamp.missing")
    if scheme.timestamp_prefix:
        found = [item for item in items if item.startswith(scheme.timestamp_prefix)]
        if len(found) != 1:
            return "", "timestamp.malformed" if found else "timestamp.missing"
        value = found[0][len(scheme.timestamp_prefix) :]
        return value, "" if value else "timestamp.missing"
    return "", ""


def _judge_time(timestamp: str, now: float, tolerance_s: float) -> str:
    if _UNIX_S.fullmatch(timestamp):
        at_s = float(timestamp)
    elif _UNIX_MS.fullmatch(timestamp):
        at_s = int(timestamp) / 1000
    elif _RFC_3339.fullmatch(timestamp):
        try:
            at_s = datetime.fromisoformat(timestamp.upper()).astimezone(UTC).timestamp()
        except (ValueError, OverflowError):
            return "timestamp.malformed"
    else:
        return "timestamp.malformed"
    return "" if abs(now - at_s) <= tolerance_s else "timestamp.stale"


def _content(scheme: HmacScheme, timestamp: str, message_id: str, body: bytes) -> bytes:
    values = {"body": body, "timestamp": wire_bytes(timestamp), "id": wire_bytes(message_id)}
    # re.split with a group: texts at even places, placeholders' names at odd ones.
    parts = _PLACEHOLDER.split(scheme.content)
    return b"".join(values[part] if place % 2 else part.encode() for place, part in enumerate(parts))


def _hmac_text(scheme: HmacScheme, secret: bytes, content: bytes) -> bytes:
    digest = hmac.digest(secret, content, scheme.algorithm)
    return base64.b64encode(digest) if scheme.encoding == "base64" else binascii.hexlify(digest)
