"""InvGate's answers as they really come, brought into one shape: maps where arrays are documented, ids as numbers or
text, ``false`` for a user who is not there, flags as 0 and 1."""

from __future__ import annotations

from typing import Any

from centralita.core.payload import tame_flag, tame_int, tame_text
from centralita.core.people import Person


def items(value: object) -> list[dict[str, Any]]:
    """The objects of a list, or of a map from id to object (whose key becomes ``id`` where it lacks one), or of an
    object that holds either under ``data``."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("data"), list | dict):
        return items(value["data"])
    if value and all(isinstance(item, dict) for item in value.values()):
        return [{"id": key, **item} for key, item in value.items()]
    return [value] if "id" in value else []


def names(value: object) -> dict[str, str]:
    """Id to name, of a list of ``{id, name}``, a map from id to that, or a map from id to name."""
    if isinstance(value, dict) and value and all(isinstance(item, str) for item in value.values()):
        if "name" not in value:
            return {str(key): tame_text(item) for key, item in value.items()}
        return {tame_text(value.get("id")): value["name"]} if value.get("id") else {}
    found = {tame_text(item.get("id")): tame_text(item.get("name") or item.get("title")) for item in items(value)}
    return {key: name for key, name in found.items() if key and name}


def person(value: object) -> Person | None:
    """A Service Desk user; None for ``false`` and whatever has no id."""
    if not isinstance(value, dict):
        return None
    number = tame_text(value.get("id"))
    if not number or number == "0":
        return None
    parts = (tame_text(value.get("name"), 200), tame_text(value.get("lastname"), 200))
    gone = (tame_flag(value.get("is_disabled")), tame_flag(value.get("is_deleted")))
    return Person(
        id=number,
        name=" ".join(part for part in parts if part),
        email=tame_text(value.get("email"), 254),
        other_emails=tuple(text for text in [tame_text(value.get("other_email"), 254)] if text),
        username=tame_text(value.get("username"), 254),
        manager_id=_id(value.get("manager_id")),
        department=tame_text(value.get("department"), 200),
        disabled=True in gone,
    )


def _id(value: object) -> str:
    text = tame_text(value, 40)
    return "" if text == "0" else text


def reference(value: object) -> str:
    """An id as text; "" for none (also 0, which InvGate writes for nobody)."""
    return _id(value)


def custom_fields(value: object) -> dict[str, Any]:
    """Uid to value; a list value ``{"<hash>": "Label"}`` becomes its labels."""
    if not isinstance(value, dict):
        return {}
    return {str(uid): _labels(item) for uid, item in value.items()}


def _labels(value: Any) -> Any:
    if isinstance(value, dict) and value and all(isinstance(item, str) for item in value.values()):
        labels = list(value.values())
        return labels[0] if len(labels) == 1 else labels
    return value


def whole(value: object) -> int:
    """An integer, however written; 0 for none."""
    return tame_int(value) or 0
