"""Every page of the dashboard by axe, in both languages, on a desk and on a phone, light and dark: lists with and
without rows, each part of an event and of a webhook, forms with what is wrong, secrets, refusals, the first run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from centralita.sandbox.slack import APP_TOKEN, BOT_TOKEN
from centralita.services import audit, sign_in
from tests.browser.first_run import Come, New, come, new
from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.browser.places import LONG, WHAT_HAPPENED, kinds, pages_of
from tests.dashboard.office import ADMINISTRATOR, PASSWORD, Office

__all__ = ["come", "new"]

pytestmark = pytest.mark.asyncio(loop_scope="module")
AXE: Mapping[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


async def judged(page: Page, name: str) -> list[str]:
    """What is wrong with what the page shows now: rules of axe that it breaks, and what stands beyond its edge."""
    beyond = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    faults = [f"{name}: {beyond} px too wide"] if beyond > 0 else []
    results = await Axe().run(page, options=dict(AXE))
    for each in results.response["violations"]:
        faults.append(f"{name}: {each['id']} {[node['html'][:160] for node in each['nodes']][:3]}")
    return faults


async def visited(page: Page, url: str, paths: Sequence[str]) -> list[str]:
    """The same of several pages."""
    faults = []
    for path in paths:
        await page.goto(url + path)
        faults += await judged(page, path)
    return faults


# --- a hub that has been at work


@in_every_setting("es-390-dark")
@kinds("places", WHAT_HAPPENED)  # axe takes a second and more a page
async def test_no_page_breaks_a_rule_of_axe(office: Office, look: Look, kind: str, setting: Setting) -> None:
    ana = await look("admin")
    faults = await visited(ana.page, ana.url, await pages_of(office, kind, setting.slug))
    assert faults == [], "\n".join(faults)


# --- what a form answers

Steps = Callable[[Page, str], Awaitable[object]]
"""Fills in and sends a form; the second is a name that nothing has yet."""


async def _faulty_rule(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#condition").fill("type startswith 'ticket.' AND severity = 'high'")
    await page.locator("button[value=save]").click()
    await page.wait_for_selector(".fault .caret")


async def _tried_rule(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#webhook").select_option("erp")
    await page.locator("button[value=try]").click()
    await page.wait_for_selector("#tried strong")


async def _new_source(page: Page, name: str) -> None:
    await page.locator("#slug").fill(name)
    await page.locator("main form.body .btn-primary").click()
    await page.wait_for_selector("#secret-shown")


async def _faulty_source(page: Page, name: str) -> None:
    await page.locator("#slug").fill(f"{name} has blanks")
    await page.locator("main form.body .btn-primary").click()
    await page.wait_for_selector(".fault")


async def _new_token(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#role").select_option("viewer")
    await page.locator("main form .btn-primary").click()
    await page.wait_for_selector("#token")


async def _faulty_user(page: Page, name: str) -> None:
    await page.locator("#name").fill(f"{name} has blanks")
    await page.locator("main form .btn-primary").click()
    await page.wait_for_selector(".fault")


async def _link(page: Page, name: str) -> None:
    await page.locator("form[action$='/invitation'] button").click()
    await page.wait_for_selector("#link")


async def _new_webhook(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#url").fill("https://erp.example.com/hook")
    await page.locator("input[name=types][value='*']").check()
    await page.locator(".bar .btn-primary").click()
    await page.wait_for_selector("#secret")


async def _faulty_webhook(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#url").fill("nowhere")
    await page.locator(".bar .btn-primary").click()
    await page.wait_for_selector(".fault")


async def _trial(page: Page, name: str) -> None:
    await page.locator("form.panel .btn-primary").click()
    await page.wait_for_selector("#outcome svg.phases")


async def _bulk_edit(page: Page, name: str) -> None:
    await page.locator("input[name=name][value=erp]").check()
    await page.locator("button[value=edit]").click()
    await page.wait_for_url("**/webhooks/bulk")


async def _replay_all(page: Page, name: str) -> None:
    await page.locator("button[name=all]").click()
    await page.wait_for_url("**/events/replay")


async def _wrong_password(page: Page, name: str) -> None:
    for field in ("old", "new", "again"):
        await page.locator(f"#{field}").fill(f"{name} {field}")
    await page.locator("form[action='/profile/password'] button").click()
    await page.wait_for_selector(".fault")


ANSWERS: Mapping[str, tuple[str, Steps]] = {
    "a rule with a fault": ("/rules/new", _faulty_rule),
    "a rule that is tried": ("/rules/new", _tried_rule),
    "a source's secret": ("/sources/new?kind=alertmanager", _new_source),
    "a source with a fault": ("/sources/new?kind=generic", _faulty_source),
    "a token, shown once": ("/tokens", _new_token),
    "a user with a fault": ("/users", _faulty_user),
    "a link for somebody": ("/users/the-viewer", _link),
    "a webhook's secret": ("/webhooks/new", _new_webhook),
    "a webhook with a fault": ("/webhooks/new", _faulty_webhook),
    "a webhook's test": ("/webhooks/erp/test", _trial),
    "webhooks edited at once": ("/webhooks", _bulk_edit),
    "events to replay": ("/events?type=printer.jammed", _replay_all),
    "a password with a fault": ("/profile", _wrong_password),
}


@pytest.mark.long
@in_every_setting()
async def test_no_answer_to_a_form_breaks_a_rule_of_axe(office: Office, look: Look, setting: Setting) -> None:
    await office.as_role("viewer")
    about = f"printer/form-{setting.slug}"  # what is the same to the letter counts once
    await office.receive(type="printer.jammed", title=LONG, severity="critical", subject=about)
    ana = await look("admin")
    faults = []
    for number, (name, (path, answer)) in enumerate(ANSWERS.items()):
        await ana.go(path)
        await answer(ana.page, f"axe-{setting.slug}-{number}")
        faults += await judged(ana.page, name)
    assert faults == [], "\n".join(faults)


# --- who is not let in, and what fails


@pytest.mark.long
@in_every_setting()
async def test_no_refusal_breaks_a_rule_of_axe(
    office: Office, look: Look, monkeypatch: pytest.MonkeyPatch, setting: Setting
) -> None:
    await office.as_role("viewer")
    link = await sign_in.invite(office.hub, ADMINISTRATOR, "the-viewer")
    assert link is not None
    stranger = await look("")
    paths = ("/sign-in", "/sign-in?next=%2Frules", f"/invitation/{link.key}", "/invitation/used", "/rules")
    faults = await visited(stranger.page, stranger.url, paths)
    await stranger.go("/sign-in")
    await stranger.page.locator("#name").fill("nobody")
    await stranger.page.locator("#password").fill(setting.slug)
    await stranger.page.locator("main .btn-primary").click()
    await stranger.page.wait_for_selector(".notice.failed")
    faults += await judged(stranger.page, "a wrong password")

    sam = await look("viewer")
    faults += await visited(sam.page, sam.url, ("/users", "/rules/new", "/not-there", "/", "/webhooks/erp"))
    faults += await _failing(office, await look("admin"), monkeypatch)
    assert faults == [], "\n".join(faults)


async def _failing(office: Office, ana: Looking, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The page that is shown instead of one that can't be made, as the server wrote it."""

    async def find(*_: object) -> None:
        raise RuntimeError("the audit log is away")

    with monkeypatch.context() as broken:
        broken.setattr(audit, "find", find)
        failed = await (await office.as_role("admin")).get("/audit", **{"accept-language": ana.setting.locale})
    assert failed.status == 500
    await ana.page.route("**/audit", lambda route: route.fulfill(content_type="text/html", body=failed.html))
    return await visited(ana.page, ana.url, ("/audit",))


