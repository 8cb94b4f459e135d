"""Sources: who sends, what was refused and why; adding and changing them, trying them, watching what comes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from centralita.services import source_changes, source_trial, source_watch, sources
from centralita.services.source_changes import Handover, NewSource
from centralita.services.source_trial import Sent
from centralita.services.source_watch import News
from centralita.services.sources import SourceDetail, SourceSummary
from centralita.services.times import shown
from centralita.services.wording import in_words
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Page
from centralita.web.api.problems import Problem, locale_of
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["sources"])

MAX_KEEP_S = 90 * 86_400
MAX_WATCH_S = 25.0
"""Below what proxies take for a connection that hangs."""
MAX_TRIAL_S = 30.0


class Explained(BaseModel):
    """A source, and its reasons in the language of the request."""

    detail: SourceDetail
    reasons: dict[str, str]
    """Message id to words, for those of the rejections and of the unread receipts."""


class Watched(BaseModel):
    """What came, and its reasons in the language of the request."""

    news: News
    reasons: dict[str, str]


class SourceBody(BaseModel):
    """A source to be added."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    kind: str = Field(min_length=1, max_length=100)
    slug: str = Field(default="", max_length=63, description="Name in the address; the kind's if it is left out.")
    name: str = Field(default="", max_length=200)
    settings: dict[str, Any] = Field(default={})
    secret: str = Field(default="", max_length=4096, description="The sender's own; without it one is made.")


class SourceChange(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    name: str | None = Field(default=None, max_length=200)
    enabled: bool | None = None
    settings: dict[str, Any] = Field(default={}, description="Those that change; null takes one away.")


class SecretBody(BaseModel):
    """Another secret."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    secret: str = Field(default="", max_length=4096, description="The sender's own; without it one is made.")
    keep_s: float = Field(default=86_400, ge=0, le=MAX_KEEP_S, description="How many seconds those before it are good.")


class HandoverView(BaseModel):
    """What is to be entered at the sender, this once."""

    address: str
    secret: str
    proof: str
    headers: list[str]
    old_until: str | None


class NewSourceView(BaseModel):
    """A source that was added, and what is to be entered at its sender."""

    source: SourceSummary
    handover: HandoverView


def _handover(given: Handover) -> HandoverView:
    return HandoverView(
        address=given.address,
        secret=given.secret,
        proof=given.proof,
        headers=list(given.headers),
        old_until=shown(given.old_until),
    )


@router.get("/sources", dependencies=[requires("source.read")])
async def list_sources(request: Request) -> Page[SourceSummary]:
    """By slug. There are as many as are configured: one page holds them all."""
    return Page(await sources.listing(hub_of(request)))


@router.post("/sources", dependencies=[requires("source.manage")], status_code=201)
async def add_source(request: Request, response: Response, body: SourceBody) -> NewSourceView:
    """It takes requests at once. The secret is in this answer and nowhere else."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    response.headers["cache-control"] = "no-store"
    given = NewSource(body.kind, body.slug or body.kind, body.name, body.settings, body.secret)
    source, handover = await source_changes.add(hub, actor, given)
    return NewSourceView(source=sources.summary(hub, source), handover=_handover(handover))


@router.get("/sources/{slug}", dependencies=[requires("source.read")])
async def show_source(request: Request, slug: str) -> Explained:
    """Its counts, its types, and its last 100 refused requests with the reason."""
    found = await sources.detail(hub_of(request), slug)
    if found is None:
        raise Problem(404, "not_found", slug[:100])
    ids = {row.reason for row in found.rejections} | {row.reason for row in found.unparsed}
    return Explained(detail=found, reasons=_in_words(request, ids))


@router.patch("/sources/{slug}", dependencies=[requires("source.manage")])
async def change_source(request: Request, slug: str, body: SourceChange) -> SourceSummary:
    """Changes its name, its settings, or whether it takes requests; 409 for one that the file provides."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    changed = await source_changes.change(
        hub, actor, slug, name=body.name, enabled=body.enabled, settings=body.settings
    )  # fmt: skip
    return sources.summary(hub, changed)


@router.delete("/sources/{slug}", dependencies=[requires("source.manage")], status_code=204)
async def remove_source(request: Request, slug: str) -> None:
    """It takes nothing more; what it has sent is still routed. For ten minutes it can be restored. 409 for one that the
    file provides."""
    await source_changes.remove(changing_hub(request), (await principal_of(request)).actor, slug)


@router.post("/sources/{slug}/restore", dependencies=[requires("source.manage")])
async def restore_source(request: Request, slug: str) -> SourceSummary:
    """Brings back one that was removed, with its secrets; 404 once its ten minutes are over."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    return sources.summary(hub, await source_changes.restore(hub, actor, slug))


@router.post("/sources/{slug}/secrets", dependencies=[requires("source.manage")], status_code=201)
async def add_secret(request: Request, response: Response, slug: str, body: SecretBody) -> HandoverView:
    """Another secret, which is in this answer and nowhere else; those before it are good for a while."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    response.headers["cache-control"] = "no-store"
    return _handover(await source_changes.add_secret(hub, actor, slug, body.secret, body.keep_s))


@router.delete("/sources/{slug}/unparsed/{receipt}", dependencies=[requires("event.replay")], status_code=204)
async def dismiss_unparsed(request: Request, slug: str, receipt: str) -> None:
    """Somebody has seen to a receipt that could not be read; its bytes are kept as long as those of others."""
    await sources.dismiss_unparsed(changing_hub(request), (await principal_of(request)).actor, slug, receipt)


@router.get("/sources/{slug}/watch", dependencies=[requires("source.read")])
async def watch_source(
    request: Request,
    slug: str,
    after: Annotated[str, Query(max_length=64, description="The `cursor` of the answer before; empty for now.")] = "",
    wait_s: Annotated[float, Query(ge=0, le=MAX_WATCH_S, description="How long to wait until something comes.")] = 0.0,
) -> Watched:
    """What came since: ids of its events, refused requests, receipts that could not be read. Answers when there is
    something, or when the time is up."""
    try:
        news = await source_watch.watch(hub_of(request), slug, after, wait_s)
    except ValueError:
        raise Problem(422, "cursor.unreadable") from None
    ids = {row.reason for row in news.rejections} | {row.reason for row in news.unparsed}
    return Watched(news=news, reasons=_in_words(request, ids))


@router.post("/sources/{slug}/fixtures/{name}", dependencies=[requires("source.manage")], status_code=202)
async def send_fixture(
    request: Request,
    slug: str,
    name: str,
    wait_s: Annotated[float, Query(ge=0, le=MAX_TRIAL_S, description="How long to wait for its deliveries.")] = 0.0,
) -> Sent:
    """Signs one of the kind's examples as the sender would, and takes it in as if it had come by the wire."""
    actor = (await principal_of(request)).actor
    try:
        return await source_trial.send_fixture(changing_hub(request), actor, slug, name, wait_s)
    except ValueError as fault:
        reason = str(fault)
        raise Problem(422, reason, in_words(reason, {}, locale_of(request))) from None


def _in_words(request: Request, ids: set[str]) -> dict[str, str]:
    return {each: in_words(each, {}, locale_of(request)) for each in sorted(ids)}
