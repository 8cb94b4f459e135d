"""wrk as the generator: 64 connections on one thread, replaying signed requests."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import Failed

CONNECTIONS = 64
SCRIPT = Path(__file__).with_name("replay.lua")


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    requests: int
    duration_s: float
    p50_ms: float
    p99_ms: float

    @property
    def per_s(self) -> float:
        return self.requests / self.duration_s


def replay(url: str, file: Path, first: int, last: int, seconds: float) -> Load:
    """Sends lines ``first``..``last`` of ``file`` for whole ``seconds``. Raises Failed unless all is answered 2xx."""
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "10s", "-s", str(SCRIPT)]
    done = subprocess.run(
        ["wrk", *options, url, "--", str(file), str(first), str(last)], capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise Failed(f"wrk: {done.stdout[-300:]} {done.stderr[-300:]}")
    said = json.loads(lines[-1])
    if said.pop("refused") or said.pop("lost"):
        raise Failed(f"wrk: not every request was accepted: {lines[-1]}")
    return Load(**{name: value for name, value in said.items() if name != "lost"})
