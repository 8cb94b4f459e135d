"""How far a benchmark is, on the terminal; one line a step where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

console = Console(stderr=True)


class Progress:
    """One row's bar."""

    def __init__(self, bars: Bars, title: str, steps: int) -> None:
        self._bars, self._title = bars, title
        self._task = bars.add_task(title, total=steps)
        self._done = 0.0

    def step(self, said: str = "") -> None:
        """One more step is done; ``said`` is its outcome."""
        self._done = int(self._done) + 1
        self._bars.update(self._task, completed=self._done)
        if said:
            self._bars.console.print(f"  {said}", highlight=False)

    def now(self, doing: str) -> None:
        """What goes on."""
        self._bars.update(self._task, description=f"{self._title}: {doing}")

    def move(self, part: float) -> None:
        """``part`` (0..1) of the step under way."""
        self._bars.update(self._task, completed=int(self._done) + part)


@contextmanager
def progress(title: str, steps: int) -> Iterator[Progress]:
    """A bar for ``steps`` steps."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bars:
        yield Progress(bars, title, steps)
