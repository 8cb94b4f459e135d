"""One hub, one local workspace, one local InvGate and one browser for a module: people sit down at the page."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect

from centralita.demo.world import Addresses, Secrets, configuration, connect, manifest
from centralita.ports import RawRequest
from centralita.sandbox.control import SlackControl
from centralita.sandbox.invgate import LocalInvGate
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.sandbox.slack import LimitSettings, LocalSlack
from centralita.services.hub import Hub
from centralita.serving import serving
from centralita.settings import load
from tests.browser.looks import Look, Looking, Setting
from tests.dashboard.conftest import bench, office, quick_hashes
from tests.dashboard.office import Office
from tests.scenarios.processes import write_config

__all__ = ["bench", "office", "quick_hashes"]

ANA, LUIS, MARTA, SAM, ADMIN = "U0ANAGOMEZ", "U0LUISPARED", "U0MARTARIOS", "U0SAMCARTER", "U0ADMIN"
HELP_DESK, ALERTS, INCIDENTS = "C0MESAAYUDA", "C0ALERTS", "C0INCIDENTS"
SECRET = "only-for-tests-0123456789"
DEADLINE_MS = 8_000
"""For hangs; a busy machine keeps it."""
expect.set_options(timeout=DEADLINE_MS)
PAGES = "https://desk.example.com"
"""Where links to the hub's own pages lead: nowhere here."""
TRIAL: dict[str, Any] = {
    "slack": {
        **{"rate_per_s": 1000, "burst": 1000, "method_limits": False},
        "channels": {"#alerts": {"locale": "en"}},
    },
    "server": {"public_url": PAGES},
}
"""What differs from the demo: nobody waits, one channel reads English, and events have pages to look at."""


@dataclass(frozen=True)
class Desk:
    """The world that the pages show."""

    hub: Hub
    slack: SlackControl
    invgate: InvGateControl

    async def fire(self, title: str, severity: str = "high") -> None:
        """An alert, as a monitoring system posts it."""
        body = {
            "type": "alert.fired",
            "subject": f"alert/{title}",
            "phase": "open",
            "title": title,
            "severity": severity,
        }
        headers = (("authorization", f"Bearer {SECRET}"), ("content-type", "application/json"))
        request = RawRequest(method="POST", query="", headers=headers, body=msgspec.json.encode(body))
        assert (await self.hub.ingest.receive("watch", request)).status == 202


@dataclass(frozen=True)
class Seat:
    """Somebody at the workspace's page."""

    page: Page
    url: str
    user: str

    async def go(self, channel: str) -> None:
        """Opens a channel or a direct message."""
        await self.page.goto(f"{self.url}/archives/{channel}?user={self.user}")
        await self.page.wait_for_selector("body[data-live=yes]")

    async def type(self, text: str) -> None:
        """Writes a message or a command, and sends it."""
        await self.page.locator("#say textarea").fill(text)
        await self.page.locator("#say textarea").press("Enter")

    async def reply(self, text: str) -> Locator:
        """Answers in the open thread; the answer."""
        await self.page.locator("#reply textarea").fill(text)
        await self.page.locator("#reply textarea").press("Enter")
        answer = self.page.locator("#replies .message").filter(has_text=text).last
        await answer.wait_for()
        return answer

    async def use(self, shortcut: str, on: Locator) -> None:
        """Uses an app's shortcut on a message, from the message's menu; ``shortcut`` as people read it."""
        await on.hover()
        menu = on.locator("select.message-menu").first
        label = await menu.locator("option").filter(has_text=shortcut).inner_text()
        await menu.select_option(label=label)

    def message(self, *texts: str) -> Locator:
        """The newest message that says all of these, and that everybody sees."""
        found = self.page.locator("#messages .message:not(.ephemeral)")
        for text in texts:
            found = found.filter(has_text=text)
        return found.last

    @property
    def told(self) -> Locator:
        """The newest message that only this person sees."""
        return self.page.locator("#messages .message.ephemeral").last

    @property
    def modal(self) -> Locator:
        """The window on top."""
        return self.page.locator("#modal")

    async def press(self, name: str, inside: Locator) -> None:
        """Presses a button."""
        await inside.get_by_role("button", name=name, exact=True).click()

    async def direct(self, *texts: str) -> Locator:
        """The direct message with the app that says all of these, once its conversation is there."""
        await self.page.locator("#lists a[data-channel^='D']").click()
        found = self.message(*texts)
        await found.wait_for()
        return found

    async def closed(self) -> None:
        """Waits until no window is open."""
        await expect(self.modal).not_to_be_visible()


