"""Incidents: creating one, taking charge, giving it away, ending it; and its timeline."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from centralita.core.incidents import Incident, Item, Who, read_number
from centralita.core.recipients import is_address
from centralita.services import acknowledgements, incidents
from centralita.services.incident_timeline import as_markdown
from centralita.services.incidents import Declined, Entry, Filter, NewIncident
from centralita.services.times import shown
from centralita.services.wording import in_words
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Page
from centralita.web.api.problems import Problem, locale_of
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["incidents"])
T = TypeVar("T")

IN_THE_WAY = frozenset(
    {
        *("incident.exists", "incident.is_acknowledged", "incident.is_resolved", "incident.not_resolved"),
        "alert.is_acknowledged",
    }
)


def _address(value: str) -> str:
    if value and not is_address(value):
        raise ValueError("an e-mail address")
    return value


Address = Annotated[str, StringConstraints(max_length=254, strip_whitespace=True), AfterValidator(_address)]
Said = Annotated[str, StringConstraints(max_length=12_000)]
Title = Annotated[str, StringConstraints(max_length=1000)]
Priority = Literal["critical", "high", "medium", "low"]
Short = Annotated[str, StringConstraints(max_length=200)]


class WhoView(BaseModel):
    """Somebody; what is not known is ""."""

    name: str = ""
    email: str = ""
    slack: str = ""


class ItemBody(BaseModel):
    """A configuration item that is affected."""

    model_config = ConfigDict(extra="forbid")
    id: Annotated[Short, StringConstraints(min_length=1, strip_whitespace=True)] = Field(examples=["SW-02"])
    name: Short = Field(default="", examples=["Switch del 2º piso"])


class IncidentView(BaseModel):
    """An incident. `id` is how people write its number; `thread` is the address of its message in Slack."""

    number: int
    id: str
    title: str
    description: str
    priority: str
    state: str
    assignee: WhoView
    reporter: WhoView
    affected_cis: list[ItemBody]
    event: str
    source: str
    subject: str
    correlation: str
    related: int
    channel: str
    thread: str
    acknowledged_by: WhoView
    acknowledged_at: str | None
    resolved_by: WhoView
    resolved_at: str | None
    resolution: str
    created_at: str | None
    updated_at: str | None


class EntryView(BaseModel):
    """One line of a timeline; `text` is "" once whoever wrote it has deleted it."""

    at: str | None
    kind: str
    who: str
    text: str
    details: dict[str, Any]
    edited_at: str | None
    deleted_at: str | None


class TimelineView(BaseModel):
    """What happened, the oldest first."""

    incident: IncidentView
    entries: list[EntryView]


class AcknowledgementView(BaseModel):
    """Who took charge of what an event is about, and when."""

    event: str
    by: str
    at: str | None


class IncidentBody(BaseModel):
    """With an `event`, what is left out comes from that."""

    model_config = ConfigDict(extra="forbid")
    title: Title = Field(default="", examples=["No hay red en el 2º piso"])
    description: Said = ""
    priority: Literal["", "critical", "high", "medium", "low"] = Field(default="", examples=["high"])
    assignee: Address = Field(default="", examples=["luis@example.com"])
    affected_cis: list[ItemBody] = Field(default=[], max_length=50)
    event: Short = ""
    source: Short = ""
    subject: Short = ""
    correlation: Short = ""


class ChangesBody(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")
    title: Title | None = None
    description: Said | None = None
    priority: Priority | None = Field(default=None, examples=["critical"])
    affected_cis: list[ItemBody] | None = Field(default=None, max_length=50)


class AssigneeBody(BaseModel):
    """An address; "" for nobody in particular, left out for oneself."""

    model_config = ConfigDict(extra="forbid")
    to: Address | None = Field(default=None, examples=["luis@example.com"])


class NoteBody(BaseModel):
    """How, or why."""

    model_config = ConfigDict(extra="forbid")
    note: Said = ""


class CommentBody(BaseModel):
    """What there is to say."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[Said, StringConstraints(min_length=1)]


def _who(who: Who) -> WhoView:
    return WhoView(name=who.name, email=who.email, slack=who.slack)


def _view(incident: Incident) -> IncidentView:
    same = ("number", "title", "description", "priority", "state", "correlation", "related", "channel", "thread")
    values: dict[str, Any] = {name: getattr(incident, name) for name in (*same, "resolution")}
    values |= {name: getattr(incident.origin, name) for name in ("event", "source", "subject")}
    people = ("assignee", "reporter", "acknowledged_by", "resolved_by")
    values |= {name: _who(getattr(incident, name)) for name in people}
    times = ("acknowledged_at", "resolved_at", "created_at", "updated_at")
    values |= {name: shown(getattr(incident, name) or None) for name in times}
    affected = [ItemBody(id=each.id, name=each.name) for each in incident.affected]
    return IncidentView(**values, id=incident.code, affected_cis=affected)


def _entry(entry: Entry) -> EntryView:
    values: dict[str, Any] = {name: getattr(entry, name) for name in ("kind", "who", "text", "details")}
    values |= {name: shown(getattr(entry, name)) for name in ("at", "edited_at", "deleted_at")}
    return EntryView(**values)


def _items(listed: list[ItemBody]) -> tuple[Item, ...]:
    return tuple(Item(id=each.id, name=each.name) for each in listed)


def _number(written: str) -> int:
    number = read_number(written)
    if number is None:
        raise Problem(404, "not_found", written[:100])
    return number


