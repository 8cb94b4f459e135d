"""Commands of the program as processes that need not read its code first: each is forked from one that has.

Reading the code takes several times as long as starting a hub does, and the scenarios start hundreds. Nothing else is
shared: what is forked has no thread, no connection and no file yet. A command's own start is what ``tests/cli`` tries.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_MOST_BYTES = 128 * 1024
_NOT_OURS = ("sandbox", "demo", "versions", "env", "__main__")


class Prepared:
    """A running command: what ``asyncio.subprocess.Process`` is of others."""

    def __init__(self, pid: int, news: asyncio.StreamReader, *streams: asyncio.StreamReader) -> None:
        self.pid = pid
        self.stdout, self.stderr = streams
        self._end = asyncio.ensure_future(_end(news))

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._end.result() if self._end.done() else None

    async def wait(self) -> int:
        """Waits for its end; the exit code."""
        return await asyncio.shield(self._end)


async def start(words: Sequence[str], environ: Mapping[str, str], limit: int) -> Prepared:
    """``centralita WORDS`` with these variables and no others; the longest line of its output has ``limit`` bytes."""
    news, *streams = [await _readable(each, limit) for each in _ordered(words, environ)]
    return Prepared(int(await news.readline()), news, *streams)


class Plain:
    """The same without a loop; what it says on stderr is nobody's. As ``with``: killed at the end."""

    def __init__(self, words: Sequence[str], environ: Mapping[str, str]) -> None:
        news, out, err = _ordered(words, environ)
        os.close(err)
        self._news, self.stdout = os.fdopen(news), os.fdopen(out)
        self._pid, self._code = int(self._news.readline()), ""

    def terminate(self) -> int:
        """SIGTERM, and waits for its end; the exit code, negative for a signal."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        if not self._code:
            os.kill(self._pid, number)
            self._code = self._news.read()
        return int(self._code)

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *error: object) -> None:
        self._end(signal.SIGKILL)
        self._news.close()
        self.stdout.close()


def _ordered(words: Sequence[str], environ: Mapping[str, str]) -> Sequence[int]:
    """Where to read of the new process: its pid and its exit code, its stdout, its stderr."""
    ours, theirs = zip(*(os.pipe() for _ in range(3)), strict=True)
    socket.send_fds(_reader(), [json.dumps([list(words), dict(environ)]).encode()], theirs)
    for each in theirs:
        os.close(each)
    return ours


async def _readable(pipe: int, limit: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=limit)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(pipe, "rb", buffering=0))
    return reader


async def _end(news: asyncio.StreamReader) -> int:
    return int(await news.read())


@cache
def _reader() -> socket.socket:
    """Where to order processes; the one that has read the code lives as long as this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.scenarios.prepared"],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT}"},
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


# ---- in the process that has read the code


def _read_everything() -> None:
    """Imports whatever a hub may come to need, and builds what is the same for each."""
    import centralita

    for found in pkgutil.walk_packages(centralita.__path__, "centralita.", onerror=print):
        part = found.name.split(".")
        if not part[-1].startswith("test_") and not set(part) & set(_NOT_OURS):
            importlib.import_module(found.name)
    for name in ("uvloop", "alembic.command", "asyncpg"):
        importlib.import_module(name)
    from fastapi.routing import iter_route_contexts

    from centralita.web import api, dashboard

    for application in (api.application(), dashboard.application()):
        list(iter_route_contexts(application.routes))
    assert threading.active_count() == 1, "a thread does not live through a fork"


def _next_command(orders: socket.socket) -> list[str]:
    """Forks for every order; returns in the new process alone, with its words. Ends with whoever orders."""
    news: dict[int, int] = {}
    with selectors.DefaultSelector() as selector, _children() as ended:
        selector.register(orders, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            for key, _events in selector.select():
                if key.fileobj is ended:
                    ended.recv(_MOST_BYTES)
                    _tell_ended(news)
                    continue
                order, given, _flags, _address = socket.recv_fds(orders, _MOST_BYTES, 3)
                if not order:
                    sys.exit()
                pid = os.fork()
                if pid == 0:
                    for each in (orders.detach(), given[0], *news.values()):
                        os.close(each)
                    return _become(order, given)
                os.write(given[0], b"%d\n" % pid)
                news[pid] = given[0]
                os.close(given[1])
                os.close(given[2])


@contextlib.contextmanager
def _children() -> Iterator[socket.socket]:
    """What can be read whenever a child has ended."""
    ended, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup.fileno())
    try:
        yield ended
    finally:
        signal.set_wakeup_fd(-1)
        ended.close()
        wakeup.close()


def _tell_ended(news: dict[int, int]) -> None:
    while news:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
            os.write(news[pid], b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(news.pop(pid))


def _become(order: bytes, given: list[int]) -> list[str]:
    """Makes of a fork what a new process would be."""
    words, environ = json.loads(order)
    given[0] = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate(given):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environ)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["centralita", *words]
    return list(words)


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which end this one
    _read_everything()
    words = _next_command(socket.socket(fileno=os.dup(0)))
    from centralita.cli import main

    main(words)


if __name__ == "__main__":
    _main()
