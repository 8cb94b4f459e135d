"""What is wrong with a command as it was typed, in the terminal's language: Typer itself says it in English."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from centralita.cli.words import _
from centralita.i18n import N_

_SAID: Mapping[re.Pattern[str], str] = {
    re.compile(r"No such option: (?P<name>\S+)"): N_("There is no option {name}."),
    re.compile(r"Got unexpected extra argument\S* \((?P<name>.*)\)"): N_("This is more than the command takes: {name}"),
    re.compile(r"Option '(?P<name>[^']*)' requires .*"): N_("{name} needs a value behind it."),
    re.compile(r"(?:Value error, )?(?P<name>'.*') is not one of (?P<known>.*?)\.?"): N_(
        "{name} is none of these: {known}"
    ),
    re.compile(r"Input should be a valid integer.*"): N_("This has to be a whole number."),
    re.compile(r"Input should be a valid number.*"): N_("This has to be a number."),
    re.compile(r"Input should be less than or equal to (?P<name>\S+)"): N_("At most {name}."),
    re.compile(r"Input should be greater than or equal to (?P<name>\S+)"): N_("At least {name}."),
}
"""What Typer says to our words for it."""


def told(fault: Any) -> str:
    """``fault`` (a ``UsageError`` of Typer's) as one line; what is not known is left as Typer says it."""
    parameter = getattr(fault, "param", None)
    if type(fault).__name__ == "MissingParameter" and parameter is not None:
        text = _("{name} is missing.").format(name=_named(parameter))
        return f"{text} {parameter.help}" if getattr(parameter, "help", None) else text
    text = _translated(str(fault.message))
    if parameter is not None:
        return f"{_named(parameter)}: {text}"
    possible = getattr(fault, "possibilities", None)
    return f"{text} {did_you_mean(possible)}" if possible else text


def _named(parameter: Any) -> str:
    """As it is typed: ``--port``, ``KIND``."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name).upper()
    return str(max(parameter.opts, key=len))


def _translated(text: str) -> str:
    for pattern, ours in _SAID.items():
        found = pattern.fullmatch(text)
        if found is not None:
            return _(ours).format(**found.groupdict())
    return text


def no_command(name: str, known: Sequence[str]) -> str:
    """There is no command of this name; with the one that was meant, if any is like it."""
    like = difflib.get_close_matches(name, known, 1)
    text = _("There is no command {name}.").format(name=name)
    return f"{text} {did_you_mean(like)}" if like else text


def did_you_mean(names: Iterable[str]) -> str:
    """The question that names them."""
    return _("Did you mean {name}?").format(name=", ".join(sorted(names)))