Sit = Callable[..., Awaitable[Seat]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: Any, migrated_file: Path) -> AsyncIterator[Desk]:
    """The demo's configuration without its limits; the app is connected."""
    directory: Path = tmp_path_factory.mktemp("desk")
    made = Secrets(SECRET, SECRET, "whsec_c2NlbmFyaW8td2ViaG9vay1zZWNyZXQ=")
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        slack_address = await enter(serve(LocalSlack(LimitSettings.off())))
        sink_address = await enter(serve(WebhookSink()))
        invgate_address = await enter(serve(LocalInvGate(assets=5, people=5)))
        slack, invgate = await enter(SlackControl(slack_address.url)), await enter(InvGateControl(invgate_address.url))
        await slack.install(manifest())
        addresses = Addresses(slack_address.url, sink_address.url, invgate_address.url)
        wanted = configuration(0, addresses, made)
        settings = {"auth": "bearer", "types": ["alert.*"]}
        wanted["sources"].append({"slug": "watch", "kind": "generic", "secrets": [SECRET], "settings": settings})
        wanted["rules"] = [*wanted["rules"], {"name": "Alertas", "condition": "type startswith 'alert.'"}]
        file = shutil.copyfile(migrated_file, directory / "hub.db")
        config = write_config(directory, f"sqlite:///{file}", wanted, TRIAL)
        hub, hub_url = await enter(serving(load(config, {})))
        await connect(invgate, hub_url, made.invgate)
        await slack.connections(least=1, timeout_s=30)
        yield Desk(hub, slack, invgate)


@pytest_asyncio.fixture(loop_scope="module")
async def sit(browser: Browser, desk: Desk) -> AsyncIterator[Sit]:
    """Seats people: ``luis = await sit(LUIS, ALERTS)``; an error on any page fails the test."""
    faults: list[str] = []
    async with AsyncExitStack() as stack:

        async def seated(user: str, channel: str) -> Seat:
            context = await browser.new_context(viewport={"width": 1300, "height": 900})
            stack.push_async_callback(context.close)
            context.set_default_timeout(DEADLINE_MS)
            await context.route(f"{PAGES}/**", lambda route: route.fulfill(body="a page of the hub"))
            page = await context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
            seat = Seat(page, desk.slack.url, user)
            await seat.go(channel)
            return seat

        yield seated
    assert faults == []


# --- the dashboard


REFUSED = ("status of 401", "status of 403", "status of 404", "status of 410", "status of 422")


def _is_fault(message: ConsoleMessage) -> bool:
    """Whether it tells of something wrong; a page that refuses or asks to mend a form is no more than an answer."""
    answered = any(each in message.text for each in REFUSED) and "/static/" not in message.location["url"]
    return message.type == "error" and not answered


async def opened(
    stack: AsyncExitStack, browser: Browser, setting: Setting, faults: list[str], script: bool = True
) -> Page:
    """A page of a browser of its own, closed with ``stack``; what is wrong on it comes into ``faults``."""
    context = await browser.new_context(**setting.context, java_script_enabled=script)
    stack.push_async_callback(context.close)
    context.set_default_timeout(DEADLINE_MS)
    page = await context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if _is_fault(message) else None)
    return page


@pytest.fixture
def setting() -> Setting:
    """On a desk, in English, by day; ``in_every_setting`` puts others in its place."""
    return Setting()


@pytest_asyncio.fixture(loop_scope="module")
async def look(browser: Browser, office: Office, setting: Setting) -> AsyncIterator[Look]:
    """Has somebody look at the dashboard: ``ana = await look("admin")``, a stranger by ``look("")``, somebody new with
    a role by ``look("viewer", person="sam")``.

    An error on any page, a refused script or style included, fails the test.
    """
    faults: list[str] = []
    async with AsyncExitStack() as stack:

        async def looking(
            role: str = "admin", setting: Setting = setting, *, person: str = "", script: bool = True
        ) -> Looking:
            page = await opened(stack, browser, setting, faults, script)
            if role:
                visitor = await (office.person(person, role) if person else office.as_role(role))
                await page.context.add_cookies([
                    {"name": cookie.key, "value": cookie.value, "url": office.url} for cookie in visitor.http.cookie_jar
                ])  # fmt: skip
            return Looking(page, office.url, setting)

        yield looking
    assert faults == []
