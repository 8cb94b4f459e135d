"""Every outside system that the hub knows: one line each. Modules are imported when they are first asked for.

A source's folder holds ``source.py`` (a class that is a ``ports.Source``, ``sign``, perhaps ``sign_body``),
``fixtures/`` and ``README.md``. A fixture is ``<name>.json`` or ``<name>.form`` (the body), ``<name>.expected.json``
(its events, without ids and defaults), and where needed ``<name>.headers.json`` and ``<name>.settings.json``.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import msgspec

from centralita.core.events import EventType
from centralita.i18n import N_
from centralita.ports import Destination, RawRequest, Source

T = TypeVar("T")

_FOLDER = Path(__file__).parent
_CONTENT_TYPES = {".json": "application/json", ".form": "application/x-www-form-urlencoded"}
_BESIDE = (".expected.json", ".headers.json", ".settings.json")


class _Lazy(Mapping[str, T], Generic[T]):
    """Kind to its one instance, made at first use from ``<package>.<module>:<class>``."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._made: dict[str, T] = {}

    def __getitem__(self, kind: str) -> T:
        if kind not in self._made:
            module, _, name = self._places[kind].partition(":")
            self._made[kind] = getattr(importlib.import_module(f"centralita.integrations.{module}"), name)()
        return self._made[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


SOURCES: Mapping[str, Source] = _Lazy[Source](
    {
        "alertmanager": "alertmanager.source:AlertmanagerSource",
        "botmaker": "botmaker.source:BotmakerSource",
        "cmmshere": "cmmshere.source:CmmshereSource",
        "generic": "generic.source:GenericSource",
        "github": "github.source:GithubSource",
        "gitlab": "gitlab.source:GitlabSource",
        "grafana": "grafana.source:GrafanaSource",
        "invgate": "invgate.source:InvgateSource",
        "jira": "jira.source:JiraSource",
        "nopesight": "nopesight.source:NopesightSource",
        "pagerduty": "pagerduty.source:PagerDutySource",
        "sentry": "sentry.source:SentrySource",
        "troubleshooting": "troubleshooting.source:TroubleshootingSource",
        "zammad": "zammad.source:ZammadSource",
        "zendesk": "zendesk.source:ZendeskSource",
    }
)

DESTINATIONS: Mapping[str, Destination] = _Lazy[Destination](
    {
        "invgate": "invgate.destination:InvgateDestination",
        "slack": "slack.destination:SlackDestination",
        "webhook": "webhook.destination:WebhookDestination",
    }
)


FAULTS: Mapping[str, str] = {
    "setting.unknown": N_("There is no such setting."),
    "setting.missing": N_("This setting is needed."),
    "setting.choice": N_("This is none of the possible values."),
    "setting.type": N_("This is not the kind of value that the setting takes."),
    "setting.severity": N_("A severity is critical, high, medium, low or info."),
    "setting.phase": N_("A phase is open or closed."),
    "setting.event_type": N_("This is not an event type that the source may produce."),
    "setting.timezone": N_("There is no time zone of that name."),
    "setting.network": N_("This is no list of networks such as 203.0.113.0/24."),
    "setting.url": N_("This is no web address, or it has a name in braces that is not known here."),
    "setting.header": N_("This can't be the name of a header."),
    "setting.pattern": N_("This pattern can't be read (its syntax is RE2's)."),
    "setting.template": N_("This Liquid template can't be read."),
    "setting.preset": N_("There is no preset of that name."),
    "secret.unconfigured": N_("A secret is missing: nothing that arrives will be believed."),
    "secret.malformed": N_("A secret does not have the form that this kind of proof needs."),
    "scheme.header_missing": N_("The header with the signature is not named."),
    "scheme.content_without_body": N_("What is signed has to contain the body."),
    "scheme.content_unreadable": N_("What is signed contains braces that stand for nothing."),
    "scheme.timestamp_unnamed": N_("The time is signed, but it is not said where it stands."),
    "scheme.timestamp_unsigned": N_("The time is read, but it is not part of what is signed."),
    "scheme.timestamp_twice": N_("The time can stand in a header or in the signature, not in both."),
    "scheme.timestamp_without_separator": N_("With the time inside the signature a separator is needed."),
    "scheme.id_unnamed": N_("The id is signed, but it is not said in which header it stands."),
    "scheme.tolerance": N_("The tolerance has to be more than 0 seconds."),
}
"""Message id that ``Source.check`` gives behind a setting's path, to what it says to a person."""


def source(kind: str) -> Source:
    """The source of that kind; LookupError, which names the kinds that there are, for an unknown one."""
    return _one_of(SOURCES, kind)


def readme(kind: str) -> Path:
    """The page of an integration's folder: how to set it up at the sender, in Spanish and English."""
    return _FOLDER / kind / "README.md"


def configured(kind: str, settings: Mapping[str, object]) -> tuple[Source, Mapping[str, object]]:
    """The source of a configured kind with its settings; a preset's name is the ``generic`` source with that preset.

    LookupError, which names the kinds and presets that there are, for an unknown one.
    """
    if kind in _presets():
        return source("generic"), {"preset": kind, **settings}
    return _one_of(SOURCES, kind, kinds()), settings


def kinds() -> list[str]:
    """What a configured source's kind may be: every kind of source, and every preset."""
    return sorted((*SOURCES, *_presets()))


def proof(integration: Source, settings: Mapping[str, object]) -> str:
    """How a sender of these settings proves itself, as ``auth`` names it; "" for a kind that has one way only."""
    effective = importlib.import_module("centralita.integrations.generic.presets").effective
    default = next((field.default for field in integration.fields if field.name == "auth"), None)
    return str(effective(settings).get("auth") or default or "")


def proof_headers(integration: Source, settings: Mapping[str, object], secret: bytes, now: float) -> tuple[str, ...]:
    """Names (lower case) of the headers by which a sender of these settings proves itself; () when there are none, or
    when no example tells."""
    for fixture in examples(integration.kind, settings).values():
        try:
            request = signed(integration.kind, fixture, [secret], settings, now)
        except ValueError:
            continue
        return tuple(sorted({name for name, _ in request.headers} - {name.lower() for name in fixture.headers}))
    return ()


def _presets() -> tuple[str, ...]:
    return importlib.import_module("centralita.integrations.generic.presets").names()  # type: ignore[no-any-return]


def destination(kind: str) -> Destination:
    """The destination of that kind; LookupError, which names the kinds that there are, for an unknown one."""
    return _one_of(DESTINATIONS, kind)


def _one_of(known: Mapping[str, T], kind: str, names: Iterable[str] = ()) -> T:
    if kind not in known:
        raise LookupError(f"{kind}: one of {', '.join(sorted(names or known))}")
    return known[kind]


def event_types() -> dict[str, EventType]:
    """Every event type that any kind of source declares, by name, with the aliases that any of them gives it."""
    found: dict[str, EventType] = {}
    for kind in sorted(SOURCES):
        for name, declared in SOURCES[kind].types.items():
            before = found[name].aliases if name in found else ()
            aliases = tuple(dict.fromkeys((*before, *declared.aliases)))
            found[name] = msgspec.structs.replace(declared, aliases=aliases)
    return found


class Fixture(msgspec.Struct, frozen=True, kw_only=True):
    """An example of what a sender posts, and what comes of it."""

    name: str
    content_type: str
    body: bytes
    headers: dict[str, str]
    """Those that the sender adds beyond its signature; names in lower case."""
    settings: dict[str, object]
    """Under which ``expected`` holds; {} for the defaults."""
    expected: list[dict[str, Any]]


def fixtures(kind: str) -> dict[str, Fixture]:
    """The examples of a kind of source, or of a preset, by name; {} when it has none."""
    if kind not in SOURCES:
        return examples("generic", {"preset": kind}) if kind in _presets() else {}
    folder = _FOLDER / kind / "fixtures"
    files = (path for path in sorted(folder.glob("*")) if path.suffix in _CONTENT_TYPES)
    bodies = [path for path in files if not path.name.endswith(_BESIDE)]
    return {path.stem: _fixture(path) for path in bodies}


def examples(kind: str, settings: Mapping[str, object]) -> dict[str, Fixture]:
    """The fixtures of a kind that a source of these settings is for: with a preset its own, without one the others."""
    wanted = settings.get("preset")
    return {name: each for name, each in fixtures(kind).items() if each.settings.get("preset") == wanted}


def _fixture(path: Path) -> Fixture:
    expected, headers, settings = (path.with_name(path.stem + ending) for ending in _BESIDE)
    added: dict[str, str] = msgspec.json.decode(headers.read_bytes()) if headers.exists() else {}
    return Fixture(
        name=path.stem,
        content_type=added.get("content-type", _CONTENT_TYPES[path.suffix]),
        body=path.read_bytes(),
        headers={"content-type": _CONTENT_TYPES[path.suffix], **added},
        settings=msgspec.json.decode(settings.read_bytes()) if settings.exists() else {},
        expected=msgspec.json.decode(expected.read_bytes()),
    )


def signed(
    kind: str, fixture: Fixture, secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> RawRequest:
    """``fixture`` as a sender configured with ``secrets`` and ``settings`` posts it at ``now`` (seconds since 1970);
    ``kind`` may be a preset.

    With ``auth: key`` the secret is in ``key``, the last part of the address, and in no header. A sender that signs
    inside the body has a ``sign_body(body, secrets, settings) -> bytes`` beside ``sign``. Raises ValueError
    (``secret.unconfigured``, ``secret.malformed``, ``scheme.invalid``) when it can't be signed.
    """
    if not secrets:
        raise ValueError("secret.unconfigured")
    integration, settings = configured(kind, settings)
    module = importlib.import_module(f"centralita.integrations.{integration.kind}.source")
    body = fixture.body
    if hasattr(module, "sign_body"):
        body = cast(bytes, module.sign_body(body, secrets, settings))
    headers = cast(dict[str, str], module.sign(body, fixture.headers, secrets, settings, now))
    key = secrets[0].decode("latin-1") if headers == fixture.headers and body == fixture.body else ""
    return RawRequest(method="POST", query="", headers=tuple(headers.items()), body=body, key=key)
