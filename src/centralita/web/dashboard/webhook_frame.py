"""What the pages of one webhook have in common: its name and lamp, the sentence that says how it is, and its tabs."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import Request, Response

from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import webhook_statistics
from centralita.services.source_changes import InTheWay
from centralita.services.webhook_statistics import Health
from centralita.services.webhooks import WebhookView
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import environment
from centralita.web.dashboard.access import person_of
from centralita.web.dashboard.page import Flash, Page, page_of, redirect, render

T = TypeVar("T")

SECTION = "webhooks"
LAMPS: Mapping[str, tuple[str, str]] = {
    "on": ("flowing", N_("On")),
    "held": ("held", N_("On hold")),
    "paused": ("held", N_("Paused")),
    "disabled": ("failed", N_("Stopped")),
    "off": ("off", N_("Off")),
}
"""State of a webhook to its lamp and its word."""
FAILING = ("failed", N_("Failing"))
"""On, and yet the newest attempt failed."""
TABS = (
    ("", N_("Overview"), "webhook.read"),
    ("/deliveries", N_("Deliveries"), "webhook.read"),
    ("/errors", N_("Errors"), "webhook.read"),
    ("/settings", N_("Settings"), "webhook.read"),
    ("/secrets", N_("Secrets"), "webhook.read"),
    ("/test", N_("Test"), "webhook.manage"),
    ("/preview", N_("Preview"), "event.read"),
)
"""End of the address, label, and the permission without which the tab is not shown."""


@dataclass(frozen=True)
class Framed:
    """A webhook with the page that shows it."""

    page: Page
    view: WebhookView
    health: Health
    base: str
    """Its address among the pages."""

    @property
    def context(self) -> dict[str, Any]:
        """What ``templates/webhooks/frame.html`` shows."""
        return {
            "hook": self.view,
            "health": self.health,
            "base": self.base,
            "state": lamp_of(self.view),
            "tabs": [(self.base + end, _(label, self.page.locale)) for end, label, may in TABS if self.page.may(may)],
        }


def base_of(name: str) -> str:
    """Where the pages of a webhook begin."""
    return f"/webhooks/{quote(name, safe='')}"


def lamp_of(view: WebhookView) -> tuple[str, str]:
    """The lamp and its word, an English msgid."""
    failed, succeeded = view.last_failure_at or "", view.last_success_at or ""
    return FAILING if view.state == "on" and failed > succeeded else LAMPS[view.state]


async def framed(request: Request, name: str) -> Framed:
    """A webhook and how it is. Raises LookupError."""
    hub = hub_of(request)
    view, health = await webhook_statistics.standing(hub, name)
    lamp, _word = lamp_of(view)
    page = await page_of(request, title=name, section=SECTION, lamp=lamp)
    return Framed(replace(page, sentence=sentence_of(view, health, page)), view, health, base_of(name))


async def show(
    request: Request, frame: Framed, template: str, *, status: int = 200, block: str = "", **context: Any
) -> Response:
    """A page of the webhook."""
    return await render(
        request, f"webhooks/{template}.html", frame.page, status=status, block=block, **frame.context, **context
    )


def sentence_of(view: WebhookView, health: Health, page: Page) -> str:
    """How it is, in one sentence."""
    language = page.locale
    waiting = ngettext("{n} waits, none is lost", "{n} wait, none is lost", view.waiting, language)
    waiting = waiting.format(n=environment.number(language, view.waiting))
    if view.state == "held":
        return _held(view, health, page, waiting)
    if view.state == "paused":
        return _("Paused by a person: {waiting}.", language).format(waiting=waiting)
    if view.state == "off":
        return _("Off: nothing is sent, and what happens meanwhile is not queued; {waiting}.", language).format(
            waiting=waiting
        )
    if view.state == "disabled":
        said = in_words(view.reason, {}, language).rstrip(".")
        return _("Stopped by the hub ({reason}): {waiting}.", language).format(reason=said, waiting=waiting)
    return _on(view, health, language, waiting)


def _held(view: WebhookView, health: Health, page: Page, waiting: str) -> str:
    language = page.locale
    until = ""
    if health.held_until:
        until = datetime.fromisoformat(health.held_until).astimezone(page.zone).strftime("%H:%M")
    if view.reason == "breaker.open":
        text = ngettext(
            "Held until {until} after {n} failure in 30 minutes: {waiting}.",
            "Held until {until} after {n} failures in 30 minutes: {waiting}.",
            health.error,
            language,
        )
        return text.format(until=until, n=environment.number(language, health.error), waiting=waiting)
    said = in_words(view.reason, {}, language).rstrip(".")
    return _("Held until {until} ({reason}): {waiting}.", language).format(until=until, reason=said, waiting=waiting)


def _on(view: WebhookView, health: Health, language: str, waiting: str) -> str:
    if not view.waiting:
        waiting = _("nothing waits", language)
    tried = health.successful + health.error
    if not view.address:
        return _("Its receiver fetches what there is: {waiting}.", language).format(waiting=waiting)
    if not tried:
        return _("Quiet: nothing was sent in the last 30 minutes; {waiting}.", language).format(waiting=waiting)
    if lamp_of(view) == FAILING:
        text = _("Failing: {error} of {tried} attempts in the last 30 minutes; {waiting}.", language)
        numbers = (environment.number(language, each) for each in (health.error, tried))
        return text.format(**dict(zip(("error", "tried"), numbers, strict=True)), waiting=waiting)
    text = _("Flowing: {average} on average; {waiting}.", language)
    return text.format(average=environment.ms(language, health.average_ms), waiting=waiting)


async def actor_of(request: Request) -> str:
    """Who does it, for the audit log."""
    return (await person_of(request)).principal.actor


async def done(request: Request, work: Awaitable[Any], back: str, flash: Flash) -> Response:
    """Does ``work`` and says ``flash``, or why it could not be done; then ``back``."""
    try:
        await work
    except InTheWay as refused:
        page = await page_of(request)
        return redirect(request, back, refusal(in_words(refused.reason, refused.arguments, page.locale)))
    return redirect(request, back, flash)


def refusal(said: str) -> Flash:
    """A word that is in the reader's language already."""
    return Flash("{said}", {"said": said}, lamp="failed")
