"""The filters of Assets' v2 lists: ``criteria[field]=op:value``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

Record = TypeVar("Record")

_FIELD_OF = {"owner": "owner_id", "status": "status_id", "location": "location_id"}
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "cont": lambda value, wanted: wanted in value,
    "start": lambda value, wanted: value.startswith(wanted),
    "end": lambda value, wanted: value.endswith(wanted),
    "in": lambda value, wanted: value in wanted.split(","),
}


class CriteriaError(ValueError):
    """A filter that names no field or no operator; the text goes to the caller."""


def search(found: Iterable[Record], criteria: Any) -> list[Record]:
    """The records that pass every filter, without regard to case. Raises CriteriaError."""
    if not isinstance(criteria, dict):
        raise CriteriaError("criteria needs a field: criteria[name]=op:value")
    records = list(found)
    for name, text in criteria.items():
        operator, colon, wanted = str(text).partition(":")
        compare = _OPERATORS.get(operator)
        if compare is None or not colon:
            raise CriteriaError(f"criteria[{name}] must be op:value, op one of: {', '.join(_OPERATORS)}")
        records = [one for one in records if compare(_text(one, name), wanted.casefold())]
    return records


def _text(record: object, name: str) -> str:
    held = vars(record)
    key = _FIELD_OF.get(name, name)
    if key not in held:
        raise CriteriaError(f"there is no field {name}")
    value = held[key]
    return "" if value is None else str(value).casefold()
