"""Approvals: asking for one, answering, and everything between."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from centralita.core.approvals import FINAL, Approval, Stage
from centralita.core.approvers import Approver, StageSpec, read_approver
from centralita.core.attributes import web_url
from centralita.core.recipients import is_address
from centralita.services import approvals
from centralita.services.approvals import Declined, Filter, NewApproval
from centralita.services.times import shown
from centralita.services.wording import in_words
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Page, Word
from centralita.web.api.problems import Problem, locale_of
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["approvals"])
T = TypeVar("T")

FORBIDDEN = frozenset(
    {"approval.self", "approval.not_approver", "approval.not_requester", "approval.not_yours", "approval.behalf"}
)
IN_THE_WAY = frozenset(
    {
        *("approval.decided", "approval.answering", "approval.over", "approval.voted"),
        *("approval.asked", "approval.not_asked", "approval.another_question"),
        *("approval.already_approver", "approval.invgate_unconfigured"),
    }
)


def _who(value: str) -> str:
    if value and not (is_address(value) or value.isdigit()):
        raise ValueError("an e-mail address or the id of an InvGate user")
    return value


def _link(value: str) -> str:
    if value and not web_url(value):
        raise ValueError("an http:// or https:// address")
    return value


Who = Annotated[str, StringConstraints(max_length=254, strip_whitespace=True), AfterValidator(_who)]
Somebody = Annotated[Who, Field(min_length=1)]
Said = Annotated[str, StringConstraints(max_length=4000)]
Needed = Annotated[Said, StringConstraints(min_length=1)]
Short = Annotated[str, StringConstraints(max_length=200)]
Span = Annotated[float, Field(ge=0, le=366 * 86_400)]


class PersonView(BaseModel):
    """Somebody; what is not known is ""."""

    id: str = ""
    name: str = ""
    email: str = ""


class VoteView(BaseModel):
    """One answer: who gave it, for whom, and when."""

    answer: str
    by: PersonView
    on_behalf_of: PersonView
    at: str | None
    note: str
    entered_by: PersonView
    """Who entered it for them; empty when they did so themselves."""


class StageView(BaseModel):
    """Who answers at one stage."""

    mode: str
    quorum: int
    approvers: list[PersonView]
    fallbacks: list[PersonView]
    escalate_to: list[PersonView]
    escalated: bool
    votes: list[VoteView]


class ApprovalView(BaseModel):
    """An approval. `stage` counts from 1; `answering` means that InvGate is being told."""

    id: str
    state: str
    authority: str
    title: str
    justification: str
    amount: float | None
    currency: str
    category: str
    url: str
    requester: PersonView
    source: str
    subject: str
    ticket: str
    stage: int
    stages: list[StageView]
    waits_for: list[PersonView]
    note_required: str
    question: str
    answer: str
    outcome: VoteView | None
    fault: str
    next_due: str | None
    expires_at: str | None
    created_at: str | None
    updated_at: str | None


class StageBody(BaseModel):
    """`any`: the first answer decides. `all`, `quorum`: so many have to approve."""

    model_config = ConfigDict(extra="forbid")
    approvers: list[Somebody] = Field(min_length=1, max_length=50)
    mode: Literal["any", "all", "quorum"] = "any"
    quorum: int = Field(default=0, ge=0, le=50)
    fallbacks: list[Somebody] = Field(default=[], max_length=50)
    escalate_to: list[Somebody] = Field(default=[], max_length=50)


class ApprovalBody(BaseModel):
    """Without stages, the rules of the settings say who is asked."""

    model_config = ConfigDict(extra="forbid")
    title: Annotated[Short, StringConstraints(min_length=1, strip_whitespace=True)]
    justification: Said = ""
    amount: float | None = Field(default=None, allow_inf_nan=False)
    currency: Annotated[str, StringConstraints(max_length=12)] = ""
    category: Short = ""
    url: Annotated[str, StringConstraints(max_length=2000), AfterValidator(_link)] = ""
    requester: Who = ""
    source: Short = ""
    subject: Short = ""
    stages: list[StageBody] = Field(default=[], max_length=10)
    expire_s: Span | None = None
    escalate_s: Span | None = None
    on_expiry: Literal["", "deny", "escalate"] = ""
    note_required: Literal["", "never", "reject", "always"] = ""

    def wanted(self) -> NewApproval:
        """As the use case takes it."""
        given = self.model_dump(exclude={"stages"})
        return NewApproval(**given, stages=tuple(map(_spec, self.stages)))


class AnswerBody(BaseModel):
    """`on_behalf_of` needs `approval.manage`; `stage` is the one that was seen, so that pressing twice counts once."""

    model_config = ConfigDict(extra="forbid")
    note: Said = ""
    on_behalf_of: Who = ""
    stage: int | None = Field(default=None, ge=1, le=10)


class TextBody(BaseModel):
    """A question, or its answer."""

    model_config = ConfigDict(extra="forbid")
    text: Needed


class ReassignBody(BaseModel):
    """Who answers instead of `person`; left out: of oneself."""

    model_config = ConfigDict(extra="forbid")
    to: Somebody
    person: Who = ""


class NoteBody(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    note: Said = ""


def _spec(stage: StageBody) -> StageSpec:
    def people(written: list[str]) -> tuple[Approver, ...]:
        return tuple(map(read_approver, written))

    return StageSpec(
        approvers=people(stage.approvers),
        mode=stage.mode,
        quorum=stage.quorum,
        fallbacks=people(stage.fallbacks),
        escalation=people(stage.escalate_to),
    )


def _person(person: Approver) -> PersonView:
    return PersonView(id=person.id, name=person.name, email=person.email)


def _people(people: tuple[Approver, ...]) -> list[PersonView]:
    return [_person(each) for each in people]


def _vote(vote: Any) -> VoteView:
    return VoteView(
        answer=vote.answer,
        by=_person(vote.by),
        on_behalf_of=_person(vote.seat),
        at=shown(vote.at),
        note=vote.note,
        entered_by=_person(vote.hand),
    )


def _stage(stage: Stage) -> StageView:
    return StageView(
        mode=stage.mode,
        quorum=stage.quorum,
        approvers=_people(stage.approvers),
        fallbacks=_people(stage.fallbacks),
        escalate_to=_people(stage.escalation),
        escalated=stage.escalated,
        votes=[_vote(vote) for vote in stage.votes],
    )


def _view(approval: Approval) -> ApprovalView:
    same = ("id", "state", "authority", "title", "justification", "amount", "currency", "category", "url", "source")
    more = ("subject", "ticket", "note_required", "question", "answer", "fault")
    over = approval.state in FINAL
    return ApprovalView(
        **{name: getattr(approval, name) for name in (*same, *more)},
        requester=_person(approval.requester),
        stage=approval.stage + 1,
        stages=[_stage(stage) for stage in approval.stages],
        waits_for=[] if over else _people(approval.current.waits_for()),
        outcome=None if approval.outcome is None else _vote(approval.outcome),
        next_due=shown(approval.next_due),
        expires_at=None if over else shown(approval.expire_at or None),
        created_at=shown(approval.created_at),
        updated_at=shown(approval.updated_at),
    )


async def done(request: Request, work: Awaitable[T]) -> T:
    """The result of a use case. Raises Problem for what it declines: who decided, how and when are members of it."""
    try:
        return await work
    except Declined as fault:
        status = 403 if fault.reason in FORBIDDEN else 409 if fault.reason in IN_THE_WAY else 422
        arguments, locale = dict(fault.arguments), locale_of(request)
        if "at" in arguments:
            arguments["at"] = shown(arguments["at"])
        words = dict(arguments)
        if "answer" in words:
            words["answer"] = in_words(f"approval.{words['answer']}", {}, locale)
        raise Problem(status, fault.reason, in_words(fault.reason, words, locale), **arguments) from None


@router.get("/approvals", dependencies=[requires("approval.read")])
async def list_approvals(
    request: Request,
    state: Annotated[str, Query(max_length=20, description="A state, or `waiting`: not over.")] = "",
    approver: Annotated[str, Query(max_length=254, description="Whose answer it waits for: an address, or `me`.")] = "",
    subject: Word = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Page[ApprovalView]:
    """The newest first."""
    hub = hub_of(request)
    if approver == "me":
        approver = await approvals.mine(hub, await principal_of(request)) or "-"
    wanted = Filter(state=state, approver=approver, subject=subject)
    found = await approvals.listing(hub, wanted, limit, cursor)
    return Page([_view(each) for each in found], found[-1].id if len(found) == limit else None)


@router.post("/approvals", dependencies=[requires("approval.request")], status_code=201)
async def request_approval(request: Request, body: ApprovalBody) -> ApprovalView:
    """Asks for an approval. Whoever may approve it is told by a direct message."""
    work = approvals.request(changing_hub(request), await principal_of(request), body.wanted())
    return _view(await done(request, work))


@router.get("/approvals/{approval_id}", dependencies=[requires("approval.read")])
async def show_approval(request: Request, approval_id: str) -> ApprovalView:
    """One approval, with every answer."""
    found = await approvals.show(hub_of(request), approval_id)
    if found is None:
        raise Problem(404, "not_found", approval_id[:100])
    return _view(found)


@router.post("/approvals/{approval_id}/approve", dependencies=[requires("approval.decide")])
async def approve(request: Request, approval_id: str, body: AnswerBody | None = None) -> ApprovalView:
    """Approves. The same again is 200 and changes nothing; after somebody else it is 409, with who, how and when."""
    return await _give(request, approval_id, "approve", body or AnswerBody())


@router.post("/approvals/{approval_id}/reject", dependencies=[requires("approval.decide")])
async def reject(request: Request, approval_id: str, body: AnswerBody | None = None) -> ApprovalView:
    """Rejects; as approving."""
    return await _give(request, approval_id, "reject", body or AnswerBody())


async def _give(
    request: Request, approval_id: str, answer: Literal["approve", "reject"], body: AnswerBody
) -> ApprovalView:
    principal = await principal_of(request)
    work = approvals.give(changing_hub(request), principal, approval_id, answer, **body.model_dump())
    return _view(await done(request, work))


@router.post("/approvals/{approval_id}/ask", dependencies=[requires("approval.decide")])
async def ask(request: Request, approval_id: str, body: TextBody) -> ApprovalView:
    """An approver wants to know more: the times stand still until the requester has answered."""
    work = approvals.ask(changing_hub(request), await principal_of(request), approval_id, body.text)
    return _view(await done(request, work))


@router.post("/approvals/{approval_id}/answer", dependencies=[requires("approval.request")])
async def answer(request: Request, approval_id: str, body: TextBody) -> ApprovalView:
    """The requester answers the question."""
    work = approvals.tell(changing_hub(request), await principal_of(request), approval_id, body.text)
    return _view(await done(request, work))


@router.post("/approvals/{approval_id}/reassign", dependencies=[requires("approval.decide")])
async def reassign(request: Request, approval_id: str, body: ReassignBody) -> ApprovalView:
    """Somebody else answers instead. Another's place needs `approval.manage`."""
    work = approvals.reassign(changing_hub(request), await principal_of(request), approval_id, body.person, body.to)
    return _view(await done(request, work))


@router.post("/approvals/{approval_id}/cancel", dependencies=[requires("approval.request")])
async def cancel(request: Request, approval_id: str, body: NoteBody | None = None) -> ApprovalView:
    """It is not needed any more. What somebody else asked for needs `approval.manage`."""
    principal, note = await principal_of(request), body.note if body is not None else ""
    return _view(await done(request, approvals.cancel(changing_hub(request), principal, approval_id, note)))
