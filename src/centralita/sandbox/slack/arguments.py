"""The arguments of a Web API call, whether they came as query, form or JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from centralita.sandbox.slack.refusal import Refusal, refuse_arguments

_FORM = "application/x-www-form-urlencoded"
_TRUE = frozenset({"1", "true", "True"})
_TIMESTAMP = re.compile(r"\d{1,12}(\.\d{1,6})?")

STRUCTURED = ("blocks", "attachments", "metadata", "view", "files")
"""Arguments that are JSON; in a form they come as text."""


def decode_arguments(content_type: str, query: str, body: bytes) -> dict[str, Any]:
    """Query and body as one mapping, the body winning. Raises Refusal for a body that can't be read."""
    found: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    if not body:
        return found
    media = content_type.partition(";")[0].strip().lower()
    if media == "application/json":
        found.update(_decode_json(body))
    elif media == _FORM:
        try:
            found.update(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise Refusal("invalid_form_data") from None
    else:
        raise Refusal("invalid_post_type" if media else "missing_post_type")
    return found


def _decode_json(body: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal("invalid_json") from None
    if not isinstance(value, dict):
        raise Refusal("json_not_object")
    return value


class Arguments:
    """Typed access to a call's arguments."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def has(self, name: str) -> bool:
        """Whether it was sent at all, even empty."""
        return self.values.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """The value as text."""
        value = self.values.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else str(value)

    def require(self, *names: str) -> None:
        """Raises Refusal ``invalid_arguments`` that names what is missing."""
        missing = [name for name in names if not self.text(name)]
        if missing:
            raise refuse_arguments([f"missing required field: {name}" for name in missing])

    def timestamp(self, name: str, error: str) -> str:
        """A message's ``ts``. Raises Refusal ``error`` when it isn't one."""
        value = self.text(name)
        if not _TIMESTAMP.fullmatch(value):
            raise Refusal(error)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, also from a form."""
        value = self.values.get(name)
        if value is None:
            return default
        return value if isinstance(value, bool) else str(value) in _TRUE

    def limit(self, default: int, most: int) -> int:
        """The page size. Raises Refusal ``invalid_limit`` outside 0..most; 0 is the default."""
        raw = self.text("limit")
        if not raw:
            return default
        if not raw.isascii() or not raw.isdigit() or int(raw) > most:
            raise Refusal("invalid_limit")
        return int(raw) or default

    def structured(self, name: str, error: str) -> Any:
        """A JSON argument, decoded when it came as text; None when absent. Raises Refusal ``error``."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise Refusal(error) from None

    def recorded(self) -> dict[str, Any]:
        """What the journal keeps: everything but the token, JSON decoded where it can be."""
        kept = {name: value for name, value in self.values.items() if name != "token"}
        for name in STRUCTURED:
            try:
                value = self.structured(name, "")
            except Refusal:
                continue
            if value is not None:
                kept[name] = value
        return kept
