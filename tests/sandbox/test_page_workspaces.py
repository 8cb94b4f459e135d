"""The workspace's page with more than one workspace, and the blocks that hold data, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from playwright.async_api import Page, async_playwright, expect
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import SlackControl

LUIS = "U0LUISPARED"


@pytest.fixture
async def page(slack: SlackControl, chromium_path: str) -> AsyncIterator[Page]:
    """A page that fails the test for any error or broken policy."""
    faults: list[str] = []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        made = await (await chromium.new_context(viewport={"width": 1300, "height": 800})).new_page()
        made.on("pageerror", lambda error: faults.append(str(error)))
        made.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        yield made
        await chromium.close()
    assert faults == []


async def visit(page: Page, slack: SlackControl) -> None:
    await page.goto(f"{slack.url}/archives/C0ALERTS?user={LUIS}")
    await page.wait_for_selector("body[data-live=yes]")


async def install(slack: SlackControl, team: str) -> AsyncWebClient:
    """The app's client in another workspace."""
    query = {"client_id": "1000000000.2000000000", "scope": "chat:write,chat:write.public,users:read"}
    where = f"{slack.url}/oauth/v2/authorize?{urlencode({**query, 'redirect_uri': 'http://127.0.0.1:9/oauth'})}"
    async with aiohttp.ClientSession() as session:
        async with session.post(where, data={"team": team, "answer": "allow"}, allow_redirects=False) as response:
            code = parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]
        form = {"client_id": query["client_id"], "client_secret": "local-client-secret", "code": code}
        async with session.post(f"{slack.url}/api/oauth.v2.access", data=form) as response:
            token = (await response.json())["access_token"]
    return AsyncWebClient(token=token, base_url=f"{slack.url}/api/")


async def test_another_workspace_is_chosen_and_left_again(page: Page, slack: SlackControl) -> None:
    await visit(page, slack)
    await expect(page.locator("#team")).to_have_text("Mesa de Ayuda")
    await expect(page.locator("#workspace")).to_be_hidden()
    other = await slack.add_workspace("Sucursal Norte")
    choice = page.get_by_label("Espacio de trabajo")
    await expect(choice).to_be_visible()
    there = await install(slack, other["team"])
    await choice.select_option("Sucursal Norte")
    await expect(page.locator("h1")).to_have_text("#general")
    await expect(page.locator("#viewer option")).to_have_count(1)
    await there.chat_postMessage(channel=other["channel"], text="from the app that is installed here too")
    await expect(page.locator("#messages .message")).to_contain_text("installed here too")
    await page.locator("#say textarea").fill("hello from the north")
    await page.locator("#say textarea").press("Enter")
    await expect(page.locator("#messages .message")).to_have_count(2)
    assert [one["text"] for one in await slack.messages(other["channel"])][-1] == "hello from the north"
    await page.locator("#workspace").select_option("Mesa de Ayuda")
    await expect(page.locator("#viewer")).to_have_value(LUIS)
    await expect(page.locator("#messages .message")).to_have_count(0)


async def test_a_reset_leads_back_from_a_workspace_that_is_gone(page: Page, slack: SlackControl) -> None:
    await slack.add_workspace("Sucursal Norte")
    await visit(page, slack)
    await page.locator("#workspace").select_option("Sucursal Norte")
    await expect(page.locator("h1")).to_have_text("#general")
    await slack.reset()
    await expect(page.locator("#team")).to_have_text("Mesa de Ayuda")
    await expect(page.locator("h1")).to_have_text("#mesa-de-ayuda")
    await slack.person(LUIS).say("C0MESAAYUDA", "still live")
    await expect(page.locator("#messages .message")).to_contain_text("still live")


def charts() -> list[dict[str, Any]]:
    days = ["lun", "mar", "mié"]
    series = [
        {"name": name, "data": [{"label": day, "value": value} for day, value in zip(days, values, strict=True)]}
        for name, values in (("abiertos", (4, 9, 6)), ("cerrados", (3, 5.5, 8)))
    ]
    segments = [{"label": "crítica", "value": 1}, {"label": "alta", "value": 3}, {"label": "media", "value": 6}]
    cells = [[{"type": "raw_text", "text": "Equipo"}, {"type": "raw_text", "text": "Tickets"}]]
    cells += [[{"type": "raw_text", "text": f"srv-0{n}"}, {"type": "raw_number", "value": n * 3}] for n in (1, 2, 3)]
    plotted = {"type": "bar", "series": series, "axis_config": {"categories": days}}
    return [
        {"type": "data_visualization", "title": "Tickets por día", "chart": plotted},
        {"type": "data_visualization", "title": "Por severidad", "chart": {"type": "pie", "segments": segments}},
        {"type": "data_table", "caption": "Por equipo", "rows": cells},
    ]


async def test_charts_and_tables_are_drawn(page: Page, slack: SlackControl, client: AsyncWebClient) -> None:
    await visit(page, slack)
    blocks = charts()
    await client.chat_postMessage(channel="C0ALERTS", text="Informe", blocks=blocks)
    await expect(page.locator("svg.b-plot rect")).to_have_count(6)
    await expect(page.locator("svg.b-pie circle")).to_have_count(3)
    await expect(page.get_by_role("img", name="Gráfico: Tickets por día")).to_be_visible()
    await expect(page.locator(".b-table tr")).to_have_count(4)
    await expect(page.locator(".b-data figcaption")).to_have_text(["Tickets por día", "Por severidad", "Por equipo"])
    for kind, shape in (("line", "polyline"), ("area", "polygon")):
        again = {**blocks[0], "chart": {**blocks[0]["chart"], "type": kind}}
        await client.chat_postMessage(channel="C0ALERTS", text="Informe", blocks=[again])
        await expect(page.locator(f"svg.b-plot {shape}")).to_have_count(2)
