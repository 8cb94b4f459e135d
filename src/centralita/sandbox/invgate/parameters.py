"""The parameters of a Service Desk call, as PHP reads them: query, form or JSON, lists as ``ids[]=1&ids[]=2``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

_WHOLE = re.compile(r"[0-9]{1,18}")
_LIST = re.compile(r"(\w+)\[(\w*)\]")
_TRUE = frozenset({"1", "true", "True", "on"})


def read_whole(text: object) -> int | None:
    """A whole number of at most 18 digits; None when it is something else."""
    digits = str(text)
    return int(digits) if _WHOLE.fullmatch(digits) else None


class ApiError(Exception):
    """A call that is answered ``{error, status}`` with that HTTP status."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


def read_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Names with ``[]`` become lists, names with ``[key]`` maps; of a repeated plain name the last wins."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        match = _LIST.fullmatch(name)
        if match is None:
            found[name] = value
        elif match[2] and not match[2].isdigit():
            inner = found.setdefault(match[1], {})
            if isinstance(inner, dict):
                inner[match[2]] = value
        else:
            items = found.setdefault(match[1], [])
            if isinstance(items, list):
                items.append(value)
    return found


def read_body(media: str, body: bytes) -> dict[str, Any]:
    """The parameters of a body: JSON, or else a form. Raises ApiError 400."""
    if not body:
        return {}
    try:
        if media == "application/json":
            value = msgspec.json.decode(body)
            if not isinstance(value, dict):
                raise ApiError(400, "The body must be a JSON object")
            return {name.removesuffix("[]"): item for name, item in value.items()}
        return read_pairs(parse_qsl(body.decode(), keep_blank_values=True))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError(400, "The body cannot be read") from None


class Parameters:
    """Typed access. What is missing or of another type is ApiError 428, as the Service Desk answers."""

    def __init__(self, values: Mapping[str, Any], method: str) -> None:
        self.values = values
        self._method = method

    def has(self, name: str) -> bool:
        """Whether it was sent, and not empty."""
        return self.values.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        """The value as text."""
        if not self.has(name):
            return default
        value = self.values[name]
        if isinstance(value, list | dict):
            raise ApiError(428, f"The type array of the parameter {name} is invalid")
        return value if isinstance(value, str) else str(value)

    def require(self, *names: str) -> None:
        """Raises ApiError 428 for the first that is missing."""
        for name in names:
            if not self.has(name):
                raise ApiError(428, f"The parameter {name} is required in {self._method}")

    def number(self, name: str) -> int:
        """A whole number that must be there."""
        self.require(name)
        found = self.maybe_number(name)
        return 0 if found is None else found

    def maybe_number(self, name: str) -> int | None:
        """A whole number, None when it is missing."""
        text = self.text(name)
        if not text:
            return None
        if read_whole(text.removeprefix("-")) is None:
            raise ApiError(428, f"The type string of the parameter {name} is invalid")
        return int(text)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean: 1, 0, true, false."""
        if not self.has(name):
            return default
        value = self.values[name]
        return value if isinstance(value, bool) else str(value) in _TRUE

    def items(self, name: str) -> list[Any]:
        """A list, [] when it is missing."""
        if not self.has(name):
            return []
        value = self.values[name]
        if not isinstance(value, list):
            raise ApiError(428, f"The type {type(value).__name__} of the parameter {name} is invalid")
        return value

    def numbers(self, name: str) -> list[int]:
        """A list of whole numbers; ``1,2`` is a string, not a list."""
        found = [read_whole(one) for one in self.items(name)]
        if None in found:
            raise ApiError(428, f"The parameter {name} must hold whole numbers")
        return [one for one in found if one is not None]
