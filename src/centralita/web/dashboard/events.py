"""Where is my event? The log as a list that lives, its filters, and filters under a name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Query, Request, Response

from centralita.core import ids
from centralita.core.events import SEVERITIES
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import events, live, saved_views
from centralita.services.events import Found
from centralita.services.hub import Hub
from centralita.services.saved_views import ViewRefused
from centralita.services.wording import in_words
from centralita.store.event_search import OUTCOMES
from centralita.web.auth import hub_of
from centralita.web.dashboard import environment, event_filter, forms
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.event_filter import NAMES, SPANS, Asked
from centralita.web.dashboard.event_words import CAME_OF, SEVERITY_WORDS
from centralita.web.dashboard.page import Flash, Page, locale, page_of, redirect, render

router = APIRouter()

PAGE = 50
VIEWS = "events"
"""Whose filters a saved view keeps."""


@router.get("/events", dependencies=[needs("event.read")])
async def show(request: Request, before: str = Query(default="", max_length=100)) -> Response:
    """The newest that fit, a page of them behind the event ``before``."""
    hub, person = hub_of(request), await person_of(request)
    language = locale(request, person)
    page = await page_of(request, title=_("Events", language), section="events")
    asked = event_filter.read(request.query_params, page.now, page.zone, language)
    found, newest = None, (await live.newer(hub, "")).newest
    if not asked.form.faults:
        sought = asked.sought
        found = await events.find(hub, sought.wanted, sought.condition, PAGE, _place(before), sought.outcome)
    views = await saved_views.listing(hub, person.user.id, VIEWS)
    return await render(
        request,
        "events/list.html",
        _saying(page, asked, found, before),
        status=200 if found is not None else 422,
        block="rows",
        found=found,
        asked=asked,
        form=asked.form,
        first=not before,
        newest=newest,
        views=[(view, dict(parse_qsl(view.query)) == asked.values) for view in views],
        **_choices(hub),
    )


def _place(before: str) -> str:
    """The event that a page begins behind; "" for what is none."""
    try:
        return before if not before or ids.day(before) >= 0 else ""
    except ValueError:
        return ""


def _choices(hub: Hub) -> dict[str, Any]:
    return {
        "sources": sorted(hub.sources),
        "types": sorted({name for source in hub.sources.values() for name in source.integration.types}),
        "severities": [(each, SEVERITY_WORDS[each]) for each in SEVERITIES],
        "outcomes": [(each, CAME_OF[each][1]) for each in OUTCOMES],
        "outcome_words": CAME_OF,
        "spans": SPANS,
        "page_size": PAGE,
    }


def _saying(page: Page, asked: Asked, found: Found | None, before: str) -> Page:
    language = page.locale
    if found is None:
        return replace(page, sentence=_("A filter can't be read: nothing was looked for.", language), lamp="held")
    if not found.items:
        return page
    if asked.values or before:
        return page
    newest = environment.span(page.now - ids.time_ms(found.items[0].id) / 1000)
    said = _("The newest event came in {span} ago.", language).format(span=newest)
    return replace(page, sentence=said, lamp="flowing")


# ---- filters under a name


@router.post("/events/views", dependencies=[needs("event.read")])
async def save_view(request: Request) -> Response:
    """Keeps the filters that are set, for whoever did it."""
    form, person = await forms.read(request), await person_of(request)
    asked = Asked(forms.Form({name: form.get(name) for name in NAMES}))
    address = asked.address()
    try:
        await saved_views.save(hub_of(request), person.user.id, VIEWS, form.get("name"), address.partition("?")[2])
    except ViewRefused as refused:
        said = in_words(refused.reason, {}, locale(request, person))
        return redirect(request, address, Flash("{said}", {"said": said}, lamp="failed"))
    return redirect(request, address, Flash(N_("The view {name} is saved."), {"name": form.get("name")}))


@router.post("/events/views/{view_id}/rename", dependencies=[needs("event.read")])
async def rename_view(request: Request, view_id: int) -> Response:
    """Gives one of one's own another name."""
    form, person = await forms.read(request), await person_of(request)
    try:
        done = await saved_views.rename(hub_of(request), person.user.id, view_id, form.get("name"))
    except ViewRefused as refused:
        said = in_words(refused.reason, {}, locale(request, person))
        return redirect(request, "/events", Flash("{said}", {"said": said}, lamp="failed"))
    if done is None:
        raise LookupError(view_id)
    return redirect(request, f"/events?{done.query}", Flash(N_("The view is called {name}."), {"name": done.name}))


@router.post("/events/views/{view_id}/remove", dependencies=[needs("event.read")])
async def remove_view(request: Request, view_id: int) -> Response:
    """Forgets one of one's own."""
    person = await person_of(request)
    await saved_views.remove(hub_of(request), person.user.id, view_id)
    return redirect(request, "/events", Flash(N_("The view is removed.")))
