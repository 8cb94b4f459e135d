"""What commands print: tables, lamps, times, progress. Rich is imported only for a terminal, and only then."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from centralita.cli.words import _
from centralita.i18n import N_

LAMPS: Mapping[str, tuple[str, str, str]] = {
    "flowing": ("●", "green", N_("flowing")),
    "waiting": ("◔", "blue", N_("waiting")),
    "held": ("⏸", "yellow", N_("held")),
    "paused": ("⏸", "yellow", N_("paused")),
    "failed": ("✕", "red", N_("failed")),
    "on": ("●", "green", N_("on")),
    "disabled": ("✕", "red", N_("stopped by the hub")),
    "off": ("○", "bright_black", N_("off")),
    "inactive": ("○", "bright_black", N_("inactive")),
    "in_force": ("●", "green", N_("in force")),
    "not_in_force": ("○", "bright_black", N_("not in force")),
    "skipped": ("↷", "bright_black", N_("skipped")),
    "delivered": ("●", "green", N_("delivered")),
    "dead": ("✕", "red", N_("given up")),
    "due": ("◔", "blue", N_("due")),
    "in_flight": ("◔", "blue", N_("in flight")),
    "superseded": ("○", "bright_black", N_("superseded")),
    "open": ("◔", "blue", N_("open")),
    "asked": ("⏸", "yellow", N_("question asked")),
    "answering": ("◔", "blue", N_("InvGate is being told")),
    "approved": ("●", "green", N_("approved")),
    "rejected": ("✕", "red", N_("rejected")),
    "expired": ("✕", "red", N_("denied: nobody answered")),
    "cancelled": ("○", "bright_black", N_("cancelled")),
    "changed": ("●", "green", N_("changed")),
    "stale": ("↷", "yellow", N_("overtaken")),
    "overtaken": ("↷", "yellow", N_("overtaken")),
    "planned": ("◔", "blue", N_("planned")),
    "reverted": ("●", "green", N_("put back")),
    "not_reverted": ("✕", "red", N_("failed")),
    "acknowledged": ("⏸", "yellow", N_("acknowledged")),
    "resolved": ("●", "green", N_("resolved")),
    "ignored": ("○", "bright_black", N_("ignored")),
    "unattended": ("✕", "red", N_("unattended")),
    "in_hand": ("◔", "blue", N_("in hand")),
    "solved": ("●", "green", N_("solved")),
    "ok": ("●", "green", N_("ok")),
    "warn": ("◔", "yellow", N_("warning")),
    "fail": ("✕", "red", N_("failure")),
}
"""State -> symbol, colour, word: a state is never a colour alone."""

_COLOURS = {"green": 32, "blue": 34, "yellow": 33, "red": 31, "cyan": 36, "bright_black": 90, "bold": 1}


def on_terminal() -> bool:
    """Whether a person reads along."""
    return sys.stdout.isatty()


def say(text: str = "") -> None:
    """A line on standard output, at once: whoever started us may wait for it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"{text}\n")


def print_json(value: Any) -> None:
    """For machines."""
    say(json.dumps(value, ensure_ascii=False, indent=2 if on_terminal() else None))


def painted(text: str, colour: str) -> str:
    """In colour on a terminal."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if on_terminal() else text


def lamp(state: str) -> str:
    """A state as symbol and word."""
    symbol, _colour, word = LAMPS.get(state, ("○", "bright_black", state))
    return f"{symbol} {_(word)}"


def lit(state: str) -> str:
    """A state's symbol alone, in its colour: its word stands beside."""
    symbol, colour, _word = LAMPS.get(state, ("○", "bright_black", state))
    return painted(symbol, colour)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], right: Iterable[int] = ()) -> None:
    """Rows under their heads; ``right`` are the columns that hold numbers."""
    cells = [[_cell(value) for value in row] for row in rows]
    numbers = frozenset(right)
    if on_terminal():
        _rich_table(heads, cells, numbers)
        return
    widths = [max([len(heads[i]), *(len(row[i]) for row in cells)]) for i in range(len(heads))]
    for row in [list(heads), *cells]:
        aligned = (
            cell.rjust(w) if i in numbers else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        say("  ".join(aligned).rstrip())


def _cell(value: Any) -> str:
    text = "" if value is None else ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return "".join(character if character.isprintable() else " " for character in text)


def _rich_table(heads: Sequence[str], cells: Sequence[Sequence[str]], numbers: frozenset[int]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index, head in enumerate(heads):
        justify: Literal["left", "right"] = "right" if index in numbers else "left"
        # The first column names the row: it has to be copied whole, so it is never folded.
        drawn.add_column(head, justify=justify, overflow="fold", no_wrap=index == 0)
    by_text = {f"{symbol} {_(word)}": colour for symbol, colour, word in LAMPS.values()}
    for row in cells:
        drawn.add_row(*(Text(cell, style=by_text.get(cell, "")) for cell in row))
    Console().print(drawn)


def plain(text: str) -> str:
    """``text`` without what would move a terminal's cursor: it comes from strangers."""
    return "".join(
        character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def ago(moment: str | None, now: datetime | None = None) -> str:
    """How long ago an RFC 3339 time was; "" for None."""
    if not moment:
        return ""
    seconds = ((now or datetime.now(UTC)) - datetime.fromisoformat(moment)).total_seconds()
    sizes = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    size, unit = next((each for each in sizes if abs(seconds) >= each[0]), sizes[-1])
    count = f"{abs(seconds) / size:.0f} {unit}"
    return _("in {time}").format(time=count) if seconds <= -1 else _("{time} ago").format(time=count)


def took(ms: float | None) -> str:
    """A length of time, as short as it may be; "" when nobody knows it."""
    if ms is None:
        return ""
    for limit, divisor, unit in ((1, 1, "ms"), (1_000, 1, "ms"), (60_000, 1_000, "s"), (3_600_000, 60_000, "min")):
        if abs(ms) < limit:
            return f"{ms / divisor:.1f} {unit}" if limit == 1 or unit == "s" else f"{ms / divisor:.0f} {unit}"
    return f"{ms / 3_600_000:.1f} h"


class Advance(Protocol):
    """Moves a progress bar on."""

    def __call__(self, done: int) -> None: ...


@contextmanager
def progress(text: str, total: int | None = None) -> Iterator[Advance]:
    """A progress bar on standard error while a person reads along; nothing otherwise."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=total)
        yield lambda done: bar.advance(task, done)
