"""From a request's bytes to plain values: strict JSON and forms, and checked ways to read what an unknown sender wrote.

JSON is RFC 8259 made unambiguous: UTF-8 only (a byte order mark is tolerated), at most ``MAX_DEPTH`` deep, no key with
two values in one object, no NaN or Infinity, no number outside a double or a signed 64-bit integer, no lone surrogate,
no NUL. What two readers could understand differently is refused instead of guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import msgspec

MAX_DEPTH = 64
MAX_FORM_FIELDS = 1_000
INT_MIN, INT_MAX = -(2**63), 2**63 - 1

_BOM = b"\xef\xbb\xbf"
_WHITESPACE = b" \t\r\n"
_DIGITS_OF_INT64 = 19


class PayloadError(ValueError):
    """A body that cannot be understood in exactly one way.

    ``reason`` is a message id: ``body.empty``, ``body.content_type``, ``text.utf8``, ``json.syntax``, ``json.depth``,
    ``json.duplicate_key``, ``json.number``, ``json.surrogate``, ``json.nul``, ``form.syntax``, ``form.nul``.
    ``detail`` is its argument: a position, a key, a media type; never the value.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


def decode(body: bytes, content_type: str) -> object:
    """The value of an untrusted body: any JSON value, or for a form ``{name: text}`` with a list for a repeated name.

    ``application/json``, ``*+json``, and anything else that starts as JSON does, are read as JSON; a form
    (``application/x-www-form-urlencoded``, or RFC 7578) with nothing but a field ``payload`` or ``data`` that holds
    JSON is that JSON.
    Raises only PayloadError.
    """
    return _decoded(body, content_type, _strict_json)


def decode_trusted(body: bytes, content_type: str) -> object:
    """As ``decode``, faster, for a body that ``decode`` has accepted before. Raises PayloadError only."""
    return _decoded(body, content_type, _plain_json)


def _decoded(body: bytes, content_type: str, read_json: Callable[[bytes], object]) -> object:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return read_json(_without_bom(body))
    start = _without_bom(body[:64]).lstrip(_WHITESPACE)[:1]
    if not start:
        raise PayloadError("body.empty", media_type[:100])
    # Nothing else starts with a brace: `curl -d '{...}'` without a header says "form" and means JSON.
    if start in b"{[":
        return read_json(_without_bom(body))
    if media_type == "application/x-www-form-urlencoded":
        return _form(_pairs(body), read_json)
    if media_type == "multipart/form-data":
        return _form(_parts(body, content_type), read_json)
    raise PayloadError("body.content_type", media_type[:100])


def _without_bom(body: bytes) -> bytes:
    return body.removeprefix(_BOM)


# --- JSON. msgspec decodes, then two counts prove that no key came twice; whatever is unusual goes the exact way.

_fast_decode = msgspec.json.Decoder().decode


def _strict_json(body: bytes) -> object:
    try:
        value = _fast_decode(body)
        # Every key of the text ends in a quote, blanks and a colon. Without blanks that is `":`, which a string may
        # hold as well: so the count is at least the number of keys in the text, and equality with the number of keys
        # that survived decoding means that none was lost to a later one of the same name.
        keys_at_most = body.translate(None, _WHITESPACE).count(b'":')
        if b"\\u0000" not in body and _keys(value, 0) == keys_at_most:
            return value
    except (ValueError, RecursionError):
        pass  # The exact way names the reason.
    return _exact_json(body)


