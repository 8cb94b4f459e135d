"""Reads the YAML file into plain values, and remembers where each was written.

YAML 1.1 as PyYAML reads it, without its surprises: keys are always text, a key said twice is an error, and
neither dates nor base-60 numbers are guessed (``12:30`` is text).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from centralita.i18n import N_
from centralita.settings.places import Keys, Notice, Place, dotted

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALARS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null"}
_VARIABLE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{[^}]*\}?")
_MOST_NODES = 200_000  # aliases can multiply: a file of 1 KB must not fill the memory


@dataclass
class Document:
    """Values as Python has them, the place of each, and what was wrong on the way."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Keys, Place] = field(default_factory=dict)
    problems: list[Notice] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def move(self, source: Keys, target: Keys) -> None:
        """Takes the value at ``source`` (which exists) to ``target``; its places still tell the key that was written.
        A value that is there already stays, and that it was said twice is a problem. Where ``target`` cannot be,
        because a section on the way is none, nothing moves: the checks complain about that section."""
        taken = self.holder(target)
        if taken is None:
            return
        value = self.holder(source).pop(source[-1])
        if taken.get(target[-1]) is not None:
            reason = N_("says the same as {other}.")
            other = {"other": dotted(target)}
            self.problems.append(Notice(self.places[source], reason, N_("Keep one of them."), other))
            return
        taken[target[-1]] = value
        for keys in [keys for keys in self.places if keys[: len(source)] == source]:
            self.places[target + keys[len(source) :]] = self.places.pop(keys)

    def holder(self, keys: Keys) -> Any:
        """The mapping that holds the last of ``keys``, made if need be; None if something else is in its place."""
        holder: Any = self.values
        for key in keys[:-1]:
            if holder.get(key) is None:
                holder[key] = {}
            holder = holder[key]
            if not isinstance(holder, dict):
                return None
        return holder


def read(file: Path, environ: Mapping[str, str]) -> Document:
    """Reads ``file``. What cannot be read at all is a problem of the document too, never an exception."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = N_("cannot be read: {detail}.")
        detail = getattr(error, "strerror", None) or "UTF-8"
        return Document(problems=[Notice(Place(str(file)), reason, arguments={"detail": detail})])
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        return Document(problems=[_syntax(error, file)])
    if root is None:
        return Document()
    reader = _Reader(str(file), text, environ)
    if not isinstance(root, yaml.MappingNode):
        reader.problem(Place(str(file), 1, 1), N_("has to be a mapping: sections with a name each."))
        return reader.document
    reader.document.values = reader.value(root, ())
    return reader.document


def _syntax(error: yaml.YAMLError, file: Path) -> Notice:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = Place(str(file), mark.line + 1, mark.column + 1) if mark else Place(str(file))
    detail = getattr(error, "problem", None) or getattr(error, "reason", None) or "?"
    return Notice(
        place,
        N_("is not valid YAML: {detail}."),
        N_("Indent with spaces, and quote what starts with @, *, #, &, %, [ or {{."),
        {"detail": str(detail)},
    )


class _Reader:
    def __init__(self, origin: str, text: str, environ: Mapping[str, str]) -> None:
        self.document = Document()
        self._origin = origin
        self._lines = text.splitlines()
        self._environ = environ
        self._nodes = 0
        self._open: set[int] = set()

    def problem(self, place: Place, reason: str, cure: str = "", **arguments: str) -> None:
        self.document.problems.append(Notice(place, reason, cure, arguments))

    def value(self, node: yaml.Node, keys: Keys) -> Any:
        """The value of a node; ``keys`` lead to it."""
        self._nodes += 1
        if keys not in self.document.places:
            self.document.places[keys] = self._place(node, keys)
        if id(node) in self._open or self._nodes > _MOST_NODES:
            if self._nodes <= _MOST_NODES + 1:
                self.problem(self.document.places[keys], N_("refers to itself, or is too large."))
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, keys)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*keys, index)) for index, item in enumerate(node.value)]
            return self._mapping(node, keys)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.Node, keys: Keys) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.problem(self._place(key_node, keys), N_("A key has to be text."))
                continue
            key = str(key_node.value)
            path = (*keys, key)
            place = self._place(key_node, path)
            if key in values:
                first = str(self.document.places[path].line)
                self.problem(place, N_("was said already in line {line}."), N_("Keep one of them."), line=first)
                continue
            self.document.places[path] = place
            self._warn_of_comment(key_node, value_node, place)
            values[key] = self.value(value_node, path)
        return values

    def _warn_of_comment(self, key: yaml.Node, value: yaml.Node, place: Place) -> None:
        """``channel: #alerts`` is a comment to YAML, and the channel is lost."""
        if not isinstance(value, yaml.ScalarNode) or value.value or value.style in ("'", '"'):
            return
        rest = self._lines[key.end_mark.line][key.end_mark.column :]
        if found := re.match(r"\s*:\s+(#[^\s#]\S*)", rest):
            cure = N_('Quote it: "{text}".')
            self.problem(place, N_("is empty, because # starts a comment."), cure, text=found[1])

    def _scalar(self, node: yaml.ScalarNode, keys: Keys) -> Any:
        if node.tag in _SCALARS and not (node.tag.endswith(("int", "float")) and ":" in node.value):
            try:
                return yaml.SafeLoader("").construct_object(node)
            except (yaml.YAMLError, ValueError):
                return node.value
        return _VARIABLE.sub(lambda found: self._variable(found, keys), str(node.value))

    def _variable(self, found: re.Match[str], keys: Keys) -> str:
        """What stands for ``${NAME}`` or ``${NAME:-default}``; ``$${`` is a plain ``${``."""
        if found[0] == "$${":
            return "${"
        if found[1] is None:
            self.problem(self.document.places[keys], N_("has a ${{...}} that is not ${{NAME}} or ${{NAME:-default}}."))
            return ""
        value = self._environ.get(found[1]) or found[2]
        if value is not None:
            return value
        if found[1] in self._environ:
            return ""
        cure = N_("Set it, or write ${{{name}:-default}}.")
        reason = N_("needs the environment variable {name}, which is not set.")
        self.problem(self.document.places[keys], reason, cure, name=found[1])
        return ""

    def _place(self, node: yaml.Node, keys: Keys) -> Place:
        return Place(self._origin, node.start_mark.line + 1, node.start_mark.column + 1, dotted(keys))
