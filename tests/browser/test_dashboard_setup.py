"""The first run, as somebody new goes through it: from the empty hub to the first message in Slack."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from centralita.sandbox.slack import APP_TOKEN, BOT_TOKEN
from tests.browser.first_run import Come, New, come, new
from tests.browser.keys import Keys
from tests.browser.looks import Looking, Setting, in_every_setting, in_two_settings
from tests.dashboard.office import PASSWORD

__all__ = ["come", "new"]

pytestmark = pytest.mark.asyncio(loop_scope="module")
HERE = "Here it is, and this is what was understood:"
EVERYTHING = "Everything is set up: what comes in reaches those who have to know."
IN_FORCE = "The rule {name} is in force: the next event is decided by it."

ENDED = "The session had ended, so nothing was done. Sign in, and do it again."


def _previewed(setting: Setting, channel: str) -> str:
    """What the form says of the one event that came."""
    told = "{n} of {events} events would have gone to {channel}."
    return setting.counted(told, told, 1, events=1, channel=channel)


async def _claim(ana: Looking) -> None:
    """Ana is the administrator; the page asks for Slack next."""
    await ana.go("/")
    await ana.page.locator("#name").fill("ana")
    await ana.page.locator("#password").fill(PASSWORD)
    await ana.press("Create the account")
    await expect(ana.page.locator("#bot_token")).to_be_visible()


async def _connect(ana: Looking) -> None:
    await ana.page.locator("#bot_token").fill(BOT_TOKEN)
    await ana.page.locator("#app_token").fill(APP_TOKEN)
    await ana.press("Connect Slack")


async def _add_source(ana: Looking) -> tuple[str, str]:
    """Its address and its secret, as they are shown this once."""
    await ana.page.locator("#kind").select_option("invgate")
    await ana.press("Add the source")
    shown = ana.page.locator("#address"), ana.page.locator("#secret-shown")
    return await shown[0].inner_text(), await shown[1].inner_text()


async def _add_rule(ana: Looking) -> None:
    await ana.page.locator("#channel").fill("#alerts")
    await ana.press("Try it on the last events")
    await expect(ana.page.locator("#rule .notice")).to_contain_text(_previewed(ana.setting, "#alerts"))
    await ana.press("Add the rule")


async def _has_it_sent(ana: Looking, new: New) -> None:
    """The last step: it is in the channel, and the page says so."""
    await ana.press("Send it")
    await expect(ana.page.locator("#sent")).to_contain_text(ana.words("arrived"))
    await new.slack.wait_for(lambda call: "#alerts" in str(call.args), method="chat.postMessage", timeout_s=10)
    await ana.go("/setup")
    await expect(ana.page.locator(".sentence")).to_contain_text(ana.words(EVERYTHING))


@in_every_setting("en-1360-light")
async def test_somebody_new_has_a_first_message_in_slack(new: New, come: Come) -> None:
    ana = await come()
    await _claim(ana)
    await _connect(ana)
    address, secret = await _add_source(ana)
    arrived = ana.page.locator("#arrived")
    assert await new.post(address, "") == 401
    await expect(arrived).to_contain_text(ana.words("The secret is missing."))
    assert await new.post(address, secret) == 202
    await expect(arrived).to_contain_text(ana.words(HERE))
    await ana.press("Go on")
    await _add_rule(ana)
    await _has_it_sent(ana, new)


@in_two_settings()
async def test_somebody_new_needs_no_script(new: New, come: Come) -> None:
    ana = await come(script=False)
    await _claim(ana)
    await _connect(ana)
    address, secret = await _add_source(ana)
    arrived = ana.page.locator("#arrived")
    assert await new.post(address, "") == 401
    await ana.press("Look again")
    await expect(arrived).to_contain_text(ana.words("The secret is missing."))
    assert await new.post(address, secret) == 202
    await ana.press("Look again")
    await expect(arrived).to_contain_text(ana.words(HERE))
    await ana.press("Go on")
    await _add_rule(ana)
    await expect(ana.told).to_contain_text(ana.words(IN_FORCE, name="invgate"))
    await _has_it_sent(ana, new)


@pytest.mark.timeout(300)
@in_every_setting()
async def test_somebody_new_needs_no_mouse(new: New, come: Come, setting: Setting) -> None:
    ana = await come()
    page, keys, faults = ana.page, Keys.of(ana), list[str]()

    async def press(msgid: str) -> None:
        await keys.named("button", msgid).wait_for()
        faults.extend(await keys.walk())
        await keys.enter(keys.named("button", msgid))

    await ana.go("/")
    await keys.write(page.locator("#name"), "ana")
    await keys.write(page.locator("#password"), PASSWORD)
    await press("Create the account")
    await keys.write(page.locator("#bot_token"), BOT_TOKEN)
    await keys.write(page.locator("#app_token"), APP_TOKEN)
    await press("Connect Slack")
    await keys.choose(page.locator("#kind"), "invgate")
    await press("Add the source")
    address = await page.locator("#address").inner_text()
    assert await new.post(address, await page.locator("#secret-shown").inner_text()) == 202
    await expect(page.locator("#arrived")).to_contain_text(ana.words(HERE))
    await keys.enter(page.locator("#arrived").get_by_role("link", name=ana.words("Go on")))
    await keys.write(page.locator("#channel"), "#alerts")
    await press("Try it on the last events")
    await expect(page.locator("#rule .notice")).to_contain_text(_previewed(setting, "#alerts"))
    await press("Add the rule")
    await press("Send it")
    await expect(page.locator("#sent")).to_contain_text(ana.words("arrived"))
    assert faults == []


@in_every_setting("es-390-light")
async def test_no_step_is_lost_or_done_twice(new: New, come: Come) -> None:
    """Reloads, the browser's back button, a second browser, a double click, a session that ends in the middle."""
    ana, eva = await come(), await come()
    page, other = ana.page, eva.page
    await ana.go("/")
    await page.locator("#name").fill("ana")
    await page.locator("#password").fill(PASSWORD)
    await eva.go("/setup")  # the form, while nobody was first
    await ana.button("Create the account").dblclick()
    await expect(page.locator("#bot_token")).to_be_visible()

    # Whoever comes second, with the form still open, is sent to sign in: it is closed for good.
    await other.locator("#name").fill("eva")
    await other.locator("#password").fill(PASSWORD)
    await eva.press("Create the account")
    await other.wait_for_url("**/sign-in*")
    await eva.go("/setup")
    assert "/sign-in" in other.url

    await ana.go("/setup?step=source")
    await page.locator("#kind").select_option("generic")
    await ana.button("Add the source").dblclick()
    await expect(page.locator("#secret-shown")).to_be_visible()  # of the one request that was sent
    await page.reload()  # sends the form again
    there = ana.words("The source {source} is there already. Its secret was shown once.", source="generic")
    await expect(page.locator("main .notice")).to_contain_text(there)
    await ana.press("Show another secret")
    address, secret = await page.locator("#address").inner_text(), await page.locator("#secret-shown").inner_text()
    await expect(page.locator("#trial")).to_contain_text(f"Bearer {secret}")

    # The second browser signs in and goes on; the first one's session ends in the middle of a step.
    await _sign_in(eva)
    await other.wait_for_url("**/setup*")
    await ana.go("/setup?step=rule")
    await page.locator("#channel").fill("#alerts")
    await page.context.clear_cookies()
    await ana.press("Add the rule")
    await page.wait_for_url("**/sign-in?next=*")
    await expect(page.locator("main")).to_contain_text(ana.words(ENDED))
    await _sign_in(ana)
    await page.wait_for_url("**/setup?step=rule")
    assert [spec.name for spec in new.hub.ruleset.specs] == []

    assert await new.tell(address, secret) == 202
    await eva.go("/setup?step=rule")
    await expect(other.locator("#source-lamp")).to_contain_text(eva.words("done"))
    await other.locator("#channel").fill("#alerts")
    await eva.button("Add the rule").dblclick()
    await expect(other.locator("main .notice")).to_contain_text(eva.words(IN_FORCE, name="generic"))
    await other.go_back()
    await other.go_forward()
    assert [spec.name for spec in new.hub.ruleset.specs] == ["generic"]


