"""One event whole, by the pointer: its parts one after the other, and what can be copied of it."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.looks import Look, Setting, in_every_setting
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


@in_every_setting()
async def test_an_event_is_followed_from_its_story_to_what_changed(
    office: Office, look: Look, setting: Setting
) -> None:
    about = {"type": "printer.jammed", "subject": f"printer/{setting.slug}", "severity": "critical"}
    before = await office.receive(**about, title=f"Rodillo {setting.slug}", data={"n": 1, "place": "Quito"})
    event = await office.receive(**about, title=f"Rodillo {setting.slug}", data={"n": 2, "<b>": "Quito"})
    await office.settled(event)
    ana = await look("admin")
    await ana.go(f"/events?text=rodillo+{setting.slug}")
    await ana.page.locator("[data-row] a.open").first.click()
    await ana.page.wait_for_url(f"**/events/{event}")
    story = ana.page.locator("ol.story")
    await expect(story).to_contain_text(ana.words("Came in from {source}", source="desk"))
    await expect(story).to_contain_text(ana.words("attempt {number}", number=1))

    await ana.press("Parsed | raw")
    parsed, raw = ana.page.locator("#parsed"), ana.page.locator("#raw")
    await expect(parsed).to_contain_text('"n": 2')
    await expect(raw).to_contain_text('"n":2')
    left, right = await parsed.bounding_box(), await raw.bounding_box()
    assert left is not None and right is not None
    assert left["y"] == right["y"] if setting.width > 1000 else left["y"] + left["height"] < right["y"]

    await ana.press("Why these rules")
    matched, others = ana.words("Why these"), ana.words("Why not the others")
    await expect(_panel(ana.page, matched)).to_contain_text("Grave")
    await expect(_panel(ana.page, matched)).to_contain_text("critical")
    await expect(_panel(ana.page, others)).to_contain_text("Printers")
    await expect(_panel(ana.page, others)).to_contain_text("data.place")

    await ana.press("Attempts")
    sent = ana.page.locator("pre").filter(has_text="webhook-signature")
    await expect(sent).to_be_hidden()
    await ana.unfold("Request, response, timings")
    await expect(sent).to_be_visible()
    await expect(sent).to_contain_text(f"POST {office.sink}/in/")

    await ana.press("Changes")
    change = ana.page.locator("tr").filter(has_text="data.n")
    await expect(change.locator("del")).to_have_text("1")
    await expect(change.locator("ins")).to_have_text("2")
    await ana.page.locator(f"main a[href='/events/{before}']").click()
    await ana.page.wait_for_url(f"**/events/{before}")
    await expect(ana.page.locator("ol.story")).to_contain_text(ana.words("Then, of the same subject:"))


def _panel(page: Page, heading: str) -> Locator:
    return page.locator("section.panel").filter(has=page.get_by_role("heading", name=heading, exact=True))


async def _unfold(page: Page) -> None:
    """Opens what can be copied, if it is not."""
    menu = page.locator(".act details.menu").first
    if await menu.get_attribute("open") is None:
        await menu.locator("summary").click()


async def _copy(page: Page, name: str) -> None:
    button = page.get_by_role("button", name=name).filter(visible=True).first
    await button.click()
    await expect(button).to_contain_class("copied")


@in_every_setting()
async def test_a_click_copies_the_whole_command_and_the_button_says_so(
    office: Office, look: Look, setting: Setting
) -> None:
    event = await office.receive(type="printer.cleaned", title=f"Copia {setting.slug}")
    ana = await look("admin")
    await ana.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await ana.go(f"/events/{event}")

    async def holds() -> str:
        return str(await ana.page.evaluate("navigator.clipboard.readText()"))

    await _unfold(ana.page)
    await _copy(ana.page, ana.words("Command that shows it"))
    assert await holds() == f"centralita event show {event}"
    await expect(ana.page.locator("#announced")).to_have_text(ana.words("Copied."))
    await _copy(ana.page, ana.words("Command that replays it"))
    assert await holds() == f"centralita event replay {event}"
    await _copy(ana.page, "cURL")
    command = await holds()
    assert command.startswith("curl ") and f"{office.url}/in/desk" in command and f"Copia {setting.slug}" in command
    await _copy(ana.page, event)
    assert await holds() == event
    await _unfold(ana.page)
    await ana.press("See them")
    await expect(ana.page.locator("#copies")).to_be_in_viewport()
    await ana.page.locator("#copies button[data-copy-from=curl]").click()
    await expect(ana.page.locator("#copies button.copied")).to_have_count(1)
    assert await holds() == command == await ana.page.locator("#curl").inner_text()


@in_every_setting()
async def test_a_page_that_came_without_https_copies_too(office: Office, look: Look, setting: Setting) -> None:
    event = await office.receive(type="printer.cleaned", title=f"Sin candado {setting.slug}")
    ana = await look("admin")
    await ana.page.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined })")
    await ana.go(f"/events/{event}")
    await _unfold(ana.page)
    button = ana.button("Command that replays it")
    await _copy(ana.page, ana.words("Command that replays it"))
    await expect(button).to_be_focused()
    await ana.field("Search or command").focus()
    await ana.page.keyboard.press("Control+v")
    await expect(ana.field("Search or command")).to_have_value(f"centralita event replay {event}")
