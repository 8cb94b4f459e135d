"""Pictures as SVG, made on the server: the page shows them without a script, and mail and PDF can show the same.

Only presentation attributes and classes: the policy allows no inline style. Each picture has a title in words; the
values stand in a table beside or below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, NARROW, HEIGHT = 960, 340, 200
_LEFT, _BOTTOM, _TOP = 44, 22, 8
LAYERS = ("successful", "slow", "error", "rejected")
"""From the bottom up."""


@dataclass(frozen=True)
class Bar:
    """One interval of a histogram."""

    label: str
    """Below the axis; "" for none."""
    title: str
    """The values in words, under the pointer."""
    layers: Sequence[float]
    """As many as the histogram has names."""


def sparkline(values: Sequence[float], title: str) -> Markup:
    """A course without axes; nothing for fewer than two values."""
    if len(values) < 2:
        return Markup("")
    most = max(max(values), 1e-9)
    step = 96 / (len(values) - 1)
    points = " ".join(f"{number * step:.1f},{18 - 16 * value / most:.1f}" for number, value in enumerate(values))
    return Markup(
        '<svg class="spark" viewBox="0 0 96 20" preserveAspectRatio="none" role="img"><title>{title}</title>'
        '<polyline points="{points}"/></svg>'
    ).format(title=title, points=points)


def histogram(bars: Sequence[Bar], title: str, names: Sequence[str] = LAYERS) -> Markup:
    """Stacked bars from zero, a gridline at the top and the middle; ``names`` choose the colours (``bar-NAME``).

    Drawn for a wide page and for a phone; the style sheet shows the one that fits, so that its text stays readable.
    """
    return _histogram(bars, title, names, WIDTH, "chart") + _histogram(bars, title, names, NARROW, "chart narrow")


def _histogram(bars: Sequence[Bar], title: str, names: Sequence[str], whole: int, kind: str) -> Markup:
    most = _round_up(max((sum(bar.layers) for bar in bars), default=0))
    width = (whole - _LEFT) / max(1, len(bars))
    drawn = [_grid(most, whole)]
    for number, bar in enumerate(bars):
        drawn.append(_bar(bar, _LEFT + number * width, width, most, names))
    body = Markup("").join(drawn)
    return Markup('<svg class="{kind}" viewBox="0 0 {w} {h}" role="img"><title>{title}</title>{body}</svg>').format(
        kind=kind, w=whole, h=HEIGHT, title=title, body=body
    )


def _grid(most: float, whole: int) -> Markup:
    lines = []
    for share in (0.0, 0.5, 1.0):
        y = _y(most * share, most)
        lines.append(
            Markup('<line class="grid-line" x1="{x}" x2="{w}" y1="{y}" y2="{y}"/>').format(
                x=_LEFT, w=whole, y=f"{y:.1f}"
            )
        )
        lines.append(
            Markup('<text x="{x}" y="{y}" text-anchor="end">{text}</text>').format(
                x=_LEFT - 6, y=f"{y + 4:.1f}", text=f"{most * share:g}"
            )
        )
    return Markup("").join(lines)


def _bar(bar: Bar, x: float, width: float, most: float, names: Sequence[str]) -> Markup:
    parts, below = [Markup("<g><title>{}</title>").format(bar.title)], 0.0
    for name, value in zip(names, bar.layers, strict=True):
        if value > 0:
            top, foot = _y(below + value, most), _y(below, most)
            parts.append(
                Markup('<rect class="bar-{n}" x="{x}" y="{y}" width="{w}" height="{h}"/>').format(
                    n=name, x=f"{x + width * 0.1:.2f}", y=f"{top:.2f}", w=f"{width * 0.8:.2f}", h=f"{foot - top:.2f}"
                )
            )
            below += value
    # The whole column answers the pointer, also where a bar is low.
    parts.append(
        Markup('<rect x="{x}" y="{t}" width="{w}" height="{h}" fill="transparent"/></g>').format(
            x=f"{x:.2f}", t=_TOP, w=f"{width:.2f}", h=HEIGHT - _TOP - _BOTTOM
        )
    )
    if bar.label:
        parts.append(
            Markup('<text x="{x}" y="{y}" text-anchor="middle">{t}</text>').format(
                x=f"{x + width / 2:.1f}", y=HEIGHT - 6, t=bar.label
            )
        )
    return Markup("").join(parts)


def _y(value: float, most: float) -> float:
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / most)


def _round_up(value: float) -> float:
    """The next of 2, 4, 10, 20, 40, 100...: a scale that one can read, with a whole number in its middle."""
    size = 1.0
    while True:
        for factor in (2, 4, 10):
            if size * factor >= value:
                return size * factor
        size *= 10


@dataclass(frozen=True)
class Phase:
    """A part of an exchange."""

    key: str
    """Chooses the colour (``phase-KEY``)."""
    word: str
    length: float
    said: str
    """The length with its unit."""


def phases(parts: Sequence[Phase], title: str) -> Markup:
    """One bar of parts, each as long as it took; nothing when nothing took any time."""
    whole = sum(part.length for part in parts)
    if whole <= 0:
        return Markup("")
    drawn, x = [], 0.0
    for part in parts:
        width = WIDTH * part.length / whole
        drawn.append(
            Markup('<g><title>{t}</title><rect class="phase-{k}" x="{x}" y="0" width="{w}" height="20"/></g>').format(
                t=f"{part.word}: {part.said}", k=part.key, x=f"{x:.1f}", w=f"{max(width, 1):.1f}"
            )
        )
        x += width
    return Markup(
        '<svg class="phases" viewBox="0 0 {w} 20" preserveAspectRatio="none" role="img"><title>{t}</title>{b}</svg>'
    ).format(w=WIDTH, t=title, b=Markup("").join(drawn))
