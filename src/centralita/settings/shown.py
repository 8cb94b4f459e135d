"""What is set, and by whom, fit to be shown to anybody: secrets are masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from centralita.logs import MASK, SECRET_KEY, redact_text
from centralita.settings.places import Keys, dotted
from centralita.settings.shape import Settings


@dataclass(frozen=True)
class ShownValue:
    """One value as ``config show`` prints it."""

    path: str
    value: Any
    """Plain data; secrets as ``********``."""
    origin: str
    """``default``, ``centralita.yaml:12:3`` or the name of a variable."""


def shown(settings: Settings) -> list[ShownValue]:
    """Every value in the order of the file, those of sections and mappings one by one."""
    return list(_shown(settings, (), settings))


def _shown(value: Any, keys: Keys, settings: Settings) -> Iterator[ShownValue]:
    for key, part in _parts(value):
        below = (*keys, key)
        if isinstance(part, BaseModel) or (part and isinstance(part, dict)) or _is_list_of_sections(part):
            yield from _shown(part, below, settings)
        else:
            yield ShownValue(dotted(below), masked(part, str(key)), _origin(below, settings))


def _parts(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, BaseModel):
        return iter((name, getattr(value, name)) for name in type(value).model_fields)
    return iter(value.items() if isinstance(value, Mapping) else enumerate(value))


def _is_list_of_sections(value: Any) -> bool:
    return isinstance(value, tuple) and any(isinstance(part, BaseModel) for part in value)


def _origin(keys: Keys, settings: Settings) -> str:
    place = settings.place(keys)
    if place is None:
        below = (str(found) for path, found in settings.written().items() if path[: len(keys)] == keys)
        return next(below, "default")
    return str(place)


def masked(value: Any, key: str = "") -> Any:
    """``value`` without secrets: those marked as such, those under a telling key, and those that look like one."""
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, Mapping):
        return {str(name): masked(part, str(name)) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [masked(part, key) for part in value]
    if isinstance(value, str):
        return MASK if value and SECRET_KEY.search(key) else redact_text(value)
    return str(value) if isinstance(value, Path) else value
