"""The local InvGate's page in a real browser."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from centralita.sandbox.invgate import LocalInvGate
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.invgate.texts import ENGLISH, SPANISH, choose
from centralita.sandbox.server import serve

MARTA, DIEGO = "marta@example.com", "diego@example.com"

# One browser for all: everything of this file lives in one event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def invgate() -> AsyncIterator[InvGateControl]:
    async with serve(LocalInvGate(assets=120, people=30)) as address, InvGateControl(address.url) as control:
        yield control


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, invgate: InvGateControl) -> AsyncIterator[Page]:
    """A page that fails the test for any error or broken policy; closed before what it shows."""
    faults: list[str] = []
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="es-AR")
    page = await context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    await context.close()
    assert faults == []


async def test_an_approver_presses_the_button(page: Page, invgate: InvGateControl) -> None:
    ticket = await invgate.add_ticket("Notebook nueva", description="<p>Para <b>Ana</b></p><script>x</script>")
    approval = await invgate.add_approval(ticket, [MARTA, DIEGO], description="¿Se compra?", needs="all")
    await page.goto(invgate.url)
    await expect(page.locator(".sentence")).to_have_text(
        "Tickets abiertos: 1 de 1. Aprobaciones que esperan a alguien: 1."
    )
    await page.get_by_role("link", name="Notebook nueva").click()
    await expect(page.locator("main")).to_contain_text("Para Ana")
    await expect(page.locator("main b")).to_have_count(0)
    await page.get_by_label("Nota").first.fill("Dale <b>")
    await page.get_by_role("button", name="Aprobar como Marta Ríos").click()
    await expect(page.locator("q")).to_have_text("Dale <b>")
    await expect(page.get_by_role("button")).to_have_count(2)
    assert [(vote.status, vote.note) for vote in (await invgate.approval(approval)).votes] == [
        (1, "Dale <b>"),
        (-1, ""),
    ]
    await page.get_by_role("button", name="Rechazar como Diego Fuentes").click()
    await expect(page.get_by_role("button")).to_have_count(0)
    assert (await invgate.approval(approval)).status == 0


async def test_what_happens_appears_by_itself(page: Page, invgate: InvGateControl) -> None:
    await page.goto(invgate.url)
    await expect(page.locator(".empty")).to_be_visible()
    ticket = await invgate.add_ticket("Sin red <i>")
    await expect(page.get_by_role("link", name="Sin red <i>")).to_be_visible()
    await page.goto(f"{invgate.url}/requests/show/index/id/{ticket}")
    await invgate.comment(ticket, "<p>Voy</p><p>para allá</p>", customer_visible=False)
    await expect(page.locator(".card")).to_contain_text("Voy\npara allá", use_inner_text=True)
    await expect(page.locator(".card")).to_contain_text("interno")


async def test_an_answer_that_comes_too_late_says_why(invgate: InvGateControl) -> None:
    approval = await invgate.add_approval(await invgate.add_ticket("x"))
    await invgate.answer_approval(approval, "approved", user=MARTA)
    url = f"{invgate.url}/_page/approvals/{approval}"
    form = {"user_id": "13", "answer": "rejected"}
    async with aiohttp.ClientSession(headers={"Accept-Language": "en"}) as session:
        async with session.post(url, data=form) as response:
            assert response.status == 409
            assert "InvGate refuses" in await response.text()
        async with session.post(url, data=form, headers={"Origin": "https://evil.example"}) as response:
            assert response.status == 403
        for path in ("requests/show/index/id/1", "_static/x.css"):
            async with session.get(f"{invgate.url}/{path}") as response:
                assert response.status == 404


async def test_assets_and_people_are_searched_and_paged(page: Page, invgate: InvGateControl) -> None:
    await page.goto(f"{invgate.url}/assets")
    await expect(page.locator("tbody tr")).to_have_count(50)
    await page.get_by_role("link", name="Siguiente").click()
    await expect(page.locator(".pager span")).to_have_text("Página 2 de 3")
    await invgate.change_asset(7, last_user="BIDCOM\\agomez", owner_id=5003)
    await page.get_by_label("Buscar").fill("bidcom\\agomez")
    await page.keyboard.press("Enter")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="Personas").click()
    await page.get_by_label("Buscar").fill("julia")
    await page.keyboard.press("Enter")
    await expect(page.locator("tbody tr")).to_contain_text("Deshabilitada")


async def test_both_languages_say_everything() -> None:
    assert set(ENGLISH) == set(SPANISH)
    assert choose("es-AR,es;q=0.9,en;q=0.8")[0] == "es"
    assert choose("en-US,es")[0] == "en"
    assert choose("fr")[0] == "en"


async def test_a_telephone_shows_cards_without_scrolling_sideways(browser: Browser, invgate: InvGateControl) -> None:
    context = await browser.new_context(viewport={"width": 360, "height": 740}, locale="es")
    page = await context.new_page()
    await invgate.add_approval(await invgate.add_ticket("W" * 120))
    for path in ("/", "/requests/show/index/id/4521", "/assets", "/people"):
        await page.goto(f"{invgate.url}{path}")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    await context.close()
