"""The dashboard by keys alone: every page from its first stop to its last, the flows without a mouse, and the shortcuts
on a Spanish layout."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from playwright.async_api import Locator, expect

from tests.browser.keys import Keys
from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.browser.places import ALONE, PAGES, WHAT_HAPPENED, kinds, pages_of
from tests.dashboard.office import PASSWORD, Office
from tests.dashboard.test_routes import ALL

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _walked(ana: Looking, paths: Sequence[str]) -> list[str]:
    faults = []
    for path in paths:
        await ana.page.goto(ana.url + path)
        faults += [f"{path} {fault}" for fault in await Keys.of(ana).walk()]
    return faults


@in_every_setting("en-390-light")
async def test_tab_leads_through_a_page_and_shows_where_one_is(office: Office, look: Look, setting: Setting) -> None:
    await office.receive(type="printer.jammed", severity="critical", title="Atasco", subject=f"printer/{setting.slug}")
    assert await _walked(await look("admin"), ("/events",)) == []
    assert await _walked(await look(""), ("/sign-in",)) == []


NO_PAGES = {"/static/{version}/{name:path}", "/setup/arrived", "/setup/sent", "/events/live", "/sources/{slug}/came",
            "/search.json", "/oidc/begin", "/oidc/callback", "/setup/{step}"}  # fmt: skip
"""What answers with a part of a page, with data, or by leading elsewhere."""


async def test_no_page_is_left_out_of_the_walks(office: Office) -> None:
    opened = [path for kind in PAGES for path in await pages_of(office, kind, "left-out")]
    paths = [path.partition("?")[0] for path in (*opened, *ALONE)]
    pages = {path for method, path, _ in ALL if method == "GET"} - NO_PAGES
    patterns = {page: re.sub(r"\{[^}]+\}", "[^/]+", page) for page in pages}
    assert {page for page in pages if not any(re.fullmatch(patterns[page], path) for path in paths)} == set()


@pytest.mark.long
@pytest.mark.timeout(600)
@in_every_setting()
@kinds()
async def test_tab_leads_through_every_page(office: Office, look: Look, kind: str, setting: Setting) -> None:
    paths = await pages_of(office, kind, f"keys-{setting.slug}")
    faults = await _walked(await look("admin"), paths)
    if kind == WHAT_HAPPENED:
        user = await (await office.as_role("admin")).post("/users/the-admin/invitation")
        link = user.text.split("/invitation/")[1].split()[0]
        faults += await _walked(await look(""), (*ALONE, f"/invitation/{link}"))
        faults += await _walked(await look("viewer"), ("/", "/users", "/nowhere", "/webhooks/nowhere"))
    assert faults == [], "\n".join(faults)


@in_every_setting("es-1360-light")
async def test_shortcuts_go_by_the_character_on_a_spanish_layout(office: Office, look: Look, setting: Setting) -> None:
    await office.receive(type="printer.jammed", title="Sin tóner", subject=f"printer/short-{setting.slug}")
    ana = await look("admin")
    await ana.go("/events")
    keys, field = Keys.of(ana), ana.page.locator("[data-find]")
    place = ana.page.locator(".rail a[aria-current]")
    await keys.reach(place)
    await keys.strike("-", "Slash", 189)  # where other layouts have the slash
    await expect(place).to_be_focused()
    await keys.strike("/", "Digit7", 55, shift=True)
    await expect(field).to_be_focused()
    await keys.strike("/", "Digit7", 55, shift=True)
    await keys.strike("?", "Minus", 219, shift=True)
    await ana.page.keyboard.type("jkoxu")
    await expect(field).to_have_value("/?jkoxu")
    await keys.press("Escape")
    await expect(place).to_be_focused()
    await keys.strike("?", "Minus", 219, shift=True)
    await expect(ana.page.locator("#keys")).to_be_visible()
    await keys.press("Escape", "j", "j", "k")
    await expect(place).not_to_be_focused()
    await expect(ana.page.locator("a.open").first).to_be_focused()

    await keys.strike("?", "Minus", 219, shift=True)
    await expect(ana.page.locator("[data-single-keys]")).to_be_focused()
    assert await keys.walk() == []
    await keys.reach(ana.page.locator("[data-single-keys]"))
    await keys.press("Space", "Escape")
    for _ in range(2):  # at once, and on the pages to come
        await keys.reach(place)
        await keys.strike("/", "Digit7", 55, shift=True)
        await keys.strike("?", "Minus", 219, shift=True)
        await keys.press("j")
        await expect(place).to_be_focused()
        await expect(ana.page.locator("#keys")).to_be_hidden()
        await ana.go("/events")
    await keys.press("Control+k")
    await expect(ana.page.locator("#palette")).to_be_visible()


@in_every_setting("en-1360-dark")
async def test_what_opens_gives_the_focus_back(look: Look) -> None:
    ana = await look("admin")
    await ana.go("/webhooks/erp")
    keys, profile = Keys.of(ana), ana.page.locator(".sheet a[href='/profile']")
    await keys.skip()
    await expect(ana.page.locator("#main")).to_be_focused()
    await keys.press("Tab")
    await expect(ana.page.locator("#main a").first).to_be_focused()

    await ana.go("/webhooks/erp")
    menu, help_ = ana.page.locator("details.menu > summary").first, ana.page.locator("[data-open-keys]")
    await keys.enter(menu)
    await keys.press("Tab")
    await expect(profile).to_be_focused()
    await keys.press("Escape")
    await expect(menu).to_be_focused()
    await expect(profile).to_be_hidden()
    await keys.press("Enter")
    await keys.enter(help_)
    await keys.press("Escape")
    await expect(help_).to_be_focused()
    await keys.press("Tab", "Tab")  # past its end
    await expect(profile).to_be_hidden()

    tab = keys.named("link", "Secrets")
    await keys.reach(tab)
    await keys.press("Control+k")
    await ana.page.keyboard.type(ana.words("Rules"))
    await keys.press("ArrowDown", "ArrowUp", "Escape")
    await expect(tab).to_be_focused()
    day = keys.named("link", "24 hours")
    await keys.enter(day)
    await expect(day).to_have_attribute("aria-current", "true")
    await expect(day).to_be_focused()


@in_every_setting()
async def test_somebody_signs_in_finds_an_event_and_replays_it(office: Office, look: Look, setting: Setting) -> None:
    title = f"Sin tóner en {setting.slug}"
    event = await office.receive(type="printer.jammed", title=title, severity="critical")
    await office.as_role("operator")
    luis = await look("")
    keys = Keys.of(luis)
    await luis.go("/events")
    await luis.page.wait_for_url("**/sign-in?next=*")
    await keys.write(keys.field("Name or e-mail"), "the-operator")
    await keys.write(keys.field("Password"), PASSWORD)
    await keys.press("Enter")
    await luis.page.wait_for_url("**/events")
    await keys.write(keys.field("Title or subject"), setting.slug)
    await keys.press("Enter")
    await luis.page.wait_for_url(f"**/events?text={setting.slug}*")
    await keys.skip()
    await keys.enter(luis.page.get_by_role("link", name=title))
    await luis.page.wait_for_url(f"**/events/{event}")
    await keys.enter(luis.page.locator("details.replay summary"))
    await keys.enter(luis.page.locator("button[value=resend]"))
    await expect(luis.told).to_have_class("notice waiting")  # deliveries are queued
    await keys.enter(luis.page.locator("details.menu > summary").first)
    await keys.enter(keys.named("button", "Sign out"))
    await luis.page.wait_for_url("**/sign-in")


@in_every_setting()
async def test_a_webhook_is_made_looked_at_and_removed(office: Office, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"keyed-{setting.slug}"
    keys, page = Keys.of(ana), ana.page
    await ana.go("/webhooks")
    await keys.enter(keys.named("link", "New webhook"))
    await page.wait_for_url("**/webhooks/new")
    await keys.write(page.locator("#name"), name)
    await keys.write(page.locator("#url"), f"{office.sink}/{name}")
    await keys.reach(keys.field("everything that happens"))
    await keys.press("Space")
    await keys.enter(keys.named("button", "Create the webhook"))
    await expect(page.locator("#secret")).to_contain_text("whsec_")
    await keys.enter(keys.named("link", "To the webhook"))
    await page.wait_for_url(f"**/webhooks/{name}")

    await keys.enter(keys.named("button", "Switch off"))
    await expect(ana.told).to_contain_text(ana.words("The webhook {name} is off; what waits is kept.", name=name))
    await keys.enter(keys.named("button", "Switch on"))
    await keys.enter(keys.named("link", "Secrets"))
    await page.wait_for_url("**/secrets")
    await keys.enter(keys.named("button", "Replace the secret"))
    await expect(page.locator("#secret")).to_contain_text("whsec_")

    await office.receive(type="printer.drawn", title=name)
    await ana.go(f"/webhooks/{name}")
    while not await page.locator("svg.chart").count():  # until the attempt is counted
        await ana.go(f"/webhooks/{name}")
    await _look_closer(keys)
    await keys.enter(page.get_by_text(ana.words("The values")))
    await expect(page.locator("#pictures table tbody tr").first).to_be_visible()

    await ana.go(f"/webhooks/{name}/replay")
    await keys.enter(keys.named("button", "Send again"))
    await expect(page.locator("#progress")).to_contain_text(ana.words("Done."))
    await expect(page.locator("#progress")).to_be_focused()  # what was pressed is gone
    await keys.enter(keys.named("link", "Look at it"))
    await page.wait_for_url(f"**/webhooks/{name}/deliveries*")

    await ana.go(f"/webhooks/{name}")
    await keys.enter(keys.named("button", "Remove"))
    await page.wait_for_url("**/webhooks")
    await keys.enter(keys.named("button", "Undo"))
    await page.wait_for_url(f"**/webhooks/{name}")


async def _look_closer(keys: Keys) -> None:
    """The durations from near, and all of them again; what is seen is said too."""
    seen, said = "document.querySelector('.u-axis')", keys.page.locator("#announced")
    assert await keys.page.evaluate(f"{seen} !== null")
    said_before = await said.inner_text()
    for name in ("Closer", "Closer", "Earlier", "Later", "Wider", "Everything"):
        await keys.enter(keys.named("button", name))
        await expect(said).not_to_have_text(said_before)
        said_before = await said.inner_text()


@in_every_setting()
async def test_a_source_is_added(look: Look, setting: Setting) -> None:
    ana, slug = await look("admin"), f"monitoreo-{setting.slug}"
    keys, page = Keys.of(ana), ana.page
    await ana.go("/sources")
    await keys.enter(keys.named("link", "New source"))
    await page.wait_for_url("**/sources/new")
    kind, field = keys.field("Which kind of sender is it?"), keys.field("Name in the address")
    await keys.choose(kind, "zabbix")
    await expect(kind).to_have_value("zabbix")
    await expect(page).to_have_url(f"{ana.url}/sources/new")  # a letter is no decision
    await keys.enter(keys.named("button", "Choose"))
    await page.wait_for_url("**/sources/new?kind=zabbix")
    await keys.write(field, "No Es Un Nombre")
    await keys.press("Enter")
    await expect(field).to_be_focused()  # where something is to be mended
    await keys.write(field, slug)
    await keys.press("Enter")
    await expect(page.locator("#address")).to_contain_text(f"/in/{slug}")


@in_every_setting()
async def test_a_rule_with_a_slip_is_mended_tried_and_kept(office: Office, look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"By keys {setting.slug}"
    await office.receive(type="printer.jammed", severity="high", title=name)
    keys, page = Keys.of(ana), ana.page
    await ana.go("/rules")
    await keys.enter(keys.named("link", "New rule"))
    await page.wait_for_url("**/rules/new")
    await keys.write(page.locator("#name"), name)
    await keys.write(page.locator("#condition"), f"title = '{name}'")
    await keys.choose(page.locator("#webhook"), "erp")
    await keys.enter(keys.named("button", "Save"))
    await expect(page.locator("#condition-fault")).to_be_visible()
    await expect(page.locator("#condition")).to_be_focused()
    await keys.write(page.locator("#condition"), f"title == '{name}'")
    await keys.enter(page.locator("button[value=try]"))
    moved = ana.setting.counted("{n} would have gone elsewhere.", "{n} would have gone elsewhere.", 1)
    await expect(page.locator("#tried")).to_contain_text(moved)
    await keys.enter(keys.named("button", "Save"))
    said = ana.words("The rule {name} is kept: the next event is decided by it.", name=name)
    await expect(ana.told).to_contain_text(said)


@in_every_setting()
async def test_an_approval_is_given(office: Office, look: Look, setting: Setting) -> None:
    title = f"Notebook for {setting.slug}"
    await office.approval(title)
    ana = await look("admin")
    keys, page = Keys.of(ana), ana.page
    await ana.go("/approvals")
    await _row(keys, page.locator("a.open", has_text=title))
    await keys.press("o")
    await page.wait_for_url("**/approvals/apr_*")
    await expect(page.get_by_role("heading", name=title)).to_be_visible()
    await keys.write(page.locator("#note"), "Fine")
    await keys.enter(keys.named("button", "Approve"))
    await expect(ana.told).to_contain_text(ana.words("It is approved by you."))


async def _row(keys: Keys, wanted: Locator) -> None:
    """Goes down the list to it."""
    for _ in range(await keys.page.locator("[data-row]").count()):
        await keys.press("j")
        if await wanted.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"j never comes to {wanted}")


@in_every_setting()
async def test_somebody_is_invited_and_a_token_comes_and_goes(look: Look, setting: Setting) -> None:
    ana, marta = await look("admin"), await look("")
    keys, theirs, name = Keys.of(ana), Keys.of(marta), f"marta-{setting.slug}"
    page = ana.page
    page.on("dialog", lambda dialog: dialog.accept())  # as Enter does: its first button has the focus
    await ana.go("/users")
    await keys.write(page.locator("#name"), name)
    await keys.choose(page.locator("#role"), "oper")
    await keys.enter(keys.named("button", "Add"))
    await page.wait_for_url(f"**/users/{name}")
    if not await page.locator("#link").count():
        await keys.enter(keys.named("button", "Make a link"))
    await marta.page.goto(await page.locator("#link").inner_text())
    await theirs.write(marta.page.locator("#password"), PASSWORD)
    await theirs.write(marta.page.locator("#again"), PASSWORD)
    await theirs.press("Enter")
    await marta.page.wait_for_url(f"{ana.url}/")

    await ana.go("/tokens")
    await keys.write(page.locator("#name"), f"a script of {name}")
    await keys.choose(page.locator("#role"), "view")
    await keys.enter(keys.named("button", "Make it"))
    await expect(page.locator("#token")).to_be_visible()
    row = page.locator("[data-row]", has_text=name)
    await keys.enter(row.get_by_role("button", name=ana.words("Revoke")))
    await expect(row).to_contain_text(ana.words("revoked"))


@in_every_setting()
async def test_language_colours_and_zone_are_chosen(look: Look, setting: Setting) -> None:
    sam = await look("viewer", person=f"sam-{setting.slug}")
    other = setting._replace(locale={"es": "en", "en": "es"}[setting.locale])
    keys, then, page = Keys.of(sam), Keys(sam.page, other), sam.page
    html, names = page.locator("html"), {"es": "Español", "en": "English"}
    await sam.go("/")
    await keys.enter(page.get_by_role("button", name=names[other.locale]))
    await expect(html).to_have_attribute("lang", other.locale)
    await then.enter(then.named("button", "Colours: as the system"))
    await expect(then.named("button", "Colours: light")).to_be_visible()
    await then.enter(page.locator("details.menu > summary").first)
    await then.enter(then.named("link", "My profile"))
    await page.wait_for_url("**/profile")
    await then.choose(page.locator("#locale"), names[setting.locale])
    await then.choose(page.locator("#theme"), other.words("dark"))
    await then.choose(page.locator("#timezone"), "America/Lim")
    await then.enter(then.named("button", "Save"))
    await expect(html).to_have_attribute("data-bs-theme", "dark")
    await expect(html).to_have_attribute("lang", setting.locale)
    await expect(page.locator("#timezone")).to_have_value("America/Lima")
