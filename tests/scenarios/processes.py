"""The hub and the sandbox as processes of their own, waited for by what they print and killed by every means."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import yaml

from tests.scenarios import prepared

ROOT = Path(__file__).resolve().parents[2]
READY_S = 60.0  # several seconds on a busy machine; more is a hang
LINE_LIMIT = 4 * 1024 * 1024


class Ended(Exception):
    """The process ended instead of doing what was waited for; the text has the end of its log."""


class LineProcess:
    """A process whose first line on stdout says that it is ready, and where; stderr is kept line by line."""

    def __init__(self, command: list[str], environ: Mapping[str, str] | None = None) -> None:
        self._command, self._environ = command, dict(environ or {})
        self._process: asyncio.subprocess.Process | prepared.Prepared | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._news = asyncio.Condition()
        self.log: list[str] = []
        """Every line on stderr since the first start."""
        self.facts: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        if self._process is None:
            raise Ended("the process is not running")
        return self._process.pid

    async def start(self) -> Self:
        """Starts it and returns when it is ready. Raises Ended when it gives up, TimeoutError when nothing comes."""
        self._process = await self._started({**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **self._environ})
        assert self._process.stdout is not None and self._process.stderr is not None
        self._readers = [asyncio.ensure_future(self._keep(self._process.stderr))]
        try:
            async with asyncio.timeout(READY_S):
                first = await self._process.stdout.readline()
        except BaseException:
            await self.kill()  # nobody is left who could: it would outlive the test, and slow those that follow
            raise
        if not first:
            raise Ended(f"{self._command}: {await self.wait()}\n" + "\n".join(self.log[-40:]))
        self.facts = _facts(first.decode())
        self._readers.append(asyncio.ensure_future(_drain(self._process.stdout)))
        return self

    async def _started(self, environ: Mapping[str, str]) -> asyncio.subprocess.Process | prepared.Prepared:
        return await asyncio.create_subprocess_exec(
            *self._command,
            cwd=ROOT,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
        )

    async def _keep(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            async with self._news:
                self.log.append(line.decode(errors="replace").rstrip())
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def logged(self, text: str, *, after: int = 0, timeout_s: float = 30.0) -> str:
        """The first line of the log, from line ``after``, that holds ``text``; waits for it. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s), self._news:
            while True:
                found = next((line for line in self.log[after:] if text in line), None)
                if found is not None:
                    return found
                await self._news.wait()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal."""
        os.kill(self.pid, number)

    async def wait(self, timeout_s: float = 40.0) -> int:
        """Waits for its end; the exit code, negative for a signal."""
        process = self._process
        if process is None:
            return 0
        async with asyncio.timeout(timeout_s):
            code = await process.wait()
            await asyncio.gather(*self._readers)
        self._process, self._readers = None, []
        return code

    async def kill(self) -> None:
        """SIGKILL: no last word, no clean-up."""
        if self._process is not None and self._process.returncode is None:
            self.send(signal.SIGKILL)
        await self.wait()

    async def stop(self) -> int:
        """SIGTERM, and waits for the orderly end."""
        if self._process is not None and self._process.returncode is None:
            self.send(signal.SIGTERM)
        return await self.wait()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *error: object) -> None:
        await self.kill()


def _facts(line: str) -> dict[str, Any]:
    """What a first line says: JSON, or a sentence with an address in it."""
    if line.startswith("{"):
        return dict(json.loads(line))
    found = re.search(r"https?://\S+", line)
    return {"url": found[0]} if found else {}


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass


class HubProcess(LineProcess):
    """A hub on a configuration file; every start reads the same data again."""

    def __init__(
        self,
        config: Path,
        role: str = "all",
        environ: Mapping[str, str] | None = None,
        program: Path | None = None,
    ) -> None:
        words = ["--config", str(config), "serve", "--role", role]
        start = [str(program)] if program else ["-c", "from centralita.cli import main; main()"]
        super().__init__([sys.executable, *start, *words], environ)
        self.config = config
        # What another program or a preloaded library does, it does at a real start alone.
        self._words = [] if program or "LD_PRELOAD" in self._environ else words

    async def _started(self, environ: Mapping[str, str]) -> asyncio.subprocess.Process | prepared.Prepared:
        return await (prepared.start(self._words, environ, LINE_LIMIT) if self._words else super()._started(environ))

    @property
    def url(self) -> str:
        return str(self.facts["url"])


class SandboxProcess(LineProcess):
    """``slack`` or ``sink``."""

    def __init__(self, part: str, *options: str) -> None:
        super().__init__([sys.executable, "-m", "centralita.sandbox", part, *options])

    @property
    def url(self) -> str:
        return str(self.facts["url"])


@contextmanager
def serving_part(part: str) -> Iterator[str]:
    """A part of the sandbox in a process of its own while the block runs; its URL. For fixtures of more than one
    test, which outlive their loops."""
    process = subprocess.Popen(
        [sys.executable, "-m", "centralita.sandbox", part],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stdout.close()


def write_config(directory: Path, database_url: str, *layers: Mapping[str, Any]) -> Path:
    """A configuration file for one process in ``directory``: the layers joined, the later ones on top."""
    directory.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        "server": {"port": 0},
        "database": {"url": database_url},
        "data_dir": str(directory / "data"),
        "network": {"allow": ["127.0.0.0/8"]},
        "logs": {"format": "json"},
    }
    for layer in layers:
        config = _joined(config, layer)
    file = directory / "centralita.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    return file


def _joined(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    joined = dict(below)
    for key, value in above.items():
        old = joined.get(key)
        joined[key] = _joined(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return joined
