"""Somebody who has a keyboard and nothing else: where Tab leads, and how one gets to what one wants."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from playwright.async_api import Locator, Page

from tests.browser.looks import Looking, Setting

WALK = Path(__file__).with_name("walk.js").read_text(encoding="utf-8")
NAMED = {
    *("link", "button", "textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "spinbutton"),
    *("DisclosureTriangle", "disclosureTriangle", "Date", "menuitem", "tab", "switch", "slider"),
}
"""Roles that are nothing without a name."""
MOST_STOPS = 400
TAB = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
DOWN_UP = ("rawKeyDown", "keyUp")
AT_ONCE = 20
"""So many presses of Tab go out together: waiting for each takes longer than all that it leads to."""


@dataclass(frozen=True)
class Keys:
    """A page, reached by keys alone."""

    page: Page
    setting: Setting

    @classmethod
    def of(cls, looking: Looking) -> Self:
        """Theirs who look."""
        return cls(looking.page, looking.setting)

    async def press(self, *keys: str) -> None:
        """One after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def walk(self) -> list[str]:
        """Presses Tab from the top of the page until it ends; what is wrong on the way."""
        await self.page.evaluate(WALK)
        expected: int = await self.page.evaluate("walk.begin()")
        names: list[str] = await self.page.evaluate("walk.names()")
        seen = await self._stops(2 * expected + 40)
        if seen is None:
            return ["Tab never leaves the page"]
        numbers = [stop["number"] for stop in seen if not stop["scroller"]]
        faults = [f"{stop['called']}: {fault}" for stop in seen for fault in stop["faults"]]
        faults += [f"left out: {each}" for each in await self.page.evaluate("walk.left()")]
        faults += [f"never reached: {names[each]}" for each in range(expected) if each not in numbers]
        faults += [f"reached twice: {names[each]}" for each in set(numbers) if numbers.count(each) > 1]
        if numbers != sorted(numbers):
            faults.append("Tab does not follow the markup")
        faults += [
            f"the eye goes another way: {each}" for each in await self.page.evaluate("s => walk.crossed(s)", seen)
        ]
        return faults + await self.nameless()

    async def _stops(self, most: int) -> list[dict[str, Any]] | None:
        """Where Tab leads from the top of the page to its end; None if it comes to none within so many presses."""
        seen: list[dict[str, Any]] = []
        session = await self.page.context.new_cdp_session(self.page)
        for _ in range(0, most, AT_ONCE):
            presses = [session.send("Input.dispatchKeyEvent", {"type": kind, **TAB}) for kind in DOWN_UP * AT_ONCE]
            await asyncio.gather(*presses)
            for stop in await self.page.evaluate("walk.taken()"):
                if stop is None or (len(seen) > 1 and stop["number"] == seen[0]["number"] and not stop["scroller"]):
                    await session.detach()
                    return seen  # the end: the browser's own bar, or the top again
                if seen and stop["number"] == seen[-1]["number"] and stop["called"] == seen[-1]["called"]:
                    continue  # the parts of a date
                seen.append(stop)
        return None

    async def nameless(self) -> list[str]:
        """What a screen reader would call by its role only."""
        session = await self.page.context.new_cdp_session(self.page)
        tree = await session.send("Accessibility.getFullAXTree")
        await session.detach()
        return [
            f"without a name: {node['role']['value']}"
            for node in tree["nodes"]
            if not node.get("ignored")
            and node.get("role", {}).get("value") in NAMED
            and not node.get("name", {}).get("value", "").strip()
        ]

    async def reach(self, wanted: Locator) -> None:
        """Presses Tab until it has the focus."""
        await wanted.wait_for()
        for _ in range(MOST_STOPS):
            if await wanted.evaluate("each => each === document.activeElement"):
                return
            await self.press("Tab")
        raise AssertionError(f"Tab never comes to {wanted}")

    async def enter(self, wanted: Locator) -> None:
        """Goes there and presses Enter."""
        await self.reach(wanted)
        await self.press("Enter")

    async def write(self, wanted: Locator, text: str) -> None:
        """Goes to a field and writes in it, in place of what was there."""
        await self.reach(wanted)
        await self.press("Control+a")
        await self.page.keyboard.type(text)

    async def choose(self, wanted: Locator, text: str) -> None:
        """Goes to a list of choices and down to the one that begins with this; letters that come slowly would each
        begin a word of their own."""
        await self.reach(wanted)
        await self.press("Home")
        for _ in range(MOST_STOPS * 2):
            if (await wanted.evaluate("list => list.selectedOptions[0]?.label ?? ''")).startswith(text):
                return
            await self.press("ArrowDown")
        raise AssertionError(f"there is no {text} in {wanted}")

    async def strike(self, character: str, code: str, virtual: int, *, shift: bool = False) -> None:
        """Strikes one key as a browser tells it on a layout of one's own: ``code`` is the key's place, ``character``
        what is written on it."""
        session = await self.page.context.new_cdp_session(self.page)
        about = {"key": character, "code": code, "windowsVirtualKeyCode": virtual, "modifiers": 8 if shift else 0}
        await session.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": character, **about})
        await session.send("Input.dispatchKeyEvent", {"type": "keyUp", **about})
        await session.detach()

    def named(self, role: Any, msgid: str, **arguments: object) -> Locator:
        """What is called just so, in the language of whoever looks."""
        return self.page.get_by_role(role, name=self.setting.words(msgid, **arguments), exact=True).first

    def field(self, msgid: str) -> Locator:
        """What has this label, in the language of whoever looks."""
        return self.page.get_by_label(self.setting.words(msgid)).first

    async def skip(self) -> None:
        """To the content, over everything that stands before it on every page."""
        await self.press("Tab", "Enter")
