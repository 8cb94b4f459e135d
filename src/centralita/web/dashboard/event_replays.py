"""Doing it again: one event, the ticked ones, or all that a filter means, in steps that one can watch and leave."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import replays
from centralita.services.replays import Mode, NotFound
from centralita.services.times import shown
from centralita.web.auth import hub_of
from centralita.web.dashboard import event_filter, forms
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.event_filter import NAMES, Asked
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, Page, locale, page_of, redirect, render

router = APIRouter()

MODES: tuple[Mode, ...] = ("reroute", "resend", "reparse")
BUDGET_S = 1.0
"""So long one step lasts, about."""
_DIGITS = 18
"""Of a number: what is longer is none."""


@router.post("/events/replay", dependencies=[needs("event.replay")])
async def replay_many(request: Request) -> Response:
    """The ticked ones; or, after a page that says which, all that the filters mean."""
    form = await forms.read(request)
    mode = _mode(form)
    if form.get("all"):
        return await _all(request, form, mode)
    hub, actor = hub_of(request), (await person_of(request)).principal.actor
    done, deliveries, gone = 0, 0, 0
    for event_id in form.all("event"):
        try:
            replayed = await replays.of_event(hub, actor, event_id, mode)
        except (NotFound, ValueError):
            gone += 1
            continue
        done, deliveries = done + 1, deliveries + replayed.deliveries
    text = N_("Events replayed: {events}. Deliveries queued: {deliveries}.")
    if not form.all("event"):
        text = N_("Nothing was ticked.")
    elif gone:
        text = N_("Events replayed: {events}. Deliveries queued: {deliveries}. Not there any more: {gone}.")
    counts = {"events": str(done), "deliveries": str(deliveries), "gone": str(gone)}
    return redirect(request, _back(form), Flash(text, counts, lamp="flowing" if done else "held"))


def _mode(form: Form) -> Mode:
    return next((mode for mode in MODES if mode == form.get("mode")), "reroute")


def _back(form: Form) -> str:
    return Asked(Form({name: form.get(name) for name in NAMES})).address()


# ---- all that match


@dataclass(frozen=True)
class Progress:
    """How far a large replay came."""

    events: int = 0
    deliveries: int = 0
    cursor: str | None = ""
    """None at its end."""
    asked: bool = False
    """False before somebody said yes."""


async def _all(request: Request, form: Form, mode: Mode) -> Response:
    """One step; the page that it gives asks for the next one."""
    language = locale(request, await person_of(request))
    page = await page_of(request, title=_("Replay all that match", language), section="events")
    # What happens while it runs is not what was meant.
    values = {**form.values, "until": form.get("until") or shown(page.now) or ""}
    asked = event_filter.read(values, page.now, page.zone, language)
    if asked.form.faults or mode == "reparse":
        text = N_("From its bytes only single events are replayed: tick them.")
        if asked.form.faults:
            text = N_("A filter can't be read: nothing was looked for.")
        return redirect(
            request, Asked(Form({name: form.get(name) for name in NAMES})).address(), Flash(text, lamp="failed")
        )
    progress = Progress()
    if form.get("go"):
        progress = await _step(request, asked, mode, _so_far(form))
    return await _progress(request, page, asked, mode, progress)


def _so_far(form: Form) -> Progress:
    def count(name: str) -> int:
        text = form.get(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0

    return Progress(count("events"), count("deliveries"), form.get("cursor")[:100], asked=True)


async def _step(request: Request, asked: Asked, mode: Mode, before: Progress) -> Progress:
    hub, actor = hub_of(request), (await person_of(request)).principal.actor
    events, deliveries, cursor = before.events, before.deliveries, before.cursor
    end = time.monotonic() + BUDGET_S
    while cursor is not None:
        slice_ = await replays.of_filter(hub, actor, asked.sought, "resend" if mode == "resend" else "reroute", cursor)
        events, deliveries, cursor = events + slice_.events, deliveries + slice_.deliveries, slice_.next
        if time.monotonic() > end:
            break
    return Progress(events, deliveries, cursor, asked=True)


async def _progress(request: Request, page: Page, asked: Asked, mode: Mode, progress: Progress) -> Response:
    return await render(
        request, "events/replaying.html", page, block="replaying", asked=asked, mode=mode, progress=progress
    )


# ---- one


@router.post("/events/{event_id}/replay", dependencies=[needs("event.replay")])
async def replay_one(request: Request, event_id: str) -> Response:
    """One event, by the name of the kind."""
    hub, actor, form = hub_of(request), (await person_of(request)).principal.actor, await forms.read(request)
    mode, place = _mode(form), f"/events/{quote(event_id, safe='')}"
    try:
        done = await replays.of_event(hub, actor, event_id, mode)
    except (NotFound, ValueError):
        gone = N_("The bytes that it came in are not kept any more: it can't be read again.")
        return redirect(request, place, Flash(gone, lamp="failed"))
    if mode == "reparse":
        return redirect(request, place, Flash(N_("It is being read from its bytes again."), lamp="waiting"))
    if not done.deliveries:
        return redirect(request, place, Flash(N_("Replayed. Nobody is to be told."), lamp="held"))
    text = N_("Replayed. Deliveries queued: {deliveries}.")
    return redirect(request, place, Flash(text, {"deliveries": str(done.deliveries)}, lamp="waiting"))


@router.post("/events/{event_id}/deliveries/{delivery}/resend", dependencies=[needs("delivery.replay")])
async def resend(request: Request, event_id: str, delivery: str) -> Response:
    """Sends one finished delivery again."""
    hub, actor = hub_of(request), (await person_of(request)).principal.actor
    digits, place = delivery.removeprefix("dlv_"), f"/events/{quote(event_id, safe='')}?part=attempts"
    try:
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS else 0
        new = await replays.resend(hub, actor, number, event_id)
    except (NotFound, ValueError):
        return redirect(request, place, Flash(N_("There is no such finished delivery."), lamp="failed"))
    return redirect(request, place, Flash(N_("It is sent again as {id}."), {"id": new}, lamp="waiting"))
