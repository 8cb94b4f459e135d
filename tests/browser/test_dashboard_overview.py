"""The overview while one reads it: it looks again by itself, takes nothing from under anybody's hands, and each thing
that needs somebody leads by its one click to where it is settled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from centralita.core.events import Event
from centralita.ports import RawRequest
from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from centralita.services import webhook_changes
from centralita.services.webhook_history import AttemptFilter, attempts
from tests.browser.looks import Look, Looking, in_every_setting
from tests.dashboard.conftest import opened
from tests.dashboard.office import SECRET, Office
from tests.dashboard.test_dead_letters import give_up, printed

pytestmark = pytest.mark.asyncio(loop_scope="module")
POLL_MS = 5_100
"""A little more than what the page waits before it looks again."""


@pytest_asyncio.fixture(loop_scope="module")
async def office(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Office]:
    """A hub of one test's own: the page tells of all that there is."""
    async with opened(tmp_path, migrated_file) as there:
        yield there


@in_every_setting("es-390-light")
async def test_it_looks_again_by_itself_but_not_under_ones_hands(office: Office, look: Look) -> None:
    ana = await look("admin")
    page, sentence = ana.page, ana.page.locator(".sentence")
    await page.clock.install()
    await ana.go("/")
    await expect(sentence).to_contain_text(ana.words("Everything is ready; no event has come yet."))
    await office.receive(type="printer.jammed", title="Sin tóner", severity="critical")
    await page.clock.run_for(POLL_MS)
    await expect(sentence).not_to_contain_text(ana.words("Everything is ready; no event has come yet."))
    await expect(sentence).to_have_count(1)
    await expect(page.get_by_role("link", name="desk")).to_be_visible()

    pause = ana.button("Pause")
    await pause.focus()
    await page.locator("#now").evaluate("(now) => now.setAttribute('data-mark', 'yes')")
    await page.clock.run_for(2 * POLL_MS)
    await expect(page.locator("#now[data-mark]")).to_have_count(1)
    await pause.blur()
    await page.clock.run_for(POLL_MS)
    await expect(page.locator("#now[data-mark]")).to_have_count(0)
    await expect(page.locator("#now")).to_have_count(1)


# --- what needs somebody


async def _ask(office: Office, secret: str, body: bytes) -> int:
    headers = (("authorization", f"Bearer {secret}"), ("content-type", "application/json"))
    return (
        await office.hub.ingest.receive("desk", RawRequest(method="POST", query="", headers=headers, body=body))
    ).status


async def _answers(office: Office, status: int) -> None:
    async with SinkControl(office.sink) as sink:
        await sink.answer(AnswerPlan(path="/gone", status=status))


async def _stopped(office: Office, webhook: str) -> None:
    """A webhook that its receiver says is gone."""
    fields = {"url": f"{office.sink}/gone", "types": ["printer.gone"]}
    await _answers(office, 410)
    await webhook_changes.add(office.hub, "user:ana", {"name": webhook, **fields}, "v1")
    event = await office.receive(type="printer.gone", title="Se fue")
    with office.hub.bell.listening([event.removeprefix("evt_"), "desk"]) as ear:
        while not (await attempts(office.hub, webhook, AttemptFilter(), None, 1, "", "en")).items:
            await ear.wait()
            ear.clear()


def _task(ana: Looking, singular: str, plural: str, n: int = 1, **arguments: object) -> Locator:
    """The line of something that needs somebody."""
    said = ana.setting.counted(singular, plural, n, **arguments)
    return ana.page.locator("ul.tasks li").filter(has_text=said)


async def _follow(ana: Looking, task: Locator) -> None:
    await ana.go("/")
    await task.get_by_role("link", name=ana.words("Look at it")).click()


