"""Processes under measurement: started from the repository's root, ready when their first line says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
END_S = 30.0


class Failed(Exception):
    """A process ended, or said something else than was expected of it."""


@dataclass(frozen=True)
class Usage:
    """What a process (with its children) has used."""

    cpu_s: float
    rss_mb: float
    """Resident now."""
    peak_rss_mb: float


class Child:
    """One process. ``facts`` is the JSON of its first line on stdout."""

    def __init__(self, process: subprocess.Popen[bytes], facts: Mapping[str, Any]) -> None:
        self.process, self.facts = process, facts

    @property
    def url(self) -> str:
        return str(self.facts["url"])

    def usage(self) -> Usage:
        """Of the process and everything that it has started."""
        pids = [self.process.pid, *_descendants(self.process.pid)]
        return Usage(
            cpu_s=sum(_cpu_s(pid) for pid in pids),
            rss_mb=sum(_status_mb(pid, "VmRSS") for pid in pids),
            peak_rss_mb=sum(_status_mb(pid, "VmHWM") for pid in pids),
        )

    def end(self) -> None:
        """SIGTERM, and waits; SIGKILL when that does not help."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@contextmanager
def child(*command: str, environ: Mapping[str, str] | None = None) -> Iterator[Child]:
    """Runs ``command`` until the block ends. Raises Failed when it ends before it is ready."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    if not first:
        raise Failed(f"{' '.join(command)} ended with {process.wait()}")
    running = Child(process, json.loads(first))
    try:
        yield running
    finally:
        running.end()


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module with this interpreter."""
    return (sys.executable, "-m", module, *arguments)


def _descendants(pid: int) -> list[int]:
    try:
        direct = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [found for one in direct for found in (int(one), *_descendants(int(one)))]


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _status_mb(pid: int, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)
