"""The desk as people use it: the hub, the app and the workspace's page in a real browser, in both languages."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from centralita.core.approvers import StageSpec, read_approver
from centralita.sandbox.slack import APP_ID
from centralita.services import approvals, ci_changes
from centralita.services.access import Principal
from centralita.services.approvals import NewApproval
from tests.browser.conftest import ALERTS, ANA, HELP_DESK, INCIDENTS, LUIS, MARTA, SAM, Desk, Sit

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_help_and_a_wrong_word(sit: Sit) -> None:
    luis, sam = await sit(LUIS, HELP_DESK), await sit(SAM, HELP_DESK)
    await luis.type("/centralita ayuda")
    await expect(luis.told).to_contain_text("muestra lo que se puede hacer")
    await expect(luis.told).to_contain_text("/incident create")
    await luis.type("/incident creat")
    await expect(luis.told).to_contain_text("¿Se quiso escribir /incident create?")
    await sam.type("/centralita help")
    await expect(sam.told).to_contain_text("shows what can be done here")
    await sam.type("/cmdb serch x")
    await expect(sam.told).to_contain_text("Did you mean /cmdb search?")
    # What somebody is told alone, nobody else sees.
    await expect(luis.page.locator("#messages")).not_to_contain_text("/cmdb serch")


async def test_an_alert_is_taken_charge_of_and_becomes_an_incident(desk: Desk, sit: Sit) -> None:
    sam, luis = await sit(SAM, ALERTS), await sit(LUIS, INCIDENTS)
    await desk.fire("SRV-7 is <down>")
    alert = sam.message("SRV-7 is <down>")
    await sam.press("Acknowledge", alert)
    await expect(alert).to_contain_text("In the hands of Sam Carter.")
    await expect(alert.get_by_role("button", name="Acknowledge")).to_have_count(0)
    await alert.locator(".thread-bar").click()
    await expect(sam.page.locator("#replies .message").last).to_contain_text("Sam Carter took charge.")

    await sam.press("Create incident", alert)
    await expect(sam.modal.get_by_label("Incident Title")).to_have_value("SRV-7 is <down>")
    await sam.press("Create", sam.modal)
    await sam.closed()
    # The channel reads Spanish, whoever wrote.
    told = luis.message("SRV-7 is <down>")
    await expect(told).to_contain_text("Nadie se hizo cargo todavía")
    await expect(told).to_contain_text("Sam Carter")


@pytest.mark.long
async def test_an_incident_from_its_window_to_its_end(desk: Desk, sit: Sit) -> None:
    title = "Sin red en el 2º piso"
    luis, sam = await sit(LUIS, INCIDENTS), await sit(SAM, INCIDENTS)
    await luis.type("/incident create")
    await luis.modal.get_by_label("Título del incidente").fill("   ")
    await luis.press("Crear", luis.modal)
    await expect(luis.modal.locator(".b-error")).to_have_count(1)
    await luis.modal.get_by_label("Título del incidente").fill(title)
    await luis.modal.get_by_label("Prioridad").select_option(label="Crítica")
    await luis.press("Crear", luis.modal)
    await luis.closed()

    told = sam.message(title)
    await sam.press("Asignarme", told)
    await expect(told).to_contain_text("Sam Carter")
    await told.locator(".thread-bar").click()
    await expect(sam.page.locator("#replies")).to_contain_text("Cronología del incidente")
    await sam.page.locator("#reply textarea").fill("It is the switch of the 2nd floor")
    await sam.page.keyboard.press("Enter")
    await expect(sam.page.locator("#replies .message").last).to_contain_text("It is the switch")
    code = (await told.inner_text()).partition("INC-")[2].split()[0]

    await luis.press("Resolver", luis.message(title, f"INC-{code}"))
    await luis.modal.get_by_label("Cómo se resolvió").fill("Se cambió el switch")
    await luis.press("Resolver", luis.modal)
    await luis.closed()
    over = sam.message(title, "Resuelto")
    await expect(over).to_contain_text("Se cambió el switch")
    for name in ("Tomar", "Asignarme", "Resolver"):
        await expect(over.get_by_role("button", name=name)).to_have_count(0)
    await sam.type(f"/incident timeline INC-{code}")
    await expect(sam.told).to_contain_text("It is the switch of the 2nd floor")
    await expect(sam.told).to_contain_text("Luis Paredes resolved it.")


@pytest.mark.long
async def test_a_configuration_item_is_found_and_changed(desk: Desk, sit: Sit) -> None:
    await ci_changes.create(desk.hub, "local:tests", {"name": "ERP-DB-01", "type": "server", "status": "En servicio"})
    luis, sam = await sit(LUIS, HELP_DESK), await sit(SAM, HELP_DESK)
    await sam.type("/cmdb search erp db")
    await expect(sam.told).to_contain_text("What “erp db” may mean")
    await sam.press("Details", sam.told)
    await expect(sam.told).to_contain_text("Source\nby hand", use_inner_text=True)
    await luis.type("/cmdb ver erp-db-01")
    await luis.press("Cambiar", luis.told)
    await luis.modal.get_by_label("Atributos").fill("rack: C1\nsin nada")
    await luis.press("Guardar", luis.modal)
    await expect(luis.modal.locator(".b-error")).to_contain_text("No lo es: línea 2")
    await luis.modal.get_by_label("Atributos").fill("rack: C1")
    await luis.press("Guardar", luis.modal)
    await luis.closed()
    await expect(luis.told).to_contain_text("ERP-DB-01 cambió.")
    await sam.type("/cmdb show erp-db-01")
    await expect(sam.told).to_contain_text("rack: C1")


@pytest.mark.long
async def test_who_may_only_look_is_told_so(desk: Desk, sit: Sit) -> None:
    ana = await sit(ANA, ALERTS)
    await desk.fire("Disk full")
    alert = ana.message("Disk full")
    await ana.press("Acknowledge", alert)
    await expect(ana.told).to_contain_text("incident.acknowledge")
    await expect(ana.told).to_contain_text("Eso no está permitido")
    await expect(alert.get_by_role("button", name="Acknowledge")).to_have_count(1)
    await ana.type("/incident create")
    await expect(ana.told).to_contain_text("incident.manage")
    await expect(ana.modal).not_to_be_visible()


async def ask(desk: Desk, title: str) -> None:
    """What Ana asks Marta to approve."""
    stage = StageSpec(approvers=(read_approver("marta@example.com"),))
    wanted = NewApproval(title=title, justification="Se rompió", amount=1500.5, currency="USD", stages=(stage,))
    await approvals.request(desk.hub, Principal("test", "ana@example.com", frozenset({"approval.request"})), wanted)


async def test_an_approval_is_rejected_with_a_reason_that_the_requester_reads(desk: Desk, sit: Sit) -> None:
    await ask(desk, "Notebook para Ana")
    marta, ana = await sit(MARTA, HELP_DESK), await sit(ANA, HELP_DESK)
    asked = await marta.direct("Notebook para Ana")
    await marta.press("Rechazar…", asked)
    await marta.modal.get_by_label("Motivo").fill("Este mes no hay presupuesto")
    await marta.press("Continuar", marta.modal)
    await marta.press("Sí, rechazar", marta.modal)
    await marta.closed()
    await expect(asked).to_contain_text("Se rechazó: Notebook para Ana")
    for name in ("Aprobar", "Rechazar…", "Pedir información…", "Delegar…"):
        await expect(asked.get_by_role("button", name=name)).to_have_count(0)
    progress = await ana.direct("Notebook para Ana")
    await expect(progress).to_contain_text("Este mes no hay presupuesto")


async def test_an_approver_asks_and_the_requester_answers(desk: Desk, sit: Sit) -> None:
    await ask(desk, "Silla <nueva>")
    marta, ana = await sit(MARTA, HELP_DESK), await sit(ANA, HELP_DESK)
    asked = await marta.direct("Silla <nueva>")
    await marta.press("Pedir información…", asked)
    await marta.modal.get_by_label("Pregunta").fill("¿Para quién es?")
    await marta.press("Preguntar", marta.modal)
    await marta.closed()
    await expect(asked.get_by_role("button", name="Pedir información…")).to_have_count(0)
    question = await ana.direct("Silla <nueva>", "¿Para quién es?")
    await ana.press("Responder…", question)
    await expect(ana.modal).to_contain_text("Marta Ríos quiere saber: ¿Para quién es?")
    await ana.modal.get_by_label("Respuesta").fill("Para la recepción")
    await ana.press("Enviar", ana.modal)
    await ana.closed()
    await expect(question.get_by_role("button", name="Responder…")).to_have_count(0)
    await expect(asked).to_contain_text("Para la recepción")
    await marta.press("Aprobar", asked)
    await marta.press("Aprobar", marta.page.locator("dialog.small"))
    await expect(asked).to_contain_text("Se aprobó: Silla <nueva>")


@pytest.mark.long
async def test_an_approval_is_delegated_and_approved_in_english(desk: Desk, sit: Sit) -> None:
    await ask(desk, "Monitor de 32 pulgadas")
    marta, sam = await sit(MARTA, HELP_DESK), await sit(SAM, HELP_DESK)
    asked = await marta.direct("Monitor de 32 pulgadas")
    await marta.press("Delegar…", asked)
    await marta.modal.get_by_label("¿Quién responde en su lugar?").select_option(label="Sam Carter")
    await marta.press("Delegar", marta.modal)
    await marta.closed()
    await expect(asked.get_by_role("button", name="Aprobar")).to_have_count(0)
    handed = await sam.direct("Monitor de 32 pulgadas")
    await sam.press("Approve", handed)
    await sam.press("Approve", sam.page.locator("dialog.small"))
    await expect(handed).to_contain_text("Monitor de 32 pulgadas was approved")
    await expect(handed.get_by_role("button", name="Approve")).to_have_count(0)


async def test_a_reply_reaches_invgate_by_its_authors_button_alone(desk: Desk, sit: Sit) -> None:
    luis = await sit(LUIS, HELP_DESK)
    await luis.type('/ticket crear "Sin tóner en el 2º" prioridad:alta')
    await expect(luis.told).to_contain_text("Se le pidió a InvGate")
    await expect(luis.message("Sin tóner en el 2º", "Alta")).to_be_visible()
    number = await desk.invgate.add_ticket("Sin tóner en el 3º", requester="ana@example.com")
    told = luis.message("Sin tóner en el 3º")
    ts = await told.get_attribute("data-ts")
    await luis.page.goto(f"{luis.url}/archives/{HELP_DESK}/p{str(ts).replace('.', '')}?thread_ts={ts}&user={LUIS}")
    await luis.page.locator("#reply textarea").fill("Cambié el cartucho")
    await luis.page.keyboard.press("Enter")
    offer = luis.page.locator("#replies .message.ephemeral").last
    await expect(offer).to_contain_text("InvGate no sabe de esto")
    assert (await desk.invgate.ticket(number))["comments"] == []
    await luis.press("Publicar como comentario…", offer)
    await expect(luis.modal.locator("textarea")).to_have_value("Cambié el cartucho")
    await luis.press("Comentar", luis.modal)
    await luis.closed()
    await desk.invgate.wait_for(endpoint="incident.comment", timeout_s=20)
    [comment] = (await desk.invgate.ticket(number))["comments"]
    assert not comment["customer_visible"], "nothing reaches a customer by accident"


@pytest.mark.long
async def test_the_home_shows_what_is_ones_own(desk: Desk, sit: Sit) -> None:
    await ask(desk, "Una silla")
    marta, ana = await sit(MARTA, HELP_DESK), await sit(ANA, HELP_DESK)
    for seat in (marta, ana):
        await seat.page.locator(f"#lists a[data-app={APP_ID}]").click()
        await expect(seat.page.locator(".home")).to_contain_text("Incidentes abiertos")
    home = marta.page.locator(".home")
    await expect(home).to_contain_text("Una silla")  # the newest, so the first
    await expect(ana.page.locator(".home")).not_to_contain_text("Una silla")
    await home.get_by_role("button", name="Aprobar").first.click()
    await marta.press("Aprobar", marta.page.locator("dialog.small"))
    await expect(home).not_to_contain_text("Una silla")
