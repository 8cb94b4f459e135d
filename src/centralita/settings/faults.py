"""What pydantic finds wrong with a value, in words of ours: neither the value nor pydantic's English gets out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from centralita.i18n import N_

_EXPECTED: Mapping[str, str] = {
    "int": N_("has to be a whole number."),
    "float": N_("has to be a number."),
    "finite_number": N_("has to be a number."),
    "bool": N_("has to be true or false."),
    "string": N_("has to be text; quote it if it looks like a number."),
    "path": N_("has to be a path."),
    "tuple": N_("has to be a list."),
    "dict": N_("has to be a mapping of names to values."),
    "model": N_("has to be a section with keys of its own."),
}
"""By the beginning of pydantic's error type (https://docs.pydantic.dev/latest/errors/validation_errors/)."""

_LIMITS: Mapping[str, tuple[str, str]] = {
    "greater_than": (N_("has to be greater than {limit}."), "gt"),
    "greater_than_equal": (N_("has to be at least {limit}."), "ge"),
    "less_than_equal": (N_("has to be at most {limit}."), "le"),
    "literal_error": (N_("has to be one of {limit}."), "expected"),
}


Keys = tuple[str | int, ...]


def explain(keys: Keys, kind: str, context: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """(reason, its arguments) of a fault: ``kind`` and ``context`` as pydantic's ``type`` and ``ctx``."""
    if kind == "extra_forbidden":
        return N_("There is no such setting."), {}
    if kind == "missing":
        return N_("{name} is missing."), {"name": str(keys[-1])}
    if kind in ("too_short", "string_too_short"):
        return N_("must not be empty."), {}
    if kind in ("too_long", "string_too_long"):
        return N_("has to have at most {limit} characters or entries."), {"limit": str(context["max_length"])}
    if kind == "value_error":
        return str(context["error"]), {}
    if kind in _LIMITS:
        reason, name = _LIMITS[kind]
        return reason, {"limit": _limit(context[name])}
    return next((text for prefix, text in _EXPECTED.items() if kind.startswith(prefix)), N_("is not valid.")), {}


def faults_of(error: ValidationError) -> list[tuple[str, str, dict[str, str]]]:
    """(key with dots, reason, its arguments) of everything that is wrong."""
    found = []
    for fault in error.errors(include_url=False, include_input=False):
        keys = tuple(part for part in fault["loc"] if part != "[key]")
        reason, arguments = explain(keys, fault["type"], fault.get("ctx", {}))
        found.append((".".join(map(str, keys)), reason, arguments))
    return found


def _limit(value: object) -> str:
    """As pydantic has it (``0.0``, ``'a', 'b' or 'c'``), without its English."""
    return f"{value:g}" if isinstance(value, float) else str(value).replace("'", "").replace(" or ", ", ")
