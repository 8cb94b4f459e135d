"""One event whole: the cable, its story, what came in and what was understood, why, the attempts, what changed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from centralita.core.deliveries import FINAL
from centralita.i18n import N_
from centralita.services import event_story, events, receipts, webhook_history
from centralita.services.cable import STATES, UNFINISHED, Cable, between_ms, cable_of, progress, sentence
from centralita.services.events import DeliveryView, EventDetail
from centralita.services.hub import Hub
from centralita.services.webhook_history import AttemptDetail
from centralita.services.wording import explained
from centralita.web.auth import hub_of
from centralita.web.dashboard import environment
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.event_words import (
    APPROVAL_STATES,
    AUDITED,
    INCIDENT_STATES,
    OUTCOMES,
)
from centralita.web.dashboard.page import Page, locale, page_of, render, web_link

router = APIRouter()

PARTS: Mapping[str, str] = {
    "story": N_("Story"),
    "payload": N_("Parsed | raw"),
    "rules": N_("Why these rules"),
    "attempts": N_("Attempts"),
    "changes": N_("Changes"),
}
MOST_SHOWN_WHOLE = 20
"""Attempts at webhooks that are shown with their request and response."""
MOST_SHOWN_CHARACTERS = 100_000
"""Of what was understood: a page that holds more is slow to read and to show."""
ROW_PX = 44
"""Height of a destination's line beside the cable; the style sheet has the same."""


@dataclass(frozen=True)
class Fork:
    """Where the cable branches: a curve to each destination, in units of the picture."""

    height: int
    paths: Sequence[tuple[str, str]]
    """(``d`` of an SVG path, the lamp at its end)"""


@router.get("/events/{event_id}", dependencies=[needs("event.read")])
async def show(request: Request, event_id: str, part: str = Query(default="story", max_length=20)) -> Response:
    """One event, a part of it."""
    hub, person = hub_of(request), await person_of(request)
    language = locale(request, person)
    detail = await events.detail(hub, event_id)
    if detail is None:
        raise HTTPException(404)
    part = part if part in PARTS else "story"
    page = await page_of(request, title=detail.event["title"] or detail.event["type"], section="events")
    cable = cable_of(dataclasses.asdict(detail), _most_attempts(hub, detail))
    at = partial(_clock, page)
    said, lamp = sentence(cable, language, partial(environment.ms, language), at)
    return await render(
        request,
        "events/event.html",
        dataclasses.replace(page, sentence=said, lamp=lamp),
        event=detail.event,
        detail=detail,
        cable=cable,
        fork=fork(cable),
        progress=partial(progress, locale=language, at=at),
        explain=partial(explained, locale=language),
        part=part,
        parts=PARTS,
        address=f"/events/{quote(event_id, safe='')}",
        web_link=web_link,
        states=STATES,
        raw=await receipts.raw(hub, event_id),
        **await _of_part(hub, part, detail, page),
    )


async def _of_part(hub: Hub, part: str, detail: EventDetail, page: Page) -> dict[str, Any]:
    """What only that part shows."""
    if part == "story":
        moments = await event_story.story(hub, detail)
        words = {"outcomes": OUTCOMES, "audited": AUDITED, "approvals": APPROVAL_STATES, "incidents": INCIDENT_STATES}
        began = moments[0].at if moments else detail.event["time"]
        return {
            "moments": moments,
            "words_of": words,
            "clock": partial(_clock, page),
            "offset": partial(_offset, page.locale, began),
        }
    if part == "payload":
        parsed = json.dumps(detail.event, ensure_ascii=False, indent=2, sort_keys=False)
        size = len(parsed.encode("utf-8", "replace")) if len(parsed) > MOST_SHOWN_CHARACTERS else 0
        return {"parsed": parsed[:MOST_SHOWN_CHARACTERS], "cut_from": size}
    if part == "attempts":
        return {"whole": await _whole(hub, detail, page), "final": FINAL, "outcomes": OUTCOMES}
    if part == "changes":
        return {"compared": await event_story.compared(hub, detail.event["id"])}
    return {}


async def _whole(hub: Hub, detail: EventDetail, page: Page) -> dict[str, AttemptDetail]:
    """The newest attempts with their request and response, by id."""
    ids = [attempt.id for delivery in detail.deliveries for attempt in delivery.tries if attempt.id]
    return await webhook_history.attempts_of(hub, detail.event["id"], ids[-MOST_SHOWN_WHOLE:], page.locale)


def _most_attempts(hub: Hub, detail: EventDetail) -> dict[str, int]:
    """Of those that are on their way: how often they are tried before they are given up."""
    return {each.id: _most(hub, each) for each in detail.deliveries if each.state in UNFINISHED}


def _most(hub: Hub, delivery: DeliveryView) -> int:
    return len(hub.destinations.policy(delivery.destination, delivery.target).schedule_s) + 1


def _clock(page: Page, at: Any) -> str:
    """A time of the day in the reader's zone, with the date when it is not today's."""
    there = environment.moment(at).astimezone(page.zone)
    today = environment.moment_of(page.now).astimezone(page.zone).date()
    return there.strftime("%H:%M:%S" if there.date() == today else "%Y-%m-%d %H:%M")


def _offset(language: str, began: str, at: str) -> str:
    """How long after the beginning something was; "" for what was then or before."""
    later_ms = between_ms(began, at)
    if later_ms is None or later_ms <= 0:
        return ""
    return "+" + (environment.ms(language, later_ms) if later_ms < 60_000 else environment.span(later_ms / 1_000))


def fork(cable: Cable) -> Fork:
    """The curves from the rules to the destinations' lines, which stand one below the other."""
    ends = cable.latest
    height, width = max(1, len(ends)) * ROW_PX, 72
    middle = height / 2
    paths = []
    for number, end in enumerate(ends):
        y = (number + 0.5) * ROW_PX
        paths.append((f"M0,{middle:g} C{width * 0.55:g},{middle:g} {width * 0.35:g},{y:g} {width},{y:g}", end.lamp))
    return Fork(height, paths)
