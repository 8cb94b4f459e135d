"""``webhook stats``: figures, a list, a chart, and the same for machines."""

from __future__ import annotations

import asyncio
import time

from centralita.cli.webhook_statistics import CHART_WIDTH, bar
from centralita.core.rollups import Tally, count_try, floor
from centralita.store import lanes, rollups
from centralita.store.database import Transaction, open_database
from tests.cli.conftest import Terminal


def _add(terminal: Terminal) -> None:
    tally = Tally(rejected=2)
    for elapsed_ms in (10.0, 20.0, 3000.0):
        count_try(tally, elapsed_ms, succeeded=True, slow_ms=2000)

    def add(tx: Transaction) -> None:
        lane = lanes.hold(tx, {"webhook:erp": ("webhook", "erp")})["webhook:erp"].id
        rollups.add(tx, {lane: tally}, floor(time.time(), "minute"))

    async def run() -> None:
        [file] = (terminal.directory / "data").glob("*.db")
        database = await open_database(f"sqlite:///{file}")
        await database.write(add)
        await database.close()

    asyncio.run(run())


def test_figures_of_one_webhook_and_of_all(terminal: Terminal) -> None:
    terminal.write((terminal.directory / "centralita.yaml").read_text().replace(
        "data_dir: data", f"data_dir: {terminal.directory / 'data'}"
    ))  # fmt: skip
    assert terminal("webhook", "stats", "erp", "--json").json()["p99_ms"] is None
    _add(terminal)
    said = terminal("webhook", "stats", "erp")
    assert said.code == 0, said.err
    assert "Fastest 10 ms, average 1.0 s, slowest 3.0 s." in said.out
    assert terminal("webhook", "stats", "erp", "--json").json()["rejected"] == 2
    [line] = [line for line in terminal("webhook", "stats").out.splitlines() if line.startswith("erp")]
    assert line.split()[1:5] == ["3", "1", "0", "2"]
    chart = terminal("webhook", "stats", "erp", "--per", "hour", "--since", "3h")
    assert [line for line in chart.out.splitlines() if "█" in line and "▒" in line and "·" in line]
    days = terminal("webhook", "stats", "erp", "--per", "day", "--json").json()["items"]
    assert sum(item["successful"] for item in days) == 3


def test_a_chart_is_of_one_webhook(terminal: Terminal) -> None:
    assert terminal("webhook", "stats", "--per", "hour").code == 2


def test_a_bar_shows_whatever_there_is() -> None:
    item = {"successful": 1000, "slow": 1, "error": 1, "rejected": 0}
    assert bar(item, 1001) == "█" * CHART_WIDTH + "▒×"
    assert bar({"successful": 0, "slow": 0, "error": 0, "rejected": 0}, 5) == ""
