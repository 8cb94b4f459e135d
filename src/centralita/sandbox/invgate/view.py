"""The page at ``/``: tickets with comments and approvals, assets, people. Rendered here, in the browser's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from centralita.sandbox.invgate import approvals
from centralita.sandbox.invgate.backend import BACKEND, Backend
from centralita.sandbox.invgate.model import (
    APPROVAL_WAITING,
    OPEN_STATUSES,
    PRIORITIES,
    STATUSES,
    Approval,
    DeskError,
    Incident,
)
from centralita.sandbox.invgate.parameters import read_whole
from centralita.sandbox.invgate.texts import choose

ROWS = 50
_HERE = Path(__file__).parent
_STATIC = {"page.css": "text/css", "page.js": "text/javascript"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_LAMPS = ("waiting", "flowing", "held", "held", "flowing", "off", "failed", "off")
_STATUS_LAMP = dict(zip(STATUSES, _LAMPS, strict=True))
_APPROVAL_LAMP = {-2: "off", -1: "waiting", 0: "failed", 1: "flowing"}
_TAG = re.compile(r"<(/p|/div|/tr|/li|br)\b[^>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^>]*>")

Texts = Mapping[str, str]
Item = TypeVar("Item")

_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _render(request: web.Request, template: str, here: str, status: int = 200, **facts: Any) -> web.Response:
    lang, texts = _language(request)
    text = _TEMPLATES.get_template(template).render(lang=lang, t=texts, here=here, **facts)
    return web.Response(text=text, status=status, content_type="text/html", headers=_HEADERS)


def _language(request: web.Request) -> tuple[str, Texts]:
    return choose(request.headers.get("Accept-Language", ""))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _plain(html: str) -> str:
    """HTML as text: nothing that came by the API is markup here."""
    return unescape(_ANY_TAG.sub("", _TAG.sub("\n", html))).strip()


def _listed(request: web.Request, items: Sequence[Item], words: Callable[[Item], str]) -> dict[str, Any]:
    """What of ``items`` the page shows, by its ``q`` and ``page``."""
    wanted, number = request.query.get("q", "").strip(), read_whole(request.query.get("page", "")) or 1
    found = [one for one in items if wanted.casefold() in words(one).casefold()] if wanted else items
    pages = max(1, -(-len(found) // ROWS))
    page = min(max(1, number), pages)
    return {"found": found[(page - 1) * ROWS : page * ROWS], "page": page, "pages": pages, "q": wanted}


def _user_name(backend: Backend, user_id: int | None) -> str:
    found = backend.desk.users.get(user_id or 0)
    return found.full_name if found else ""


def _ticket(backend: Backend, one: Incident) -> dict[str, Any]:
    return {
        "path": f"/requests/show/index/id/{one.id}",
        "pretty_id": one.pretty_id,
        "title": one.title,
        "description": _plain(one.description),
        "status": (_STATUS_LAMP[one.status_id], STATUSES[one.status_id]),
        "priority": PRIORITIES.get(one.priority_id, ""),
        "category": backend.desk.category_path(one.category_id),
        "requester": _user_name(backend, one.user_id),
        "agent": _user_name(backend, one.assigned_id),
        "updated": _time(one.last_update),
    }


def _approval_lamp(texts: Texts, status: int) -> tuple[str, str]:
    return _APPROVAL_LAMP[status], texts[f"approval_{status}"]


async def tickets(request: web.Request) -> web.StreamResponse:
    """``/``: newest first."""
    backend, texts = request.app[BACKEND], _language(request)[1]
    every = sorted(backend.desk.incidents.values(), key=lambda one: -one.id)
    asked: dict[int, list[tuple[str, str]]] = {}
    for one in backend.desk.approvals.values():
        asked.setdefault(one.request_id, []).append(_approval_lamp(texts, one.status))
    shown = _listed(request, every, lambda one: f"{one.pretty_id} {one.title} {_user_name(backend, one.user_id)}")
    rows = [{**_ticket(backend, one), "approvals": asked.get(one.id, [])} for one in shown.pop("found")]
    sentence = texts["tickets_say"].format(
        open=sum(one.status_id in OPEN_STATUSES for one in every),
        all=len(every),
        waiting=sum(one.status == APPROVAL_WAITING for one in backend.desk.approvals.values()),
    )
    return _render(request, "tickets.html", "tickets", rows=rows, sentence=sentence, **shown)


async def ticket(request: web.Request) -> web.StreamResponse:
    """``/requests/show/index/id/{id}``, the address that InvGate gives a ticket."""
    return _show_ticket(request, int(request.match_info["id"]))


def _show_ticket(request: web.Request, ticket_id: int, refusal: str = "", status: int = 200) -> web.Response:
    backend, texts = request.app[BACKEND], _language(request)[1]
    found = backend.desk.incidents.get(ticket_id)
    if found is None:
        return _render(request, "missing.html", "tickets", 404)
    comments = [
        {
            "author": _user_name(backend, one.author_id),
            "created": _time(one.created_at),
            "message": _plain(one.message),
            "is_solution": one.is_solution,
            "visible": one.customer_visible,
        }
        for one in found.comments
    ]
    asked = [_approval(backend, texts, one) for one in backend.desk.approvals.values() if one.request_id == found.id]
    row = _ticket(backend, found)
    return _render(
        request, "ticket.html", "tickets", status, row=row, comments=comments, approvals=asked, refusal=refusal
    )


def _approval(backend: Backend, texts: Texts, one: Approval) -> dict[str, Any]:
    waiting = one.status == APPROVAL_WAITING
    votes = [
        {
            "user_id": vote.user_id,
            "name": _user_name(backend, vote.user_id),
            "status": _approval_lamp(texts, vote.status),
            "note": vote.note,
            "open": waiting and vote.status == APPROVAL_WAITING,
        }
        for vote in one.votes
    ]
    facts = {"id": one.id, "description": one.description, "needs": one.needs, "votes": votes}
    return {**facts, "status": _approval_lamp(texts, one.status)}


async def answer(request: web.Request) -> web.StreamResponse:
    """POST ``/_page/approvals/{id}``: an approver's button; back to the ticket, or there with the reason why not."""
    desk = request.app[BACKEND].desk
    found = desk.approvals.get(int(request.match_info["id"]))
    form = await request.post()
    how, user_id = form.get("answer"), read_whole(form.get("user_id", ""))
    if found is None or how not in ("approved", "rejected") or user_id is None:
        return _render(request, "missing.html", "tickets", 404)
    try:
        note = str(form.get("note", "")).strip()
        approvals.answer(desk, found.id, user_id, "approved" if how == "approved" else "rejected", note)
    except DeskError as error:
        return _show_ticket(request, found.request_id, str(error), 409)
    raise web.HTTPSeeOther(f"/requests/show/index/id/{found.request_id}")


