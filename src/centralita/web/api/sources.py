"""Sources: who sends, what was refused and why, and sending an example."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from centralita.services import sources
from centralita.services.sources import Sent, SourceDetail, SourceSummary
from centralita.services.wording import in_words
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Page
from centralita.web.api.problems import Problem, locale_of
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["sources"])


class Explained(BaseModel):
    """A source, and its reasons in the language of the request."""

    detail: SourceDetail
    reasons: dict[str, str]
    """Message id to words, for those of the rejections and of the unread receipts."""


@router.get("/sources", dependencies=[requires("source.read")])
async def list_sources(request: Request) -> Page[SourceSummary]:
    """By slug. There are as many as are configured: one page holds them all."""
    return Page(await sources.listing(hub_of(request)))


@router.get("/sources/{slug}", dependencies=[requires("source.read")])
async def show_source(request: Request, slug: str) -> Explained:
    """Its counts, its types, and its last 100 refused requests with the reason."""
    found = await sources.detail(hub_of(request), slug)
    if found is None:
        raise Problem(404, "not_found", slug[:100])
    ids = {row.reason for row in found.rejections} | {row.reason for row in found.unparsed}
    return Explained(detail=found, reasons={each: in_words(each, {}, locale_of(request)) for each in sorted(ids)})


@router.post("/sources/{slug}/fixtures/{name}", dependencies=[requires("source.manage")], status_code=202)
async def send_fixture(request: Request, slug: str, name: str) -> Sent:
    """Signs one of the kind's examples as the sender would, and takes it in as if it had come by the wire."""
    actor = (await principal_of(request)).actor
    try:
        return await sources.send_fixture(changing_hub(request), actor, slug, name)
    except ValueError as fault:
        reason = str(fault)
        raise Problem(422, reason, in_words(reason, {}, locale_of(request))) from None
