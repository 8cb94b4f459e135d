"""Row 8: what the hub takes when nothing happens."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench import Bench, Result, Row, Target, hub, median, number, spread
from benchmarks.children import ROOT, Failed, child, python
from benchmarks.progress import Progress

RSS_MB, HELP_S = 120.0, 0.3


def _help_s(command: list[str]) -> float:
    began_s = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stderr[-300:].decode()}")
    return time.perf_counter() - began_s


def _idle_mb(bench: Bench, kind: str) -> float:
    with bench.scratch(kind) as (url, directory), hub(url, directory) as running:
        with urllib.request.urlopen(f"{running.url}/readyz", timeout=30) as response:  # noqa: S310 - ours, on loopback
            response.read()
        return running.usage().rss_mb


def _flask_mb(bench: Bench) -> float:
    with bench.scratch("sqlite") as (url, _), child(*python("benchmarks.flask_receiver", url, "2", "16")) as running:
        return running.usage().rss_mb


def _run(bench: Bench, bar: Progress) -> Result:
    program = Path(sys.executable).with_name("centralita")
    sides: dict[str, Callable[[], float]] = {
        "serve, idle, SQLite: MB": lambda: _idle_mb(bench, "sqlite"),
        "serve, idle, PostgreSQL: MB": lambda: _idle_mb(bench, "postgresql"),
        "Flask + ORM, 2 workers, idle: MB": lambda: _flask_mb(bench),
        "`centralita --help`: s": lambda: _help_s([str(program), "--help"]),
        "`python -c pass`: s": lambda: _help_s([sys.executable, "-c", "pass"]),
    }
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(bench.rounds):
        for name, side in sides.items():
            found[name].append(side())
            bar.step(f"{name.replace('`', '')} {number(found[name][-1])}")
    middle = {name: median(values) for name, values in found.items()}
    largest = max(middle["serve, idle, SQLite: MB"], middle["serve, idle, PostgreSQL: MB"])
    help_s, bare_s = middle["`centralita --help`: s"], middle["`python -c pass`: s"]
    return Result(
        table=[["", "median"], *([name, spread(values)] for name, values in found.items())],
        targets=[
            Target("idle memory of serve <= 120 MB", f"{number(largest)} MB", largest <= RSS_MB),
            Target(
                "centralita --help < 0.3 s",
                f"{help_s:.2f} s ({help_s / bare_s:.1f}x a bare interpreter)",
                help_s < HELP_S,
                "Most of it is importing Typer and Rich.",
            ),
        ],
        notes=["Memory is resident; of several processes it is the sum, in which what they share counts for each."],
    )


ROWS = [
    Row(
        "footprint",
        "Idle memory, and the first line of help",
        "VmRSS of the serving process once it is ready and has answered; wall time of the help's whole process.",
        _run,
        lambda bench: 5 * bench.rounds,
    )
]
