"""Finds the few of many conditions that can be true of an event, by what each of them requires.

A condition that requires equalities stands in a table under the constants that it names; one that requires a piece of
text, in a set of patterns that RE2 searches for at once; one that requires a number above or below another, in a sorted
list. The rest are tried every time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable
from itertools import product
from typing import Any

import re2

from centralita.core.condition_requirements import Requirement, Requirements
from centralita.core.conditions import lookup
from centralita.core.events import Event

MAX_COMBINATIONS = 32
"""How many entries one condition may have in a table; beyond, it is found by fewer of its equalities."""
FEW = 8
"""Fewer conditions are tried faster one by one than found by what they require of a text or a number."""
PATTERN_MEMORY = 64 << 20
"""Bytes that RE2 may use for the patterns of one path."""


class RuleIndex:
    """Ordinals of conditions. ``candidates(event)`` has every one that is true of the event, and few others."""

    def __init__(self, entries: Iterable[tuple[int, Requirements]]) -> None:
        """``entries``: an ordinal and ``Condition.requires``."""
        self._always: list[int] = []
        tables: dict[tuple[str, ...], dict[Hashable, list[int]]] = {}
        others: dict[tuple[Requirement, str], list[tuple[int, frozenset[Any]]]] = {}
        for ordinal, requires in entries:
            chosen = _chosen(requires)
            rest = [key for key in requires if key[0] != "equal"]
            if chosen:
                paths = tuple(sorted(chosen))
                table = tables.setdefault(paths, {})
                for key in product(*(chosen[path] for path in paths)):
                    table.setdefault(key if len(paths) > 1 else key[0], []).append(ordinal)
            elif rest:
                key_of_rest = max(rest)  # Text before numbers: it sorts out more.
                others.setdefault(key_of_rest, []).append((ordinal, requires[key_of_rest]))
            else:
                self._always.append(ordinal)
        self._by_attribute: list[_Table] = []
        self._by_data: dict[str, list[_Table]] = {}
        for paths, table in tables.items():
            self._place(paths, table)
        self._others: list[_Texts | _Bounds] = []
        for (kind, path), conditions in others.items():
            if len(conditions) < FEW:
                self._always.extend(ordinal for ordinal, _ in conditions)
            else:
                self._others.append(_Texts(path, conditions) if kind == "text" else _Bounds(kind, path, conditions))

    def _place(self, paths: tuple[str, ...], table: dict[Hashable, list[int]]) -> None:
        heads = [path.split(".")[1] for path in paths if path.startswith("data.")]
        if heads:
            self._by_data.setdefault(heads[0], []).append(_Table(paths, table))
        else:
            self._by_attribute.append(_Table(paths, table))

    def candidates(self, event: Event) -> list[int]:
        """Ordinals in rising order."""
        found = list(self._always)
        for table in self._by_attribute:
            found += table.find(event)
        # No constant in a table is null: without the key, nothing under it can be equal.
        data, by_data = event.data, self._by_data
        for head in data if len(data) < len(by_data) else by_data:
            if head in by_data and head in data:
                for table in by_data[head]:
                    found += table.find(event)
        for other in self._others:
            found += other.find(event)
        found.sort()
        return found


class _Table:
    """The conditions that require equality on the same paths, by the constants that they name."""

    def __init__(self, paths: tuple[str, ...], table: dict[Hashable, list[int]]) -> None:
        self._gets = tuple(lookup(path) for path in paths)
        self._table = table

    def find(self, event: Event) -> Iterable[int]:
        gets = self._gets
        key: Any = gets[0](event) if len(gets) == 1 else tuple([get(event) for get in gets])
        try:
            return self._table.get(key, ())
        except TypeError:
            return ()  # A list or an object, equal to no constant here.


class _Texts:
    """The conditions that require one of some patterns in the text at one path."""

    def __init__(self, path: str, conditions: list[tuple[int, frozenset[Any]]]) -> None:
        self._get = lookup(path)
        self._all = [ordinal for ordinal, _ in conditions]
        options = re2.Options()
        options.log_errors = False
        options.max_mem = PATTERN_MEMORY
        self._set = re2.Set.SearchSet(options)
        self._ordinals: dict[int, list[int]] = {}
        # The empty pattern is in every text: an answer without it means that RE2 ran out of memory.
        self._witness = self._set.Add("")
        numbers: dict[Hashable, int] = {}
        for ordinal, patterns in conditions:
            for pattern in patterns:
                if pattern not in numbers:
                    numbers[pattern] = self._set.Add(pattern)
                self._ordinals.setdefault(numbers[pattern], []).append(ordinal)
        try:
            self._set.Compile()
            self._search = self._set.Match
        except re2.error:
            self._search = _unknown

    def find(self, event: Event) -> Iterable[int]:
        value = self._get(event)
        if isinstance(value, list):
            return self._all
        if not isinstance(value, str):
            return ()
        numbers = self._search(value.encode("utf-8", "replace"))
        if not numbers or self._witness not in numbers:
            return self._all
        return {ordinal for number in numbers if number != self._witness for ordinal in self._ordinals[number]}


def _unknown(text: bytes) -> None:
    """Stands in for a set that is too big to search: everything stays possible."""


class _Bounds:
    """The conditions that require a number at one path to be at least (``above``) or at most (``below``) some bound."""

    def __init__(self, kind: Requirement, path: str, conditions: list[tuple[int, frozenset[Any]]]) -> None:
        self._get = lookup(path)
        self._above = kind == "above"
        loosest = min if self._above else max
        pairs = sorted((loosest(bounds), ordinal) for ordinal, bounds in conditions)
        self._bounds = [bound for bound, _ in pairs]
        self._ordinals = [ordinal for _, ordinal in pairs]

    def find(self, event: Event) -> Iterable[int]:
        value = self._get(event)
        if not isinstance(value, int | float):
            return ()
        if self._above:
            return self._ordinals[: bisect_right(self._bounds, value)]
        return self._ordinals[bisect_left(self._bounds, value) :]


def _chosen(requires: Requirements) -> dict[str, frozenset[Any]]:
    """The equalities to find a condition by: as many as make few combinations, the most telling first."""
    equalities = ((path, values) for (kind, path), values in requires.items() if kind == "equal")
    chosen: dict[str, frozenset[Any]] = {}
    combinations = 1
    for path, values in sorted(equalities, key=lambda item: (len(item[1]), item[0])):
        # A missing path equals null, but the tables are entered by what is there.
        if None not in values and combinations * len(values) <= MAX_COMBINATIONS:
            chosen[path] = values
            combinations *= len(values)
    return chosen
