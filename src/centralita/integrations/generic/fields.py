"""The settings of a generic source, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from centralita.core import signing, source_settings, templates
from centralita.core.source_settings import Check
from centralita.integrations.generic.mapping import is_liquid, sources_of
from centralita.integrations.generic.plan import ALGORITHMS, ENCODINGS, compile_pattern, is_type_pattern, scheme_of
from centralita.integrations.generic.presets import effective, names
from centralita.ports import ConfigField

AUTH = ("standard", "hmac", "bearer", "basic", "header", "key")

FIELDS = (
    ConfigField(name="preset", help="A sender that is known already; what is set here comes before it."),
    ConfigField(
        name="auth",
        help="How the sender proves itself: standard (Standard Webhooks), hmac (a signature in a header), bearer, "
        "basic (the secret is user:password), header (the secret in a header) or key (the secret in the address).",
        type="choice",
        choices=AUTH,
        required=True,
    ),
    ConfigField(name="header", help="With auth hmac or header: the header that carries the signature or the secret."),
    ConfigField(
        name="scheme",
        help="With auth hmac: a sender whose way of signing is known.",
        type="choice",
        choices=tuple(sorted(signing.PRESETS)),
    ),
    ConfigField(
        name="algorithm", help="With auth hmac: the hash.", type="choice", default="sha256", choices=ALGORITHMS
    ),
    ConfigField(
        name="encoding",
        help="With auth hmac: how the signature is written.",
        type="choice",
        default="hex",
        choices=ENCODINGS,
    ),
    ConfigField(name="prefix", help="With auth hmac: what stands in front of the signature, such as sha256=."),
    ConfigField(name="separator", help="With auth hmac: what stands between several signatures, such as a comma."),
    ConfigField(
        name="content",
        help="With auth hmac: what is signed, with {body}, {timestamp} and {id} in their places.",
        default="{body}",
    ),
    ConfigField(name="timestamp_header", help="With auth hmac: the header that carries the signed time."),
    ConfigField(
        name="timestamp_prefix", help="With auth hmac: what stands in front of the time among the signatures, as t=."
    ),
    ConfigField(
        name="tolerance_s",
        help="How many seconds a signed time may be off.",
        type="number",
        default=signing.TOLERANCE_S,
    ),
    ConfigField(name="id_header", help="A header that carries the sender's own id of the request."),
    ConfigField(
        name="let",
        help="A name for what several entries of map need: worked out first, in the same way, and read by that name.",
        type="map",
    ),
    ConfigField(
        name="map",
        help="Our name of a field to its path in the body, to a Liquid template, or to several of them to try.",
        type="map",
    ),
    ConfigField(name="events", help="The sender's name of an event to an event type.", type="map"),
    ConfigField(name="types", help="The event types that the sender may use itself, such as invoice.*.", type="list"),
    ConfigField(name="severity", help="The sender's word for a severity to ours.", type="map"),
    ConfigField(name="phases", help="The sender's status to open or closed.", type="map"),
    ConfigField(name="statuses", help="The sender's status to the word that people read.", type="map"),
    ConfigField(name="timezone", help="Time zone of times that come without one; UTC if not set."),
    ConfigField(
        name="absent", help="Patterns (RE2) of texts that mean nothing, such as a macro without a value.", type="list"
    ),
    ConfigField(name="embedded", help="Paths of texts that hold JSON, to be read as JSON.", type="list"),
    ConfigField(
        name="unwrap",
        help="Paths of objects whose content is read as if it stood at the top, such as an envelope.",
        type="list",
    ),
    ConfigField(name="html", help="Paths of rich texts (HTML), to be read as plain text.", type="list"),
    ConfigField(name="omit", help="Paths that are left out of the event, such as credentials.", type="list"),
)


def faults(settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
    """Everything that is wrong with a generic source; see ``ports.Source.check``."""
    whole = effective(settings)
    auth = whole.get("auth")
    found = [*source_settings.secret_faults(secrets, auth), *source_settings.faults(settings, _CHECKS)]
    if auth is None:
        found.append("auth: setting.missing")
    elif auth == "header" and not whole.get("header"):
        found.append("header: setting.missing")
    elif auth == "hmac" and not found:
        found += [f"header: {fault}" for fault in signing.check_scheme(scheme_of(whole))]
    return found


def _mapping(value: object) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        yield "", "setting.type"
        return
    for name, entry in value.items():
        listed = entry if isinstance(entry, list | tuple) else [entry]
        if entry is not None and len(sources_of(entry)) != len(listed):
            yield str(name), "setting.type"
        for template in filter(is_liquid, sources_of(entry)):
            try:
                templates.check(template, "text")
            except templates.TemplateError:
                yield str(name), "setting.template"


def _types(value: object) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list | tuple):
        yield "", "setting.type"
        return
    for name in value:
        if not is_type_pattern(name):
            yield str(name), "setting.event_type"


def _patterns(value: object) -> Iterator[tuple[str, str]]:
    yield from source_settings.texts(value)
    for pattern in sources_of(value):
        if compile_pattern(pattern) is None:
            yield pattern, "setting.pattern"


def _preset(value: object) -> Iterator[tuple[str, str]]:
    if value not in names():
        yield "", "setting.preset"


_CHECKS: Mapping[str, Check] = {
    "preset": _preset,
    "auth": source_settings.one_of(AUTH),
    "header": source_settings.header_name,
    "scheme": source_settings.one_of(tuple(signing.PRESETS)),
    "algorithm": source_settings.one_of(ALGORITHMS),
    "encoding": source_settings.one_of(ENCODINGS),
    "prefix": source_settings.any_text,
    "separator": source_settings.any_text,
    "content": source_settings.text,
    "timestamp_header": source_settings.header_name,
    "timestamp_prefix": source_settings.any_text,
    "tolerance_s": source_settings.seconds,
    "id_header": source_settings.header_name,
    "let": _mapping,
    "map": _mapping,
    "events": source_settings.event_types(is_type_pattern),
    "types": _types,
    "severity": source_settings.severities,
    "phases": source_settings.phases,
    "statuses": source_settings.table(lambda meaning: isinstance(meaning, str) and bool(meaning), "setting.type"),
    "timezone": source_settings.timezone,
    "absent": _patterns,
    "embedded": source_settings.texts,
    "unwrap": source_settings.texts,
    "html": source_settings.texts,
    "omit": source_settings.texts,
}
