"""What people type and choose in the workspace's page: every slash command, the shortcuts of a message, and who may
not; in a real browser, in both languages."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Locator, expect

from centralita.sandbox.slack import APP_ID
from centralita.services import ci_changes
from centralita.services.incident_timeline import as_markdown
from centralita.services.incidents import timeline
from tests.browser.conftest import ADMIN, ALERTS, ANA, HELP_DESK, INCIDENTS, LUIS, MARTA, PAGES, SAM, Desk, Seat, Sit

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def answer(seat: Seat, command: str, *texts: str) -> Locator:
    """Types a command; what it answers, once it says all of these."""
    await seat.type(command)
    found = seat.page.locator("#messages .message.ephemeral")
    for text in texts:
        found = found.filter(has_text=text)
    await found.last.wait_for()
    return found.last


async def wrote(seat: Seat, text: str) -> Locator:
    """Writes into the open channel; the message."""
    await seat.type(text)
    found = seat.message(text.partition("\n")[0])
    await found.wait_for()
    return found


async def test_a_message_becomes_an_incident(sit: Sit) -> None:
    ana, sam, luis = await sit(ANA, HELP_DESK), await sit(SAM, HELP_DESK), await sit(LUIS, INCIDENTS)
    await wrote(ana, "La VPN se cae <cada> hora\nDesde ayer")
    await sam.use("Crear incidente", sam.message("La VPN se cae"))
    await expect(sam.modal.get_by_label("Incident Title")).to_have_value("La VPN se cae <cada> hora")
    await expect(sam.modal.get_by_label("Description")).to_have_value("La VPN se cae <cada> hora\nDesde ayer")
    await sam.press("Create", sam.modal)
    await sam.closed()
    await expect(sam.told).to_contain_text("was created")
    told = luis.message("La VPN se cae <cada> hora")
    await expect(told).to_contain_text("Desde ayer")
    await expect(told).to_contain_text("Sam Carter")
    # Who may not is told so by the shortcut too, and sees no window.
    await ana.use("Crear incidente", ana.message("La VPN se cae"))
    await expect(ana.told).to_contain_text("incident.manage")
    await expect(ana.modal).not_to_be_visible()


async def test_a_message_becomes_a_ticket(desk: Desk, sit: Sit) -> None:
    ana, luis = await sit(ANA, HELP_DESK), await sit(LUIS, HELP_DESK)
    await wrote(ana, "No me anda el teclado")
    await luis.use("Crear ticket", luis.message("No me anda el teclado"))
    await expect(luis.modal.get_by_label("Título")).to_have_value("No me anda el teclado")
    await luis.press("Crear", luis.modal)
    await luis.closed()
    await expect(luis.told).to_contain_text("Se le pidió a InvGate que lo cree")
    told = await luis.direct("No me anda el teclado")
    number = (await told.inner_text()).partition("#")[2].split()[0].rstrip(".,:")
    ticket = await desk.invgate.ticket(int(number))
    assert ticket["title"] == "No me anda el teclado"


@pytest.mark.long
async def test_the_hub_answers_how_it_is_what_there_is_and_what_happened(desk: Desk, sit: Sit) -> None:
    await ci_changes.create(desk.hub, "local:tests", {"name": "Núcleo-Córdoba", "type": "switch"})
    luis, sam = await sit(LUIS, HELP_DESK), await sit(SAM, HELP_DESK)
    await desk.fire("Núcleo-Córdoba no responde")
    await answer(luis, "/incident crear Núcleo-Córdoba caído", "se creó")
    await answer(luis, "/centralita estado", "Estado del sistema Centralita", "Estado de la API: operativo")
    await answer(sam, "/centralita status", "Centralita System Status", "API Status: operational", "Active Agents:")
    # Accents don't matter, nor does what kind of thing it is.
    await answer(sam, "/centralita search nucleo cordoba", "What is called", "Núcleo-Córdoba · switch")
    await answer(luis, "/centralita buscar nucleo", "Resultados de", "Núcleo-Córdoba no responde")
    table = await answer(luis, "/centralita informe incident.created 24h", "Lo que ocurrió, lo más reciente primero")
    await expect(table.locator("table")).to_contain_text("Núcleo-Córdoba caído")
    await expect(table.locator("table")).to_contain_text("Severidad")
    await answer(sam, "/centralita report purple", "is no severity, no event type and no time")
    await answer(sam, "/centralita help", "What can be done here:", "/ticket create")


@pytest.mark.long
async def test_incidents_by_command(desk: Desk, sit: Sit) -> None:
    luis, sam = await sit(LUIS, INCIDENTS), await sit(SAM, INCIDENTS)
    said = await answer(sam, '/incident create "Mail queue grows" priority:low', "was created")
    code = "INC-" + (await said.inner_text()).partition("INC-")[2].split()[0].rstrip(".")
    told = luis.message("Mail queue grows", code)
    await answer(luis, f"/incident asignar {code} @sam", f"{code} está asignado")
    await expect(told).to_contain_text("Sam Carter")
    await answer(sam, f"/incident ack {code}", code)
    await answer(luis, f"/incident cambiar {code} prioridad:crítica", code)
    await expect(told).to_contain_text("Crítica")
    await luis.press("Actualizar", told)
    await expect(luis.modal.get_by_label("Título del incidente")).to_have_value("Mail queue grows")
    await luis.modal.get_by_label("Descripción").fill("Desde las 9")
    await luis.press("Guardar", luis.modal)
    await luis.closed()
    await expect(told).to_contain_text("Desde las 9")
    await answer(sam, "/incident list critical", "Mail queue grows", "Sam Carter")
    await answer(sam, f"/incident resolve {code} Queue emptied", "is resolved")
    await expect(told).to_contain_text("Queue emptied")
    await answer(luis, f"/incident reabrir {code} Volvió", code)
    await expect(told.get_by_role("button", name="Resolver")).to_have_count(1)
    await answer(luis, "/incident resolver 99999", "INC-99999")


@pytest.mark.long
async def test_the_thread_of_an_incident_is_its_timeline_to_keep(desk: Desk, sit: Sit) -> None:
    luis, sam = await sit(LUIS, INCIDENTS), await sit(SAM, INCIDENTS)
    said = await answer(luis, "/incident crear Sin *telefonía*", "se creó")
    number = int((await said.inner_text()).partition("INC-")[2].split()[0].rstrip("."))
    told = sam.message("Sin *telefonía*", f"INC-{number}")
    await told.locator(".thread-bar").click()
    right = await sam.reply("The PBX restarts")
    wrong = await sam.reply("It is the wrong thread")
    for change in (right, wrong):
        await change.hover()
    await right.locator("select.message-menu").select_option(value="edit")
    await sam.page.locator("#replies form.editing textarea").fill("The PBX restarts every 5 minutes")
    await sam.page.locator("#replies form.editing button").click()
    await expect(sam.page.locator("#replies")).to_contain_text("every 5 minutes")
    await wrong.locator("select.message-menu").select_option(value="delete")
    await expect(sam.page.locator("#replies")).not_to_contain_text("wrong thread")
    async with asyncio.timeout(40):
        while "(borrado)" not in as_markdown(*await timeline(desk.hub, number), "es"):
            pass  # each look waits for the database
    shown = await answer(luis, f"/incident cronología INC-{number}", "every 5 minutes", "(borrado)")
    await expect(shown).to_contain_text("(editado)")
    document = as_markdown(*await timeline(desk.hub, number), "es")
    assert f"# INC-{number} · Sin \\*telefonía\\*" in document and "> The PBX restarts every 5 minutes" in document
    assert "wrong thread" not in document


@pytest.mark.long
async def test_who_is_responsible_for_what_is_affected_is_led_to_the_thread(desk: Desk, sit: Sit) -> None:
    owner = {"name": "Marta Ríos", "email": "marta@example.com"}
    await ci_changes.create(desk.hub, "local:tests", {"name": "FW-9", "type": "firewall", "owner": owner})
    sam, marta = await sit(SAM, HELP_DESK), await sit(MARTA, HELP_DESK)
    await sam.type("/incident create")
    await sam.modal.get_by_label("Incident Title").fill("Firewall reboots")
    affected = sam.modal.get_by_label("Affected CIs")
    for typed, offered in (("fw9", "FW-9 · firewall"), ("the old rack", "the old rack")):
        await affected.fill(typed)
        await sam.modal.locator(f'datalist option[value="{offered}"]').wait_for(state="attached")
        await affected.fill(offered)
        await affected.press("Enter")
        await expect(sam.modal.locator(".b-chip").last).to_contain_text(offered)
    await sam.press("Create", sam.modal)
    await sam.closed()
    await expect(sam.told).to_contain_text("was created")
    led = await marta.direct("Firewall reboots")
    await expect(led).to_contain_text("FW-9")
    await expect(led).to_contain_text("the old rack")
    async with marta.page.expect_popup() as opening:
        await marta.press("Ir al hilo", led)
    room = await opening.value
    await expect(room.locator("#messages .message").filter(has_text="Firewall reboots").last).to_be_in_viewport()


@pytest.mark.long
async def test_a_ticket_by_its_buttons_and_commands(desk: Desk, sit: Sit) -> None:
    number = await desk.invgate.add_ticket("Pantalla rota", requester="ana@example.com")
    luis, sam = await sit(LUIS, HELP_DESK), await sit(SAM, HELP_DESK)
    told = luis.message("Pantalla rota")
    await luis.press("Asignarme", told)
    await expect(luis.told).to_contain_text("Se le pidió")
    await expect(told).to_contain_text("Luis Paredes")
    await answer(sam, f"/ticket show {number}", "Pantalla rota", "Luis Paredes", "Ana Gómez")
    await answer(sam, "/ticket list", "Pantalla rota")
    await luis.press("Comentar", told)
    await luis.modal.locator("textarea").fill("Llega mañana")
    await luis.modal.get_by_role("checkbox").check()
    await luis.press("Sí, visible", luis.page.locator("dialog.small"))
    await luis.press("Comentar", luis.modal)
    await luis.closed()
    await expect(luis.told).to_contain_text("el solicitante puede leerlo")
    await desk.invgate.wait_for(endpoint="incident.comment")
    [comment] = (await desk.invgate.ticket(number))["comments"]
    assert comment["customer_visible"], "only because somebody said so, twice"
    await answer(sam, f"/ticket comment {number} Ordered it", "internal comment")
    await answer(sam, f"/ticket assign {number} @sam", "sam@example.com")
    await expect(told).to_contain_text("Sam Carter")
    await luis.press("Resolver", told)
    await luis.press("Resolver", luis.page.locator("dialog.small"))
    await expect(told.get_by_role("button", name="Resolver")).to_have_count(0)
    await answer(sam, f"/ticket status {number} purple", "What is it to be?")


@pytest.mark.long
async def test_a_reply_is_published_from_its_menu(desk: Desk, sit: Sit) -> None:
    await desk.invgate.add_ticket("Ruido en el rack", requester="ana@example.com")
    luis = await sit(LUIS, HELP_DESK)
    await luis.use("Publicar comentario", await wrote(luis, "Esto no es de nadie"))
    await expect(luis.told).to_contain_text("no está en el hilo de ningún ticket")
    told = luis.message("Ruido en el rack")
    ts = await told.get_attribute("data-ts")
    await luis.page.goto(f"{luis.url}/archives/{HELP_DESK}/p{str(ts).replace('.', '')}?thread_ts={ts}&user={LUIS}")
    await luis.use("Publicar comentario", await luis.reply("Es el ventilador"))
    await expect(luis.modal.locator("textarea")).to_have_value("Es el ventilador")
    await luis.press("Comentar", luis.modal)
    await luis.closed()
    await desk.invgate.wait_for(lambda call: "ventilador" in str(call), endpoint="incident.comment")


@pytest.mark.long
async def test_an_approval_by_command(sit: Sit) -> None:
    luis, marta = await sit(LUIS, HELP_DESK), await sit(MARTA, HELP_DESK)
    await luis.type("/approve pedir")
    await luis.modal.get_by_label("¿Qué hay que aprobar?").fill("Tres auriculares")
    await luis.modal.get_by_label("Importe").fill("muchos pesos")
    await luis.modal.get_by_label("¿Quién puede aprobarlo?").select_option(label="Marta Ríos")
    await luis.press("Pedir", luis.modal)
    await expect(luis.modal.locator(".b-error")).to_have_count(1)
    await luis.modal.get_by_label("Importe").fill("90,50 USD")
    await luis.press("Pedir", luis.modal)
    await luis.closed()
    mine = await answer(marta, "/approve", "Falta aprobar esto:", "Tres auriculares", "90,50 USD")
    found = (await mine.inner_text()).partition("apr_")[2].split()[0]
    await answer(luis, "/approve lista", "Tres auriculares", "Marta Ríos")
    shown = await answer(luis, f"/approve ver apr_{found}", "Tres auriculares")
    await expect(shown.get_by_role("button", name="Aprobar")).to_have_count(0)  # whoever asked does not decide
    await answer(marta, f"/approve rechazar apr_{found}", "Falta decir por qué")
    await answer(marta, f"/approve aprobar apr_{found} De acuerdo", "Tres auriculares: aprobada")
    await expect(await luis.direct("Tres auriculares")).to_contain_text("De acuerdo")


@pytest.mark.long
async def test_the_administrator_sees_how_the_hub_is(desk: Desk, sit: Sit) -> None:
    admin = await sit(ADMIN, ALERTS)
    await desk.fire("UPS on battery")
    alert = admin.message("UPS on battery")
    async with admin.page.expect_popup() as opening:
        await admin.press("View details", alert)
    assert (await opening.value).url.startswith(f"{PAGES}/events/")
    await admin.press("Acknowledge", alert)
    await expect(alert).to_contain_text("In the hands of Admin.")
    await answer(admin, "/cmdb update nothing-so-called", "No hay nada que se llame")
    await admin.page.locator(f"#lists a[data-app={APP_ID}]").click()
    home = admin.page.locator(".home")
    await expect(home).to_contain_text("La central")
    await expect(home).to_contain_text("Todo fluye.")
    await home.get_by_role("button", name="Actualizar").click()
    await expect(home).to_contain_text("/centralita help")
