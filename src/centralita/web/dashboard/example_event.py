"""Sending a test event: an example of a source's kind goes the whole way, and the page that follows shows it."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request, Response

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import announcements, source_trial, sources
from centralita.services.hub import Hub
from centralita.services.source_trial import NoFixture, Sent
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render

router = APIRouter()

WAIT_S = 5.0
"""So long the answer waits until the deliveries have ended; the event's page goes on."""


@router.get("/test-event", dependencies=[needs("source.manage")])
async def show(request: Request, source: str = Query(default="", max_length=63)) -> Response:
    """Which source, and which of its examples."""
    return await _form(request, Form(values={"source": source}))


@router.post("/test-event", dependencies=[needs("source.manage")])
async def send(request: Request) -> Response:
    """Sends it, and leads to its event."""
    hub, form = hub_of(request), await forms.read(request)
    person = await person_of(request)
    language, actor = locale(request, person), person.principal.actor
    slug, _slash, fixture = form.get("example").partition("/")
    form = Form(values={"source": slug, "example": form.get("example")})
    try:
        sent = await source_trial.send_fixture(hub, actor, slug, fixture, WAIT_S)
    except NoFixture:
        form.fault("example", _("There is no such example.", language))
    except LookupError:
        form.fault("example", _("There is no such source.", language))
    except ValueError as fault:
        form.fault("example", in_words(str(fault), {}, language))
    else:
        if sent.events:
            flash = Flash(N_("The test event went in by {source}, and this is what came of it."), {"source": slug})
            return redirect(request, f"/events/{sent.events[0]}", flash)
        form.fault("example", _ended(sent, language))
    return await _form(request, form, 422)


def _ended(sent: Sent, language: str) -> str:
    if sent.unparsed is not None:
        return in_words(sent.unparsed.reason, {}, language) + f" {sent.unparsed.detail}"
    if sent.receipt:
        return _("It was taken in, but nobody has routed it yet. Look among the events in a moment.", language)
    return _("The source refused it: {status}.", language).format(status=f"{sent.status} {sent.body}".strip())


async def _form(request: Request, form: Form, status: int = 200) -> Response:
    hub, language = hub_of(request), locale(request, await person_of(request))
    page = await page_of(
        request,
        title=_("Send a test event", language),
        section="overview",
        sentence=_(
            "An example is signed as its sender would, and goes the whole way: rules, deliveries, Slack.", language
        ),
    )
    examples = await _examples(hub)
    return await render(request, "example_event.html", page, status=status, form=form, examples=examples)


async def _examples(hub: Hub) -> dict[str, list[str]]:
    """Source to the names of its examples; those that are off take nothing."""
    slugs = [slug for slug, each in sorted(hub.sources.items()) if each.enabled and slug != announcements.SLUG]
    return {slug: sources.examples_of(hub.sources[slug]) for slug in slugs}