@in_every_setting()
async def test_what_needs_somebody_leads_by_one_click_to_where_it_is_settled(office: Office, look: Look) -> None:
    event = await printed(office)
    for _number in range(2):
        await give_up(office, event)
    approval = await office.approval("Notebook")
    ana = await look("admin")
    dead = _task(ana, "{n} dead letter", "{n} dead letters", 2)
    await _follow(ana, dead)
    await ana.field("The whole page").check()
    await ana.press("Send the ticked ones again")
    await expect(ana.told).to_have_text(ana.words("Sent again: {count}.", count=2))

    waits = _task(ana, "{n} approval waits for an answer", "{n} approvals wait for an answer")
    await _follow(ana, waits)
    await ana.page.locator(f"a[href='/approvals/{approval}']").first.click()
    await ana.press("Approve")
    await expect(ana.told).to_be_visible()

    await ana.go("/")
    await expect(dead.or_(waits)).to_have_count(0)
    await ana.press("Pause")
    await expect(ana.told).to_contain_text(
        ana.words("{lane} is paused. What comes in waits; none is lost.", lane="webhook:erp")
    )
    paused = _task(ana, "{n} lane is paused: {which}", "{n} lanes are paused, {which} among them", which="webhook:erp")
    await paused.get_by_role("button", name=ana.words("Resume")).click()
    await expect(ana.told).to_have_text(ana.words("{lane} goes on.", lane="webhook:erp"))
    await expect(paused).to_have_count(0)


@in_every_setting()
async def test_what_a_receiver_or_a_sender_does_wrong_leads_to_it_and_is_settled_there(
    office: Office, look: Look
) -> None:
    await _stopped(office, "lejos")
    assert await _ask(office, "wrong", b"{}") == 401
    ana = await look("admin")
    one, many = (
        "{n} webhook was stopped: {which} kept failing",
        "{n} webhooks were stopped, {which} among them: they kept failing",
    )
    stopped = _task(ana, one, many, which="webhook:lejos")
    await _follow(ana, stopped)
    await ana.page.wait_for_url("**/webhooks/lejos")
    issue = _task(ana, "{n} webhook error is open", "{n} webhook errors are open")
    await _follow(ana, issue)
    await ana.page.wait_for_url("**/webhooks/lejos/errors?state=open")
    await ana.press("Resolved")
    await expect(ana.told).to_have_text(ana.words("Resolved; it opens again when it fails again."))
    await ana.go("/")
    await expect(issue).to_have_count(0)
    await _answers(office, 200)
    await stopped.get_by_role("button", name=ana.words("Resume")).click()
    await expect(ana.told).to_have_text(ana.words("{lane} goes on.", lane="webhook:lejos"))
    await expect(stopped).to_have_count(0)

    one, many = (
        "{n} request was refused in the last hour, by {which}",
        "{n} requests were refused in the last hour, most by {which}",
    )
    await _follow(ana, _task(ana, one, many, which="desk"))
    await ana.page.wait_for_url("**/sources/desk")
    await expect(ana.page.locator("#came")).to_contain_text("401")


async def _unread(office: Office, title: str) -> None:
    with office.hub.bell.listening(["desk"]) as ear:
        assert await _ask(office, SECRET, b'{"type": "printer.jammed", "title": "%s"}' % title.encode()) == 202
        await ear.wait()


@in_every_setting()
async def test_what_cannot_be_read_is_laid_to_rest_or_read_again_once_it_can_be(
    office: Office, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> list[Event]:
        raise ZeroDivisionError

    monkeypatch.setattr(type(office.hub.sources["desk"].integration), "parse", broken)
    await _unread(office, "Se lee al final")
    await _unread(office, "No interesa")
    ana = await look("operator")
    unread = _task(ana, "{n} receipt could not be read", "{n} receipts could not be read", 2)
    await _follow(ana, unread)
    await ana.page.wait_for_url("**/sources/desk")
    lines = ana.page.locator("#came li").filter(has_text=ana.words("can't be read"))
    await expect(lines).to_have_count(2)
    await ana.press("Lay to rest")
    await expect(ana.told).to_have_text(ana.words("Laid to rest: {count}.", count=1))
    await expect(lines).to_have_count(1)
    monkeypatch.undo()
    await ana.press("Read it again")
    await expect(ana.told).to_have_text(ana.words("It is being read from its bytes again."))
    await expect(ana.page.locator("#came a.open")).to_have_text("Se lee al final")
    await expect(lines).to_have_count(0)
    await ana.go("/")
    await expect(ana.page.locator("#needs")).to_be_visible()
    await expect(ana.page.locator("ul.tasks")).to_have_count(0)
