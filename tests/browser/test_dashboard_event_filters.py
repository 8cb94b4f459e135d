"""Where is my event? The filters of the list, by the pointer: what is wrong is mended, and one looks further back."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.async_api import Locator, expect

from centralita.services import slices
from centralita.web.dashboard import events
from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _lists(ana: Looking, *titles: str) -> None:
    """Waits until just these events are listed."""
    await expect(ana.page.locator("[data-row] a.open")).to_have_text(titles)


def _filter(ana: Looking, name: str) -> Locator:
    """A field of the filters; what is kept as a view stands beside, unseen."""
    return ana.page.locator(f".filters [name={name}]")


@in_every_setting()
async def test_each_filter_narrows_the_list_and_all_are_cleared_by_one_click(
    office: Office, look: Look, setting: Setting
) -> None:
    room, about = f"Sala {setting.slug}", {"subject": f"printer/{setting.slug}"}
    await office.receive(type="printer.cleaned", title=f"Limpia {room}", severity="low", **about)
    await office.receive(type="printer.jammed", title=f"Atasco {room}", severity="critical", **about)
    ana = await look("admin")
    text, kind, source = (_filter(ana, each) for each in ("text", "type", "source"))
    await ana.go("/events")
    await text.fill(room.upper())
    await ana.press("Show")
    await _lists(ana, f"Atasco {room}", f"Limpia {room}")
    await source.select_option("desk")
    await ana.page.wait_for_url("**source=desk**")
    await ana.field("Severity").select_option(label=ana.words("critical"))
    await _lists(ana, f"Atasco {room}")
    await ana.field("Severity").select_option(label=ana.words("all"))
    await _lists(ana, f"Atasco {room}", f"Limpia {room}")
    await ana.field("Status").select_option(label=ana.words("no rule"))
    await _lists(ana, f"Limpia {room}")
    await ana.field("Since").select_option(label=ana.words("15 minutes"))
    await ana.page.wait_for_url("**since=15m**")
    await _lists(ana, f"Limpia {room}")
    await kind.fill("printer.jammed")
    await ana.press("Show")
    await expect(ana.page.get_by_role("heading", name=ana.words("Nothing matches."))).to_be_visible()
    await expect(text).to_have_value(room.upper())
    await ana.press("Clear the filters")
    await ana.page.wait_for_url("**/events")
    await expect(ana.page.locator("[data-row] a.open").first).to_have_text(f"Atasco {room}")
    await expect(text).to_have_value("")


@in_every_setting("es-1360-dark")
async def test_a_condition_that_cannot_be_read_shows_where_and_is_mended(
    office: Office, look: Look, setting: Setting
) -> None:
    title, subject = f"Bandeja {setting.slug}", f"tray/{setting.slug}"
    await office.receive(type="printer.jammed", title=title, subject=subject, severity="high")
    ana = await look("admin")
    condition, fault = _filter(ana, "condition"), ana.page.locator("#condition-fault")
    await ana.go("/events")
    await expect(condition).to_be_hidden()
    await ana.unfold("More filters")
    await condition.fill(f"subject == '{subject}' AND severity = 'high'")
    await ana.press("Show")
    await expect(fault).to_contain_text(ana.words("Condition"))
    written, caret = (await fault.locator(".caret").inner_text()).split("\n")
    assert written[caret.index("^")] == "=" and await condition.input_value() == written
    await expect(condition).to_be_focused()
    await expect(ana.page.locator("[data-row]")).to_have_count(0)
    await condition.fill(written.replace("severity =", "severity =="))
    await ana.press("Show")
    await _lists(ana, title)
    await expect(fault).to_have_count(0)
    await ana.field("Until").fill("31/12")
    await ana.press("Show")
    await expect(ana.page.locator("#until-fault")).to_contain_text(ana.words("Until"))
    await ana.field("Until").fill("2999-12-31 08:00")
    await ana.press("Show")
    await _lists(ana, title)


@in_every_setting()
async def test_a_path_is_looked_for_in_slices_and_further_back_by_a_click(
    office: Office, look: Look, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "ROWS", 1)
    monkeypatch.setattr(slices, "MOST", 2)
    await office.receive(
        type="printer.cleaned", title=f"Estante {setting.slug}", data={"rack": {"shelf": setting.slug}}
    )
    for number in range(3):
        await office.receive(type="printer.cleaned", title=f"Otra {number} {setting.slug}")
    ana = await look("admin")
    await ana.go("/events")
    await ana.unfold("More filters")
    await ana.field("JSON path").fill("a b")
    await ana.press("Show")
    await expect(ana.page.locator("#path-fault")).to_contain_text("$.ticket.id = 4521")
    await ana.field("JSON path").fill(f"$.rack.shelf = {setting.slug}")
    await ana.press("Show")
    so_far = ana.page.get_by_role("heading", name=ana.words("Nothing matches so far."))
    await expect(so_far).to_be_visible()
    await ana.press("Look further back")
    await _lists(ana, f"Estante {setting.slug}")
    await expect(so_far).to_have_count(0)
    await expect(ana.field("JSON path")).to_have_value(f"$.rack.shelf = {setting.slug}")
    await ana.press("To the newest")
    await expect(so_far).to_be_visible()


@in_every_setting()
async def test_one_turns_to_older_events_and_back(
    office: Office, look: Look, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PAGE", 2)
    subject = f"pile/{setting.slug}"
    for number in range(5):
        await office.receive(type="printer.cleaned", title=f"n. {number}", subject=subject)
    ana = await look("admin")
    older = ana.page.locator("a[rel=next]")
    await ana.go(f"/events?subject={quote(subject, safe='')}")
    await _lists(ana, "n. 4", "n. 3")
    await expect(ana.link("To the newest")).to_have_count(0)
    await older.click()
    await _lists(ana, "n. 2", "n. 1")
    await older.click()
    await _lists(ana, "n. 0")
    await expect(older).to_have_count(0)
    await ana.page.go_back()
    await _lists(ana, "n. 2", "n. 1")
    await ana.press("To the newest")
    await _lists(ana, "n. 4", "n. 3")


@in_every_setting()
async def test_a_view_is_saved_opened_renamed_and_removed_by_whoever_made_it(
    office: Office, look: Look, setting: Setting
) -> None:
    await office.receive(type="printer.jammed", title=f"Cinta {setting.slug}", severity="medium")
    name, other = f"Cintas {setting.slug} <b>", f"Otras {setting.slug}"
    sam = await look("viewer", person=f"vera-{setting.slug}")
    await sam.go("/events")
    await expect(sam.page.locator(".views")).to_have_count(0)
    await _filter(sam, "text").fill(f"cinta {setting.slug}")
    await sam.press("Show")
    await sam.unfold("Save as a view")
    await sam.page.locator("#view-name").fill(name)
    await sam.press("Save")
    await expect(sam.told).to_have_text(sam.words("The view {name} is saved.", name=name))
    await expect(sam.page.locator(".chip a")).to_have_attribute("aria-current", "page")
    await sam.go("/events?severity=low")
    await sam.page.get_by_role("link", name=name).click()
    await _lists(sam, f"Cinta {setting.slug}")
    await sam.unfold("Rename")
    await sam.field("New name of {name}", name=name).fill(other)
    await sam.press("Save")
    await expect(sam.told).to_have_text(sam.words("The view is called {name}.", name=other))
    await _lists(sam, f"Cinta {setting.slug}")
    ana = await look("admin")
    await ana.go("/events")
    await expect(ana.page.get_by_role("link", name=other)).to_have_count(0)
    await sam.press("Remove the view {name}", name=other)
    await expect(sam.told).to_have_text(sam.words("The view is removed."))
    await expect(sam.page.locator(".chip")).to_have_count(0)