async def _sign_in(looking: Looking) -> None:
    await looking.page.locator("#name").fill("ana")
    await looking.page.locator("#password").fill(PASSWORD)
    await looking.page.locator("#password").press("Enter")


@in_every_setting()
async def test_a_hub_that_is_restarted_goes_on_where_one_was(new: New, come: Come) -> None:
    """While the page waits for the first event, and while somebody writes in a form."""
    ana = await come()
    await _claim(ana)
    await _connect(ana)
    address, secret = await _add_source(ana)
    await new.stop()
    await expect(ana.page.locator("#announced")).to_have_text(ana.words("The hub does not answer."))
    await new.start()
    await expect(ana.page.locator("#secret-shown")).to_have_text(secret)
    assert await new.post(address, secret) == 202
    await expect(ana.page.locator("#arrived")).to_contain_text(ana.words(HERE))
    await ana.press("Go on")
    await ana.page.locator("#channel").fill("#alerts")
    await new.stop()
    await new.start()
    await ana.press("Add the rule")
    await expect(ana.told).to_contain_text(ana.words(IN_FORCE, name="invgate"))
    await _has_it_sent(ana, new)


@in_every_setting()
async def test_a_slack_that_is_away_is_named_and_connected_once_it_is_there(new: New, come: Come) -> None:
    ana = await come()
    await _claim(ana)
    await new.close_slack()
    await _connect(ana)
    refused = ana.page.locator("#slack .notice.failed")
    await expect(refused).to_contain_text(ana.words("Slack does not answer."))
    await expect(ana.page.locator("#slack-lamp")).to_contain_text(ana.words("to do"))
    await expect(ana.page.locator("#bot_token")).to_have_value("")  # no page gives a token back
    await new.open_slack()
    await _connect(ana)
    await expect(ana.told).to_contain_text(ana.words("The workspace {name} is connected.").partition("{")[0])
    await expect(ana.page.locator("#slack-lamp")).to_contain_text(ana.words("done"))
