"""What a condition requires of an event, so that an index finds the few conditions that may be true of it."""

from __future__ import annotations

from typing import Any, Literal

import re2

from centralita.core.condition_syntax import All, Compare, Constant, Exists, Negated, Node, Path, canonical

Requirement = Literal["equal", "text", "above", "below"]
Requirements = dict[tuple[Requirement, str], frozenset[Any]]
"""(kind, path) -> values, of which one suffices. ``equal``: the path has this scalar. ``text``: it is text in which RE2
finds this pattern, or a list. ``above``, ``below``: it is a number, at least or at most this one."""


def requirements(node: Node) -> Requirements:
    """What must hold for ``node`` to be true: necessary, not sufficient."""
    match node:
        case Compare():
            return _required_by(node)
        case Exists() | Negated():
            return {}
        case All():
            merged: Requirements = {}
            for part in node.parts:
                for key, values in requirements(part).items():
                    # Each of two sets on one path must hold: the smaller one sorts out more.
                    merged[key] = min(merged.get(key, values), values, key=len)
            return merged
    choices = [requirements(part) for part in node.parts]
    shared = set(choices[0]).intersection(*choices[1:])
    return {key: frozenset().union(*(choice[key] for choice in choices)) for key in shared}


_MIRRORED = {"==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _required_by(node: Compare) -> Requirements:
    path, constant, name = node.left, node.right, node.operator
    if isinstance(path, Constant):
        path, constant, name = constant, path, _MIRRORED.get(name, "")
    if not isinstance(path, Path) or not isinstance(constant, Constant):
        return {}
    found = _requirement(name, constant.value)
    return {} if found is None else {(found[0], canonical(path.parts)): frozenset(found[1])}


def _requirement(name: str, value: Any) -> tuple[Requirement, list[Any]] | None:
    match name, value:
        case "==", str() | int() | float() | None:
            return "equal", [value]
        case "in", list() if not any(isinstance(item, list) for item in value):
            return "equal", value
        case "contains", str():
            return "text", [re2.escape(value)]
        case "startswith", str():
            return "text", [r"\A" + re2.escape(value)]
        case "endswith", str():
            return "text", [re2.escape(value) + r"\z"]
        case "matches", str():
            return "text", [value]
        case ((">" | ">="), int() | float()) if not isinstance(value, bool):
            return "above", [value]
        case (("<" | "<="), int() | float()) if not isinstance(value, bool):
            return "below", [value]
    return None


def named_types(node: Node | None) -> set[str]:
    """The event types that ``node`` names by ``==`` or ``in``, outside of NOT."""
    match node:
        case None | Exists() | Negated():
            return set()
        case Compare():
            values = _required_by(node).get(("equal", "type"), frozenset())
            return {value for value in values if isinstance(value, str)}
    return set().union(*(named_types(part) for part in node.parts))
