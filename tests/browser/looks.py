"""How people look at the dashboard: their language, their screen, its colours; and the words they read there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from itertools import product
from typing import Any, NamedTuple

import pytest
from playwright.async_api import Locator, Page

from centralita.i18n import SOURCE_LOCALE, catalogue_path, ngettext, read_catalogue

_SPANISH = read_catalogue(catalogue_path("es").read_text(encoding="utf-8"))


class Setting(NamedTuple):
    """One combination of what differs from one look to the next."""

    locale: str = "en"
    width: int = 1360
    theme: str = "light"

    @property
    def slug(self) -> str:
        """For names that nothing in another setting has."""
        return "".join(map(str, self))

    @property
    def context(self) -> dict[str, Any]:
        """The browser's options."""
        return {
            "viewport": {"width": self.width, "height": 900},
            "locale": "es-AR" if self.locale == "es" else "en-GB",
            "color_scheme": self.theme,
            "timezone_id": "America/Lima",
            "reduced_motion": "reduce",
        }

    def words(self, msgid: str, **arguments: object) -> str:
        """A text as this language has it; a text that is in no catalogue is a slip of the test."""
        if msgid not in _SPANISH.texts:
            raise KeyError(msgid)
        text = msgid if self.locale == SOURCE_LOCALE else _SPANISH.texts[msgid][0]
        return text.format(**arguments) if arguments else text

    def counted(self, singular: str, plural: str, n: int, **arguments: object) -> str:
        """A counted text; a number of four digits and more is for the page to write."""
        if singular not in _SPANISH.texts:
            raise KeyError(singular)
        return ngettext(singular, plural, n, self.locale).format(n=n, **arguments)


EVERY = tuple(Setting(*each) for each in product(("es", "en"), (1360, 390), ("light", "dark")))


BY_NAME = {"-".join(map(str, each)): each for each in EVERY}


def in_every_setting(*quick: str) -> pytest.MarkDecorator:
    """Has a test run in all eight settings; those in ``quick``, as ``es-390-dark``, in the short run too."""
    unknown = set(quick) - set(BY_NAME)
    assert not unknown, unknown
    return _in(BY_NAME, quick)


def in_two_settings(*quick: str) -> pytest.MarkDecorator:
    """The same in two that differ in everything, for what hardly depends on them."""
    return _in(("es-390-dark", "en-1360-light"), quick)


def _in(names: Iterable[str], quick: tuple[str, ...]) -> pytest.MarkDecorator:
    cases = [pytest.param(BY_NAME[name], id=name, marks=() if name in quick else pytest.mark.long) for name in names]
    return pytest.mark.parametrize("setting", cases)


class Looking(NamedTuple):
    """Somebody at the dashboard."""

    page: Page
    url: str
    setting: Setting

    def words(self, msgid: str, **arguments: object) -> str:
        """A text as they read it."""
        return self.setting.words(msgid, **arguments)

    async def go(self, path: str) -> None:
        """Opens a page."""
        answer = await self.page.goto(self.url + path)
        assert answer is not None and answer.status < 400, (path, answer and answer.status)

    def button(self, msgid: str, **arguments: object) -> Locator:
        """The first button that can be seen and says just this."""
        return self._named("button", msgid, arguments)

    def link(self, msgid: str, **arguments: object) -> Locator:
        """The first link that can be seen and says just this."""
        return self._named("link", msgid, arguments)

    def field(self, msgid: str, **arguments: object) -> Locator:
        """The first field that can be seen and has this label."""
        return self.page.get_by_label(self.words(msgid, **arguments)).filter(visible=True).first

    async def press(self, msgid: str, **arguments: object) -> None:
        """Presses a button or follows a link by what it says."""
        either = self.button(msgid, **arguments).or_(self.link(msgid, **arguments))
        await either.first.click()

    async def unfold(self, msgid: str, **arguments: object) -> None:
        """Opens what is folded away, by what its summary says."""
        said = self.page.locator("summary").filter(has_text=self.words(msgid, **arguments), visible=True)
        await said.first.click()

    @property
    def told(self) -> Locator:
        """What the page says has been done."""
        return self.page.get_by_role("status").first

    def _named(self, role: Any, msgid: str, arguments: dict[str, object]) -> Locator:
        named = self.page.get_by_role(role, name=self.words(msgid, **arguments), exact=True)
        return named.filter(visible=True).first


Look = Callable[..., Awaitable[Looking]]
