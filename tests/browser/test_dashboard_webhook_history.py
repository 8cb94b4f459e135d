"""What a webhook was sent, at the dashboard in real Chromium: failures in groups, every try, and sending again."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Locator, Route, expect

from centralita.sandbox.sink.answers import AnswerPlan
from centralita.web.dashboard import webhook_replay
from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.dashboard.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "<img src=x onerror=alert(1)>"
AGAIN = "Sent again: it is behind what waits already."


async def _happen(bench: Bench, name: str, number: int, status: int = 200) -> str:
    """An event for a webhook of that name, answered so until its delivery ended; its id."""
    await bench.sink.answer(AnswerPlan(path=f"/{name}", status=status, body=f"said {CANARY}"))
    event = await bench.office.receive(
        type=f"printer.{name.replace('-', '')}", subject=f"printer/{number}", title=CANARY, data={"n": number}
    )
    await bench.ended(name, event, "delivered" if status < 300 else "dead")
    return event


async def _webhook(bench: Bench, name: str) -> None:
    made = await bench.make(name, types=[f"printer.{name.replace('-', '')}"], schedule_s="0.01")
    assert made.status == 201, made.text


def _rows(ana: Looking) -> Locator:
    return ana.page.locator("#rows [data-row]")


@in_every_setting()
async def test_failures_are_grouped_opened_and_seen_to(bench: Bench, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"fails-{setting.slug}"
    await _webhook(bench, name)
    await _happen(bench, name, 1, 404)
    await _happen(bench, name, 2, 422)
    await ana.go(f"/webhooks/{name}")
    await ana.page.get_by_role("main").locator(".tabs").get_by_role("link", name=ana.words("Errors")).click()
    rows = _rows(ana)
    await expect(rows).to_have_count(2)
    first = rows.filter(has_text="404")
    how_often = first.locator(f'[data-label="{ana.words("How often")}"]')
    await expect(how_often).to_have_text("2")  # both tries of it are one line
    await first.get_by_role("button", name=ana.words("I see to it")).click()
    await expect(ana.told).to_have_text(ana.words("Noted: you see to it."))
    await expect(first.locator(".lamp")).to_contain_text(ana.words("somebody sees to it"))
    state = ana.field("State")
    await state.select_option(label=ana.words("open"))
    await expect(rows).to_have_count(1)
    await rows.get_by_role("button", name=ana.words("Resolved"), exact=True).click()
    await expect(ana.told).to_have_text(ana.words("Resolved; it opens again when it fails again."))
    await state.select_option(label=ana.words("ignored"))
    await expect(ana.page.locator("#rows")).to_contain_text(ana.words("Nothing matches."))
    await ana.press("Clear the filters")
    await expect(rows).to_have_count(2)
    await _happen(bench, name, 3, 422)
    await ana.go(f"/webhooks/{name}/errors")
    again = rows.filter(has_text="422")
    await expect(again.locator(".lamp")).to_contain_text(ana.words("open"))
    await again.locator("a.open").click()
    await expect(ana.page.get_by_role("main").get_by_text(f"said {CANARY}")).to_be_visible()
    await expect(ana.page.get_by_role("heading", name=ana.words("Every try of this delivery"))).to_be_visible()


@in_every_setting()
async def test_the_history_is_filtered_and_a_try_shown_whole(bench: Bench, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"history-{setting.slug}"
    await _webhook(bench, name)
    await _happen(bench, name, 1, 404)
    await _happen(bench, name, 2)
    await ana.go(f"/webhooks/{name}")
    await ana.press("Deliveries")
    rows = _rows(ana)
    await expect(rows).to_have_count(3)
    for label, text, left in (
        ("Answer", "4xx", 2),
        ("Since", "1h", 2),
        ("Until", "2020-01-01", 0),
        ("Until", "", 2),
        ("Answer", "", 3),
        ("Only events where", "data.n == 2", 1),
    ):
        await ana.field(label).fill(text)
        await ana.press("Filter")
        await expect(rows).to_have_count(left)
        await expect(ana.field(label)).to_have_value(text)
    await ana.field("Outcome").select_option(label=ana.words("given up"))
    await ana.press("Filter")
    await expect(ana.page.locator("#rows")).to_contain_text(ana.words("Nothing matches."))
    await ana.press("Clear the filters")
    await expect(rows).to_have_count(3)
    await ana.field("Until").fill("soon")
    await ana.field("Only events where").fill("data.n ==")
    await ana.press("Filter")
    await expect(ana.page.locator("#until-fault")).to_be_visible()
    await expect(ana.page.locator("#where-fault")).to_contain_text(ana.words("The condition breaks off here."))
    await expect(ana.page.locator("#rows")).to_contain_text(ana.words("Mend the filter above."))
    await expect(ana.field("Until")).to_have_value("soon")
    await ana.press("Deliveries, also what waits")
    await expect(rows).to_have_count(2)
    await ana.press("Every attempt")
    await rows.filter(has_text=ana.words("given up")).locator("a.open").click()
    await expect(ana.page.locator("svg.phases")).to_be_visible()
    for part in ("What was sent", "Response"):
        await expect(ana.page.get_by_role("heading", name=ana.words(part), exact=True)).to_be_visible()
    await expect(ana.page.get_by_text(f"said {CANARY}")).to_be_visible()
    await ana.page.get_by_role("link", name=ana.words("All attempts")).click()
    await expect(rows).to_have_count(3)


@in_every_setting()
async def test_one_delivery_is_sent_again_from_the_list_and_from_its_try(
    bench: Bench, look: Look, setting: Setting
) -> None:
    ana, name = await look("admin"), f"once-{setting.slug}"
    await _webhook(bench, name)
    first, second = await _happen(bench, name, 1, 404), await _happen(bench, name, 2, 404)
    await bench.sink.answer(AnswerPlan(path=f"/{name}"))
    await ana.go(f"/webhooks/{name}/deliveries?view=deliveries")
    await _rows(ana).last.get_by_role("button", name=ana.words("Send again")).click()
    await expect(ana.told).to_have_text(ana.words(AGAIN))
    await bench.ended(name, first, "delivered")
    tried = await bench.tried(name, second)
    await ana.go(f"/webhooks/{name}/attempts/{tried.id}")
    await ana.press("Again as it was sent then")
    await expect(ana.told).to_have_text(ana.words(AGAIN))
    await bench.ended(name, second, "delivered")
    await ana.go(f"/webhooks/{name}/attempts/{tried.id}")
    await ana.press("Send again")  # something newer was made of it
    await expect(ana.told).to_be_visible()
    await ana.go(f"/webhooks/{name}/deliveries?view=deliveries")
    await expect(_rows(ana).filter(has_text=ana.words("sent again"))).to_have_count(2)


@in_every_setting()
async def test_all_that_a_filter_finds_is_sent_again(bench: Bench, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"found-{setting.slug}"
    await _webhook(bench, name)
    first, second = await _happen(bench, name, 1, 404), await _happen(bench, name, 2, 404)
    await bench.sink.answer(AnswerPlan(path=f"/{name}"))
    await ana.go(f"/webhooks/{name}/deliveries")
    await ana.field("Answer").fill("4xx")
    await ana.field("Only events where").fill("data.n == 2")
    await ana.press("Filter")
    await expect(_rows(ana)).to_have_count(2)
    await ana.press("Send all that match again…")
    await expect(ana.page.get_by_text("data.n == 2")).to_be_visible()
    await ana.press("Send again")
    await _done(ana, 1)
    await bench.ended(name, second, "delivered")
    await ana.press("Look at it")
    await ana.page.wait_for_url(f"**/webhooks/{name}/deliveries")
    assert (await bench.tried(name, first)).outcome == "dead"


async def _done(ana: Looking, sent: int) -> None:
    progress = ana.page.locator("#progress")
    await expect(progress.locator(".lamp")).to_contain_text(ana.words("Done."))
    await expect(progress.locator("dt", has_text=ana.words("Sent again")).locator("+ dd")).to_have_text(str(sent))


@in_every_setting()
async def test_what_was_missed_since_a_time_is_sent(bench: Bench, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"missed-{setting.slug}"
    await _webhook(bench, name)
    await bench.ana.post(f"/webhooks/{name}/disable")
    missed = await bench.office.receive(type=f"printer.{name.replace('-', '')}", subject="printer/1")
    await bench.ana.post(f"/webhooks/{name}/enable")
    await ana.go(f"/webhooks/{name}/deliveries")
    await ana.press("Send many again")
    await ana.field("What").select_option(value="missed")
    await ana.field("Since").fill("soon")
    await ana.press("Send again")
    await expect(ana.page.locator("#since-fault")).to_have_text(
        ana.words("Write 2h, 7d, or a date such as 2026-11-20T08:00.")
    )
    await expect(ana.page.locator("#since")).to_be_focused()
    await expect(ana.field("What")).to_have_value("missed")
    await ana.field("Since").fill("1h")
    await ana.press("Send again")
    await _done(ana, 1)
    assert (await bench.tried(name, missed)).outcome == "delivered"


@in_every_setting()
async def test_a_long_replay_says_how_far_it_is_and_goes_on_by_itself(
    bench: Bench, look: Look, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_replay, "BUDGET_S", 0.0)  # one webhook a request
    ana, both = await look("admin"), f"long-{setting.slug}"
    for each in "ab":
        await _webhook(bench, f"{both}-{each}")
        await _happen(bench, f"{both}-{each}", 1)
    looked = asyncio.Event()

    async def hold(route: Route) -> None:
        if "cursor=" in (route.request.post_data or ""):
            await looked.wait()
        await route.continue_()

    await ana.page.route("**/webhooks/bulk/replay", hold)
    await ana.go(f"/webhooks?text={both}")
    await ana.field("The whole page").check()
    await ana.press("Send again")
    await ana.field("What").select_option(value="sent")
    await ana.press("Send again")
    progress = ana.page.locator("#progress")
    await expect(progress.locator(".lamp")).to_contain_text(ana.words("Not done yet."))
    await expect(progress).to_contain_text(ana.words("{done} of {all}", done=1, all=2))
    looked.set()
    await _done(ana, 2)


@in_every_setting()
async def test_a_real_event_is_shown_as_each_format_would_have_it(bench: Bench, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"formats-{setting.slug}"
    await _webhook(bench, name)
    event = await _happen(bench, name, 1)
    message, chosen = ana.page.locator("#message"), ana.page.locator("#format")
    await ana.go(f"/webhooks/{name}")
    await ana.press("Preview")
    await ana.page.locator(f'a[href*="preview?event={event}"]').click()
    await expect(ana.page.locator("#event")).to_have_value(event)
    for kind, said in (("cloudevents", "specversion"), ("slack", "blocks"), ("standard", CANARY)):
        await chosen.select_option(value=kind)
        await expect(message).to_contain_text(said)
        await expect(ana.page.locator("#shown .lamp")).to_contain_text(ana.words("it takes this event"))
    await ana.page.locator("#event").fill("evt_nobody")
    await ana.press("Show it")
    await expect(ana.page.locator("#shown").get_by_role("alert")).to_have_text(ana.words("There is no such event."))
