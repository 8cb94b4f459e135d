"""One incident to read: how it stands and what happened. Slack's messages and the events' stories lead here."""

from __future__ import annotations

import dataclasses
from functools import partial

from fastapi import APIRouter, Path, Request, Response

from centralita.i18n import gettext as _
from centralita.integrations.slack.incidents import STATES, priority_in_words
from centralita.services import incident_timeline, incidents
from centralita.services.times import shown
from centralita.web.auth import hub_of
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.event_words import INCIDENT_STATES
from centralita.web.dashboard.page import locale, page_of, render, web_link

router = APIRouter()


@router.get("/incidents/{number}", dependencies=[needs("incident.read")])
async def show(request: Request, number: int = Path(ge=1, lt=10**18)) -> Response:
    """The incident with its timeline."""
    language = locale(request, await person_of(request))
    incident, entries = await incidents.timeline(hub_of(request), number)
    page = await page_of(request, title=f"{incident.code} {incident.title}", section="incidents")
    lamp = INCIDENT_STATES[incident.state][0]
    return await render(
        request,
        "incidents/incident.html",
        dataclasses.replace(page, sentence=_(STATES[incident.state], language), lamp=lamp),
        incident=incident,
        entries=entries,
        priority=priority_in_words(incident.priority, language),
        headline=partial(incident_timeline.headline, incident, locale=language),
        details=partial(incident_timeline.details, locale=language),
        shown=shown,
        web_link=web_link,
    )
