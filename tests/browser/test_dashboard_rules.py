"""Rules in real Chromium: a slip, a trial, keeping, order, switching off, and what is taken back."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from centralita.services import rule_changes
from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEPT = "The rule {name} is kept: the next event is decided by it."


async def _made(office: Office, *names: str) -> None:
    """Rules that go to the webhook, and match nothing."""
    for name in names:
        await rule_changes.add(office.hub, "user:ana", {"name": name, "condition": "type == 'x'", "webhook": "erp"})


def _row(ana: Looking, name: str) -> Locator:
    return ana.page.locator("tr[data-row]").filter(has=ana.page.get_by_role("link", name=name, exact=True))


@in_every_setting("es-390-light")
async def test_a_rule_is_tried_kept_removed_and_brought_back(office: Office, look: Look, setting: Setting) -> None:
    name, type_ = f"Jams {setting.slug}", f"printer.jammed_{setting.slug}"
    for number in range(3):
        await office.receive(type=type_, severity="high", title=f"Jam {number}", subject="printer/1")
    ana = await look("admin")
    await ana.go("/rules")
    await ana.press("New rule")
    await ana.field("Name").fill(name)
    await ana.field("Outgoing webhook").select_option("erp")
    await ana.field("Which events").fill(f"type == '{type_}'")
    await ana.press("Try it over the last {n} events", n=_thousand(setting))
    changed = setting.counted("{n} would have gone elsewhere.", "{n} would have gone elsewhere.", 3)
    await expect(ana.page.locator("#tried")).to_contain_text(changed)
    await expect(ana.page.locator("#tried")).to_be_in_viewport()
    await expect(ana.page.locator("#tried a.open")).to_have_text(["Jam 2", "Jam 1", "Jam 0"])
    await ana.press("Save")
    await expect(ana.told).to_contain_text(ana.words(KEPT, name=name))
    await ana.press("Remove")
    await expect(ana.told).to_contain_text(ana.words("The rule {name} is removed.", name=name))
    await expect(_row(ana, name)).to_have_count(0)
    await ana.press("Undo")
    await expect(ana.told).to_contain_text(ana.words("The rule {name} is there again.", name=name))
    await expect(ana.field("Which events")).to_have_value(f"type == '{type_}'")


def _thousand(setting: Setting) -> str:
    return {"en": "1,000", "es": "1.000"}[setting.locale]


@in_every_setting()
async def test_a_slip_stands_below_the_condition_at_its_column_until_it_is_mended(
    office: Office, look: Look, setting: Setting
) -> None:
    ana, name = await look("admin"), f"Slip {setting.slug}"
    await ana.go("/rules/new")
    await ana.field("Name").fill(name)
    slip = "type startswith 'ticket.' AND priority in ['critical', 'high'] AND severity = 'high'"
    await ana.field("Which events").fill(slip)
    await ana.press("Save")
    condition, caret = ana.field("Which events"), ana.page.locator(".fault .caret")
    await expect(condition).to_be_focused()
    await expect(condition).to_have_attribute("aria-invalid", "true")
    line, mark = (await caret.inner_text()).splitlines()
    assert mark.index("^") == line.index("= 'high'"), (line, mark)
    assert await _marks_what_is_seen(caret), "the place of the slip is in sight"
    assert await ana.field("Name").input_value() == name
    await condition.fill(slip.replace(" = ", " == "))
    await ana.press("Save")
    await expect(ana.told).to_contain_text(ana.words(KEPT, name=name))

    await ana.field("Name").fill(f"{name} b")
    await ana.field("The rules after it are left out when it matches").check()
    await ana.press("Save")
    await expect(ana.told).to_contain_text(ana.words(KEPT, name=f"{name} b"))
    await ana.go("/rules")
    await expect(_row(ana, f"{name} b")).to_contain_text(ana.words("ends the row"))
    await expect(_row(ana, name)).to_have_count(0)


async def _marks_what_is_seen(caret: Locator) -> bool:
    """Whether the mark below the line lies inside what is shown of it."""
    return bool(
        await caret.evaluate("""place => {
            const text = place.firstChild, at = text.data.lastIndexOf("^"), range = document.createRange();
            range.setStart(text, at);
            range.setEnd(text, at + 1);
            const mark = range.getBoundingClientRect(), seen = place.getBoundingClientRect();
            return mark.left >= seen.left && mark.right <= seen.right + 1 && mark.right <= window.innerWidth;
        }""")
    )


@in_every_setting()
async def test_a_rule_is_switched_off_and_on_and_its_place_changed_in_the_list(
    office: Office, look: Look, setting: Setting
) -> None:
    first, second = f"First {setting.slug}", f"Second {setting.slug}"
    await _made(office, first, second)
    ana = await look("admin")
    await ana.go("/rules")
    await _row(ana, first).get_by_role("button", name=ana.words("Switch off"), exact=True).click()
    await expect(ana.told).to_contain_text(ana.words("The rule {name} is off.", name=first))
    await expect(_row(ana, first)).to_contain_text(ana.words("not in force"))
    await ana.press("Undo")
    await expect(ana.told).to_contain_text(ana.words("The rule {name} decides again.", name=first))

    await ana.go("/rules")
    await expect(_row(ana, first)).to_contain_text(ana.words("in force"))
    await ana.press("Try {name} later", name=first)
    await expect(ana.told).to_contain_text(ana.words("The rule {name} has another place.", name=first))
    names = await ana.page.locator("tr[data-row] a.open").all_inner_texts()
    assert names.index(second) + 1 == names.index(first)
    await ana.press("Try {name} earlier", name=first)
    await expect(ana.page.locator("tr[data-row] a.open").filter(has_text=setting.slug).first).to_be_visible()
    names = await ana.page.locator("tr[data-row] a.open").all_inner_texts()
    assert names.index(first) + 1 == names.index(second)
    await ana.page.locator("[data-find]").fill(second.upper())
    await ana.press("Show")
    await expect(ana.page.locator("tr[data-row]")).to_have_count(1)


@in_every_setting()
async def test_a_copy_of_a_rule_begins_as_it_is_and_who_was_slower_is_told(
    office: Office, look: Look, setting: Setting
) -> None:
    name = f"Shared {setting.slug}"
    await _made(office, name)
    ana, luis = await look("admin"), await look("admin", person=f"luis-{setting.slug}")
    await luis.go(f"/rules/{name}")
    await ana.go(f"/rules/{name}")
    await ana.field("Mentions").fill("@oncall, ana@example.com")
    await ana.press("Save")
    await expect(ana.told).to_contain_text(ana.words(KEPT, name=name))
    await luis.field("Which events").fill("type == 'y'")
    await luis.press("Save")
    await expect(luis.page.get_by_role("alert").first).to_be_in_viewport()
    await expect(luis.field("Which events")).to_have_value("type == 'y'")
    await ana.press("Copy")
    await expect(ana.field("Mentions")).to_have_value("@oncall, ana@example.com")
    await ana.field("Name").fill(f"{name} b")
    await ana.press("Save")
    await expect(ana.told).to_contain_text(ana.words(KEPT, name=f"{name} b"))
