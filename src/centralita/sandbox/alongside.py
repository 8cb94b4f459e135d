"""The local workspace beside code that is not asynchronous: it runs in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, TypeVar

from centralita.sandbox.control import SlackControl
from centralita.sandbox.parts import facts_of
from centralita.sandbox.server import Address, serve
from centralita.sandbox.slack import (
    APP_ID,
    APP_TOKEN,
    BOT_TOKEN,
    HOOK_PATH,
    PEOPLE,
    SIGNING_SECRET,
    LimitSettings,
    LocalSlack,
)

T = TypeVar("T")
START_S = 30.0


class SlackWorkspace:
    """A workspace that runs, what opens it, and what to do in it: ``do`` from a plain test, ``control`` from one that
    is ``async``."""

    bot_token = BOT_TOKEN
    app_token = APP_TOKEN
    signing_secret = SIGNING_SECRET
    app_id = APP_ID
    people: Mapping[str, str] = MappingProxyType(PEOPLE)
    """Name to user id: ``ana`` (requester), ``luis`` and ``sam`` (agents), ``marta`` (approver), ``admin``."""

    def __init__(self, address: Address, loop: asyncio.AbstractEventLoop, control: SlackControl) -> None:
        self.url = address.url
        """``http://127.0.0.1:4711``: the page, and where the others are below."""
        self.api_url = f"{address.url}/api/"
        """``WebClient(base_url=...)``, ``slackApiUrl`` in JavaScript."""
        self.hook_url = address.url + HOOK_PATH
        """An incoming webhook into #alerts."""
        self.facts = facts_of("slack", address)
        self._loop, self._control = loop, control

    def control(self) -> SlackControl:
        """For asynchronous code: ``async with slack_workspace.control() as slack``."""
        return SlackControl(self.url)

    def do(self, what: Callable[[SlackControl], Coroutine[Any, Any, T]], timeout_s: float = 30.0) -> T:
        """Does ``what`` with the workspace's control, and waits for it:
        ``do(lambda slack: slack.person("U0ANAGOMEZ").say("C0ALERTS", "hola"))``.

        Raises TimeoutError, whatever ``what`` raises, and RuntimeError in a running event loop: an app that has to
        answer there could not.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run_coroutine_threadsafe(what(self._control), self._loop).result(timeout_s)
        raise RuntimeError("in asynchronous code use: async with slack_workspace.control() as slack")


@contextmanager
def slack_alongside(limits: LimitSettings | None = None, port: int = 0) -> Iterator[SlackWorkspace]:
    """A workspace that runs while the block does; ``limits`` are Slack's own by default. Raises OSError when the port
    can't be had."""
    beside = _Beside(LocalSlack(limits), port)
    thread = threading.Thread(target=beside.run, name="local-slack", daemon=True)
    thread.start()
    try:
        yield beside.wait()
    finally:
        beside.end()
        thread.join(START_S)


class _Beside:
    """What the two threads know of each other."""

    def __init__(self, app: LocalSlack, port: int) -> None:
        self._app, self._port = app, port
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._begun = threading.Event()
        self._workspace: SlackWorkspace | None = None
        self._fault: BaseException | None = None

    def run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        except BaseException as fault:  # it belongs to the thread that waits for the workspace
            self._fault = fault
        finally:
            self._begun.set()

    async def _serve(self) -> None:
        async with serve(self._app, port=self._port) as address, SlackControl(address.url) as control:
            self._workspace = SlackWorkspace(address, self._loop, control)
            self._begun.set()
            await self._ended.wait()

    def wait(self) -> SlackWorkspace:
        """The workspace, once it listens."""
        self._begun.wait(START_S)
        if self._workspace is None:
            raise self._fault or TimeoutError("the workspace did not start")
        return self._workspace

    def end(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ended.set)
