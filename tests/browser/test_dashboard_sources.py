"""Sources in real Chromium: adding one, what comes, an example, another secret, off, away and back."""

from __future__ import annotations

import aiohttp
import pytest
from playwright.async_api import expect

from centralita.services import source_changes
from centralita.services.source_changes import NewSource
from tests.browser.looks import Look, Setting, in_every_setting
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _post(address: str, body: object, authorization: str) -> int:
    headers = {"authorization": authorization}
    async with aiohttp.ClientSession() as http, http.post(address, json=body, headers=headers) as answer:
        return answer.status


def _alert(name: str) -> dict[str, object]:
    one = {"status": "firing", "labels": {"alertname": name}, "fingerprint": name, "annotations": {},
           "startsAt": "2026-01-01T00:00:00Z"}  # fmt: skip
    return {"status": "firing", "alerts": [one], "version": "4", "groupKey": name}


@in_every_setting("en-1360-dark")
async def test_a_source_is_added_and_what_comes_appears_by_itself(look: Look, setting: Setting) -> None:
    ana, slug = await look("admin"), f"prom-{setting.slug}"
    await ana.go("/sources")
    await ana.press("New source")
    await ana.field("Which kind of sender is it?").select_option("alertmanager")
    await ana.field("Name in the address").fill(slug)
    await ana.press("Add the source")
    address = await ana.page.locator("#address").inner_text()
    assert address == f"{ana.url}/in/{slug}"
    assert await _post(address, {}, "x") == 401
    await expect(ana.page.locator("#came")).to_contain_text("401")
    secret = await ana.page.locator("#secret-shown").inner_text()
    assert await _post(address, _alert(slug), f"Bearer {secret}") == 202
    await expect(ana.page.locator("#came a.open")).to_contain_text(slug)
    await ana.page.locator("#came a.open").click()
    await ana.page.wait_for_url("**/events/*")


@in_every_setting()
async def test_a_setting_that_cannot_be_read_is_shown_where_it_is_and_then_kept(look: Look, setting: Setting) -> None:
    ana, slug = await look("admin"), f"ci-{setting.slug}"
    await ana.go("/sources/new?kind=generic")
    await ana.field("Name in the address").fill("Not a slug")
    await ana.page.locator("[id='set.auth']").select_option("bearer")
    await ana.page.locator("summary").filter(has_text=ana.words("More settings")).click()
    await ana.page.locator("[id='set.map']").fill("title: [build")
    await ana.press("Add the source")
    fault = ana.page.locator("[id='set.map-fault']")
    await expect(fault).to_contain_text(ana.words("This can't be read: write one NAME: VALUE or one - VALUE a line."))
    await expect(ana.page.locator("[id='set.map']")).to_be_focused()
    await ana.page.locator("[id='set.map']").fill("title: build.name")
    await ana.press("Add the source")
    await expect(ana.page.locator("#slug-fault")).to_be_visible()
    await expect(ana.field("Name in the address")).to_be_focused()
    await expect(ana.page.locator("[id='set.map']")).to_have_value("title: build.name")
    await ana.field("Name in the address").fill(slug)
    await ana.press("Add the source")
    await expect(ana.page.locator("#secret-shown")).to_be_visible()
    await ana.field("Name that people see").fill(f"Builds {setting.slug}")
    await ana.press("Save")
    await expect(ana.told).to_contain_text(ana.words("The source {slug} is kept.", slug=slug))
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text(f"Builds {setting.slug}")
    await expect(ana.page.locator("#secret-shown")).to_have_count(0)


@in_every_setting()
async def test_an_example_goes_in_and_another_secret_is_shown_once(
    office: Office, look: Look, setting: Setting
) -> None:
    slug = f"secret-{setting.slug}"
    _source, made = await source_changes.add(office.hub, "user:ana", NewSource("alertmanager", slug, "", {}, ""))
    ana = await look("admin")
    await ana.go(f"/sources/{slug}")
    await expect(ana.page.locator("#came")).to_contain_text(ana.words("Waiting for the first event…"))
    example = await ana.page.locator("#fixture").input_value()
    await ana.press("Send the example")
    await expect(ana.told).to_contain_text(example)
    await expect(ana.told).to_contain_text("202")
    await expect(ana.page.locator("#came a.open").first).to_be_visible()
    await ana.press("Give it another secret")
    shown = ana.page.locator("#secret-shown")
    await expect(shown).to_be_in_viewport()
    secret = await shown.inner_text()
    assert secret != made.secret
    old, new = (f"Bearer {each}" for each in (made.secret, secret))
    assert await _post(f"{ana.url}/in/{slug}", _alert(f"old {slug}"), old) == 202
    await ana.go(f"/sources/{slug}")
    await expect(shown).to_have_count(0)
    await ana.field("The one before leaked: it is good for nothing from now on").check()
    await ana.press("Give it another secret")
    await expect(shown).to_be_visible()
    newest = f"Bearer {await shown.inner_text()}"
    assert [await _post(f"{ana.url}/in/{slug}", _alert(f"{n} {slug}"), each) for n, each in enumerate((old, new))] == [
        401
    ] * 2
    assert await _post(f"{ana.url}/in/{slug}", _alert(f"newest {slug}"), newest) == 202


@in_every_setting()
async def test_a_source_is_switched_off_and_removed_and_both_are_taken_back(
    office: Office, look: Look, setting: Setting
) -> None:
    slug = f"away-{setting.slug}"
    _source, made = await source_changes.add(office.hub, "user:ana", NewSource("alertmanager", slug, "", {}, ""))
    address, proof = f"{office.url}/in/{slug}", f"Bearer {made.secret}"
    ana = await look("admin")
    await ana.go("/sources")
    await ana.page.get_by_role("link", name=slug, exact=True).click()
    await ana.press("Switch off")
    await expect(ana.told).to_contain_text(ana.words("The source {slug} takes nothing now.", slug=slug))
    assert await _post(address, _alert("off"), proof) == 404
    await ana.press("Undo")
    await expect(ana.told).to_contain_text(ana.words("The source {slug} takes requests again.", slug=slug))
    assert await _post(address, _alert("on"), proof) == 202

    await ana.press("Remove")
    await expect(ana.page).to_have_url(f"{ana.url}/sources")
    assert await _post(address, _alert("away"), proof) == 404
    await ana.go("/sources")  # what was said is said once; the list still offers it
    gone = ana.page.locator(".notice").filter(has_text=slug)
    await gone.get_by_role("button", name=ana.words("Restore")).click()
    await expect(ana.told).to_contain_text(ana.words("The source {slug} is back.", slug=slug))
    assert await _post(address, _alert("back"), proof) == 202
