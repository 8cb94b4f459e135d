"""The language of a rule's ``condition``: comparisons joined by AND, OR and NOT, compiled to closures.

``severity == 'critical' AND (ticket.priority in ['Alta', 'Urgente'] OR NOT agent.email exists)``

A bare name is an attribute of the event, else a key of its ``data``; dots go deeper; ``data.`` names the data outright.
Types don't mix (``"3" == 3`` and ``true == 1`` are false) and strings compare exactly. What is not there is null.
``!=`` is the opposite of ``==``, so it is true of a missing path and anything but null; order and text tests of a
missing path or a wrong type are false. ``exists`` is true of everything but null and "". ``x in y`` and
``y contains x`` look inside lists, ``contains`` inside text as well. ``matches`` searches by RE2, whose syntax has
``^``, ``$`` and ``(?i)`` (https://github.com/google/re2/wiki/Syntax). No loops and no calls: the time is linear in the
condition and the event.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
import re2

from centralita.core.condition_requirements import Requirements, named_types, requirements
from centralita.core.condition_syntax import (
    All,
    Compare,
    ConditionError,
    Constant,
    Exists,
    Negated,
    Node,
    Operand,
    Path,
    canonical,
    fault,
    parse,
)
from centralita.core.events import SEVERITIES, Event

__all__ = ["Condition", "ConditionError", "Reason", "compile_condition", "lookup"]

Test = Callable[[Event], bool]
Get = Callable[[Event], Any]

_ACTUAL_LIMIT = 160


class Reason(msgspec.Struct, frozen=True):
    """One thing that decided, for "why" and "why not": a message id and its arguments.

    ``condition.true`` and ``condition.false`` have ``comparison`` (as written) and ``actual`` ({path: value as JSON}).
    """

    id: str
    arguments: dict[str, Any] = {}


class Condition:
    """A compiled condition. ``test(event)`` is its truth; the empty text is always true."""

    __slots__ = ("_node", "_tests", "paths", "requires", "test", "text", "types")

    def __init__(self, text: str, node: Node | None) -> None:
        self.text = text
        self._node = node
        self._tests: dict[int, Test] = {}
        self.test: Test = _always if node is None else self._compile(node)
        self.requires: Requirements = {} if node is None else requirements(node)
        """What must hold for it to be true: necessary, not sufficient."""
        self.types: frozenset[str] = frozenset(named_types(node))
        """The event types that it names by ``==`` or ``in``, outside of NOT."""
        self.paths: frozenset[str] = frozenset(_paths(node))
        """Every path it reads: attributes by name, the rest as ``data.ticket.priority``."""

    def equalities(self) -> Mapping[str, frozenset[Hashable]]:
        """Path -> constants, one of which it must equal for the condition to be true. Necessary, not sufficient."""
        return {path: values for (kind, path), values in self.requires.items() if kind == "equal"}

    def explain(self, event: Event) -> tuple[Reason, ...]:
        """The comparisons that decided, each with what it found: those that failed when ``test`` is false."""
        return () if self._node is None else tuple(self._decisive(self._node, event))

    def _compile(self, node: Node) -> Test:
        match node:
            case Compare():
                test = _comparison(node)
            case Exists():
                test = _exists(_getter(node.path))
            case Negated():
                test = _negation(self._compile(node.part))
            case All():
                test = _conjunction([self._compile(part) for part in node.parts])
            case _:
                test = _disjunction([self._compile(part) for part in node.parts])
        self._tests[id(node)] = test
        return test

    def _decisive(self, node: Node, event: Event) -> Iterable[Reason]:
        held = self._tests[id(node)](event)
        match node:
            case Compare() | Exists():
                actual = {path: _shown(lookup(path)(event)) for path in sorted(_paths(node))}
                yield Reason(f"condition.{str(held).lower()}", {"comparison": node.text, "actual": actual})
            case Negated():
                yield from self._decisive(node.part, event)
            case _:
                for part in node.parts:
                    if self._tests[id(part)](event) == held:
                        yield from self._decisive(part, event)


@lru_cache(maxsize=16_384)
def compile_condition(text: str) -> Condition:
    """The condition that ``text`` says. Raises ConditionError, which knows line, column and a cure."""
    node = parse(text)
    if node is not None:
        _check(node, text)
    return Condition(text, node)


def lookup(path: str) -> Get:
    """A function from an event to what stands at ``path``, written as in ``Condition.paths``; None when missing."""
    first, _, rest = path.partition(".")
    return _data_getter(tuple(rest.split("."))) if first == "data" and rest else operator.attrgetter(path)


# --- Paths


def _getter(operand: Operand) -> Get:
    if isinstance(operand, Constant):
        value = operand.value
        return lambda event: value
    return lookup(canonical(operand.parts))


def _data_getter(keys: tuple[str, ...]) -> Get:
    if len(keys) == 1:
        key = keys[0]
        return lambda event: event.data.get(key)

    def get(event: Event) -> Any:
        value: Any = event.data
        for key in keys:
            if isinstance(value, dict):
                value = value.get(key)
            elif (
                isinstance(value, list) and key.isascii() and key.isdigit() and len(key) < 10 and int(key) < len(value)
            ):
                value = value[int(key)]
            else:
                return None
        return value

    return get


def _paths(node: Node | None) -> set[str]:
    match node:
        case None:
            return set()
        case Compare():
            return {canonical(side.parts) for side in (node.left, node.right) if isinstance(side, Path)}
        case Exists():
            return {canonical(node.path.parts)}
        case Negated():
            return _paths(node.part)
    return set().union(*(_paths(part) for part in node.parts))


# --- Truth


def _always(event: Event) -> bool:
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    same_type = (_is_number(left) and _is_number(right)) or type(left) is type(right)
    return same_type and bool(left == right)


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        if (isinstance(left, str) and isinstance(right, str)) or (_is_number(left) and _is_number(right)):
            return test(left, right)
        return False

    return compare


def _textual(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: isinstance(left, str) and isinstance(right, str) and test(left, right)


def _member(left: Any, right: Any) -> bool:
    return isinstance(right, list) and any(_equal(left, item) for item in right)


def _contains(left: Any, right: Any) -> bool:
    return isinstance(right, str) and right in left if isinstance(left, str) else _member(right, left)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": _member,
    "contains": _contains,
    "startswith": _textual(str.startswith),
    "endswith": _textual(str.endswith),
}


def _comparison(node: Compare) -> Test:
    left, right, name = node.left, node.right, node.operator
    if isinstance(right, Constant):
        get, value = _getter(left), right.value
        if name == "matches":
            return _search(get, value)
        if name == "==" and isinstance(value, str):
            return lambda event: bool(get(event) == value)  # A string equals nothing but strings.
        if name == "in" and all(isinstance(item, str) for item in value):
            values = frozenset(value)
            return lambda event: isinstance(found := get(event), str) and found in values
    compare, get_left, get_right = _OPERATORS[name], _getter(left), _getter(right)
    return lambda event: compare(get_left(event), get_right(event))


def _search(get: Get, pattern: str) -> Test:
    search = _re2(pattern).search

    def test(event: Event) -> bool:
        value = get(event)
        # RE2 reads UTF-8, which has no surrogates.
        return isinstance(value, str) and search(value.encode("utf-8", "replace")) is not None

    return test


def _re2(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _detail(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))[:200]


def _exists(get: Get) -> Test:
    return lambda event: get(event) not in (None, "")


def _negation(test: Test) -> Test:
    return lambda event: not test(event)


def _conjunction(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda event: first(event) and second(event)

    def test(event: Event) -> bool:
        for part in tests:
            if not part(event):
                return False
        return True

    return test


def _disjunction(tests: list[Test]) -> Test:
    return lambda event: any(part(event) for part in tests)


# --- What the grammar cannot see


def _check(node: Node, text: str) -> None:
    """Raises ConditionError for comparisons that could never mean what their author meant."""
    match node:
        case Negated():
            _check(node.part, text)
        case Compare():
            _check_comparison(node, text)
        case Exists():
            pass
        case _:
            for part in node.parts:
                _check(part, text)


def _check_comparison(node: Compare, text: str) -> None:
    left, right, name = node.left, node.right, node.operator
    if name == "matches":
        if not (isinstance(right, Constant) and isinstance(right.value, str)):
            raise fault(text, right.start, "condition.pattern_not_text")
        try:
            _re2(right.value)
        except re2.error as error:
            raise fault(text, right.start, "condition.bad_pattern", detail=_detail(error)) from None
    if name == "in" and isinstance(right, Constant) and not isinstance(right.value, list):
        raise fault(text, right.start, "condition.in_needs_list")
    for side, other in ((left, right), (right, left)):
        if isinstance(side, Path) and side.parts == ("severity",):
            _check_severity(node, other, text)


def _check_severity(node: Compare, other: Operand, text: str) -> None:
    if isinstance(other, Path):
        if len(other.parts) == 1 and other.parts[0] in SEVERITIES:
            raise fault(text, other.start, "condition.quote_word", word=other.parts[0])
        return
    if node.operator in ("<", "<=", ">", ">="):
        # They would be compared by the alphabet.
        raise fault(text, node.start, "condition.severity_order", known=list(SEVERITIES))
    if node.operator in ("==", "!=", "in"):
        for word in other.value if isinstance(other.value, list) else [other.value]:
            if word is not None and word not in SEVERITIES:
                raise fault(text, other.start, "condition.unknown_severity", word=str(word), known=list(SEVERITIES))


def _shown(value: object) -> str:
    written = msgspec.json.encode(value).decode()
    return written if len(written) <= _ACTUAL_LIMIT else written[: _ACTUAL_LIMIT - 1] + "…"
