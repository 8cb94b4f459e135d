"""Answers and changes of approvals: ``approval.accept``, ``.reject``, ``.cancel``, ``.add_voter``, ``.create``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, cast

from centralita.integrations.invgate.client import service_desk as desk
from centralita.integrations.invgate.client.session import Call, Failed
from centralita.integrations.invgate.ticket_writes import CLOCKS_DIFFER_S
from centralita.integrations.invgate.writing import DONE, Work, Write
from centralita.ports import Outcome

Verb = Literal["accept", "reject", "cancel"]
WAITING, SPONTANEOUS = -1, 2
STATUS: Mapping[str, int] = {"accept": 1, "reject": 0, "cancel": -2}


def _answer(work: Work) -> Call[Outcome]:
    """Arguments: approval, ticket, user, note. InvGate decides: an approval that was answered there otherwise is
    ``skipped``, with the answer that it has."""
    verb = cast(Verb, work.delivery.effect.action.rpartition(".")[2])
    current = yield from _find(work)
    if current.status != WAITING:
        answer = {"approval": {"id": current.id, "status": current.status}}
        if current.status == STATUS[verb]:
            return Outcome(state="delivered", answer=answer)
        return Outcome(state="skipped", reason="approval.answered_elsewhere", failure=False, answer=answer)
    user = yield from work.user(work.argument("user"))
    key = work.config["approval_key"]
    value = current.id if key == "approval_id" else work.argument("ticket")
    yield from desk.answer_approval(work.session, verb, key, value, user, work.argument("note"))
    status = (yield from _status_after(work, current.id, STATUS[verb])) if verb != "cancel" else STATUS[verb]
    return Outcome(state="delivered", answer={"approval": {"id": current.id, "status": status}})


def _status_after(work: Work, approval: str, said: int) -> Call[int]:
    """-1 when InvGate wants the votes of others too; as it was answered when that can't be read now."""
    try:
        found = yield from desk.approvals(work.session, work.argument("ticket"))
    except Failed:
        return said
    return next((one.status for one in found if one.id == approval), said)


def _find(work: Work) -> Call[desk.Approval]:
    """The approval; without its id the only one that waits."""
    number, wanted = work.argument("ticket"), work.argument("approval")
    found = yield from desk.approvals(work.session, number)
    hits = [one for one in found if (one.id == wanted if wanted else one.status == WAITING)]
    if len(hits) != 1:
        raise Failed("invgate.not_found", f"ticket {number}, approval {wanted or '?'}", retriable=False)
    return hits[0]


def _add_voter(work: Work) -> Call[Outcome]:
    """Arguments: approval, ticket, user (id or e-mail)."""
    approval = (yield from _find(work)).id
    user = yield from work.user(work.argument("user"))
    voters = yield from desk.possible_voters(work.session, approval)
    if user not in [voter.id for voter in voters]:
        yield from desk.add_voter(work.session, approval, user)
    return DONE


def _create(work: Work) -> Call[Outcome]:
    """Arguments: ticket, author, approver (ids or e-mails), description."""
    number = work.argument("ticket")
    author = yield from work.author()
    approver = yield from work.user(work.argument("approver"))
    since = int(datetime.fromisoformat(work.delivery.event.time).timestamp()) - CLOCKS_DIFFER_S
    if work.is_repeated:
        found = yield from desk.approvals(work.session, number)
        if any(one.author == author and one.type == SPONTANEOUS and one.created_at >= since for one in found):
            return DONE
    yield from desk.request_approval(work.session, number, author, approver, work.argument("description"))
    return DONE


WRITES: Mapping[str, Write] = {
    "approval.accept": _answer,
    "approval.reject": _answer,
    "approval.cancel": _answer,
    "approval.add_voter": _add_voter,
    "approval.create": _create,
}
