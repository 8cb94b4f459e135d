"""Whoever follows the events hears of each, however many listen, and whichever process routed it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from centralita.ports import RawRequest
from centralita.services import live
from centralita.services.hub import Hub
from centralita.services.live import News, follow
from centralita.services.running import running
from centralita.settings import load
from centralita.wiring import open_hub

CONFIG = """
locale: en
sources:
  - {slug: desk, kind: generic, secrets: [only-for-tests-0123], settings: {auth: bearer, types: ["printer.*"]}}
"""


def _config(directory: Path) -> Path:
    directory.mkdir()
    config = directory / "centralita.yaml"
    config.write_text(CONFIG)
    return config


@asynccontextmanager
async def _hub(url: str, directory: Path) -> AsyncIterator[Hub]:
    config = _config(directory)
    environ = {"CENTRALITA_DATABASE__URL": url, "CENTRALITA_DATA_DIR": str(directory / "data")}
    async with open_hub(load(config, environ), role="web") as opened, running(opened):
        yield opened


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a second between two looks."""
    monkeypatch.setattr(live, "GAP_S", 0.0)


@pytest.fixture
async def hub(migrated_url: str, tmp_path: Path) -> AsyncIterator[Hub]:
    async with _hub(migrated_url, tmp_path / "one") as opened:
        yield opened


async def _receive(hub: Hub, *subjects: str) -> list[str]:
    """Takes events in and routes them, all in one batch; their ids."""
    found = []
    for subject in subjects:
        request = RawRequest(
            method="POST",
            query="",
            headers=(("authorization", "Bearer only-for-tests-0123"), ("content-type", "application/json")),
            body=json.dumps({"type": "printer.jammed", "subject": subject}).encode(),
        )
        answer = await hub.ingest.receive("desk", request)
        assert answer.status == 202, answer.body
        found.append(str(json.loads(answer.body)["id"]).replace("rcp_", "evt_"))
    while await hub.router.route_batch("desk"):
        pass
    return found


async def _until(news: AsyncIterator[News], count: int) -> News:
    async for each in news:
        if each.count >= count:
            return each
    raise AssertionError("it ended")


async def test_everybody_hears_of_what_is_routed_while_they_listen(hub: Hub) -> None:
    await _receive(hub, "before")
    async with aclosing(follow(hub)) as one, aclosing(follow(hub)) as other:
        heard = asyncio.gather(_until(one, 2), _until(other, 2))
        await asyncio.sleep(0)
        await hub.tail.begun()
        _, last = await _receive(hub, "a", "b")
        assert list(await heard) == [News(2, last), News(2, last)]
        await _receive(hub, "c")
        assert (await _until(one, 3)).count == 3


async def test_who_comes_late_is_told_what_they_missed(hub: Hub) -> None:
    known, _, last = await _receive(hub, "a", "b", "c")
    async with aclosing(follow(hub, known)) as news:
        assert await anext(news) == News(2, last)
        [newest] = await _receive(hub, "d")
        assert await _until(news, 3) == News(3, newest)


async def test_all_who_listen_cost_one_look_and_nobody_none(hub: Hub) -> None:
    looks: list[str] = []

    def counted(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        looks.extend(["look"] if "arrival_minutes" in statement and "sum(" in statement else [])

    sa.event.listen(sa.Engine, "before_cursor_execute", counted)
    try:
        many = [follow(hub) for _ in range(20)]
        waiting = [asyncio.ensure_future(_until(news, 1)) for news in many]
        await asyncio.sleep(0)
        await hub.tail.begun()
        await _receive(hub, "a")
        await asyncio.gather(*waiting)
        assert len(looks) < 20
        for news in many:
            await news.aclose()
        assert hub.tail._task is None
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", counted)


async def test_a_hub_that_ends_lets_everybody_go(hub: Hub) -> None:
    async with aclosing(follow(hub)) as news:
        waiting = asyncio.ensure_future(anext(news, None))
        await asyncio.sleep(0)
        await hub.tail.begun()
        hub.bell.close()
        assert await waiting is None


async def test_another_process_is_heard_of(migrated_postgres: str, tmp_path: Path) -> None:
    async with (
        _hub(migrated_postgres, tmp_path / "here") as here,
        _hub(migrated_postgres, tmp_path / "there") as there,
        aclosing(follow(here)) as news,
    ):
        waiting = asyncio.ensure_future(_until(news, 1))
        await asyncio.sleep(0)
        await here.tail.begun()
        [event_id] = await _receive(there, "a")
        assert await waiting == News(1, event_id)