async def done(request: Request, work: Awaitable[T]) -> T:
    """The result of a use case. Raises Problem for what it declines."""
    try:
        return await work
    except LookupError as fault:
        raise Problem(404, "not_found", str(fault.args[0])[:100]) from None
    except Declined as fault:
        arguments = dict(fault.arguments)
        if "at" in arguments:
            arguments["at"] = shown(arguments["at"])
        status = 409 if fault.reason in IN_THE_WAY else 422
        text = in_words(fault.reason, arguments, locale_of(request))
        raise Problem(status, fault.reason, text, **arguments, field=fault.field) from None


@router.get("/incidents", dependencies=[requires("incident.read")])
async def list_incidents(
    request: Request,
    state: Annotated[
        Literal["", "open", "acknowledged", "resolved", "unresolved"],
        Query(description="A state, or `unresolved`: not over.", examples=["unresolved"]),
    ] = "",
    priority: Literal["", "critical", "high", "medium", "low"] = "",
    assignee: Annotated[str, Query(max_length=254, description="An address, `me` or `nobody`.")] = "",
    text: Annotated[str, Query(max_length=200, description="Part of the title.")] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Page[IncidentView]:
    """The newest first."""
    hub = hub_of(request)
    if assignee == "me":
        assignee = await incidents.mine(hub, await principal_of(request))
    before = read_number(cursor) if cursor else 0
    if before is None:
        raise Problem(422, "cursor.unreadable")
    wanted = Filter(state=state, priority=priority, assignee=assignee.lower(), text=text)
    found = await incidents.listing(hub, wanted, limit, before)
    return Page([_view(each) for each in found], str(found[-1].number) if len(found) == limit else None)


@router.post("/incidents", dependencies=[requires("incident.manage")], status_code=201)
async def create_incident(request: Request, body: IncidentBody) -> IncidentView:
    """Creates one; it is told in the incidents' channel. From an event whose incident is not over: 409."""
    given = body.model_dump(exclude={"assignee", "affected_cis"})
    wanted = NewIncident(**given, assignee=Who(email=body.assignee.lower()), affected=_items(body.affected_cis))
    work = incidents.create(changing_hub(request), await principal_of(request), wanted)
    return _view(await done(request, work))


@router.get("/incidents/{id}", dependencies=[requires("incident.read")])
async def show_incident(request: Request, id: str) -> IncidentView:
    """One incident, by `INC-12` or `12`."""
    return _view(await done(request, incidents.show(hub_of(request), _number(id))))


@router.patch("/incidents/{id}", dependencies=[requires("incident.manage")])
async def update_incident(request: Request, id: str, body: ChangesBody) -> IncidentView:
    """Changes what is given."""
    values = body.model_dump(exclude={"affected_cis"})
    affected = None if body.affected_cis is None else _items(body.affected_cis)
    hub, principal = changing_hub(request), await principal_of(request)
    work = incidents.update(hub, principal, _number(id), **values, affected=affected)
    return _view(await done(request, work))


@router.post("/incidents/{id}/acknowledge", dependencies=[requires("incident.acknowledge")])
async def acknowledge_incident(request: Request, id: str) -> IncidentView:
    """Takes charge. The same person again is 200 and changes nothing; after somebody else it is 409."""
    work = incidents.acknowledge(changing_hub(request), await principal_of(request), _number(id))
    return _view(await done(request, work))


@router.post("/incidents/{id}/assign", dependencies=[requires("incident.manage")])
async def assign_incident(request: Request, id: str, body: AssigneeBody | None = None) -> IncidentView:
    """Gives it to somebody, who is told by a direct message."""
    to = None if body is None or body.to is None else Who(email=body.to.lower())
    work = incidents.assign(changing_hub(request), await principal_of(request), _number(id), to)
    return _view(await done(request, work))


@router.post("/incidents/{id}/resolve", dependencies=[requires("incident.manage")])
async def resolve_incident(request: Request, id: str, body: NoteBody | None = None) -> IncidentView:
    """It is over."""
    hub, principal, note = changing_hub(request), await principal_of(request), body.note if body else ""
    return _view(await done(request, incidents.resolve(hub, principal, _number(id), note)))


@router.post("/incidents/{id}/reopen", dependencies=[requires("incident.manage")])
async def reopen_incident(request: Request, id: str, body: NoteBody | None = None) -> IncidentView:
    """It is not over."""
    hub, principal, note = changing_hub(request), await principal_of(request), body.note if body else ""
    return _view(await done(request, incidents.reopen(hub, principal, _number(id), note)))


@router.post("/incidents/{id}/comments", dependencies=[requires("incident.acknowledge")], status_code=201)
async def comment_incident(request: Request, id: str, body: CommentBody) -> IncidentView:
    """Notes something in its timeline; it is told in its thread."""
    work = incidents.comment(changing_hub(request), await principal_of(request), _number(id), body.text)
    return _view(await done(request, work))


@router.get(
    "/incidents/{id}/timeline",
    dependencies=[requires("incident.read")],
    response_model=TimelineView,
    responses={200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}},
)
async def show_timeline(request: Request, id: str) -> Any:
    """What happened, the oldest first: as JSON, or as Markdown for whoever accepts `text/markdown`."""
    incident, entries = await done(request, incidents.timeline(hub_of(request), _number(id)))
    if "text/markdown" in request.headers.get("accept", ""):
        return PlainTextResponse(as_markdown(incident, entries, locale_of(request)), media_type="text/markdown")
    return TimelineView(incident=_view(incident), entries=[_entry(each) for each in entries])


@router.post("/events/{id}/acknowledge", dependencies=[requires("incident.acknowledge")])
async def acknowledge_event(request: Request, id: str) -> AcknowledgementView:
    """Takes charge of what an event is about; told in its thread wherever it was told."""
    work = acknowledgements.acknowledge(changing_hub(request), await principal_of(request), id)
    found = await done(request, work)
    return AcknowledgementView(event=found.event_id, by=found.who, at=shown(found.at))
