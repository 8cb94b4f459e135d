"""Several webhooks at once: paused, let go on, switched on and off, changed, sent to again; each change is audited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import webhook_changes, webhook_queue
from centralita.services.hub import Hub
from centralita.services.source_changes import InTheWay
from centralita.services.webhook_checks import WebhookFaulty
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms, webhook_fields, webhook_replay
from centralita.web.dashboard.access import Forbidden, needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, came_from, locale, page_of, redirect, render
from centralita.web.dashboard.webhook_frame import SECTION, actor_of

router = APIRouter()

MOST_NAMES = 500
Work = Callable[[Hub, str, str], Awaitable[Any]]


async def _enable(hub: Hub, actor: str, name: str) -> None:
    await webhook_changes.set_enabled(hub, actor, name, True)


async def _disable(hub: Hub, actor: str, name: str) -> None:
    await webhook_changes.set_enabled(hub, actor, name, False)


DOINGS: Mapping[str, tuple[str, Work, str]] = {
    "pause": ("lane.manage", webhook_queue.pause, N_("Paused: {names}. What comes in waits.")),
    "resume": ("lane.manage", webhook_queue.resume, N_("Going on: {names}.")),
    "enable": ("webhook.manage", _enable, N_("Switched on: {names}.")),
    "disable": ("webhook.manage", _disable, N_("Switched off: {names}. What waits is kept.")),
}
"""What is done at once, with the permission for it and what is said then."""
_ASKING = {"edit": "webhook.manage", "change": "webhook.manage", "replay": "delivery.replay"}


@router.post("/webhooks/bulk", dependencies=[needs("webhook.read")])
async def do(request: Request) -> Response:
    """Does what the button says to those that are ticked; each doing has its own permission."""
    form, person = await forms.read(request), await person_of(request)
    wish, names = form.get("do"), form.all("name")[:MOST_NAMES]
    permission = DOINGS[wish][0] if wish in DOINGS else _ASKING.get(wish, "webhook.manage")
    if not person.principal.may(permission):
        raise Forbidden(permission)
    if not names:
        return redirect(request, _back(request, form), Flash(N_("Tick the webhooks first."), {}, "held"))
    if wish == "replay":
        return await webhook_replay.ask(request, names)
    if wish == "edit":
        return await _edit(request, names, Form())
    if wish == "change":
        return await _change(request, names, form)
    if wish not in DOINGS:
        return redirect(request, "/webhooks")
    _permission, work, said = DOINGS[wish]
    return await _each(request, names, work, said, _back(request, form))


def _back(request: Request, form: Form) -> str:
    """The list as it was filtered: where the request comes from, or what the form between carries."""
    back = form.get("back") or came_from(request)
    return back if back.partition("?")[0] == "/webhooks" else "/webhooks"


async def _each(request: Request, names: list[str], work: Work, said: str, back: str) -> Response:
    hub, actor, language = hub_of(request), await actor_of(request), locale(request, await person_of(request))
    done, refused = list[str](), list[str]()
    for name in names:
        try:
            await work(hub, actor, name)
        except InTheWay as fault:
            refused.append(f"{name}: {in_words(fault.reason, fault.arguments, language)}")
        except WebhookFaulty as faulty:
            first = faulty.faults[0]
            refused.append(f"{name}: {first.at}: {in_words(first.reason, first.arguments, language)}")
        except LookupError:
            refused.append(f"{name}: {_('There is no such webhook any more.', language)}")
        else:
            done.append(name)
    parts = [_(said, language).format(names=_listed(done, language))] if done else []
    if len(refused) > _SHOWN:
        refused = [*refused[:_SHOWN], _("and {count} more", language).format(count=len(refused) - _SHOWN)]
    flash = Flash("{said}", {"said": " ".join([*parts, *refused])}, "held" if refused else "flowing")
    return redirect(request, back, flash)


_SHOWN = 5
"""Names that are said: what is said once travels in a cookie."""


def _listed(names: list[str], language: str) -> str:
    rest = len(names) - _SHOWN
    more = [_("and {count} more", language).format(count=rest)] if rest > 0 else []
    return ", ".join([*names[:_SHOWN], *more])


async def _edit(request: Request, names: list[str], form: Form, status: int = 200) -> Response:
    language = locale(request, await person_of(request))
    page = await page_of(request, title=_("Change several webhooks", language), section=SECTION)
    back = _back(request, form)
    return await render(request, "webhooks/bulk.html", page, status=status, names=names, form=form, back=back)


async def _change(request: Request, names: list[str], form: Form) -> Response:
    """Changes what was filled in, and nothing else."""
    given: dict[str, Any] = {}
    if form.get("types"):
        given["types"] = webhook_fields.names_in(form.get("types"))
    if form.get("rate_per_s"):
        given["rate_per_s"] = webhook_fields.number(form.get("rate_per_s"))
    if form.get("schedule_s"):
        given["schedule_s"] = webhook_fields.schedule(form.get("schedule_s"))
    if not given:
        language = locale(request, await person_of(request))
        form.fault("", _("Fill in what is to change.", language))
        return await _edit(request, names, form, 422)

    async def work(hub: Hub, actor: str, name: str) -> None:
        await webhook_changes.change(hub, actor, name, given)

    return await _each(request, names, work, N_("Changed: {names}."), _back(request, form))
