"""A webhook's numbers at the dashboard in real Chromium: the histogram, durations looked at closely, the values."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from centralita.core.rollups import Tally, count_try, floor
from centralita.sandbox.sink.answers import AnswerPlan
from centralita.store import lanes, rollups
from centralita.store.database import Transaction
from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.dashboard.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "<img src=x onerror=alert(1)>"


async def _counted(bench: Bench, name: str) -> None:
    """A webhook with real attempts of now, a good and a bad one, and one on record of each ten minutes before."""
    kind = f"printer.{name.replace('-', '')}"
    await bench.make(name, types=[kind], schedule_s="0.01")
    for number, status in ((1, 200), (2, 404)):
        await bench.sink.answer(AnswerPlan(path=f"/{name}", status=status))
        event = await bench.office.receive(type=kind, subject=f"printer/{number}", title=CANARY)
        await bench.ended(name, event, "delivered" if status == 200 else "dead")
    now = bench.office.hub.clock.now()

    def add(tx: Transaction) -> None:
        lane = lanes.hold(tx, {f"webhook:{name}": ("webhook", name)})[f"webhook:{name}"].id
        for minutes in (10, 20, 30, 40, 50):
            tally = Tally()
            count_try(tally, 10.0 * minutes, succeeded=True, slow_ms=1_000)
            rollups.add(tx, {lane: tally}, floor(now - 60 * minutes, "minute"))

    await bench.office.hub.database.write(add)


_SEES_THE_SLOWEST = """() => {
  const canvas = document.querySelector(".plot canvas");
  const colour = getComputedStyle(canvas).getPropertyValue("--failed").trim();
  const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const seen = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  for (let at = 0; at < seen.length; at += 4)
    if (seen[at + 3] && wanted.every((part, number) => Math.abs(part - seen[at + number]) < 8)) return true;
  return false;
}"""


async def _shown(ana: Looking) -> None:
    """Waits until both pictures are drawn, also values that stand alone; nothing is wider than the page."""
    await expect(ana.page.locator("svg.chart").filter(visible=True)).to_have_count(1)
    await expect(ana.page.locator(".plot canvas")).to_be_visible()
    await ana.page.wait_for_function(_SEES_THE_SLOWEST)
    assert await ana.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@in_every_setting("es-390-dark")
async def test_durations_are_drawn_and_the_window_changes_in_place(bench: Bench, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"drawn-{setting.slug}"
    await _counted(bench, name)
    await ana.go(f"/webhooks/{name}")
    while not await ana.page.locator("svg.chart").count():  # until the attempts are counted
        await ana.go(f"/webhooks/{name}")
    await _shown(ana)
    await ana.page.evaluate("window.stays = 1")
    for span in ("24 hours", "30 days", "1 hour"):
        await ana.press(span)
        await expect(ana.page.locator('.spans [aria-current="true"]')).to_have_text(ana.words(span))
        await _shown(ana)
        await ana.page.get_by_text(ana.words("The values")).click()
        rows = ana.page.locator("details table tbody tr")
        await expect(rows.first).to_be_visible()
        counted = await rows.locator(f'[data-label="{ana.words("error")}"]').all_inner_texts()
        assert sum(map(int, counted)) == 2, span
    assert await ana.page.evaluate("window.stays") == 1  # no page was left
    assert len(await ana.page.locator(".chart:not(.narrow) title", has_text=re.compile(r"^\d{4}-\d\d-\d\d")).all()) > 50


@in_every_setting()
async def test_durations_are_looked_at_closely_by_buttons_and_by_dragging(
    bench: Bench, look: Look, setting: Setting
) -> None:
    ana, name = await look("admin"), f"zoomed-{setting.slug}"
    await _counted(bench, name)
    await ana.go(f"/webhooks/{name}")
    await _shown(ana)
    said = ana.page.locator("#announced")
    seen: list[tuple[int, int]] = []
    for button in ("Closer", "Earlier", "Later", "Wider", "Everything"):
        await _shown(ana)
        await said.evaluate("each => { each.textContent = '' }")
        await ana.press(button)
        await expect(said).to_have_text(re.compile(r"\d\d:\d\d – \d\d:\d\d"))
        seen.append(_minutes(await said.inner_text()))
    (closer, earlier, later, wider, whole) = seen
    assert _length(closer) == _length(earlier) == _length(later) < _length(wider) <= _length(whole)
    assert (earlier[0] - closer[0]) % 1440 > 720 and later == closer  # before it, and back
    over = ana.page.locator(".plot .u-over")
    await over.scroll_into_view_if_needed()
    box = await over.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    await ana.page.mouse.move(box["x"] + box["width"] * 0.3, y)
    await ana.page.mouse.down()
    await ana.page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=5)
    await ana.page.mouse.up()
    await ana.press("Later")
    assert _length(_minutes(await said.inner_text())) < _length(whole)
    await over.dblclick()
    await ana.press("Later")
    assert _minutes(await said.inner_text()) == whole


def _minutes(said: str) -> tuple[int, int]:
    """From and to, in minutes of the day."""
    first, second = ((int(hour) * 60 + int(minute)) for hour, minute in re.findall(r"(\d\d):(\d\d)", said))
    return first, second


def _length(seen: tuple[int, int]) -> int:
    return (seen[1] - seen[0]) % 1440
