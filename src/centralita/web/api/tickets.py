"""Tickets: what is known of them, and asking InvGate to change one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from centralita.services import tickets
from centralita.services.tickets import WAIT_S, Asked, NoInvGate, NoTicket, TicketView
from centralita.store.records import Filter
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Page, Word
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["tickets"])

Wait = Annotated[float, Query(ge=0, le=60, description="How long to wait for InvGate's answer, in seconds.")]


class Wish(BaseModel):
    """What a change has in common."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class NewTicket(Wish):
    """`type`, `priority` and `category` by id or by name; without one, InvGate's first."""

    title: str = Field(min_length=1, max_length=300)
    description: str = Field(default="", max_length=60_000)
    requester: str = Field(default="", max_length=254, description="E-mail or InvGate id; else whoever asks.")
    type: str = Field(default="", max_length=200)
    priority: str = Field(default="", max_length=200)
    category: str = Field(default="", max_length=300)


class NewComment(Wish):
    """Internal unless `visible`. A solution solves the ticket, and its requester reads it."""

    text: str = Field(min_length=1, max_length=60_000)
    visible: bool = False
    solution: bool = False


class Assignment(Wish):
    """`agent` by e-mail or InvGate id, `group` (help desk) by id or name; without it the one that it is in."""

    agent: str = Field(default="", max_length=254)
    group: str = Field(default="", max_length=200)


class NewStatus(Wish):
    """What the ticket is to be."""

    status: str = Field(
        pattern="^(solved|cancelled|rejected|reopened|waiting_for_customer|waiting_for_agent)$",
        examples=["solved"],
    )
    note: str = Field(default="", max_length=60_000)


@router.get("/tickets", dependencies=[requires("ticket.read")])
async def list_tickets(
    request: Request,
    text: Word = "",
    phase: Word = "",
    status: Word = "",
    source: Word = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[TicketView]:
    """Those that changed last first. `phase` is open or closed; `text` a part of the title or the id."""
    wanted = Filter(kind="ticket", text=text, phase=phase, status=status, source=source)
    try:
        items, more = await tickets.listing(hub_of(request), wanted, limit, cursor)
    except ValueError:
        raise Problem(422, "cursor.unreadable") from None
    return Page(items, more)


@router.get("/tickets/{id}", dependencies=[requires("ticket.read")])
async def show_ticket(request: Request, id: str, source: Word = "") -> TicketView:
    """As its source last described it."""
    try:
        return await tickets.find(hub_of(request), id, source)
    except NoTicket:
        raise Problem(404, "not_found", id[:100]) from None


@router.post("/tickets", dependencies=[requires("ticket.manage")], status_code=202)
async def create_ticket(request: Request, body: NewTicket, wait_s: Wait = WAIT_S) -> Asked:
    """Creates it in InvGate: `ticket` is its id, or the delivery says how far it is. An unknown outcome is never
    repeated: it is a dead letter for somebody to look at."""
    hub, actor = changing_hub(request), (await principal_of(request)).actor
    try:
        return await tickets.create(hub, actor, body.model_dump(), wait_s)
    except NoInvGate:
        raise _unconfigured() from None


@router.post("/tickets/{id}/comments", dependencies=[requires("ticket.comment")], status_code=202)
async def comment_ticket(request: Request, id: str, body: NewComment, wait_s: Wait = WAIT_S) -> Asked:
    """Comments on it in InvGate."""
    hub, actor = changing_hub(request), (await principal_of(request)).actor
    number = _number(id)
    try:
        return await tickets.comment(
            hub, actor, number, body.text, visible=body.visible, solution=body.solution, wait_s=wait_s
        )
    except NoInvGate:
        raise _unconfigured() from None


@router.post("/tickets/{id}/assignment", dependencies=[requires("ticket.assign")], status_code=202)
async def assign_ticket(request: Request, id: str, body: Assignment, wait_s: Wait = WAIT_S) -> Asked:
    """Assigns it in InvGate."""
    hub, actor = changing_hub(request), (await principal_of(request)).actor
    number = _number(id)
    if not (body.agent or body.group):
        raise Problem(422, "value.missing", "agent")
    try:
        return await tickets.assign(hub, actor, number, body.agent, body.group, wait_s)
    except NoInvGate:
        raise _unconfigured() from None


@router.post("/tickets/{id}/status", dependencies=[requires("ticket.manage")], status_code=202)
async def change_ticket_status(request: Request, id: str, body: NewStatus, wait_s: Wait = WAIT_S) -> Asked:
    """Changes its status in InvGate."""
    hub, actor = changing_hub(request), (await principal_of(request)).actor
    number = _number(id)
    try:
        return await tickets.change_status(hub, actor, number, body.status, body.note, wait_s)
    except NoInvGate:
        raise _unconfigured() from None


def _number(id_: str) -> str:
    number = id_.removeprefix("#")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Problem(404, "not_found", id_[:100])
    return number


def _unconfigured() -> Problem:
    return Problem(409, "invgate.unconfigured", "invgate.service_desk")
