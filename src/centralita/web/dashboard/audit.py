"""Who did what: filtered, newest first, with before and after side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Query, Request, Response

from centralita.core.audit import Link
from centralita.i18n import gettext as _
from centralita.services import audit
from centralita.services.times import span_s
from centralita.web.auth import hub_of
from centralita.web.dashboard import environment
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Page, locale, page_of, render

router = APIRouter()

PAGE = 50
_DIGITS = 18
_FILTERS = ("actor", "action", "subject", "since", "until")


@dataclass(frozen=True)
class Change:
    """One thing that is different; "" for what was not there."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Row:
    """An entry, taken apart."""

    link: Link
    changes: list[Change]
    facts: list[tuple[str, str]]
    """What else it says."""


def _row(link: Link) -> Row:
    try:
        details: Any = msgspec.json.decode(link.entry.details)
    except msgspec.DecodeError:  # somebody has been at it; ``audit verify`` says so
        details = link.entry.details
    if not isinstance(details, dict):
        return Row(link, [], [("", str(details))])
    before, after = (part if isinstance(part, dict) else {} for part in (details.get("before"), details.get("after")))
    sides = [Change(str(name), _text(before.get(name)), _text(after.get(name))) for name in {**before, **after}]
    changes = [each for each in sides if each.before != each.after]
    facts = [(name, _text(value)) for name, value in details.items() if name not in ("before", "after")]
    return Row(link, changes, facts)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _newest(link: Link, page: Page) -> str:
    past = environment.span(max(0.0, page.now - environment.moment(link.entry.at).timestamp()))
    said = _("The newest entry is {span} old: {action} by {actor}.", page.locale)
    return said.format(span=past, action=link.entry.action, actor=link.entry.actor)


def _moment(text: str, zone: ZoneInfo, now: float) -> float | None:
    """Seconds since 1970 of a span before now, or of a time as the reader's clock shows it. Raises ValueError."""
    if not text:
        return None
    span = span_s(text)
    if span is not None:
        return now - span
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()


@router.get("/audit", dependencies=[needs("audit.read")])
async def show(
    request: Request,
    before: int = Query(default=0, ge=0, lt=10**_DIGITS),
    actor: str = Query(default="", max_length=200),
    action: str = Query(default="", max_length=200),
    subject: str = Query(default="", max_length=500),
    since: str = Query(default="", max_length=40),
    until: str = Query(default="", max_length=40),
) -> Response:
    """The list."""
    language = locale(request, await person_of(request))
    asked = dict(zip(_FILTERS, (each.strip() for each in (actor, action, subject, since, until)), strict=True))
    page, form = await page_of(request, title=_("Audit", language), section="audit"), Form(values=asked)
    times: dict[str, float | None] = {}
    for name in ("since", "until"):
        try:
            times[name] = _moment(asked[name], page.zone, page.now)
        except (ValueError, OverflowError):
            form.fault(name, _("Write a time such as 2026-11-22 14:30, or a span such as 2h or 7d.", language))
    wanted = audit.Wanted(actor=asked["actor"], action=asked["action"], subject=asked["subject"], **times)
    links = [] if form.faults else await audit.find(hub_of(request), wanted, PAGE + 1, before or None)
    kept = {name: value for name, value in asked.items() if value}
    older = {**kept, "before": str(links[PAGE - 1].entry.number)} if len(links) > PAGE else {}
    if links and not kept and not before:
        page = replace(page, sentence=_newest(links[0], page))
    return await render(
        request,
        "audit.html",
        page,
        status=422 if form.faults else 200,
        form=form,
        rows=[_row(link) for link in links[:PAGE]],
        filtered=bool(kept),
        older=f"/audit?{urlencode(older)}" if older else "",
        newest="/audit" + (f"?{urlencode(kept)}" if kept else "") if before else "",
    )
