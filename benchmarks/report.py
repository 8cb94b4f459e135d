"""Keeps what was measured (``results.json``) and writes ``RESULTS.md`` from it, whole, after every run."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.bench import Result, Row
from tests.postgres import binary

HERE = Path(__file__).parent
KEPT, PAGE = HERE / "results.json", HERE / "RESULTS.md"

_HEAD = """\
# What was measured

Written by `python -m benchmarks` (`make bench`); do not edit. Every figure is a ratio against something that ran in the
same minutes on the same machine, in turns (A B A B), each side a process of its own, the load generator another. Each
is the median of three rounds, with the lowest and highest in brackets. Absolute figures depend on the machine, and on
what else it does: read the ratios.
"""


def machine() -> str:
    """What the figures were measured on."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    memory_kb = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    postgres = subprocess.run([binary("postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    parts = (
        f"{os.cpu_count()} x {cpu}",
        f"{memory_kb / 2**20:.0f} GB",
        f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        postgres.strip().replace("postgres (PostgreSQL)", "PostgreSQL"),
        *(f"{name} {version(name)}" for name in ("uvloop", "aiohttp", "procrastinate", "flask", "gunicorn")),
    )
    return ", ".join(parts)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def keep(row: Row, result: Result) -> None:
    """Replaces what is known of a row."""
    known = _known()
    known[row.name] = {
        **asdict(result),
        "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": machine(),
        "load_before": f"{os.getloadavg()[2]:.1f}",
    }
    KEPT.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _known() -> dict[str, Any]:
    return dict(json.loads(KEPT.read_text(encoding="utf-8"))) if KEPT.exists() else {}


def write(rows: Sequence[Row]) -> None:
    """Writes the page of every row that was ever measured here."""
    known = _known()
    lines = [_HEAD, *_summary(rows, known)]
    for row in rows:
        if row.name in known:
            lines += ["", *_section(row, known[row.name])]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _summary(rows: Sequence[Row], known: dict[str, Any]) -> Iterator[str]:
    yield "| measure | target | measured | |"
    yield "|---|---|---|---|"
    for row in rows:
        for target in known.get(row.name, {}).get("targets", []):
            mark = "kept" if target["kept"] else "**short**"
            yield f"| [{row.title}](#{row.name}) | {target['text']} | {target['measured']} | {mark} |"


def _section(row: Row, known: dict[str, Any]) -> Iterator[str]:
    yield f'<a id="{row.name}"></a>'
    yield f"## {row.title}"
    yield ""
    yield f"`python -m benchmarks {row.name}`, {known['at']}"
    yield ""
    yield f"{known['machine']}; load average {known['load_before']} over the quarter of an hour until the end."
    yield ""
    yield row.method
    yield ""
    head, *body = known["table"]
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for line in body:
        yield "| " + " | ".join(line) + " |"
    for note in known["notes"]:
        yield ""
        yield note
    for target in known["targets"]:
        if not target["kept"]:
            yield ""
            yield f"**Short of the target** ({target['text']}): {target['measured']}. {target['why']}".rstrip()
