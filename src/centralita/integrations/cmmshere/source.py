"""CMMShere as a source: work requests, work orders, clients, assets and contacts, when they are created or changed.

The vendor documents the envelope ``{created, object: "event", type, data: {object, client, user, asset}}``, four types
by example and no signature; so the proof is the key in the address, and the networks it is sent from can be named.
Source: https://cmmshere.com/webhooks
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

import msgspec

from centralita.core import source_settings
from centralita.core.addresses import is_allowed, read_networks
from centralita.core.attributes import (
    filled_url,
    instant,
    one_line,
    phase_of,
    reference,
    rfc3339,
    severity_of,
    shaped,
    word_table,
)
from centralita.core.event_types import alias_of, declare
from centralita.core.events import Event, EventType, Phase, event_id
from centralita.core.payload import PayloadError, decode_trusted, find, mapping, text
from centralita.core.proofs import proof_of, sign_proof, verify_proof
from centralita.integrations.cmmshere.records import PATHS, Thing, read_records, thing_of, title_of
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

_VERBS = ("created", "updated", "deleted")
_NAMES: Mapping[Thing, tuple[str, ...]] = {
    "ticket": ("sol", "ot"),
    "client": ("cli",),
    "asset": ("act",),
    "contact": ("cliusu", "con"),
}
TYPES: Mapping[str, EventType] = declare(
    tuple(f"{thing}.{verb}" for thing in _NAMES for verb in _VERBS),
    EventType("cmmshere.unknown", "CMMShere sent something that the source does not know."),
    aliases={
        f"{thing}.{verb}": tuple(f"{name}.{verb}" for name in names)
        for thing, names in _NAMES.items()
        for verb in _VERBS
    },
)

AUTH = ("key",)
LINK_NAMES = ("id", "code", "kind")
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: a secret as the last part of the address.",
        type="choice",
        default="key",
        choices=AUTH,
    ),
    ConfigField(
        name="networks",
        help="Networks that requests may come from, such as 203.0.113.0/24; any if not set.",
        type="list",
    ),
    ConfigField(name="url", help="Address of a page at the sender, with {id}, {code} and {kind} in it."),
    ConfigField(name="severity", help="The sender's priority to a severity.", type="map"),
    ConfigField(name="phases", help="The sender's status to open or closed.", type="map"),
    ConfigField(name="timezone", help="Time zone of times that come without one; UTC if not set."),
)


class CmmshereSource:
    """See ``ports.Source``."""

    kind = "cmmshere"
    types: Mapping[str, EventType] = TYPES
    fields = FIELDS
    paths = PATHS

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        return [*source_settings.secret_faults(secrets), *source_settings.faults(settings, _CHECKS)]

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        reason = verify_proof(proof_of(settings, "key"), request, secrets, now)
        reason = reason or _judge_remote(request.remote, settings.get("networks"))
        return Verdict(ok=not reason, reason=reason, dedupe_key="" if reason else _dedupe_key(request))

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body = decode_trusted(receipt.body, receipt.content_type)
        return [_event(receipt, body if isinstance(body, dict) else {"body": body}, settings)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``: none of its own."""
    return sign_proof(proof_of(settings, "key"), body, headers, secrets[0], now)


def _judge_remote(remote: str, networks: object) -> str:
    """ "" when requests from ``remote`` are taken, else a message id."""
    if networks is None:
        return ""
    try:
        allowed = read_networks([str(network) for network in networks] if isinstance(networks, list | tuple) else [""])
        return "" if is_allowed(ip_address(remote), allowed) else "network.refused"
    except ValueError:
        return "network.refused"


def _dedupe_key(request: RawRequest) -> str:
    """There is no id of the event: what happened to which object when is the same in every repetition."""
    try:
        body = decode_trusted(request.body, request.header("content-type") or "")
    except PayloadError:
        return ""  # Whoever takes it in refuses what can't be read.
    parts: list[object] = [text(body, path) for path in ("type", "data.object.id", "created")]
    if not all(parts):
        return ""
    if not str(parts[0]).endswith((".created", ".deleted")):
        # Whether ``created`` is the event's time or its object's is not documented. Of one object there are many
        # changes: two that differ must not be taken for one.
        parts.append(mapping(body, "data"))
    return f"sha256:{hashlib.sha256(msgspec.json.encode(parts, order='sorted')).hexdigest()}"


# --- What it says ----------------------------------------------------------------------------------------------------


def _event(receipt: Receipt, body: dict[str, Any], settings: Mapping[str, object]) -> Event:
    name = one_line(body.get("type"))
    prefix, _, verb = name.lower().partition(".")
    thing = thing_of(prefix, body)
    kind = f"{thing}.{verb}" if thing and verb in _VERBS else "cmmshere.unknown"
    link = {
        "id": find(body, "data.object.id"),
        "code": find(body, "data.object.codigo"),
        "kind": prefix,
    }
    records = read_records(thing, prefix, body, filled_url(settings.get("url"), link))
    ticket = mapping(records, "ticket")
    status = one_line(ticket.get("status"))
    zone = source_settings.zone_of(settings.get("timezone"))
    time = instant(body.get("created"), zone) if zone else ""
    return Event(
        id=event_id(receipt.id, 0),
        source=receipt.source,
        type=kind,
        alias=alias_of(TYPES, kind, name.lower()),
        time=time or rfc3339(receipt.received_at),
        subject=reference(thing or "object", find(body, "data.object.id")),
        severity=severity_of(ticket.get("priority"), word_table(settings.get("severity"))),
        title=title_of(thing, records) or ("" if thing else name),
        category=one_line(ticket.get("category")),
        status=status,
        phase=_phase(kind, status, word_table(settings.get("phases"))),
        url=text(records, f"{thing}.url") if thing else "",
        data=shaped(records),
    )


def _phase(kind: str, status: str, own: Mapping[str, str]) -> Phase:
    if kind == "ticket.deleted":
        return "closed"  # whatever its status was
    return phase_of(status, own) or ("open" if kind == "ticket.created" else "")


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "networks": source_settings.networks,
    "url": source_settings.url_with(*LINK_NAMES),
    "severity": source_settings.severities,
    "phases": source_settings.phases,
    "timezone": source_settings.timezone,
}
