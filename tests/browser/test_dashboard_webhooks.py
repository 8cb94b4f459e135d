"""Webhooks at the dashboard in real Chromium: made, tried, switched, paused, removed, brought back, and found."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from centralita.sandbox.sink.answers import AnswerPlan
from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.dashboard.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "<img src=x onerror=alert(1)>"


@in_every_setting("es-1360-light")
async def test_a_webhook_is_made_tried_removed_and_restored(bench: Bench, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"mesa-{setting.slug}"
    await ana.go("/webhooks")
    await ana.press("New webhook")
    await ana.page.locator("#name").fill(name)
    await ana.page.locator("#url").fill(f"{bench.sink.url}/{name}")
    await ana.field("Description").fill(CANARY)
    await ana.page.locator("summary").filter(has_text="ticket").first.click()
    await ana.page.get_by_label("ticket.*").check()
    await ana.press("Create the webhook")
    await expect(ana.page.locator("#secret")).to_contain_text("whsec_")
    await ana.press("To the webhook")
    await ana.press("Send a test")
    await ana.press("Send it now")
    await expect(ana.page.locator("#outcome svg.phases")).to_be_visible()
    await expect(ana.page.locator("#outcome")).to_contain_text("webhook-test")
    assert ana.page.url.endswith(f"/webhooks/{name}/test")  # only that part of the page was fetched
    await ana.press("Settings")
    await _remove(ana, name)
    await ana.press("Undo")
    await expect(ana.told).to_have_text(ana.words("The webhook {name} is back.", name=name))
    await expect(ana.page.get_by_role("heading", name=name)).to_be_visible()
    await _remove(ana, name)
    await ana.go("/webhooks")  # where it is offered as long as there is time
    away = ana.page.locator(".notice").filter(has_text=name)
    await away.get_by_role("button", name=ana.words("Restore")).click()
    await ana.page.wait_for_url(f"**/webhooks/{name}")
    await expect(ana.page.get_by_text(CANARY)).to_be_visible()


async def _remove(ana: Looking, name: str) -> None:
    await ana.press("Remove")
    await ana.page.wait_for_url("**/webhooks")
    said = "The webhook {name} was removed. For 10 minutes it can be restored with its secrets and its queue."
    await expect(ana.told).to_contain_text(ana.words(said, name=name))
    await expect(ana.page.get_by_role("link", name=name, exact=True)).to_have_count(0)


@in_every_setting()
async def test_a_paused_webhook_keeps_what_comes_and_one_that_is_off_does_not(
    bench: Bench, look: Look, setting: Setting
) -> None:
    ana, name = await look("admin"), f"turns-{setting.slug}"
    await bench.make(name, types=[f"printer.{setting.slug}"])
    await ana.go(f"/webhooks/{name}")
    sentence = ana.page.locator("#sentence")
    await ana.press("Pause")
    await expect(ana.told).to_contain_text(ana.words("The webhook {name} is paused; what comes in waits.", name=name))
    kept = await bench.office.receive(type=f"printer.{setting.slug}", subject="printer/1")
    await ana.go(f"/webhooks/{name}")
    waiting = ana.setting.counted("{n} waits, none is lost", "{n} wait, none is lost", 1)
    await expect(sentence).to_contain_text(ana.words("Paused by a person: {waiting}.", waiting=waiting))
    await ana.press("Go on now")
    await expect(ana.told).to_have_text(ana.words("The webhook {name} goes on.", name=name))
    assert (await bench.tried(name, kept)).outcome == "delivered"
    await ana.press("Pause")
    await ana.press("Undo")
    await expect(ana.told).to_have_text(ana.words("The webhook {name} goes on.", name=name))
    await ana.press("Switch off")
    await expect(ana.told).to_contain_text(ana.words("The webhook {name} is off; what waits is kept.", name=name))
    await bench.office.receive(type=f"printer.{setting.slug}", subject="printer/2")
    await ana.press("Switch on")
    await expect(ana.told).to_contain_text(ana.words("The webhook {name} is on.", name=name))
    after = await bench.office.receive(type=f"printer.{setting.slug}", subject="printer/3")
    assert (await bench.tried(name, after)).outcome == "delivered"
    assert len(await bench.sink.received(path=f"/{name}")) == 2  # what came while it was off is not among them
    await ana.go(f"/webhooks/{name}")
    await expect(ana.page.locator("h1 .lamp")).to_contain_text(ana.words("On"))


@in_every_setting()
async def test_a_test_says_how_it_went_wrong(bench: Bench, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"tried-{setting.slug}"
    await bench.make(name, timeout_s="0.5")
    outcome = ana.page.locator("#outcome")
    await ana.go(f"/webhooks/{name}/test")
    for plan, said in (
        (AnswerPlan(status=500, body=f"broken {CANARY}"), "The receiver answered with an error."),
        (AnswerPlan(status=410), "The receiver says that the address is gone for good (410)."),
        (AnswerPlan(mode="drop"), "The receiver dropped the connection."),
        (AnswerPlan(mode="hang"), "The receiver did not answer in time."),
        (AnswerPlan(), "The receiver has taken it."),
    ):
        plan.path = f"/{name}"
        await bench.sink.answer(plan)
        await ana.press("Send it now")
        await expect(outcome.get_by_role("status")).to_contain_text(ana.words(said))
        word = "delivered" if plan.mode == "answer" and plan.status == 200 else "not taken"
        await expect(outcome.get_by_role("status").locator(".lamp")).to_contain_text(ana.words(word))
        if plan.status == 500:
            await expect(outcome.get_by_text(f"broken {CANARY}")).to_be_visible()
    await ana.page.locator("#event").fill("evt_nobody")
    await ana.press("Send it now")
    await expect(outcome.get_by_role("alert")).to_have_text(ana.words("There is no such event."))
    await expect(ana.page.locator("#event")).to_have_value("evt_nobody")
    await ana.press("Switch off")
    await ana.go(f"/webhooks/{name}/test")
    await ana.press("Send it now")
    await expect(outcome.get_by_role("alert")).to_have_text(
        ana.words("The webhook {webhook} is switched off.", webhook=name)
    )
    await ana.field("even while it is off").check()
    await ana.press("Send it now")
    await expect(outcome.get_by_role("status")).to_contain_text(ana.words("The receiver has taken it."))


@in_every_setting()
async def test_a_test_tells_of_a_receiver_that_is_not_there(bench: Bench, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"nobody-{setting.slug}"
    await bench.make(name, url="http://127.0.0.1:9/hook")
    await ana.go(f"/webhooks/{name}/test")
    await ana.press("Send it now")
    outcome = ana.page.locator("#outcome")
    await expect(outcome.get_by_role("status")).to_contain_text(ana.words("The receiver refuses the connection."))
    await expect(outcome).to_contain_text(ana.words("There was none."))


@in_every_setting("en-1360-dark")
async def test_the_list_is_searched_as_one_types_and_cleared(bench: Bench, look: Look, setting: Setting) -> None:
    ana = await look("admin")
    both = f"found-{setting.slug}"
    first, other = f"{both}-a", f"{both}-b"
    await bench.make(first, description=f"ledger {setting.slug}", types=[f"printer.{setting.slug}"])
    await bench.make(other, types=["printer.none"])
    rows, found = ana.page.locator("#rows [data-row]"), ana.page.locator("#rows a.open")
    text, state = ana.field("Name, description or address"), ana.field("State")
    await ana.go("/webhooks")
    await text.press_sequentially(both)
    await expect(rows).to_have_count(2)
    await text.fill(f"ledger {setting.slug}")
    await expect(found).to_have_text([first])
    await expect(ana.page).to_have_url(re.compile("[?&]text=ledger"))
    await text.fill(both)
    await ana.field("Gets events of the type").fill(f"printer.{setting.slug}")
    await expect(found).to_have_text([first])
    await state.select_option(label=ana.words("Off"))
    await expect(ana.page.locator("#rows")).to_contain_text(ana.words("Nothing matches."))
    await ana.press("Clear the filters")
    await ana.page.wait_for_url("**/webhooks")
    await expect(text).to_have_value("")
    await expect(found.first).to_be_visible()
