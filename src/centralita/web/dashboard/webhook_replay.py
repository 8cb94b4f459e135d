"""Sending to webhooks again what failed, what they missed, or what they were sent: in steps, each with its progress."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from centralita.core.conditions import Condition, ConditionError, compile_condition
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import webhook_replay, webhooks
from centralita.services.hub import Hub
from centralita.services.replays import NotFound
from centralita.services.source_changes import InTheWay
from centralita.services.times import moment, shown
from centralita.services.webhook_replay import Configuration, Wanted
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms, webhook_filter
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Page, locale, page_of, render
from centralita.web.dashboard.webhook_frame import SECTION, actor_of, base_of
from centralita.web.dashboard.webhook_history import STATES

router = APIRouter()

BUDGET_S = 2.0
"""So long one request sends again; then a person, or the page's script, says to go on."""
MOST_NAMES = 500
WHAT = (
    ("failed", N_("what failed: dead letters")),
    ("missed", N_("what it missed: while it was off, or before it was there")),
    ("sent", N_("everything that it was sent")),
)
MATCHING = "matching"
"""What is also sent again: all that the filters of the history find. They travel with the form."""
CONFIGURATIONS = (("current", N_("as the webhook is today")), ("original", N_("as it was sent then")))


@dataclass
class Progress:
    """How far a replay came."""

    at: int = 0
    """Place of the webhook that is being sent to, in the names."""
    cursor: str = ""
    sent: int = 0
    looked: int = 0
    left: int = 0
    refused: list[str] = field(default_factory=list)
    """In words, each with its webhook."""


@router.get("/webhooks/{name}/replay", dependencies=[needs("delivery.replay")])
async def prepare(request: Request, name: str) -> Response:
    """What is to be sent again; ``what=matching`` comes from the history, with its filters."""
    await webhooks.find(hub_of(request), name)
    if request.query_params.get("what") != MATCHING:
        return await ask(request, [name])
    values = {key: request.query_params.get(key, "") for key in webhook_filter.NAMES}
    return await ask(request, [name], Form(values={**values, "what": MATCHING, "configuration": "current"}))


@router.post("/webhooks/bulk/replay", dependencies=[needs("delivery.replay")])
async def step(request: Request) -> Response:
    """Sends as much again as fits into a moment, and says how far that came."""
    form, hub = await forms.read(request), hub_of(request)
    page, names = await page_of(request), form.all("name")[:MOST_NAMES]
    language = page.locale
    wanted = _matching(form, page) if form.get("what") == MATCHING else _wanted(form, hub.clock.now(), language)
    if wanted is None or not names:
        return await ask(request, names, form, 422)
    progress = Progress(
        at=_count(form, "at"),
        cursor=form.get("cursor"),
        sent=_count(form, "sent"),
        looked=_count(form, "looked"),
        left=_count(form, "left"),
        refused=form.all("refused"),
    )
    await _go_on(hub, await actor_of(request), names, wanted, progress, language)
    return await _page(request, names, form, progress=progress, finished=progress.at >= len(names))


async def ask(request: Request, names: Sequence[str], form: Form | None = None, status: int = 200) -> Response:
    """The form, for one webhook or several."""
    form = form or Form(values={"what": "failed", "since": "24h", "configuration": "current"})
    return await _page(request, names, form, status)


async def _page(
    request: Request,
    names: Sequence[str],
    form: Form,
    status: int = 200,
    progress: Progress | None = None,
    finished: bool = False,
) -> Response:
    language = locale(request, await person_of(request))
    page = await page_of(request, title=_("Send again", language), section=SECTION)
    return await render(
        request,
        "webhooks/replay.html",
        page,
        status=status,
        block="progress",
        names=names,
        form=form,
        what=[(key, _(label, language)) for key, label in WHAT],
        kept=_kept(form),
        states=STATES,
        configurations=[(key, _(label, language)) for key, label in CONFIGURATIONS],
        progress=progress,
        finished=finished,
        back=base_of(names[0]) + "/deliveries" if len(names) == 1 else "/webhooks",
    )


def _kept(form: Form) -> list[tuple[str, str]]:
    """What each step hands to the next, but for how far it came."""
    names = dict.fromkeys(("what", "since", "where", "configuration", *webhook_filter.NAMES))
    return [(name, form.get(name)) for name in names]


def _count(form: Form, name: str) -> int:
    text = form.get(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _matching(form: Form, page: Page) -> Wanted | None:
    """As ``_wanted``, of the filters of the history."""
    asked = webhook_filter.read(form.values, page.now, page.zone, page.locale)
    form.faults.update(asked.form.faults)
    if form.faults:
        return None
    form.values = {**form.values, **asked.fixed}
    return Wanted(
        attempts=asked.attempts,
        listed=asked.deliveries,
        condition=asked.condition,
        configuration="original" if form.get("configuration") == "original" else "current",
    )


def _wanted(form: Form, now: float, language: str) -> Wanted | None:
    """None when something is wrong: then the form says what."""
    what, text = form.get("what"), form.get("since")
    since = 0.0
    try:
        since = moment(text, now)
    except (ValueError, OverflowError):
        form.fault("since", _("Write 2h, 7d, or a date such as 2026-11-20T08:00.", language))
    condition: Condition | None = None
    try:
        condition = compile_condition(form.get("where")) if form.get("where") else None
    except ConditionError as error:
        form.fault("where", in_words(error.message_id, error.arguments, language), error.point())
    original = form.get("configuration") == "original"
    if condition is not None and what == "failed":
        form.fault("where", _("A condition narrows what was missed and what was sent; not what failed.", language))
    if original and what == "missed":
        form.fault("configuration", in_words("replay.missed_original", {}, language))
    if form.faults:
        return None
    # A span counts from the first step on.
    form.values = {**form.values, "since": shown(since) or ""}
    configuration: Configuration = "original" if original else "current"
    if what == "missed":
        return Wanted(missed_since=since, condition=condition, configuration=configuration)
    if what == "sent":
        return Wanted(sent_since=since, condition=condition, configuration=configuration)
    return Wanted(failed_since=since, configuration=configuration)


async def _go_on(hub: Hub, actor: str, names: Sequence[str], wanted: Wanted, progress: Progress, language: str) -> None:
    deadline = time.monotonic() + BUDGET_S
    while progress.at < len(names):
        name = names[progress.at]
        try:
            done = await webhook_replay.replay(hub, actor, name, wanted, progress.cursor)
        except InTheWay as refused:
            progress.refused.append(f"{name}: {in_words(refused.reason, refused.arguments, language)}")
            progress.at, progress.cursor = progress.at + 1, ""
            continue
        except (NotFound, LookupError, ValueError):
            progress.refused.append(f"{name}: {_('There is no such webhook any more.', language)}")
            progress.at, progress.cursor = progress.at + 1, ""
            continue
        progress.sent += done.deliveries
        progress.looked += done.looked_at
        progress.left += done.left
        progress.cursor = done.next or ""
        progress.at += done.next is None
        if time.monotonic() > deadline:
            return