async def assets(request: web.Request) -> web.StreamResponse:
    """``/assets``."""
    fleet, texts = request.app[BACKEND].fleet, _language(request)[1]
    every = list(fleet.assets.values())
    owners = {one.id: one.name for one in fleet.people.values()}
    shown = _listed(
        request, every, lambda one: f"{one.name} {one.serial} {one.last_user} {owners.get(one.owner_id or 0, '')}"
    )
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "owner": owners.get(one.owner_id or 0, ""),
            "last_user": one.last_user,
            "kind": one.asset_type,
            "model": one.device_model,
            "serial": one.serial,
            "reported": one.reported_at[:16].replace("T", " "),
        }
        for one in shown.pop("found")
    ]
    ownerless = sum(one.owner_id is None for one in every)
    sentence = texts["assets_say"].format(all=len(every), ownerless=ownerless)
    return _render(request, "assets.html", "assets", rows=rows, sentence=sentence, **shown)


async def people(request: web.Request) -> web.StreamResponse:
    """``/people``: the Service Desk's accounts, then the people of Assets."""
    backend, texts = request.app[BACKEND], _language(request)[1]
    rows = [
        _person(texts, "in_desk", one, one.full_name, _user_name(backend, one.manager_id))
        for one in backend.desk.users.values()
    ]
    rows += [_person(texts, "in_assets", one, one.name, "") for one in backend.fleet.people.values()]
    shown = _listed(request, rows, lambda one: f"{one['name']} {one['username']} {one['email']}")
    sentence = texts["people_say"].format(all=len(backend.fleet.people), users=len(backend.desk.users))
    return _render(request, "people.html", "people", rows=shown.pop("found"), sentence=sentence, **shown)


def _person(texts: Texts, kind: str, one: Any, name: str, manager: str) -> dict[str, Any]:
    state = "deleted" if one.is_deleted else "disabled" if one.is_disabled else "active"
    lamp = "flowing" if state == "active" else "off"
    facts = {field: getattr(one, field) for field in ("id", "username", "email", "department")}
    return {**facts, "kind": kind, "name": name, "manager": manager, "account": (lamp, texts[state])}


async def static(request: web.Request) -> web.StreamResponse:
    """``/_static/{name}``."""
    name = request.match_info["name"]
    if name not in _STATIC:
        raise web.HTTPNotFound
    body = (_HERE / "static" / name).read_bytes()
    return web.Response(body=body, content_type=_STATIC[name], charset="utf-8", headers=_HEADERS)


def routes() -> list[web.RouteDef]:
    """The page's routes."""
    return [
        web.get("/", tickets),
        web.get(r"/requests/show/index/id/{id:\d{1,15}}", ticket),
        web.get("/assets", assets),
        web.get("/people", people),
        web.post(r"/_page/approvals/{id:\d{1,15}}", answer),
        web.get("/_static/{name}", static),
    ]
