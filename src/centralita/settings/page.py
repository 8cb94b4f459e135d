"""The reference page of the settings, as Markdown."""

from __future__ import annotations

from centralita.i18n import Locale
from centralita.i18n import gettext as _
from centralita.settings.environment import NAMES
from centralita.settings.places import dotted
from centralita.settings.schema import SettingDescription, describe


def reference_page(locale: Locale) -> str:
    """Every setting of ``centralita.yaml`` in the order of the file, and the variables that have names of their own."""
    described = describe()
    lines = [_introduction(locale), "", *_table([entry for entry in described if _is_top_value(entry)], locale)]
    for section in described:
        if "." in section.path or not section.section:
            continue
        inside = [entry for entry in described if entry.path.startswith((f"{section.path}.", f"{section.path}["))]
        lines += [f"## {section.path}", "", _(section.help, locale), "", *_table(inside, locale)]
    lines += [f"## {_('Variables with names of their own', locale)}", ""]
    lines += [f"| {_('Variable', locale)} | {_('Setting', locale)} |", "|---|---|"]
    lines += [f"| `{name}` | {', '.join(f'`{dotted(keys)}`' for keys in targets)} |" for name, targets in NAMES.items()]
    return "\n".join(lines) + "\n"


def _is_top_value(entry: SettingDescription) -> bool:
    return "." not in entry.path and not entry.section


def _introduction(locale: Locale) -> str:
    file, reference, default = "`centralita.yaml`", "`${NAME}`", "`${NAME:-default}`"
    variable, setting = "`CENTRALITA_SERVER__PORT=9000`", "`server.port`"
    return "\n\n".join(
        (
            f"# {_('Settings', locale)}",
            _("This page is generated from the code by {command}.", locale).format(command="`make docs`"),
            _("All settings stand in one file, {file}, and each has a default.", locale).format(file=file)
            + " "
            + _("{reference} reads an environment variable; {default} is for one that may be missing.", locale).format(
                reference=reference, default=default
            ),
            _("The environment wins over the file: {variable} sets {setting}.", locale).format(
                variable=variable, setting=setting
            )
            + " "
            + _("An empty variable counts as not set, and a list is written as YAML.", locale),
            _("A relative path in the file starts at the file's directory.", locale),
        )
    )


def _table(entries: list[SettingDescription], locale: Locale) -> list[str]:
    heads = (_("Setting", locale), _("Type", locale), _("Default", locale), _("Meaning", locale))
    rows = [f"| {' | '.join(heads)} |", "|---|---|---|---|"]
    for entry in entries:
        default = _("required", locale) if entry.required else f"`{entry.default}`" if entry.default else ""
        rows.append(f"| `{entry.path}` | {_escaped(entry.type)} | {default} | {_escaped(_(entry.help, locale))} |")
    return [*rows, ""]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
