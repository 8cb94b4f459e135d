"""The dashboard by keys alone: every page from its first stop to its last, the flows without a mouse, and the shortcuts
on a Spanish layout."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from playwright.async_api import expect

from centralita.services import ci_changes, incidents, rule_changes
from centralita.services.incidents import NewIncident
from tests.browser.keys import Keys
from tests.browser.looks import Look, Looking, Setting
from tests.browser.places import PLACES, TABS
from tests.dashboard.office import ADMINISTRATOR, PASSWORD, Office
from tests.dashboard.test_routes import ALL

pytestmark = pytest.mark.asyncio(loop_scope="module")


NO_PAGES = {"/static/{version}/{name:path}", "/setup/arrived", "/setup/sent", "/events/live", "/sources/{slug}/came",
            "/search.json", "/oidc/begin", "/oidc/callback", "/setup/{step}"}  # fmt: skip
"""What answers with a part of a page, with data, or by leading elsewhere."""
ALONE = ("/sign-in", "/invitation/none")
"""Pages of whoever is not signed in."""


async def _pages(office: Office, which: str) -> list[str]:
    """Every page that somebody signed in can open, with something on it."""
    hub, about = office.hub, {"type": "printer.jammed", "subject": f"printer/{which}", "severity": "critical"}
    await office.receive(**about, title="Atasco", data={"n": 1})
    event = await office.receive(**about, title="Atasco de nuevo", data={"n": 2}, url="https://example.com/t/1")
    await rule_changes.add(hub, "user:ana", {"name": which, "condition": "severity == 'low'", "dm": ["agent"]})
    incident = await incidents.create(hub, ADMINISTRATOR, NewIncident(title="Sin red", priority="high", event=event))
    approval = "/approvals/" + await office.approval("Notebook for the new colleague")
    made = await ci_changes.create(hub, ADMINISTRATOR.actor, {"name": f"erp-db-{which}"})
    return [
        *PLACES,
        *(f"/events/{event}?part={part}" for part in ("story", "payload", "rules", "attempts", "changes")),
        *("/events?severity=critical&since=1d", "/events?text=nowhere", "/events?condition=(", "/search?q=zzz"),
        *("/webhooks/new", "/webhooks?text=nothing", *(f"/webhooks/erp{tab}" for tab in TABS)),
        *(
            "/rules/new",
            f"/rules/{which}",
            "/rules/Grave",
            "/sources/new",
            "/sources/new?kind=generic",
            "/sources/desk",
        ),
        *("/approvals?view=all", approval, "/audit?actor=user%3Aana"),
        *(f"/incidents/{incident.number}", f"/cis/{made.ci.id}", "/assets/conflicts", await _attempt(office)),
        *(f"/setup?step={step}" for step in ("slack", "source", "rule", "message")),
    ]


async def _attempt(office: Office) -> str:
    """The page of one, once it was made."""
    admin, found = await office.as_role("admin"), list[str]()
    while not found:
        links = (await admin.get("/webhooks/erp/deliveries")).links()
        found = [link for link in links if "/attempts/" in link]
    return found[0]


def _forgotten(paths: Sequence[str]) -> set[str]:
    """The routes that none of these paths opens."""
    pages = {path for method, path, _ in ALL if method == "GET"} - NO_PAGES
    opened = [path.partition("?")[0] for path in paths]
    return {
        page for page in pages if not any(re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", page), path) for path in opened)
    }


async def _walked(ana: Looking, paths: Sequence[str]) -> list[str]:
    faults = []
    for path in paths:
        await ana.page.goto(ana.url + path)
        faults += [f"{path} {fault}" for fault in await Keys(ana.page).walk()]
    return faults


async def test_tab_leads_through_a_page_and_shows_where_one_is(office: Office, look: Look) -> None:
    await office.receive(type="printer.jammed", severity="critical", title="Atasco")
    ana = await look("admin", Setting("es"))
    assert await _walked(ana, ("/events",)) == []
    stranger = await look("", Setting("en", 390, "dark"))
    assert await _walked(stranger, ("/sign-in",)) == []


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("setting", [Setting("es"), Setting("en", 390, "dark")], ids=["es-1360-light", "en-390-dark"])
async def test_tab_leads_through_every_page(office: Office, look: Look, setting: Setting) -> None:
    ana = await look("admin")
    paths = await _pages(office, setting.slug)
    assert _forgotten([*paths, *ALONE]) == set()
    faults = await _walked(ana, paths)
    link = (await (await office.as_role("admin")).post("/users/the-admin/invitation")).text.split("/invitation/")[1]
    stranger = await look("")
    faults += await _walked(stranger, (*ALONE, f"/invitation/{link.split()[0]}"))
    viewer = await look("viewer")
    faults += await _walked(viewer, ("/", "/users", "/nowhere", "/webhooks/nowhere"))
    assert faults == [], "\n".join(faults)


async def test_shortcuts_go_by_the_character_on_a_spanish_layout(office: Office, look: Look) -> None:
    await office.receive(type="printer.jammed", title="Sin tóner")
    ana = await look("admin", Setting("es"))
    await ana.go("/events")
    keys, field = Keys(ana.page), ana.page.locator("[data-find]")
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


async def test_what_opens_gives_the_focus_back(office: Office, look: Look) -> None:
    ana = await look("admin")
    await ana.go("/webhooks/erp")
    keys = Keys(ana.page)
    await keys.skip()
    await expect(ana.page.locator("#main")).to_be_focused()
    await keys.press("Tab")
    await expect(ana.page.locator("#main a").first).to_be_focused()

    await ana.go("/webhooks/erp")
    menu = ana.page.locator("details.menu > summary").first
    await keys.enter(menu)
    await keys.press("Tab")
    await expect(keys.named("link", "My profile")).to_be_focused()
    await keys.press("Escape")
    await expect(menu).to_be_focused()
    await expect(keys.named("link", "My profile")).to_be_hidden()
    await keys.press("Enter")
    await keys.enter(keys.named("button", "Keyboard ?"))
    await keys.press("Escape")
    await expect(keys.named("button", "Keyboard ?")).to_be_focused()
    await keys.press("Tab", "Tab")  # past its end
    await expect(keys.named("link", "My profile")).to_be_hidden()

    tab = keys.named("link", "Secrets")
    await keys.reach(tab)
    await keys.press("Control+k")
    await ana.page.keyboard.type("rules")
    await keys.press("ArrowDown", "ArrowUp", "Escape")
    await expect(tab).to_be_focused()
    day = keys.named("link", "24 hours")
    await keys.enter(day)
    await expect(day).to_have_attribute("aria-current", "true")
    await expect(day).to_be_focused()


@pytest.mark.long
async def test_somebody_signs_in_finds_an_event_and_replays_it(office: Office, look: Look) -> None:
    event = await office.receive(type="printer.jammed", title="Sin tóner en Cusco", severity="critical")
    await office.as_role("operator")
    luis = await look("")
    keys = Keys(luis.page)
    await luis.go("/events")
    await luis.page.wait_for_url("**/sign-in?next=*")
    await keys.write(luis.page.get_by_label("Name or e-mail"), "the-operator")
    await keys.write(luis.page.get_by_label("Password"), PASSWORD)
    await keys.press("Enter")
    await luis.page.wait_for_url("**/events")
    await keys.write(luis.page.get_by_label("Title or subject"), "cusco")
    await keys.press("Enter")
    await luis.page.wait_for_url("**/events?text=cusco*")
    await keys.skip()
    await keys.enter(keys.named("link", "Sin tóner en Cusco"))
    await luis.page.wait_for_url(f"**/events/{event}")
    await keys.enter(luis.page.locator("details.replay summary"))
    await keys.enter(luis.page.locator("button[value=resend]"))
    await expect(luis.page.get_by_role("status").first).to_contain_text("Replayed")
    await keys.enter(luis.page.locator("details.menu > summary").first)
    await keys.enter(keys.named("button", "Sign out"))
    await luis.page.wait_for_url("**/sign-in")


@pytest.mark.long
async def test_a_webhook_is_made_looked_at_and_removed(office: Office, look: Look) -> None:
    ana = await look("admin")
    keys, page = Keys(ana.page), ana.page
    await ana.go("/webhooks")
    await keys.enter(keys.named("link", "New webhook"))
    await page.wait_for_url("**/webhooks/new")
    await keys.write(page.locator("#name"), "keyed")
    await keys.write(page.locator("#url"), f"{office.sink}/keyed")
    await keys.reach(page.get_by_label("everything that happens"))
    await keys.press("Space")
    await keys.enter(keys.named("button", "Create the webhook"))
    await expect(page.locator("#secret")).to_contain_text("whsec_")
    await keys.enter(keys.named("link", "To the webhook"))
    await page.wait_for_url("**/webhooks/keyed")

    await keys.enter(keys.named("button", "Switch off"))
    await expect(page.get_by_role("status").first).to_contain_text("off")
    await keys.enter(keys.named("button", "Switch on"))
    await keys.enter(keys.named("link", "Secrets"))
    await page.wait_for_url("**/secrets")
    await keys.enter(keys.named("button", "Replace the secret"))
    await expect(page.locator("#secret")).to_contain_text("whsec_")

    await office.receive(type="printer.drawn", title="keyed")
    await ana.go("/webhooks/keyed")
    while not await page.locator("svg.chart").count():  # until the attempt is counted
        await ana.go("/webhooks/keyed")
    await _look_closer(keys)
    await keys.enter(page.get_by_text("The values"))
    await expect(page.locator("#pictures table tbody tr").first).to_be_visible()

    await ana.go("/webhooks/keyed/replay")
    await keys.enter(keys.named("button", "Send again"))
    await expect(page.locator("#progress")).to_contain_text("Done.")
    await expect(page.locator("#progress")).to_be_focused()  # what was pressed is gone
    await keys.enter(keys.named("link", "Look at it"))
    await page.wait_for_url("**/webhooks/keyed/deliveries*")

    await ana.go("/webhooks/keyed")
    await keys.enter(keys.named("button", "Remove"))
    await page.wait_for_url("**/webhooks")
    await keys.enter(keys.named("button", "Undo"))
    await page.wait_for_url("**/webhooks/keyed")


async def _look_closer(keys: Keys) -> None:
    """The durations from near, and all of them again; what is seen is said too."""
    seen, said = "document.querySelector('.u-axis')", keys.page.locator("#announced")
    assert await keys.page.evaluate(f"{seen} !== null")
    said_before = await said.inner_text()
    for name in ("Closer", "Closer", "Earlier", "Later", "Wider", "Everything"):
        await keys.enter(keys.named("button", name))
        await expect(said).not_to_have_text(said_before)
        said_before = await said.inner_text()


@pytest.mark.long
async def test_a_source_is_added(look: Look) -> None:
    ana = await look("admin", Setting("es", 390))
    keys, page = Keys(ana.page), ana.page
    await ana.go("/sources")
    await keys.enter(keys.named("link", "Origen nuevo"))
    await page.wait_for_url("**/sources/new")
    kind = page.get_by_label("¿Qué clase de emisor es?")
    await keys.choose(kind, "zabbix")
    await expect(kind).to_have_value("zabbix")
    await expect(page).to_have_url(f"{ana.url}/sources/new")  # a letter is no decision
    await keys.enter(keys.named("button", "Elegir"))
    await page.wait_for_url("**/sources/new?kind=zabbix")
    await keys.write(page.get_by_label("Nombre en la dirección"), "No Es Un Nombre")
    await keys.press("Enter")
    await expect(page.get_by_label("Nombre en la dirección")).to_be_focused()  # where something is to be mended
    await keys.write(page.get_by_label("Nombre en la dirección"), "monitoreo")
    await keys.press("Enter")
    await expect(page.locator("#address")).to_contain_text("/in/monitoreo")


@pytest.mark.long
async def test_a_rule_with_a_slip_is_mended_tried_and_kept(office: Office, look: Look) -> None:
    await office.receive(type="printer.jammed", severity="high", title="Jam", subject="printer/1")
    ana = await look("admin")
    keys, page = Keys(ana.page), ana.page
    await ana.go("/rules")
    await keys.enter(keys.named("link", "New rule"))
    await page.wait_for_url("**/rules/new")
    await keys.write(page.locator("#name"), "By keys")
    await keys.write(page.locator("#condition"), "type = 'printer.jammed'")
    await keys.choose(page.locator("#webhook"), "erp")
    await keys.enter(keys.named("button", "Save"))
    await expect(page.locator("#condition-fault")).to_be_visible()
    await expect(page.locator("#condition")).to_be_focused()
    await keys.write(page.locator("#condition"), "type == 'printer.jammed'")
    await keys.enter(page.locator("button[value=try]"))
    await expect(page.locator("#tried")).to_contain_text("would have gone elsewhere.")
    await keys.enter(keys.named("button", "Save"))
    await expect(page.get_by_role("status").first).to_contain_text("The rule By keys is kept")


@pytest.mark.long
async def test_an_approval_is_given(office: Office, look: Look) -> None:
    await office.approval("Notebook for the new colleague")
    ana = await look("admin")
    keys, page = Keys(ana.page), ana.page
    await ana.go("/approvals")
    await keys.press("j", "o")
    await page.wait_for_url("**/approvals/apr_*")
    await keys.write(page.get_by_label("Why"), "Fine")
    await keys.enter(keys.named("button", "Approve"))
    await expect(page.get_by_role("status").first).to_contain_text("It is approved by you.")


@pytest.mark.long
async def test_somebody_is_invited_and_a_token_comes_and_goes(look: Look) -> None:
    ana = await look("admin")
    keys, page = Keys(ana.page), ana.page
    page.on("dialog", lambda dialog: dialog.accept())  # as Enter does: its first button has the focus
    await ana.go("/users")
    await keys.write(page.locator("#name"), "marta")
    await keys.choose(page.locator("#role"), "oper")
    await keys.enter(keys.named("button", "Add"))
    await page.wait_for_url("**/users/marta")
    if not await page.locator("#link").count():
        await keys.enter(keys.named("button", "Make a link"))
    link = await page.locator("#link").inner_text()
    marta = await look("")
    await marta.page.goto(link)
    theirs = Keys(marta.page)
    await theirs.write(marta.page.locator("#password"), PASSWORD)
    await theirs.write(marta.page.locator("#again"), PASSWORD)
    await theirs.press("Enter")
    await marta.page.wait_for_url(f"{ana.url}/")

    await ana.go("/tokens")
    await keys.write(page.locator("#name"), "a script of Marta's")
    await keys.choose(page.locator("#role"), "view")
    await keys.enter(keys.named("button", "Make it"))
    await expect(page.locator("#token")).to_be_visible()
    await keys.enter(keys.named("button", "Revoke"))
    await expect(page.locator("tbody tr").first).to_contain_text("revoked")


@pytest.mark.long
async def test_language_colours_and_zone_are_chosen(look: Look) -> None:
    sam = await look("viewer")
    keys, page = Keys(sam.page), sam.page
    html = page.locator("html")
    await sam.go("/")
    await keys.enter(keys.named("button", "Español"))
    await expect(html).to_have_attribute("lang", "es")
    await keys.enter(keys.named("button", "Colores: como el sistema"))
    await expect(keys.named("button", "Colores: claro")).to_be_visible()
    await keys.enter(page.locator("details.menu > summary").first)
    await keys.enter(keys.named("link", "Mi perfil"))
    await page.wait_for_url("**/profile")
    await keys.choose(page.locator("#locale"), "English")
    await keys.choose(page.locator("#theme"), "oscuro")
    await keys.choose(page.locator("#timezone"), "America/Lim")
    await keys.enter(keys.named("button", "Guardar"))
    await expect(html).to_have_attribute("data-bs-theme", "dark")
    await expect(html).to_have_attribute("lang", "en")
    await expect(page.locator("#timezone")).to_have_value("America/Lima")
