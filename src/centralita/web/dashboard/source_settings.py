"""The settings of a source as a form: one field for each that its kind declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from centralita.i18n import gettext as _
from centralita.integrations import registry
from centralita.ports import ConfigField
from centralita.web.dashboard.forms import Form

PREFIX = "set."
"""Before a setting's name in the form, so that it is none of the page's own."""
_TEXTS = ("text", "url", "secret", "choice")
_KINDS = {"secret": "password", "choice": "select", "boolean": "select", "map": "code", "list": "code"}


@dataclass(frozen=True)
class Field:
    """A setting as the component ``field`` shows it."""

    name: str
    label: str
    hint: str
    kind: str
    options: list[tuple[str, str]]
    first: bool
    """Whether it is shown at once; the others are below "more"."""


def fields_of(kind: str, form: Form, language: str) -> list[Field]:
    """Those of a kind, the needed ones first."""
    integration, preset = registry.configured(kind, {})
    found = []
    for field in integration.fields:
        name = PREFIX + field.name
        if field.name == "preset" and kind != "generic":
            continue  # it is the kind
        first = (field.required and not preset) or field.asked or name in form.faults
        shown = Field(
            name, field.name, _(field.help, language), _KINDS.get(field.type, "text"), _options(field, language), first
        )
        found.append(shown)
    return sorted(found, key=lambda each: not each.first)


def _options(field: ConfigField, language: str) -> list[tuple[str, str]]:
    if field.type == "boolean":
        return [("", "–"), ("true", _("yes", language)), ("false", _("no", language))]
    default = f"({field.default})" if field.default else "–"
    return [("", default), *((each, each) for each in field.choices)] if field.choices else []


def shown(fields: Iterable[ConfigField], settings: Mapping[str, Any], name: str) -> dict[str, str]:
    """What stands in the form of a source; secrets stay where they are."""
    values = {"name": name}
    for field in fields:
        value = settings.get(field.name)
        if value is not None and field.type != "secret":
            values[PREFIX + field.name] = _written(field, value)
    return values


def _written(field: ConfigField, value: Any) -> str:
    if field.type in _TEXTS:
        return str(value)
    if field.type in ("map", "list"):
        plain = dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, list | tuple) else value
        return str(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)).strip() if plain else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(kind: str, form: Form, before: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The settings that were typed and are not as ``before``; None for one that was emptied. Notes in the form what
    can't be read."""
    integration, _preset = registry.configured(kind, {})
    given: dict[str, Any] = {}
    for field in integration.fields:
        name = PREFIX + field.name
        if name not in form.values:
            continue
        text = form.get(name)
        if not text:
            if field.type != "secret" and before.get(field.name) is not None:
                given[field.name] = None
            continue
        try:
            value = text if field.type in _TEXTS else yaml.safe_load(text)
        except yaml.YAMLError:
            form.fault(name, _("This can't be read: write one NAME: VALUE or one - VALUE a line.", language))
            continue
        if _written(field, value) != _written(field, before.get(field.name, "")):
            given[field.name] = value
    return given
