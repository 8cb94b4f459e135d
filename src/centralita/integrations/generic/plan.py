"""A configured source's settings, made ready once: what to believe, where to look, what the sender's words mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Any

import msgspec
import re2

from centralita.core.attributes import TYPE, word_table
from centralita.core.event_types import declare
from centralita.core.events import EventType
from centralita.core.payload import tame_number, tame_text
from centralita.core.proofs import Proof
from centralita.core.signing import PRESETS, TOLERANCE_S, HmacScheme
from centralita.core.source_settings import zone_of
from centralita.integrations.generic.mapping import ATTRIBUTES, sources_of
from centralita.integrations.generic.presets import effective

TYPES: Mapping[str, EventType] = declare(
    ("alert.fired", "alert.resolved", "alert.updated"),
    EventType("generic.received", "Something arrived that names no type."),
    EventType("generic.unknown", "Something arrived whose type the source does not declare."),
)

ID_HEADERS = ("webhook-id", "ce-id", "idempotency-key")
_OURS = "centralita."
"""No sender may pretend to be the hub."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """See ``fields.FIELDS`` for what each part is."""

    proof: Proof
    id_headers: tuple[str, ...]
    id_sources: tuple[str, ...]
    """Where a body holds the sender's id of the request; () unless the mapping says so, because the ``id`` of a body
    is as often that of the thing that it is about."""
    let: dict[str, tuple[str, ...]]
    is_mapped: bool
    attributes: dict[str, tuple[str, ...]]
    inside_data: dict[str, tuple[str, ...]]
    events: dict[str, str]
    types: frozenset[str]
    type_prefixes: tuple[str, ...]
    severity: dict[str, str]
    phases: dict[str, str]
    statuses: dict[str, str]
    is_absent: Callable[[str], bool] | None
    embedded: tuple[str, ...]
    unwrap: tuple[str, ...]
    html: tuple[str, ...]
    omit: tuple[str, ...]
    zone: tzinfo

    def declares(self, name: str) -> bool:
        """Whether the source may produce the type ``name``."""
        return name in self.types or (name.startswith(self.type_prefixes) and not name.startswith(_OURS))


def plan_of(settings: Mapping[str, object]) -> Plan:
    """The plan of these settings, from a cache. Wrong settings (``check`` names them) count as not given."""
    return _plan(msgspec.json.encode(settings))


@lru_cache(256)
def _plan(encoded: bytes) -> Plan:
    settings = effective(msgspec.json.decode(encoded))
    given = _sources_by_name(settings.get("map"))
    events = {key: name for key, name in word_table(settings.get("events")).items() if _may_be_type(name)}
    declared = [name for name in sources_of(settings.get("types")) if is_type_pattern(name)]
    id_header = tame_text(settings.get("id_header")).lower()
    return Plan(
        proof=Proof(
            auth=tame_text(settings.get("auth")),
            header=tame_text(settings.get("header")).lower(),
            scheme=scheme_of(settings),
            tolerance_s=_tolerance(settings),
        ),
        id_headers=(id_header, *ID_HEADERS) if id_header else ID_HEADERS,
        id_sources=given.get("id", ()),
        let=_sources_by_name(settings.get("let")),
        is_mapped=bool(given),
        attributes={name: given.get(name, sources) for name, sources in ATTRIBUTES.items()},
        inside_data={name: sources for name, sources in given.items() if name not in ATTRIBUTES},
        events=events,
        types=frozenset((*TYPES, *events.values(), *(name for name in declared if not name.endswith("*")))),
        type_prefixes=tuple(name[:-1] for name in declared if name.endswith("*")),
        severity=word_table(settings.get("severity")),
        phases=word_table(settings.get("phases")),
        statuses=word_table(settings.get("statuses")),
        is_absent=_matcher(sources_of(settings.get("absent"))),
        embedded=sources_of(settings.get("embedded")),
        unwrap=sources_of(settings.get("unwrap")),
        html=sources_of(settings.get("html")),
        omit=sources_of(settings.get("omit")),
        zone=zone_of(settings.get("timezone")) or UTC,
    )


def _sources_by_name(value: object) -> dict[str, tuple[str, ...]]:
    return {name: sources_of(entry) for name, entry in value.items()} if isinstance(value, Mapping) else {}


def is_type_pattern(value: object) -> bool:
    """Whether ``value`` may stand in ``settings.types``: a type, or ``*`` or ``prefix.*``."""
    if not isinstance(value, str):
        return False
    return value == "*" or _may_be_type(f"{value[:-2]}.x" if value.endswith(".*") else value)


def _may_be_type(name: str) -> bool:
    return bool(TYPE.fullmatch(name)) and not name.startswith(_OURS)


def scheme_of(settings: Mapping[str, object]) -> HmacScheme:
    """The HMAC scheme of effective settings: the one named by ``scheme``, with what is set beside it."""
    known: dict[str, Any] = msgspec.structs.asdict(
        PRESETS.get(tame_text(settings.get("scheme")), HmacScheme(header=""))
    )
    own = {name: settings[name] for name in _SCHEME if isinstance(settings.get(name), str)}
    merged = {**known, **own, "tolerance_s": _tolerance(settings)}
    for name in ("header", "timestamp_header", "id_header"):
        merged[name] = str(merged[name]).lower()
    if "{id}" not in merged["content"]:
        merged["id_header"] = ""
    if merged["algorithm"] not in ALGORITHMS or merged["encoding"] not in ENCODINGS:
        merged["header"] = ""  # Fails closed: a scheme without a header verifies nothing.
    return HmacScheme(**merged)


ALGORITHMS = ("sha1", "sha256", "sha512")
ENCODINGS = ("hex", "base64")
_SCHEME = (
    *("header", "algorithm", "encoding", "prefix", "separator", "content"),
    *("timestamp_header", "timestamp_prefix", "id_header"),
)


def _tolerance(settings: Mapping[str, object]) -> float:
    tolerance_s = tame_number(settings.get("tolerance_s"))
    return tolerance_s if tolerance_s and tolerance_s > 0 else TOLERANCE_S


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    compiled = [found for pattern in patterns if (found := compile_pattern(pattern)) is not None]
    return (lambda text: any(pattern.fullmatch(text) for pattern in compiled)) if compiled else None


def compile_pattern(pattern: str) -> Any:
    """A pattern in RE2's syntax, ready to match in linear time; None when it is none."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None
