"""Checks of a configured source's settings: a table of one check per setting, faults as ``path: message id``.

``setting.unknown, setting.missing, setting.choice, setting.type, setting.severity, setting.phase, setting.event_type,
setting.timezone, setting.header, setting.pattern, setting.template, setting.preset, setting.network, setting.url,
secret.unconfigured, secret.malformed``; those of a signature scheme come from ``signing``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from centralita.core.addresses import read_networks
from centralita.core.attributes import TYPE, blanks, filled_url
from centralita.core.credentials import present_secrets
from centralita.core.events import SEVERITIES
from centralita.core.headers import judge_header
from centralita.core.signing import parse_key

Check = Callable[[object], Iterator[tuple[str, str]]]
"""Yields ``(path below the setting or "", message id)`` for each fault of a value."""


def faults(settings: Mapping[str, object], checks: Mapping[str, Check]) -> list[str]:
    """Every fault of ``settings``: a setting that has no check is unknown, one that is None counts as not given."""
    found = []
    for name, value in settings.items():
        if name not in checks:
            found.append(f"{name}: setting.unknown")
        elif value is not None:
            found += [f"{name}{'.' if below else ''}{below}: {fault}" for below, fault in checks[name](value)]
    return found


def secret_faults(secrets: Sequence[bytes], auth: object = "") -> list[str]:
    """``secrets: secret.unconfigured`` when there is none that is one, ``secrets: secret.malformed`` when one has not
    the form that the proof ``auth`` needs."""
    if not present_secrets(secrets):
        return ["secrets: secret.unconfigured"]
    is_formed = _SECRET_FORMS.get(auth) if isinstance(auth, str) else None
    return [] if is_formed is None or all(map(is_formed, secrets)) else ["secrets: secret.malformed"]


_SECRET_FORMS: Mapping[str, Callable[[bytes], bool]] = {
    "basic": lambda secret: b":" in secret,
    "standard": lambda secret: parse_key(secret) is not None,
}


def one_of(choices: Sequence[str]) -> Check:
    """One of ``choices``."""

    def check(value: object) -> Iterator[tuple[str, str]]:
        if value not in choices:
            yield "", "setting.choice"

    return check


def text(value: object) -> Iterator[tuple[str, str]]:
    """A text that isn't empty."""
    if not isinstance(value, str) or not value.strip():
        yield "", "setting.type"


def any_text(value: object) -> Iterator[tuple[str, str]]:
    """A text, also an empty one."""
    if not isinstance(value, str):
        yield "", "setting.type"


def texts(value: object) -> Iterator[tuple[str, str]]:
    """A list of texts."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
        yield "", "setting.type"


def checked(is_right: Callable[[object], bool], fault: str) -> Check:
    """Whatever ``is_right`` accepts."""

    def check(value: object) -> Iterator[tuple[str, str]]:
        if not is_right(value):
            yield "", fault

    return check


def seconds(value: object) -> Iterator[tuple[str, str]]:
    """A number of seconds above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        yield "", "setting.type"


def header_name(value: object) -> Iterator[tuple[str, str]]:
    """The name of a header."""
    if not isinstance(value, str) or judge_header(value, ""):
        yield "", "setting.header"


def networks(value: object) -> Iterator[tuple[str, str]]:
    """A list of networks such as ``203.0.113.0/24``."""
    listed = value if isinstance(value, list | tuple) else [None]
    for network in listed:
        try:
            read_networks([network if isinstance(network, str) else ""])
        except ValueError:
            yield "", "setting.network"
            return


def url_with(*names: str) -> Check:
    """A web address in which ``{name}``, of ``names``, stands for what is known of the event."""

    def check(value: object) -> Iterator[tuple[str, str]]:
        known = dict.fromkeys(names, "x")
        if not isinstance(value, str) or not blanks(value) <= known.keys() or not filled_url(value, known):
            yield "", "setting.url"

    return check


def timezone(value: object) -> Iterator[tuple[str, str]]:
    """A name of the time zone database, such as ``America/Argentina/Buenos_Aires``."""
    if zone_of(value) is None:
        yield "", "setting.timezone"


def zone_of(value: object) -> tzinfo | None:
    """The time zone of that name; UTC for None and "", None for an unknown one."""
    if not value:
        return UTC
    try:
        return ZoneInfo(str(value))
    except (ValueError, OSError, LookupError):
        return None


def table(is_meaning: Callable[[object], bool], fault: str) -> Check:
    """A map from a sender's words to meanings that ``is_meaning`` accepts."""

    def check(value: object) -> Iterator[tuple[str, str]]:
        if not isinstance(value, Mapping):
            yield "", "setting.type"
            return
        for key, meaning in value.items():
            if not is_meaning(meaning):
                yield str(key), fault

    return check


severities = table(lambda meaning: meaning in SEVERITIES, "setting.severity")
phases = table(lambda meaning: meaning in ("open", "closed"), "setting.phase")


def event_types(known: Callable[[str], bool] = lambda name: True) -> Check:
    """A map from a sender's words to event types, of those that ``known`` accepts."""
    return table(
        lambda meaning: isinstance(meaning, str) and bool(TYPE.fullmatch(meaning)) and known(meaning),
        "setting.event_type",
    )
