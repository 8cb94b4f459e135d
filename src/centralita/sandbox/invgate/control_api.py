"""``/_control/``: what a test does to InvGate, as a person or an administrator there would, and what it sees of it.
Nonsense is a 4xx with a sentence. A person is named by id or by address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from centralita.sandbox.faults import read_fault
from centralita.sandbox.http import (
    LONGEST_WAIT_S,
    ControlError,
    Handler,
    explained,
    json_answer,
    read_number,
    read_object,
)
from centralita.sandbox.invgate import approvals
from centralita.sandbox.invgate.backend import BACKEND, Backend
from centralita.sandbox.invgate.desk_seed import ANA, HELP_DESK, LUIS
from centralita.sandbox.invgate.fleet import Asset, Person
from centralita.sandbox.invgate.fleet_seed import FIRST_ASSET, FIRST_PERSON
from centralita.sandbox.invgate.journal import Call
from centralita.sandbox.invgate.model import DeskError, User
from centralita.sandbox.invgate.parameters import read_whole
from centralita.sandbox.invgate.rules import read_rule

MOST_SEEDED = 200_000
_PEOPLE_IN = ("requester", "creator", "agent", "author", "user")
_TICKET = {"title", "description", "requester", "creator", "priority_id", "type_id", "category_id", "custom_fields"}

Record = TypeVar("Record", User, Person, Asset)


def _backend(request: web.Request) -> Backend:
    return request.app[BACKEND]


async def _wish(request: web.Request, allowed: set[str], *required: str) -> dict[str, Any]:
    """The body, with people by their ids. Raises ControlError for a name that is not allowed or is missing."""
    wish = await read_object(request)
    unknown = set(wish) - allowed - set(required)
    if unknown:
        raise ControlError(f"there is no field {min(unknown)}")
    for name in required:
        if wish.get(name) in (None, ""):
            raise ControlError(f"{name} is missing")
    for name in _PEOPLE_IN:
        if name in wish:
            wish[name] = _user_id(_backend(request), wish[name])
    return wish


def _user_id(backend: Backend, who: Any) -> int:
    for user in backend.desk.users.values():
        if who in (user.id, user.email, user.username):
            return user.id
    raise ControlError(f"there is no user {who}", 404)


def _checked(wish: dict[str, Any]) -> dict[str, Any]:
    """The facts of a ticket, each of the type that it must have. Raises ControlError."""
    for name, value in wish.items():
        wanted = int if name.endswith("_id") or name in _PEOPLE_IN else dict if name == "custom_fields" else str
        if type(value) is not wanted:
            raise ControlError(f"{name} has the wrong type")
    return wish


def _ticket_id(request: web.Request) -> int:
    return _path_id(request, _backend(request).desk.incidents, "ticket")


def _path_id(request: web.Request, known: dict[int, Any], what: str) -> int:
    found = read_whole(request.match_info["id"])
    if found is None or found not in known:
        raise ControlError(f"there is no {what} {request.match_info['id']}", 404)
    return found


def _done(**facts: Any) -> web.Response:
    return json_answer({"ok": True, **facts})


async def calls(request: web.Request) -> web.StreamResponse:
    """GET ``calls?after=N&timeout_s=&method=&endpoint=&wrote=``: the requests after number N that fit, in order; with
    ``timeout_s`` waits until there is one."""
    journal = _backend(request).journal
    after, timeout_s = (
        int(read_number(request, "after", 0, 2**53)),
        read_number(request, "timeout_s", 0, LONGEST_WAIT_S),
    )
    method, endpoint = request.query.get("method", ""), request.query.get("endpoint", "")
    wrote = request.query.get("wrote", "")

    def wanted(call: Call) -> bool:
        return (
            (not method or call.method == method)
            and (not endpoint or call.endpoint == endpoint)
            and (not wrote or call.wrote == (wrote in ("1", "true")))
        )

    found = await journal.wait(after, wanted, timeout_s) if timeout_s else journal.select(after, wanted)
    return _done(calls=[call.as_json() for call in found], last=journal.last_seq)


async def writes(request: web.Request) -> web.StreamResponse:
    """GET ``writes``: how many of each took effect, whether or not their answer arrived."""
    return _done(writes=dict(_backend(request).writes))


async def fail(request: web.Request) -> web.StreamResponse:
    """POST ``faults``: arms a fault (see ``faults.read_fault``). ``method`` is an HTTP method, an endpoint, or both
    with a blank between them; ``about`` the id of a ticket, an approval or an asset."""
    _backend(request).faults.armed.append(read_fault(await read_object(request)))
    return _done()


async def clear_faults(request: web.Request) -> web.StreamResponse:
    """DELETE ``faults``."""
    _backend(request).faults.clear()
    return _done()


async def switches(request: web.Request) -> web.StreamResponse:
    """GET or PUT ``switches`` (see ``Switches``)."""
    backend = _backend(request)
    if request.method == "PUT":
        backend.switches = backend.switches.changed(await read_object(request))
    return _done(switches=backend.switches.as_json())


async def revoke_tokens(request: web.Request) -> web.StreamResponse:
    """DELETE ``tokens``: no OAuth2 token is good any more."""
    _backend(request).desk_tokens.revoke()
    _backend(request).assets_tokens.revoke()
    return _done()


async def seed(request: web.Request) -> web.StreamResponse:
    """POST ``seed`` ``{assets, people, stale_percent}``: adds that many."""
    wish = await _wish(request, {"assets", "people", "stale_percent"})
    assets, people, stale_percent = wish.get("assets", 0), wish.get("people", 0), wish.get("stale_percent", 3.0)
    if not all(type(one) is int and 0 <= one <= MOST_SEEDED for one in (assets, people)):
        raise ControlError(f"assets and people are numbers up to {MOST_SEEDED}")
    if not isinstance(stale_percent, int | float) or not 0 <= stale_percent <= 100:
        raise ControlError("stale_percent is a number from 0 to 100")
    _backend(request).seed(assets, people, stale_percent)
    return _done(assets=len(_backend(request).fleet.assets), people=len(_backend(request).fleet.people))


async def add_ticket(request: web.Request) -> web.StreamResponse:
    """POST ``tickets`` ``{title, description, requester, creator, priority_id, type_id, category_id, custom_fields}``:
    answers its id."""
    wish = _checked(await _wish(request, _TICKET, "title"))
    requester = wish.pop("requester", ANA)
    incident = _backend(request).desk.create(
        wish.pop("title"), requester, wish.pop("creator", requester), source_id=2, **wish
    )
    return _done(id=incident.id)


async def change_ticket(request: web.Request) -> web.StreamResponse:
    """PATCH ``tickets/{id}`` ``{title, description, status_id, priority_id, type_id, category_id, custom_fields}``, as
    a workflow of InvGate could."""
    wish = _checked(await _wish(request, _TICKET - {"requester", "creator"} | {"status_id"}))
    _backend(request).desk.change(_ticket_id(request), **wish)
    return _done()


async def show_ticket(request: web.Request) -> web.StreamResponse:
    """GET ``tickets/{id}``: the ticket with its comments and approvals, as they are kept."""
    desk, ticket_id = _backend(request).desk, _ticket_id(request)
    asked = [asdict(one) for one in desk.approvals.values() if one.request_id == ticket_id]
    return _done(ticket={**asdict(desk.incidents[ticket_id]), "approvals": asked})


async def add_comment(request: web.Request) -> web.StreamResponse:
    """POST ``tickets/{id}/comments`` ``{comment, author, is_solution, customer_visible}``: answers its id."""
    wish = await _wish(request, {"author", "is_solution", "customer_visible"}, "comment")
    comment = _backend(request).desk.comment(
        _ticket_id(request),
        wish.get("author", LUIS),
        str(wish["comment"]),
        is_solution=wish.get("is_solution") is True,
        customer_visible=wish.get("customer_visible", True) is True,
    )
    return _done(id=comment.id)


async def assign(request: web.Request) -> web.StreamResponse:
    """POST ``tickets/{id}/assign`` ``{agent, group_id, author}``."""
    wish = await _wish(request, {"agent", "group_id", "author"})
    _backend(request).desk.assign(
        _ticket_id(request), wish.get("author", LUIS), wish.get("group_id", HELP_DESK), wish.get("agent")
    )
    return _done()


async def act(request: web.Request) -> web.StreamResponse:
    """POST ``tickets/{id}/act`` ``{action}``: one of ``model.TRANSITIONS``."""
    wish = await _wish(request, set(), "action")
    try:
        _backend(request).desk.act(_ticket_id(request), str(wish["action"]))
    except KeyError:
        raise ControlError(f"there is no action {wish['action']}") from None
    return _done()


async def breach_sla(request: web.Request) -> web.StreamResponse:
    """POST ``tickets/{id}/sla`` ``{sla}``: ``first_reply`` or ``resolution`` runs out."""
    wish = await _wish(request, set(), "sla")
    if wish["sla"] not in ("first_reply", "resolution"):
        raise ControlError("sla must be first_reply or resolution")
    _backend(request).desk.breach_sla(_ticket_id(request), wish["sla"])
    return _done()


async def add_approval(request: web.Request) -> web.StreamResponse:
    """POST ``tickets/{id}/approvals`` ``{voters, description, author, needs, type}``: answers its id. Without voters
    it waits for somebody to be added."""
    wish = await _wish(request, {"voters", "description", "author", "needs", "type"})
    backend = _backend(request)
    if wish.get("needs", "any") not in ("any", "all") or wish.get("type", 1) not in (1, 2):
        raise ControlError("needs is any or all, type 1 or 2")
    made = approvals.request_approval(
        backend.desk,
        _ticket_id(request),
        wish.get("author", LUIS),
        [_user_id(backend, one) for one in wish.get("voters", [])],
        str(wish.get("description", "")),
        type_id=wish.get("type", 1),
        needs=wish.get("needs", "any"),
    )
    return _done(id=made.id)


async def show_approval(request: web.Request) -> web.StreamResponse:
    """GET ``approvals/{id}``: the approval with its votes."""
    known = _backend(request).desk.approvals
    return _done(approval=asdict(known[_path_id(request, known, "approval")]))


async def answer_approval(request: web.Request) -> web.StreamResponse:
    """POST ``approvals/{id}/answer`` ``{user, answer, note}``: as that person in InvGate; ``answer`` is ``approved``,
    ``rejected`` or ``cancelled``."""
    wish = await _wish(request, {"note"}, "user", "answer")
    desk = _backend(request).desk
    approval_id = _path_id(request, desk.approvals, "approval")
    if wish["answer"] == "cancelled":
        return _done(approval=asdict(approvals.cancel(desk, approval_id, wish["user"])))
    if wish["answer"] not in ("approved", "rejected"):
        raise ControlError("answer must be approved, rejected or cancelled")
    found = approvals.answer(desk, approval_id, wish["user"], wish["answer"], str(wish.get("note", "")))
    return _done(approval=asdict(found))


def _build(kind: type[Record], facts: dict[str, Any]) -> Record:
    unknown = set(facts) - {one.name for one in fields(kind)}
    if unknown:
        raise ControlError(f"there is no field {min(unknown)}")
    return msgspec.convert(facts, kind)


def _adding(
    kind: type[Record], known: Callable[[Backend], dict[int, Record]], first: int, defaults: dict[str, Any]
) -> Handler:
    async def add(request: web.Request) -> web.StreamResponse:
        """POST: the fields of the record without its id; answers the id."""
        backend = _backend(request)
        records = known(backend)
        new_id = backend.desk.new_id(kind.__name__, records, first)
        made = _build(kind, {**defaults, **await read_object(request), "id": new_id})
        records[new_id] = made
        return _done(id=new_id)

    return add


def _changing(kind: type[Record], known: Callable[[Backend], dict[int, Record]]) -> Handler:
    async def change(request: web.Request) -> web.StreamResponse:
        """PATCH: some fields of the record."""
        records = known(_backend(request))
        record_id = _path_id(request, records, kind.__name__.lower())
        records[record_id] = _build(kind, {**asdict(records[record_id]), **await read_object(request), "id": record_id})
        return _done()

    return change


def _showing(kind: type[Record], known: Callable[[Backend], dict[int, Record]]) -> Handler:
    async def show(request: web.Request) -> web.StreamResponse:
        """GET: one record."""
        records = known(_backend(request))
        return _done(record=asdict(records[_path_id(request, records, kind.__name__.lower())]))

    return show


def _users(backend: Backend) -> dict[int, User]:
    return backend.desk.users


def _assets(backend: Backend) -> dict[int, Asset]:
    return backend.fleet.assets


def _people(backend: Backend) -> dict[int, Person]:
    return backend.fleet.people


async def add_rule(request: web.Request) -> web.StreamResponse:
    """POST ``rules`` (see ``rules.read_rule``): a webhook out; answers its id."""
    return _done(id=_backend(request).rules.add(read_rule(await read_object(request))))


async def list_rules(request: web.Request) -> web.StreamResponse:
    """GET ``rules``, without their secrets."""
    return _done(rules=[one.as_json() for one in _backend(request).rules.rules.values()])


async def clear_rules(request: web.Request) -> web.StreamResponse:
    """DELETE ``rules``."""
    _backend(request).rules.rules.clear()
    return _done()


async def sent(request: web.Request) -> web.StreamResponse:
    """GET ``sent?after=N&timeout_s=``: the webhooks that went out after number N, and what became of each."""
    journal = _backend(request).rules.sent
    after, timeout_s = (
        int(read_number(request, "after", 0, 2**53)),
        read_number(request, "timeout_s", 0, LONGEST_WAIT_S),
    )
    found = (
        await journal.wait(after, lambda one: True, timeout_s) if timeout_s else journal.select(after, lambda _: True)
    )
    return _done(sent=[one.as_json() for one in found], last=journal.last_seq)


async def reset(request: web.Request) -> web.StreamResponse:
    """POST ``reset``: everything as it was at the start."""
    _backend(request).clear()
    return _done()


def _refusing(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except DeskError as error:
            raise ControlError(str(error), 409) from None

    return explained(answer)


def routes() -> list[web.RouteDef]:
    """The control API's routes."""
    person = {"name": "", "email": ""}
    table: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "calls", calls),
        ("GET", "writes", writes),
        ("POST", "faults", fail),
        ("DELETE", "faults", clear_faults),
        ("GET", "switches", switches),
        ("PUT", "switches", switches),
        ("DELETE", "tokens", revoke_tokens),
        ("POST", "seed", seed),
        ("POST", "tickets", add_ticket),
        ("GET", "tickets/{id}", show_ticket),
        ("PATCH", "tickets/{id}", change_ticket),
        ("POST", "tickets/{id}/comments", add_comment),
        ("POST", "tickets/{id}/assign", assign),
        ("POST", "tickets/{id}/act", act),
        ("POST", "tickets/{id}/sla", breach_sla),
        ("POST", "tickets/{id}/approvals", add_approval),
        ("GET", "approvals/{id}", show_approval),
        ("POST", "approvals/{id}/answer", answer_approval),
        ("POST", "users", _adding(User, _users, 1001, {"username": "", **person})),
        ("PATCH", "users/{id}", _changing(User, _users)),
        ("POST", "assets", _adding(Asset, _assets, FIRST_ASSET, {"serial": "", "inventory_id": "", "reported_at": ""})),
        ("GET", "assets/{id}", _showing(Asset, _assets)),
        ("PATCH", "assets/{id}", _changing(Asset, _assets)),
        ("POST", "people", _adding(Person, _people, FIRST_PERSON, person)),
        ("PATCH", "people/{id}", _changing(Person, _people)),
        ("POST", "rules", add_rule),
        ("GET", "rules", list_rules),
        ("DELETE", "rules", clear_rules),
        ("GET", "sent", sent),
        ("POST", "reset", reset),
    )
    return [web.route(method, f"/_control/{path}", _refusing(handler)) for method, path, handler in table]
