"""A source's settings as people give them: ``--set key=value``, or asked for one by one at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from centralita.cli.output import say, warn
from centralita.cli.words import _

if TYPE_CHECKING:
    from centralita.ports import ConfigField, Source

_TEXTS = ("text", "url", "secret", "choice")
_LACKING = ("setting.missing", "scheme.header_missing")
"""What ``Source.check`` says of a setting that is needed and not there."""


def read_pairs(integration: Source, pairs: Sequence[str]) -> dict[str, Any]:
    """``key=value`` pairs as settings: text where the setting is text, else YAML. ``map.title=name`` sets one entry of
    a table; nothing behind the sign takes a setting away (None). Raises BadParameter."""
    fields = {field.name: field for field in integration.fields}
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        key, dot, below = name.partition(".")
        field = fields.get(key)
        if not sign or field is None or (dot and field.type != "map"):
            known = ", ".join(sorted(fields))
            raise typer.BadParameter(_("--set takes KEY=VALUE; the keys are: {known}.").format(known=known))
        if dot:
            table = settings.setdefault(key, {})
            table[below] = _yaml(text) if text.startswith(("[", "{")) else text
        else:
            settings[key] = read_value(field, text)
    return settings


def read_value(field: ConfigField, text: str) -> Any:
    """One value; None for "". Raises BadParameter."""
    if not text:
        return None
    return text if field.type in _TEXTS else _yaml(text)


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise typer.BadParameter(_("{value} can't be read as YAML.").format(value=repr(text))) from None


def lacking(integration: Source, settings: Mapping[str, Any]) -> list[ConfigField]:
    """The settings that are needed and not there."""
    faults = [fault.rpartition(": ") for fault in integration.check(settings, [b"x:x"])]
    names = {path for path, _colon, reason in faults if reason in _LACKING}
    return [field for field in integration.fields if field.name in names]


def complete(kind: str, given: dict[str, Any], *, ask: bool) -> dict[str, Any]:
    """The settings with what is still needed: asked for, or else a refusal that names it. Raises BadParameter."""
    from centralita.integrations import registry

    settings = dict(given)
    integration, effective = registry.configured(kind, settings)
    for field in [field for field in integration.fields if ask and field.asked and field.name not in settings]:
        settings |= _answer(field)
    while True:
        integration, effective = registry.configured(kind, settings)
        missing = lacking(integration, effective)
        if not missing:
            return settings
        if not ask:
            needed = "\n".join(f"  --set {field.name}=…  {_described(field)}" for field in missing)
            raise typer.BadParameter(_("These settings are missing:") + f"\n{needed}")
        for field in missing:
            settings |= _answer(field)


def _described(field: ConfigField) -> str:
    choices = f" ({', '.join(field.choices)})" if field.choices else ""
    return _(field.help) + choices


def _answer(field: ConfigField) -> dict[str, Any]:
    """Asks until the answer is one; {} when it may be left out and was."""
    say(_described(field))
    while True:
        sys.stdout.write(f"  {field.name}: ")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            raise typer.Abort
        text = line.strip()
        if not text and not field.required and field.asked:
            return {}
        if text and (not field.choices or text in field.choices):
            return {field.name: read_value(field, text)}
        warn(_("One of: {choices}").format(choices=", ".join(field.choices)) if field.choices else _("It is needed."))
