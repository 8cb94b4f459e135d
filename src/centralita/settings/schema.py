"""Looks things up in the shape: the type of a setting, its neighbours' names, and the list of them all."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from centralita.settings.places import Keys
from centralita.settings.shape import Settings


@dataclass(frozen=True)
class SettingDescription:
    """One setting, for the documentation and the command line."""

    path: str
    """``slack.bot_token``, ``sources[].slug``, ``slack.channels.<name>.locale``."""
    type: str
    default: str
    """As YAML would have it; "" when the setting has to be given."""
    help: str
    """English msgid."""
    required: bool
    secret: bool
    section: bool
    """Whether it is a section, which has no value of its own."""


def describe() -> list[SettingDescription]:
    """Every setting, in the order of the file."""
    return list(_describe(Settings, ""))


def kind_at(keys: Keys) -> Any:
    """The bare type (no Optional, no Annotated) of the setting at ``keys``; None when there is none."""
    kind: Any = Settings
    for key in keys:
        kind = _child(kind, key)
        if kind is None:
            return None
    return kind


def is_text(kind: Any) -> bool:
    """Whether a bare type is written as text, so that nothing else must be read into it."""
    if get_origin(kind) is Literal:
        return all(isinstance(value, str) for value in get_args(kind))
    return kind in (str, SecretStr, Path)


def names_at(keys: Keys) -> list[str]:
    """The names that the section at ``keys`` has; [] when it is none."""
    kind = kind_at(keys)
    return list(kind.model_fields) if _is_section(kind) else []


def nearest_key(key: str, section: Keys) -> str:
    """The key of ``section`` that ``key`` may have meant; "" if none."""
    return _nearest(key, names_at(section))


def nearest_setting(path: str) -> str:
    """The setting that a dotted ``path`` may have meant; "" if none."""
    return _nearest(path, [entry.path for entry in describe()])


def _nearest(name: str, candidates: list[str]) -> str:
    found = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    return found[0] if found else ""


def bare(kind: Any) -> Any:
    """``kind`` without ``Annotated`` and ``| None``."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, types.UnionType):
            kind = next(part for part in get_args(kind) if part is not type(None))
        else:
            return kind


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _child(kind: Any, key: str | int) -> Any:
    if _is_section(kind):
        field = kind.model_fields.get(key)
        return bare(field.annotation) if field else None
    if get_origin(kind) is dict:
        names, values = map(bare, get_args(kind))
        if get_origin(names) is Literal and key not in get_args(names):
            return None
        return values
    if get_origin(kind) is tuple and isinstance(key, int):
        return bare(get_args(kind)[0])
    return None


def _describe(model: type[BaseModel], prefix: str) -> Iterator[SettingDescription]:
    for name, field in model.model_fields.items():
        path = f"{prefix}.{name}" if prefix else name
        kind = bare(field.annotation)
        below, suffix = kind, ""
        if get_origin(kind) is tuple:
            below, suffix = bare(get_args(kind)[0]), "[]"
        elif get_origin(kind) is dict:
            below, suffix = bare(get_args(kind)[1]), ".<name>"
        section = _is_section(kind)
        yield SettingDescription(
            path=path,
            type=_type_name(kind),
            default="" if field.is_required() or section else _default(field.default),
            help=field.description or "",
            required=field.is_required(),
            secret=SecretStr in (kind, below),
            section=section or _is_section(below),
        )
        if _is_section(below):
            yield from _describe(below, path + suffix)


_TYPES = {str: "text", SecretStr: "secret", Path: "path", int: "integer", float: "number", bool: "boolean", Any: "any"}


def _type_name(kind: Any) -> str:
    if _is_section(kind):
        return "section"
    if get_origin(kind) is Literal:
        return " | ".join(str(value) for value in get_args(kind))
    if get_origin(kind) is tuple:
        return f"list of {_type_name(bare(get_args(kind)[0]))}"
    if get_origin(kind) is dict:
        names, values = (bare(part) for part in get_args(kind))
        return f"map of {_type_name(names)} to {_type_name(values)}"
    return _TYPES[kind]


def _default(value: Any) -> str:
    if isinstance(value, dict) and any(isinstance(part, BaseModel) for part in value.values()):
        value = {name: part.model_dump() for name, part in value.items()}
    return as_yaml(value)


def as_yaml(value: Any) -> str:
    """A value in one line, as the file would have it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_yaml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_yaml(part) for part in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str) and value in ("", "*"):
        return f'"{value}"'
    return str(value)
