"""What the rows share: where things run, how a hub is started, what a row says."""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.children import Child, child, python
from benchmarks.hub import SECRET
from benchmarks.progress import Progress
from tests.postgres import PostgresCluster

SOURCE = {"slug": "bench", "kind": "generic", "secrets": [SECRET], "settings": {"auth": "standard"}}


@dataclass(frozen=True)
class Target:
    """One promise of a row, and whether it was kept."""

    text: str
    measured: str
    kept: bool
    why: str = ""
    """When it was not kept: why."""


@dataclass(frozen=True)
class Result:
    """What a row has found. ``table`` is Markdown's: the head first."""

    table: Sequence[Sequence[str]]
    targets: Sequence[Target]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Row:
    """One measure."""

    name: str
    title: str
    method: str
    """How it is measured, for whoever reads the results."""
    run: Callable[[Bench, Progress], Result]
    steps: Callable[[Bench], int]


@dataclass
class Bench:
    """Where a run takes place."""

    directory: Path
    quick: bool
    full_rounds: int = 3
    events: int = 0
    """How many events a big database has; 0 for as many as the row says."""
    _cluster: list[PostgresCluster] = field(default_factory=list)
    _count: int = 0

    @property
    def rounds(self) -> int:
        return 1 if self.quick else self.full_rounds

    def seconds(self, full: float) -> float:
        """How long a load lasts that takes ``full`` seconds at full length."""
        return max(1.0, full / 2) if self.quick else full

    def new_directory(self) -> Path:
        self._count += 1
        made = self.directory / f"run-{self._count}"
        made.mkdir()
        return made

    def database(self, kind: str, directory: Path) -> str:
        """The URL of an empty database, ``sqlite`` or ``postgresql``."""
        if kind == "sqlite":
            return f"sqlite:///{directory / 'bench.db'}"
        if not self._cluster:
            root = Path(tempfile.mkdtemp(prefix="centralita-bench-"))
            self._cluster.append(PostgresCluster.create(root, {"shared_buffers": "256MB", "max_wal_size": "4GB"}))
        return self._cluster[0].create_database()

    def drop(self, url: str) -> None:
        """Lets go of a database of ``database``."""
        if url.startswith("postgresql"):
            self._cluster[0].drop_database(url)

    def close(self) -> None:
        for cluster in self._cluster:
            cluster.stop("immediate")
            shutil.rmtree(cluster.root, ignore_errors=True)

    @contextmanager
    def scratch(self, kind: str) -> Iterator[tuple[str, Path]]:
        """An empty database and a directory for one run, both gone afterwards."""
        directory = self.new_directory()
        url = self.database(kind, directory)
        try:
            yield url, directory
        finally:
            self.drop(url)
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def hub(url: str, directory: Path, settings: Mapping[str, Any] | None = None, **plan: Any) -> Iterator[Child]:
    """A hub on ``url``; ``plan`` as in ``benchmarks.hub``, ``settings`` on top of the source ``bench``."""
    base: dict[str, Any] = {
        "data_dir": str(directory / "data"),
        "database": {"url": url},
        "network": {"allow": ["127.0.0.0/8"]},
        "logs": {"level": "warning"},
        "slack": {"enabled": False},
        "sources": [SOURCE],
    }
    file = directory / "plan.json"
    file.write_text(json.dumps({"settings": {**base, **(settings or {})}, **plan}), encoding="utf-8")
    with child(*python("benchmarks.hub", str(file))) as running:
        yield running


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def number(value: float) -> str:
    """A figure as a table shows it: as many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def spread(values: Sequence[float]) -> str:
    """The median, and between which values it lies."""
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))} to {number(max(values))})"
