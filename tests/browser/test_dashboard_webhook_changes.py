"""Webhooks changed at the dashboard in real Chromium: with mistakes and without, one and several, and their secrets."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from standardwebhooks import Webhook

from centralita.sandbox.sink.answers import AnswerPlan
from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.dashboard.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "<img src=x onerror=alert(1)>"


@in_every_setting()
async def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(
    bench: Bench, look: Look, setting: Setting
) -> None:
    ana, name = await look("admin"), f"desk-{setting.slug}"
    at = ana.page.locator
    await ana.go("/webhooks/new")
    await at("#name").fill(f"desk/{setting.slug}")
    await at("#url").fill("ftp://x.example")
    await at("#description").fill(f"kept {CANARY}")
    await at("summary").filter(has_text="ticket").first.click()
    await ana.page.get_by_label("ticket.*").check()
    await ana.page.get_by_text(ana.words("More: format, condition, channels, headers, signature, proof, pace")).click()
    await at("#headers").fill("no colon")
    await ana.press("Create the webhook")
    await expect(at("#headers-fault")).to_have_text(ana.words("A header is NAME: VALUE, one a line."))
    await expect(at("#headers")).to_be_focused()
    await at("#headers").fill("X-Tenant: lima")
    await ana.press("Create the webhook")
    await expect(at("#url-fault")).to_be_visible()
    await expect(at("#url")).to_be_focused()
    await at("#url").fill(f"{bench.sink.url}/{name}")
    await ana.press("Create the webhook")
    said = "A name has no slash, no control characters, and no space at its ends."
    await expect(at("#name-fault")).to_have_text(ana.words(said))
    await expect(at("#name")).to_be_focused()
    await expect(at("#name")).to_have_value(f"desk/{setting.slug}")
    await expect(at("#description")).to_have_value(f"kept {CANARY}")
    await expect(ana.page.get_by_label("ticket.*")).to_be_checked()
    await at("#name").fill(name)
    await ana.press("Create the webhook")
    await expect(at("#secret")).to_contain_text("whsec_")


@in_every_setting()
async def test_a_webhook_is_changed_and_keeps_what_the_form_leaves_empty(
    bench: Bench, look: Look, setting: Setting
) -> None:
    ana, name = await look("admin"), f"edited-{setting.slug}"
    await bench.make(name, types=[f"printer.{setting.slug}"], headers="X-Tenant: lima")
    await ana.go(f"/webhooks/{name}")
    await ana.press("Settings")
    await ana.page.locator("#description").fill("Only what is grave")
    await ana.page.get_by_text(ana.words("More: format, condition, channels, headers, signature, proof, pace")).click()
    await ana.page.locator("#condition").fill("severity ==")
    await ana.press("Save")
    fault = ana.page.locator("#condition-fault")
    await expect(fault).to_contain_text(ana.words("The condition breaks off here."))
    await expect(fault.locator(".caret")).to_be_visible()
    await expect(ana.page.locator("#description")).to_have_value("Only what is grave")
    await ana.page.locator("#condition").fill("severity == 'critical'")
    await ana.press("Save")
    await expect(ana.told).to_contain_text(ana.words("Saved."))
    await ana.page.get_by_role("main").get_by_role("link", name=ana.words("Overview")).click()
    await expect(ana.page.get_by_text("Only what is grave")).to_be_visible()
    await expect(ana.page.get_by_text("severity == 'critical'")).to_be_visible()
    await bench.office.receive(type=f"printer.{setting.slug}", subject="printer/1", severity="low")
    grave = await bench.office.receive(type=f"printer.{setting.slug}", subject="printer/2", severity="critical")
    assert (await bench.tried(name, grave)).outcome == "delivered"
    [came] = await bench.sink.received(path=f"/{name}")
    assert ("x-tenant", "lima") in {(key.lower(), value) for key, value in came.headers}


@in_every_setting()
async def test_a_secret_is_replaced_with_an_overlap_and_then_without(
    bench: Bench, look: Look, setting: Setting
) -> None:
    ana, name = await look("admin"), f"keyed-{setting.slug}"
    first = _secret((await bench.make(name, types=[f"printer.{setting.slug}"])).html)
    await ana.go(f"/webhooks/{name}")
    await ana.press("Secrets")
    await ana.field("Those before it sign too for").select_option(label=ana.words("1 hour"))
    second = await _replace(ana)
    until, _point = ana.words("Those before it sign too until {when}.").split("{when}")
    await expect(ana.page.get_by_text(until)).to_be_visible()
    await ana.go(f"/webhooks/{name}/secrets")
    keys = ana.page.locator("[data-row]")
    await expect(keys).to_have_count(2)
    await expect(keys.filter(has_text=ana.words("in use"))).to_have_count(1)
    await expect(keys.locator("time")).to_have_count(1)  # when the first ends
    assert not {first, second} & set(re.findall(r"whsec_[\w+/=]+", await ana.page.content()))
    assert await _signed_by(bench, name, setting, first, second) == {first, second}
    await ana.field("Those before it sign too for").select_option(label=ana.words("no time: it leaked"))
    third = await _replace(ana)
    assert len({first, second, third}) == 3
    await ana.go(f"/webhooks/{name}/secrets")
    await expect(keys).to_have_count(1)
    await expect(keys).to_contain_text(ana.words("in use"))
    assert await _signed_by(bench, name, setting, first, second, third) == {third}


async def _replace(ana: Looking) -> str:
    await ana.press("Replace the secret")
    await expect(ana.page.locator("#sentence")).to_contain_text(
        ana.words("Copy the secret now: it is not shown again.")
    )
    return await ana.page.locator("#secret").inner_text()


async def _signed_by(bench: Bench, name: str, setting: Setting, *secrets: str) -> set[str]:
    """Which of them verify the next request."""
    event = await bench.office.receive(type=f"printer.{setting.slug}", subject=f"printer/{len(secrets)}")
    await bench.tried(name, event)
    came = (await bench.sink.received(path=f"/{name}"))[-1]
    headers = {key.lower(): value for key, value in came.headers}
    return {each for each in secrets if _verifies(each, came.body, headers)}


def _verifies(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except Exception:
        return False
    return True


def _secret(html: str) -> str:
    found = re.search(r'id="secret">([^<]*)<', html)
    assert found is not None
    return found[1]


@in_every_setting()
async def test_several_are_paused_let_go_on_switched_and_changed_at_once(
    bench: Bench, look: Look, setting: Setting
) -> None:
    ana, both = await look("admin"), f"many-{setting.slug}"
    names = [f"{both}-a", f"{both}-b"]
    for name in names:
        await bench.make(name, types=[f"printer.{setting.slug}"])
    rows, said = ana.page.locator("#rows [data-row]"), ", ".join(names)
    await ana.go(f"/webhooks?text={both}")
    for button, told, word in (
        ("Pause", "Paused: {names}. What comes in waits.", "Paused"),
        ("Go on", "Going on: {names}.", "On"),
        ("Switch off", "Switched off: {names}. What waits is kept.", "Off"),
        ("Switch on", "Switched on: {names}.", "On"),
    ):
        await ana.field("The whole page").check()
        await ana.press(button)
        await expect(ana.told).to_have_text(ana.words(told, names=said))
        await expect(rows.locator(".lamp")).to_have_text([re.compile(f"{ana.words(word)}$")] * 2)  # the list as it was
    await ana.press("Pause")
    await expect(ana.told).to_have_text(ana.words("Tick the webhooks first."))
    await ana.field("Tick {name}", name=names[1]).check()
    await ana.press("Edit")
    await ana.press("Save")
    await expect(ana.page.get_by_role("alert")).to_have_text(ana.words("Fill in what is to change."))
    await ana.field("Requests a second").fill("5")
    await ana.press("Save")
    await expect(ana.told).to_have_text(ana.words("Changed: {names}.", names=names[1]))
    rates = [bench.office.hub.webhooks.rows[name].spec.get("rate_per_s") for name in names]
    assert rates[1] == 5 and rates[0] != 5


@in_every_setting()
async def test_several_are_sent_to_again_at_once(bench: Bench, look: Look, setting: Setting) -> None:
    ana, both = await look("admin"), f"again-{setting.slug}"
    names = [f"{both}-a", f"{both}-b"]
    for name in names:
        await bench.sink.answer(AnswerPlan(path=f"/{name}", status=404, count=2))
        await bench.make(name, types=[f"printer.{setting.slug}"], schedule_s="0.01")
    event = await bench.office.receive(type=f"printer.{setting.slug}", subject="printer/1")
    for name in names:
        await bench.ended(name, event, "dead")
    await ana.go(f"/webhooks?text={both}")
    for name in names:
        await ana.field("Tick {name}", name=name).check()
    await ana.press("Send again")
    await expect(ana.page.get_by_text(", ".join(names))).to_be_visible()
    await ana.press("Send again")
    progress = ana.page.locator("#progress")
    await expect(progress.locator(".lamp")).to_contain_text(ana.words("Done."))
    await expect(progress).to_contain_text(ana.words("{done} of {all}", done=2, all=2))
    for name in names:
        await bench.ended(name, event, "delivered")
    await ana.press("Look at it")
    await ana.page.wait_for_url("**/webhooks")
