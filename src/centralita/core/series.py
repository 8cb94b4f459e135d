"""A course of values as one line of text: a small chart that every reader and every client can show."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 24
MOST_POINTS = 1000
LEAST_POINTS = 3
"""Fewer are no course."""


class Course(msgspec.Struct, frozen=True):
    """A series, drawn."""

    bars: str
    """At most ``WIDTH`` characters of ``BARS``, each the mean of its share of the points."""
    least: float
    most: float
    last: float


def read_series(data: Mapping[str, Any]) -> tuple[float, ...]:
    """The numbers of ``data.series``, bare, as ``[time, value]`` or ``{value: ...}``: the newest ``MOST_POINTS``."""
    given = data.get("series")
    points = given[-MOST_POINTS:] if isinstance(given, list) else []
    return tuple(value for point in points if (value := _value(point)) is not None)


def _value(point: Any) -> float | None:
    if isinstance(point, Mapping):
        point = point.get("value")
    elif isinstance(point, list):
        point = point[-1] if point else None
    if isinstance(point, bool) or not isinstance(point, int | float):
        return None
    try:
        value = float(point)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def draw(values: Sequence[float]) -> Course | None:
    """The course of ``values``; None for too few."""
    if len(values) < LEAST_POINTS:
        return None
    width = min(WIDTH, len(values))
    edges = [len(values) * number // width for number in range(width + 1)]
    shares = [values[start:end] for start, end in itertools.pairwise(edges)]
    # Divided first: the sum of finite numbers need not be one.
    means = [math.fsum(value / len(share) for value in share) for share in shares]
    least, most = min(means), max(means)
    # Divided before the difference is taken: two numbers that are finite may differ by more than any.
    span = most / 2 - least / 2
    steps = [round((mean / 2 - least / 2) / span * (len(BARS) - 1)) if span else len(BARS) // 2 for mean in means]
    return Course("".join(BARS[step] for step in steps), min(values), max(values), values[-1])
