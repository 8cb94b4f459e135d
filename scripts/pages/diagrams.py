"""Mermaid diagrams: the state machines from their tables, the layers from the import contract and the imports."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import grimp

from centralita.core import approvals, breaker, deliveries, failures, incidents

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "centralita"


def delivery_states() -> list[str]:
    """``core.deliveries.TRANSITIONS``."""
    return _states(deliveries.TRANSITIONS, ("waiting", "due", "in_flight"), deliveries.FINAL)


def breaker_states() -> list[str]:
    """``core.breaker.TRANSITIONS``."""
    return _states(breaker.TRANSITIONS, ("closed",), ())


def approval_states() -> list[str]:
    """``core.approvals.TRANSITIONS``."""
    return _states(approvals.TRANSITIONS, ("open",), approvals.FINAL)


def incident_states() -> list[str]:
    """``core.incidents.TRANSITIONS``."""
    return _states(incidents.TRANSITIONS, ("open",), ())


def issue_states() -> list[str]:
    """``core.failures.TRANSITIONS``."""
    return _states(failures.TRANSITIONS, ("open",), ())


def _states(transitions: Mapping[Any, str], born: Iterable[str], final: Iterable[str]) -> list[str]:
    joined: dict[tuple[str, str], list[str]] = {}
    for (before, happening), after in transitions.items():
        joined.setdefault((before, after), []).append(happening)
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    [*] --> {state}" for state in born]
    lines += [f"    {before} --> {after}: {', '.join(happenings)}" for (before, after), happenings in joined.items()]
    lines += [f"    {state} --> [*]" for state in sorted(final)]
    return [*lines, "```"]


def layers() -> list[str]:
    """The rooms in the order of the import contract. An arrow is an import; what follows from others is left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(each for each in project["tool"]["importlinter"]["contracts"] if each["type"] == "layers")
    order = [[name.strip(" ()") for name in row.split("|")] for row in contract["layers"]]
    imports = _imports({name for row in order for name in row})
    rows = [[name for name in row if name in imports] for row in order]
    lines = ["```mermaid", "flowchart TB"]
    lines += [f"    {name}" for row in rows for name in row]
    lines += [f"    {name} --> {each}" for row in rows for name in row for each in sorted(_reduced(imports, name))]
    return [*lines, "```"]


def _imports(rooms: set[str]) -> dict[str, set[str]]:
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        room = _room(module)
        if room not in rooms:
            continue
        theirs = found.setdefault(room, set())
        theirs |= {_room(each) for each in graph.find_modules_directly_imported_by(module)} & rooms - {room}
    return found


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def _reduced(imports: Mapping[str, set[str]], name: str) -> set[str]:
    direct = imports[name]
    return {each for each in direct if not any(each in _below(imports, other) for other in direct - {each})}


def _below(imports: Mapping[str, set[str]], name: str) -> set[str]:
    below = set(imports.get(name, ()))
    for each in tuple(below):
        below |= _below(imports, each)
    return below


SECTIONS: Mapping[str, Callable[[], list[str]]] = {
    "delivery states": delivery_states,
    "breaker states": breaker_states,
    "approval states": approval_states,
    "incident states": incident_states,
    "issue states": issue_states,
    "layers": layers,
}
"""Name of a marked section of a page, and what writes it."""
