"""The audit log: read it, and prove that nobody has changed it."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from centralita.core.audit import Head, Link
from centralita.services import audit
from centralita.services.wording import in_words
from centralita.web.api.once import Route
from centralita.web.api.parameters import Cursor, Limit, Page, Word, number_cursor
from centralita.web.api.problems import locale_of
from centralita.web.auth import hub_of, requires

router = APIRouter(route_class=Route, tags=["audit"])


class EntryView(BaseModel):
    """One thing that somebody did."""

    number: int
    at: str
    actor: str
    action: str
    subject: str
    details: Any
    hash: str


class HeadBody(BaseModel):
    """Where the chain stood when it was exported; without it only its inside is proved, not its end."""

    model_config = ConfigDict(extra="forbid")
    number: int = Field(ge=0)
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class Verified(BaseModel):
    """Whether the chain holds, and its head now: keep that elsewhere."""

    ok: bool
    number: int
    hash: str
    fault: str = ""
    fault_number: int = 0
    detail: str = ""


def _view(link: Link) -> EntryView:
    entry = link.entry
    try:
        details = msgspec.json.decode(entry.details)
    except msgspec.DecodeError:  # somebody has been at it; verify says so
        details = entry.details
    return EntryView(
        number=entry.number,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        details=details,
        hash=link.hash,
    )


@router.get("/audit", dependencies=[requires("audit.read")])
async def list_audit(
    request: Request, actor: Word = "", action: Word = "", limit: Limit = 50, cursor: Cursor = ""
) -> Page[EntryView]:
    """Newest first."""
    before = number_cursor(cursor) or None
    links = await audit.newest(hub_of(request), limit, before, actor, action)
    return Page([_view(link) for link in links], str(links[-1].entry.number) if len(links) == limit else None)


@router.get("/audit/head", dependencies=[requires("audit.read")])
async def show_head(request: Request) -> HeadBody:
    """Where the chain ends."""
    head = await audit.head(hub_of(request))
    return HeadBody(number=head.number, hash=head.hash)


@router.post("/audit/verify", dependencies=[requires("audit.read")])
async def verify_audit(request: Request, body: HeadBody | None = None) -> Verified:
    """Walks the whole chain; with an exported head also finds a tail that was cut, or a log that was written anew."""
    known = Head(body.number, body.hash) if body is not None and body.number else None
    fault, head = await audit.verify(hub_of(request), known)
    if fault is None:
        return Verified(ok=True, number=head.number, hash=head.hash)
    detail = in_words(fault.reason, {"number": fault.number}, locale_of(request))
    return Verified(
        ok=False, number=head.number, hash=head.hash, fault=fault.reason, fault_number=fault.number, detail=detail
    )