def _plain_json(body: bytes) -> object:
    try:
        return _fast_decode(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError("json.syntax") from error


def _keys(value: object, depth: int) -> int:
    """How many keys the objects in ``value`` have together. Raises PayloadError for depth and for big integers."""
    inside: Any
    if type(value) is dict:
        count, inside = len(value), value.values()
    elif type(value) is list:
        count, inside = 0, value
    else:
        inside = (value,)
        count, depth = 0, depth - 1
    if depth >= MAX_DEPTH:
        raise PayloadError("json.depth", str(MAX_DEPTH))
    for item in inside:
        kind = type(item)
        if kind is str:
            continue
        if kind is dict or kind is list:
            count += _keys(item, depth + 1)
        elif kind is int and not INT_MIN <= item <= INT_MAX:
            raise PayloadError("json.number", "integer")
    return count


def _exact_json(body: bytes) -> object:
    try:
        value = _exact_decode(body.decode("utf-8"))
        _keys(value, 0)
        _check_strings(value)
    except UnicodeDecodeError as error:
        raise PayloadError("text.utf8", f"byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise PayloadError("json.syntax", f"{error.lineno}:{error.colno}") from error
    except RecursionError as error:
        raise PayloadError("json.depth", str(MAX_DEPTH)) from error
    return value


def _check_strings(value: object) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise PayloadError("json.nul")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise PayloadError("json.surrogate")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_strings(key)
            _check_strings(item)
    elif isinstance(value, list):
        for item in value:
            _check_strings(item)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        # Said twice alike it can be understood in one way only. Not by ==, to which 1 is True.
        twice = next(
            (name for name, item in pairs if item is not value[name] and repr(item) != repr(value[name])), None
        )
        if twice is not None:
            raise PayloadError("json.duplicate_key", ascii(twice[:100])[1:-1])
    return value


def _int64(digits: str) -> int:
    # The length first: int() of a very long text takes quadratic time.
    if len(digits) > _DIGITS_OF_INT64 + 1 or not INT_MIN <= (value := int(digits)) <= INT_MAX:
        raise PayloadError("json.number", "integer")
    return value


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise PayloadError("json.number", "exponent")
    return value


def _no_constant(name: str) -> NoReturn:
    raise PayloadError("json.number", name)


_exact_decode = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_int64, parse_float=_finite, parse_constant=_no_constant
).decode


# --- Forms


_MAY_BE_ALL = ("payload", "data")
"""Names of the one field of a form in which a sender puts all it has to say, as JSON."""


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """Raises PayloadError."""
    try:
        return parse_qsl(
            _without_bom(body).decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except UnicodeDecodeError as error:
        raise PayloadError("text.utf8", f"byte {error.start}") from error
    except ValueError as error:
        raise PayloadError("form.syntax", f"more than {MAX_FORM_FIELDS} fields") from error


_BOUNDARY = re.compile(r"""boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))""", re.IGNORECASE)
_FIELD = re.compile(rb"""content-disposition:[^;]*;\s*name="([^"\r\n]{0,200})\"""", re.IGNORECASE)
_HEAD_BYTES = 2_000


def _parts(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """The fields of RFC 7578. Raises PayloadError."""
    named = _BOUNDARY.search(content_type)
    between = b"\r\n--" + (named[1] or named[2]).encode("latin-1", "replace") if named else b""
    pieces = (b"\r\n" + body).split(between, MAX_FORM_FIELDS + 2) if named else []
    if not pieces or not pieces[-1].startswith(b"--"):
        raise PayloadError("form.syntax", "boundary")
    found = []
    for piece in pieces[1:-1]:
        head, blank, value = piece.partition(b"\r\n\r\n")
        name = _FIELD.search(head[:_HEAD_BYTES])
        if not name or not blank:
            raise PayloadError("form.syntax", "part")
        try:
            found.append((name[1].decode(), value.decode()))
        except UnicodeDecodeError as error:
            raise PayloadError("text.utf8", f"byte {error.start}") from error
    return found


def _form(pairs: list[tuple[str, str]], read_json: Callable[[bytes], object]) -> object:
    """Raises PayloadError."""
    if len(pairs) == 1 and pairs[0][0] in _MAY_BE_ALL and pairs[0][1].lstrip()[:1] in ("{", "["):
        return read_json(pairs[0][1].encode("utf-8"))
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise PayloadError("form.nul")
        fields.setdefault(name, []).append(value)
    if not fields:
        raise PayloadError("form.syntax", "no fields")
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


# --- Reading what an unknown sender wrote: a wrong type is an absent value, never an exception.

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,9})\]")
_YES = frozenset({"true", "1", "yes", "y", "on", "si", "sí", "s"})
TEXT_LIMIT = 65_536


@lru_cache(4096)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(step[1] or step[2] for step in _STEP.finditer(path))


def find(data: object, path: str) -> object:
    """What stands at a dotted path (``ticket.id``, ``alerts[0].labels.host``, also ``alerts.0``), or None."""
    if isinstance(data, dict) and path in data:
        return data[path]
    for name in _steps(path):
        if isinstance(data, dict):
            data = data.get(name)
        elif isinstance(data, list) and name.isascii() and name.isdigit() and len(name) < 10 and int(name) < len(data):
            data = data[int(name)]
        else:
            return None
    return data


def tame_text(value: object, limit: int = TEXT_LIMIT) -> str:
    """``value`` as text, stripped, at most ``limit`` characters; numbers as written, anything else ""."""
    if isinstance(value, str):
        text = value.strip()
        return text if len(text) <= limit else text[:limit].rstrip()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))[:limit]
    return str(value)[:limit] if isinstance(value, int | float) and not isinstance(value, bool) else ""


def tame_int(value: object) -> int | None:
    """``value`` as a signed 64-bit integer: an integer, a whole double, or their digits as text; else None."""
    if isinstance(value, str) and value.isascii() and len(value) <= _DIGITS_OF_INT64 + 1:
        digits = value.strip()
        value = int(digits) if digits.removeprefix("-").isdigit() else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if INT_MIN <= value <= INT_MAX else None


def tame_number(value: object) -> float | None:
    """``value`` as a finite double: a number or its text; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value) if not isinstance(value, str) or (value.isascii() and "_" not in value) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and abs(number) < float("inf") else None


def tame_flag(value: object) -> bool | None:
    """``value`` as yes or no: a boolean, a number (0 is no), a word (``true``, ``1``, ``sí``...); None if absent."""
    if isinstance(value, str):
        return value.strip().lower() in _YES if value.strip() else None
    return bool(value) if isinstance(value, bool | int | float) else None


def text(data: object, path: str, limit: int = TEXT_LIMIT) -> str:
    """``tame_text`` of what stands at ``path``; "" when nothing does."""
    return tame_text(find(data, path), limit)


def first_text(data: object, *paths: str) -> str:
    """``tame_text`` of what stands at the first of ``paths`` that holds a text or a number; "" when none does."""
    return next((found for path in paths if (found := tame_text(find(data, path)))), "")


def integer(data: object, path: str) -> int | None:
    """``tame_int`` of what stands at ``path``."""
    return tame_int(find(data, path))


def number(data: object, path: str) -> float | None:
    """``tame_number`` of what stands at ``path``."""
    return tame_number(find(data, path))


def flag(data: object, path: str) -> bool | None:
    """``tame_flag`` of what stands at ``path``."""
    return tame_flag(find(data, path))


def mapping(data: object, path: str) -> dict[str, Any]:
    """The object at ``path``; {} when there is none."""
    value = find(data, path)
    return value if isinstance(value, dict) else {}


def items(data: object, path: str) -> list[Any]:
    """The list at ``path``; [] when there is none."""
    value = find(data, path)
    return value if isinstance(value, list) else []