# --- a hub that nobody has set up


@pytest.mark.long
@in_every_setting()
async def test_no_step_of_the_first_run_breaks_a_rule_of_axe(new: New, come: Come) -> None:
    page = (await come()).page
    await page.goto(new.url)
    faults = await judged(page, "the first page")
    await page.locator("#name").fill("ana")
    await page.locator("#password").fill("short")
    await page.locator("main .btn-primary").click()
    await page.wait_for_selector(".fault")
    faults += await judged(page, "a password that is too short")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("main .btn-primary").click()
    await page.wait_for_selector("#bot_token")
    faults += await judged(page, "connecting Slack")
    empty = ("/", "/events", "/webhooks", "/approvals", "/approvals?view=all", "/sources", "/rules", "/tokens")
    faults += await visited(page, new.url, (*empty, "/audit", "/dead-letters", "/test-event", "/setup?step=message"))
    faults += await _set_up(page, new)
    assert faults == [], "\n".join(faults)


async def _set_up(page: Page, new: New) -> list[str]:
    await page.goto(f"{new.url}/setup?step=slack")
    await page.locator("#bot_token").fill("xoxb-wrong")
    await page.locator("#slack .btn-primary").click()
    await page.wait_for_selector("#slack .fault, #slack .notice.failed")
    faults = await judged(page, "Slack refuses")
    await page.locator("#bot_token").fill(BOT_TOKEN)
    await page.locator("#app_token").fill(APP_TOKEN)
    await page.locator("#slack .btn-primary").click()
    await page.wait_for_selector("#source[open]")
    faults += await judged(page, "the first source")
    await page.locator("#kind").select_option("invgate")
    await page.locator("#source .btn-primary").click()
    secret = await page.locator("#secret-shown").inner_text()
    address = await page.locator("#address").inner_text()
    assert await new.post(address, "") == 401
    await page.wait_for_selector("#arrived .tries")
    faults += await judged(page, "its secret, and a refused try")
    assert await new.post(address, secret) == 202
    await page.wait_for_selector("#arrived.came")
    faults += await judged(page, "the first event")
    await page.locator("#arrived .btn-primary").click()
    await page.locator("#channel").fill("#alerts")
    await page.locator("#rule button[value=try]").click()
    await expect(page.locator("#rule .notice")).to_be_visible()
    faults += await judged(page, "the first rule, tried")
    await page.locator("#rule button[value=add]").click()
    await page.locator("#message .btn-primary").click()
    await page.wait_for_selector("#sent .lamp.flowing")
    return faults + await judged(page, "the first message")
