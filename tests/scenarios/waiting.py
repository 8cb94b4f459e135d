"""Waiting for a condition that gives no signal, with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

GAP_S = 0.03


async def until(condition: Callable[[], T], timeout_s: float = 40.0) -> T:
    """The first true value of ``condition``. Raises TimeoutError with the last value."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not (value := condition()):
        if loop.time() > deadline:
            raise TimeoutError(f"still {value!r} after {timeout_s:g} s")
        await asyncio.sleep(GAP_S)
    return value


async def until_answered(ask: Callable[[], Awaitable[T]], timeout_s: float = 40.0) -> T:
    """The first true answer of ``ask``. Raises TimeoutError with the last one."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not (value := await ask()):
        if loop.time() > deadline:
            raise TimeoutError(f"still {value!r} after {timeout_s:g} s")
        await asyncio.sleep(GAP_S)
    return value
