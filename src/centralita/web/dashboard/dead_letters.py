"""Deliveries that were given up and wait for somebody: sent again, or laid to rest."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from centralita.core.outcomes import LOOK_FIRST
from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import replays
from centralita.services.hub import Hub
from centralita.services.replays import NotFound
from centralita.services.wording import explained
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render

router = APIRouter()

PAGE = 50
BUDGET_S = 3.0
"""So long one request sends again; then a person says to go on."""
_DIGITS = 18
"""Of a delivery's number: what is longer is none."""


@router.get("/dead-letters", dependencies=[needs("delivery.read")])
async def show(
    request: Request,
    lane: str = Query(default="", max_length=500),
    after: int = Query(default=0, ge=0, lt=10**_DIGITS),
    more: int = Query(default=0, ge=0, lt=10**_DIGITS),
) -> Response:
    """The oldest first: what waits longest is first in line. ``more``: sending all again stopped behind that one."""
    hub, language = hub_of(request), locale(request, await person_of(request))
    lanes = await replays.dead_by_lane(hub)
    rows = await replays.dead_letters(hub, lane, None, PAGE + 1, after) if lane in lanes or not lane else []
    total = sum(lanes.values())
    said = ngettext(
        "{n} delivery was given up and waits for somebody; it is not lost.",
        "{n} deliveries were given up and wait for somebody; none is lost.",
        total,
        language,
    )
    page = await page_of(
        request,
        title=_("Dead letters", language),
        section="overview",
        sentence=said.format(n=total) if total else _("Nothing was given up.", language),
        lamp="failed" if total else "flowing",
    )
    onward = _address(lane, after=rows[PAGE - 1].id.removeprefix("dlv_")) if len(rows) > PAGE else ""
    return await render(
        request,
        "dead_letters.html",
        page,
        rows=rows[:PAGE],
        lanes=lanes,
        lane=lane,
        begin=_address(lane) if after else "",
        onward=onward,
        more=more,
        explain=partial(explained, locale=language),
        look_first=LOOK_FIRST,
    )


@router.post("/dead-letters/resend", dependencies=[needs("delivery.replay")])
async def resend(request: Request) -> Response:
    """Sends one or the ticked ones again."""
    said = (N_("Sent again: {count}."), N_("Sent again: {count}. Somebody had seen to {gone} already."))
    return await _each(request, replays.resend, *said)


@router.post("/dead-letters/dismiss", dependencies=[needs("delivery.replay")])
async def dismiss(request: Request) -> Response:
    """Lays one or the ticked ones to rest."""
    said = (N_("Laid to rest: {count}."), N_("Laid to rest: {count}. Somebody had seen to {gone} already."))
    return await _each(request, replays.dismiss, *said)


async def _each(
    request: Request, act: Callable[[Hub, str, int], Awaitable[object]], said: str, said_gone: str
) -> Response:
    hub, actor, form = hub_of(request), (await person_of(request)).principal.actor, await forms.read(request)
    numbers, done = _numbers(form), 0
    for number in numbers:
        try:
            await act(hub, actor, number)
        except NotFound:
            continue
        done += 1
    gone = len(numbers) - done
    text = N_("Nothing was ticked.") if not numbers else said_gone if gone else said
    flash = Flash(text, {"count": str(done), "gone": str(gone)}, lamp="flowing" if done else "held")
    return redirect(request, _address(form.get("lane")), flash)


def _numbers(form: Form) -> list[int]:
    """Of the row whose button was pressed, else of the ticked ones."""
    given = [form.get("only")] if form.get("only") else form.all("delivery")
    digits = [each.removeprefix("dlv_") for each in given]
    return [int(each) for each in digits if each.isascii() and each.isdigit() and len(each) <= _DIGITS]


@router.post("/dead-letters/resend-all", dependencies=[needs("delivery.replay")])
async def resend_all(request: Request) -> Response:
    """Sends all of a lane, or all, again: slice by slice, as far as one request goes."""
    hub, actor, form = hub_of(request), (await person_of(request)).principal.actor, await forms.read(request)
    lane, after, sent, end = form.get("lane"), form.get("after"), 0, time.monotonic() + BUDGET_S
    behind: str | None = after if after.isascii() and after.isdigit() and len(after) <= _DIGITS else "0"
    while behind is not None:
        done = await replays.resend_dead(hub, actor, lane, None, int(behind))
        sent, behind = sent + done.deliveries, done.next
        if time.monotonic() > end:
            break
    flash = Flash(N_("Sent again: {count}."), {"count": str(sent)}, lamp="flowing" if sent else "held")
    return redirect(request, _address(lane, more=behind or ""), flash)


def _address(lane: str, **more: str) -> str:
    asked = {name: value for name, value in {"lane": lane, **more}.items() if value}
    return "/dead-letters" + (f"?{urlencode(asked)}" if asked else "")
