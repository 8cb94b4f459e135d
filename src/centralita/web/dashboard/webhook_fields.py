"""The form of a webhook: from its settings to fields, from fields to settings, and its faults to their fields.

A field is called as the setting, with dots: so a fault finds its field by its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from centralita.core.conditions import ConditionError, compile_condition
from centralita.core.webhook_formats import FORMATS
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import event_types
from centralita.services.times import span_s
from centralita.services.webhook_checks import Fault
from centralita.services.webhooks import WebhookDetail
from centralita.services.wording import in_words
from centralita.settings.webhooks import Webhook, parted
from centralita.web.dashboard.forms import Form

TEXTS = ("description", "condition", "format", "template", "content_type", "order", "on_dead")
NUMBERS = ("timeout_s", "slow_s", "rate_per_s", "burst", "in_flight", "disable_after_days")
SIGNING = ("scheme", "header", "algorithm", "encoding", "prefix")
AUTH_PLAIN = ("kind", "username", "token_url", "client_id", "scope")
AUTH_HIDDEN = ("password", "token", "client_secret")
AUTH_OF: Mapping[str, tuple[str, ...]] = {
    "basic": ("username", "password"),
    "bearer": ("token",),
    "oauth2": ("token_url", "client_id", "client_secret", "scope"),
}
FIRST_NOUNS = ("ticket", "approval", "incident", "asset", "alert", "message", "session", "ci")
"""What a service desk looks for first; the other nouns follow by name."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True)
class Noun:
    """Event types of one noun, to be ticked."""

    name: str
    whole: str
    """``ticket.*``"""
    types: Sequence[event_types.TypeSummary]
    ticked: int
    """How many of them are."""


def nouns(language: str, ticked: Iterable[str]) -> list[Noun]:
    """Every event type by its noun."""
    chosen, found = set(ticked), dict[str, list[event_types.TypeSummary]]()
    for each in event_types.listing(language):
        found.setdefault(each.name.partition(".")[0], []).append(each)

    def place(name: str) -> tuple[int, str]:
        return (FIRST_NOUNS.index(name) if name in FIRST_NOUNS else len(FIRST_NOUNS), name)

    return [
        Noun(name, f"{name}.*", found[name], sum(each.name in chosen for each in found[name]) + (f"{name}.*" in chosen))
        for name in sorted(found, key=place)
    ]


def known_types() -> set[str]:
    """What the form has a box for."""
    names = set(event_types.declared())
    return {"*", *names, *(f"{name.partition('.')[0]}.*" for name in names)}


# ---- from settings to fields


def fresh() -> Form:
    """The form of a new webhook."""
    plain, _hidden = parted(Webhook(name="-", types=()))
    return _form({**plain, "name": "", "scheme": "v1"})


def of(detail: WebhookDetail) -> Form:
    """The form of a webhook that there is, without what is secret."""
    return _form(detail.settings)


def _form(plain: Mapping[str, Any]) -> Form:
    types = list(plain.get("types", ()))
    values = {name: _written(plain.get(name)) for name in ("name", "scheme", *TEXTS, *NUMBERS)}
    values["schedule_s"] = " ".join(map(span_of, plain.get("schedule_s", ())))
    values["channels"] = ", ".join(plain.get("channels", ()))
    values["other_types"] = ", ".join(each for each in types if each not in known_types())
    for section, names in (("signing", SIGNING), ("auth", AUTH_PLAIN)):
        said = plain.get(section) or {}
        values |= {f"{section}.{name}": _written(said.get(name)) for name in names}
    return Form(values=values, lists={"types": [each for each in types if each in known_types()]})


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def span_of(seconds: float) -> str:
    """``5s``, ``30m``, ``2h``: as ``services.times.span_s`` reads it."""
    for length, unit in _UNITS:
        if seconds >= length and seconds % length == 0:
            return f"{int(seconds // length)}{unit}"
    return f"{seconds:g}"


# ---- from fields to settings


def given(form: Form, language: str, *, new: bool) -> dict[str, Any]:
    """What ``webhook_changes.add`` or ``change`` takes. What can't be read becomes a fault of the form."""
    found: dict[str, Any] = {name: form.get(name) for name in TEXTS if name in form.values}
    found["template"] = form.values.get("template", "").strip("\n")
    found |= {name: number(form.get(name)) for name in NUMBERS}
    found["schedule_s"] = schedule(form.get("schedule_s"))
    found["channels"] = names_in(form.get("channels"))
    found["types"] = types_of(form)
    found["headers"] = _headers(form, language)
    found["signing"] = {name: form.get(f"signing.{name}") for name in SIGNING if form.get(f"signing.{name}")}
    found["auth"] = _auth(form)
    for name in ("url", "client_certificate"):
        if form.get(name):
            found[name] = form.get(name)
    if form.ticked("forget_certificate"):
        found["client_certificate"] = None
    if new:
        found["name"] = form.get("name")
        if form.get("secret"):
            found["secret"] = form.get("secret")
        found["headers"] = {name: value for name, value in found["headers"].items() if value is not None}
    return found


