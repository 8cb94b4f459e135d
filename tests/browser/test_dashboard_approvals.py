"""Approvals in real Chromium: two people at a decision, a question between them, and who stands in for whom."""

from __future__ import annotations

import pytest
from playwright.async_api import Dialog, expect

from tests.browser.looks import Look, Setting, in_every_setting
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


@in_every_setting("en-390-light")
async def test_an_approval_is_given(office: Office, look: Look, setting: Setting) -> None:
    title = f"Notebook {setting.slug}"
    id_ = await office.approval(title)
    ana = await look("admin")
    await ana.go("/approvals")
    await ana.page.get_by_role("link", name=title).first.click()
    await ana.field("Why").fill("Fine")
    await ana.press("Approve")
    await expect(ana.told).to_contain_text(ana.words("It is approved by you."))
    await expect(ana.page.locator("main")).to_contain_text("“Fine”")
    await expect(ana.button("Approve")).to_have_count(0)
    assert id_ in ana.page.url


@in_every_setting()
async def test_the_requester_is_asked_and_answers_and_learns_why_it_is_rejected(
    office: Office, look: Look, setting: Setting
) -> None:
    title, julia = f"Monitor {setting.slug}", f"julia-{setting.slug}"
    marta = await look("operator", person=f"marta-{setting.slug}")
    requester = await look("operator", person=julia)
    id_ = await office.approval(title, f"marta-{setting.slug}", requester=julia, note_required="reject")
    await marta.go("/approvals")
    await expect(marta.page.locator("#sentence")).to_contain_text(
        setting.counted("{n} waits for your answer.", "{n} wait for your answer.", 1)
    )
    await marta.page.get_by_role("link", name=title).click()
    await marta.press("Reject")
    await expect(marta.page.locator("#note-fault")).to_be_in_viewport()
    await expect(marta.field("Why")).to_be_focused()
    await marta.field("Question to the requester").fill("Which size? <b>")
    await marta.press("Ask")
    told = marta.words("The requester is asked; the times stand still until they answer.")
    await expect(marta.told).to_contain_text(told)

    await requester.go(f"/approvals/{id_}")
    await expect(requester.page.locator("main")).to_contain_text("“Which size? <b>”")
    await expect(requester.button("Approve")).to_have_count(0)
    await requester.press("Send the answer")
    await expect(requester.page.locator("#text-fault")).to_be_visible()
    await requester.field("Answer").fill("The small one")
    await requester.press("Send the answer")
    await expect(requester.told).to_contain_text(requester.words("The approver is told."))

    await marta.go(f"/approvals/{id_}")
    await expect(marta.page.locator("main")).to_contain_text("“The small one”")
    await marta.field("Why").fill("Too dear")
    await marta.press("Reject")
    await expect(marta.told).to_contain_text(marta.words("It is rejected by you."))
    story = marta.page.locator("ul.tries li")
    said = ["“Which size? <b>”", "“The small one”", "“Too dear”"]
    await expect(story).to_contain_text([requester.words("asked for it"), *said])
    await requester.go("/approvals?view=all&state=rejected")
    await requester.page.get_by_role("link", name=title).click()
    await expect(requester.page.locator("main")).to_contain_text("“Too dear”")


@in_every_setting()
async def test_a_request_is_taken_back_only_when_the_question_is_answered_with_yes(
    office: Office, look: Look, setting: Setting
) -> None:
    julia = f"julia2-{setting.slug}"
    requester = await look("operator", person=julia)
    id_ = await office.approval(f"Desk {setting.slug}", requester=julia)
    await requester.go(f"/approvals/{id_}")
    asked: list[str] = []
    answers = [False, True]

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if answers[len(asked) - 1] else dialog.dismiss())

    requester.page.on("dialog", answer)
    await requester.press("Take it back")
    assert asked == [requester.words("It is not needed any more?")]
    await expect(requester.button("Take it back")).to_be_visible()
    await requester.press("Take it back")
    await expect(requester.told).to_contain_text(requester.words("It is taken back."))
    await expect(requester.button("Take it back")).to_have_count(0)


@in_every_setting()
async def test_an_approval_is_handed_over_and_decided_in_the_name_of_whoever_has_it(
    office: Office, look: Look, setting: Setting
) -> None:
    title, luisa = f"Chair {setting.slug}", f"luisa-{setting.slug}@example.com"
    marta = await look("operator", person=f"marta2-{setting.slug}")
    id_ = await office.approval(title, f"marta2-{setting.slug}")
    await marta.go(f"/approvals/{id_}")
    await marta.field("Who answers instead").fill("luisa")
    await marta.press("Hand over")
    await expect(marta.page.locator("#to-fault")).to_contain_text(marta.words("Write an e-mail address."))
    await expect(marta.field("Who answers instead")).to_be_focused()
    await marta.field("Who answers instead").fill(luisa)
    await marta.press("Hand over")
    await expect(marta.told).to_contain_text(marta.words("Somebody else is asked now."))
    await expect(marta.button("Approve")).to_have_count(0)

    boss = await look("admin")
    await boss.go(f"/approvals/{id_}")
    await boss.field("In whose name").select_option(luisa)
    await boss.field("Why").fill("By telephone")
    await boss.press("Approve")
    await expect(boss.told).to_contain_text(boss.words("It is approved by you."))
    by = boss.words("{who}, entered by {hand}", who=luisa, hand="the-admin")
    await expect(boss.page.locator("main")).to_contain_text(by)


@in_every_setting()
async def test_somebody_stands_in_answers_for_whoever_is_away_and_it_is_ended(
    office: Office, look: Look, setting: Setting
) -> None:
    luis = f"luis3-{setting.slug}"
    away, stands_in = await look("operator", person=f"marta3-{setting.slug}"), await look("operator", person=luis)
    await away.go("/approvals")
    await away.press("Who stands in for whom")
    await away.field("Who stands in").fill(luis)
    await away.field("Last day").fill("2099-01-05")
    await away.press("Save")
    await expect(away.page.locator("#to-fault")).to_contain_text(away.words("Write an e-mail address."))
    await expect(away.field("Last day")).to_have_value("2099-01-05")
    await away.field("Who stands in").fill(f"{luis}@example.com")
    await away.press("Save")
    await expect(away.told).to_contain_text(away.words("{to} stands in.", to=f"{luis}@example.com"))
    await expect(away.page.locator("tr[data-row]").filter(has_text=luis)).to_contain_text("2099-01-06 00:00:00 -05")

    await office.approval(f"Lamp {setting.slug}", f"marta3-{setting.slug}")
    await stands_in.go("/approvals?view=mine")
    await stands_in.page.get_by_role("link", name=f"Lamp {setting.slug}").click()
    await stands_in.press("Approve")
    await expect(stands_in.told).to_contain_text(stands_in.words("It is approved by you."))
    row = away.page.locator("tr[data-row]").filter(has_text=f"{luis}@example.com")
    await row.get_by_role("button", name=away.words("End it")).click()
    await expect(away.told).to_contain_text(away.words("It is over."))
    await expect(row).to_have_count(0)
