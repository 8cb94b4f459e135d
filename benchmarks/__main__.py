"""``python -m benchmarks [row ...] [--quick]``: measures, prints, and writes ``RESULTS.md``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import report
from benchmarks.bench import Bench, Result, Row
from benchmarks.children import Failed
from benchmarks.progress import console, progress
from benchmarks.rows import ROWS


def _parse(words: list[str]) -> argparse.Namespace:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"which (default: all): {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="one short round of each; RESULTS.md stays as it is")
    parser.add_argument("--rounds", type=int, default=3, help="of each row at full length (default: 3)")
    parser.add_argument("--events", type=int, default=0, help="of the big database of the row dashboard")
    choice = parser.parse_args(words)
    if choice.rounds < 1:
        parser.error("at least one round")
    unknown = sorted(set(choice.rows) - set(names))
    if unknown:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(names)}")
    return choice


def _measure(row: Row, bench: Bench) -> Result:
    console.print(f"[bold]{row.title}[/bold] ({row.name})", highlight=False)
    with progress(row.title, row.steps(bench)) as bar:
        result = row.run(bench, bar)
    for target in result.targets:
        console.print(f"  {'kept ' if target.kept else 'SHORT'} {target.text}: {target.measured}", highlight=False)
    return result


def main(words: list[str] | None = None) -> int:
    """0 when everything was measured, whether or not a target was kept; 1 when something could not be."""
    choice = _parse(sys.argv[1:] if words is None else words)
    wanted = [row for row in ROWS if not choice.rows or row.name in choice.rows]
    failed = False
    with tempfile.TemporaryDirectory(prefix="centralita-bench-") as directory:
        bench = Bench(Path(directory), choice.quick, choice.rounds, choice.events)
        try:
            for row in wanted:
                try:
                    result = _measure(row, bench)
                except Failed as fault:
                    console.print(f"  [red]failed[/red]: {fault}", highlight=False)
                    failed = True
                    continue
                if not choice.quick:
                    report.keep(row, result)
        finally:
            bench.close()
    if not choice.quick:
        report.write(ROWS)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