def types_of(form: Form) -> list[str]:
    """The boxes that are ticked and the names beside them, each once."""
    return list(dict.fromkeys((*form.all("types"), *names_in(form.get("other_types")))))


def schedule(text: str) -> list[Any]:
    """Seconds of ``5s 5m 2h``; what can't be read stays, and the settings say what is wrong with it."""
    return [span_s(each) or each for each in re.split(r"[\s,;]+", text) if each]


def names_in(text: str) -> list[str]:
    """Names with commas or one a line."""
    return [each.strip() for each in re.split(r"[,\n]", text) if each.strip()]


def number(text: str) -> Any:
    """As the settings read numbers; with a comma too. Nothing is the default."""
    return text.replace(",", ".") or None


def _headers(form: Form, language: str) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(form.all("forget_header"))
    for line in form.get("headers").splitlines():
        name, colon, value = line.partition(":")
        if line.strip() and not colon:
            form.fault("headers", _("A header is NAME: VALUE, one a line.", language))
        elif line.strip():
            found[name.strip()] = value.strip()
    return found


def _auth(form: Form) -> dict[str, Any] | None:
    kind = form.get("auth.kind")
    if not kind:
        return None
    found: dict[str, Any] = {name: form.get(f"auth.{name}") or None for name in AUTH_PLAIN}
    of_kind = AUTH_OF.get(kind, ())
    for name in AUTH_HIDDEN:
        if name not in of_kind:
            found[name] = None  # what another way of proof needed is forgotten
        elif form.values.get(f"auth.{name}"):
            found[name] = form.values[f"auth.{name}"]
    return found


# ---- faults


def tell(form: Form, faults: Iterable[Fault], language: str) -> None:
    """Each fault at its field; one of a field that the form does not have at the top."""
    known = {"name", "url", "types", "channels", "headers", "secret", "client_certificate", "schedule_s"}
    known |= {*TEXTS, *NUMBERS, *(f"signing.{name}" for name in SIGNING)}
    known |= {f"auth.{name}" for name in (*AUTH_PLAIN, *AUTH_HIDDEN)}
    for fault in faults:
        at = next((name for name in (fault.at, fault.at.partition(".")[0]) if name in known), "")
        text = in_words(fault.reason, fault.arguments, language)
        caret = _caret(form.get("condition")) if at == "condition" else ""
        form.fault(at, text if at else f"{fault.at}: {text}", caret)


def _caret(condition: str) -> str:
    try:
        compile_condition(condition)
    except ConditionError as error:
        return error.point()
    return ""


MORE = (
    *("format", "template", "content_type", "condition", "channels", "headers", "secret", "client_certificate"),
    *("schedule_s", "order", "on_dead", *NUMBERS),
    *(f"signing.{name}" for name in SIGNING),
    *(f"auth.{name}" for name in (*AUTH_PLAIN, *AUTH_HIDDEN)),
)
"""Fields of the folded part: it is open when something is wrong in it."""
_FORMAT_WORDS: Mapping[str, str] = {
    "standard": N_("Standard Webhooks: the event as JSON"),
    "cloudevents": N_("CloudEvents, structured"),
    "cloudevents-binary": N_("CloudEvents, binary"),
    "cmms": N_("as CMMShere sends it"),
    "troubleshooting": N_("as the troubleshooting API sends it"),
    "botmaker": N_("as Botmaker sends it"),
    "raw": N_("the sender's own bytes"),
    "slack": N_("a message for Slack"),
    "teams": N_("a card for Teams"),
    "discord": N_("a message for Discord"),
    "mail": N_("mail (address mailto:...)"),
    "template": N_("a template of your own"),
}


def choices(language: str) -> dict[str, list[tuple[str, str]]]:
    """What there is to choose from: values with their words."""
    words: Mapping[str, Sequence[tuple[str, str]]] = {
        "format": [(name, _FORMAT_WORDS[name]) for name in FORMATS],
        "order": [
            ("subject", N_("in order, subject by subject")),
            ("strict", N_("all in order, one after the other")),
            ("none", N_("in any order")),
        ],
        "on_dead": [("continue", N_("those behind it go on")), ("hold", N_("those behind it wait"))],
        "signing.scheme": [
            ("standard", N_("three headers, as Standard Webhooks says")),
            ("hmac", N_("one header with an HMAC of the body")),
        ],
        "signing.algorithm": [(name, name) for name in ("sha256", "sha512", "sha1")],
        "signing.encoding": [(name, name) for name in ("hex", "base64")],
        "auth.kind": [
            ("", N_("nothing")),
            ("basic", N_("user and password")),
            ("bearer", N_("a token")),
            ("oauth2", N_("OAuth 2, client credentials")),
        ],
        "scheme": [
            ("v1", N_("a shared secret (HMAC)")),
            ("v1a", N_("a key pair (ed25519)")),
            ("", N_("none of its own: WEBHOOK_SECRET signs")),
        ],
    }
    return {name: [(value, _(text, language)) for value, text in pairs] for name, pairs in words.items()}
