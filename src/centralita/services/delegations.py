"""Who stands in for whom as an approver: as people say, beside what is configured."""

from __future__ import annotations

from collections.abc import Sequence

from centralita.core.approvals import Approval, answerers
from centralita.core.approvers import Approver, Delegation, is_among, read_approver
from centralita.services import approval_telling as telling
from centralita.services.access import Principal
from centralita.services.approval_reactions import disabled
from centralita.services.approvals import MANAGE, Declined, wake, who_is
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.store import approvals
from centralita.store.approvals import Filter, StoredDelegation
from centralita.store.database import Transaction

__all__ = ["StoredDelegation", "delegate", "delegations", "undelegate"]

MOST_ASKED = 200
"""So many open approvals are handed to somebody who begins to stand in; of older ones the next reminder tells them."""


async def delegate(
    hub: Hub, principal: Principal, person: str, to: str, begins_at: float, ends_at: float
) -> StoredDelegation:
    """``to`` stands in for ``person`` ("" for oneself), and is asked at once what waits for them. Raises Declined."""
    now = hub.clock.now()

    def add(tx: Transaction) -> StoredDelegation:
        me = who_is(tx, principal)
        away = read_approver(person) if person else me
        if not away.key or not (principal.may(MANAGE) or away.is_same(me)):
            raise Declined("approval.not_yours")
        deputy = read_approver(to)
        if disabled(tx, [deputy]):
            raise Declined("approval.disabled", {"who": to})
        if away.is_same(deputy) or ends_at <= max(begins_at, now):
            raise Declined("approval.delegation")
        number = approvals.delegate(tx, away.key, deputy.key, begins_at, ends_at, principal.actor)
        after = {"person": away.key, "delegate": deputy.key, "begins_at": begins_at, "ends_at": ends_at}
        record(tx, now, principal.actor, "approval.delegated", f"delegation/{number}", {"after": after})
        if begins_at <= now:
            _hand_over(tx, hub, away, deputy, now)
        made = Delegation(person=away, delegate=deputy, begins_at=begins_at, ends_at=ends_at)
        return StoredDelegation(id=number, delegation=made, created_by=principal.actor)

    stored = await hub.database.write(add)
    wake(hub)
    return stored


def _hand_over(tx: Transaction, hub: Hub, away: Approver, deputy: Approver, now: float) -> None:
    """Who begins to stand in is written to about whatever waits for the one who is away."""
    holding = telling.delegations(tx, hub, now)
    for found in approvals.listing(tx, Filter(state="answerable", approvers=(away.key,)), MOST_ASKED):
        approval = approvals.lock(tx, found.id)
        if approval is not None and is_among(deputy, _unaware(approval, holding, now)):
            telling.hand_over(tx, hub, approval, away, deputy, now)


def _unaware(approval: Approval, holding: Sequence[Delegation], now: float) -> list[Approver]:
    """Who may answer and was not written to."""
    return [person for person in answerers(approval, holding, now) if not is_among(person, approval.reached)]


async def delegations(hub: Hub) -> list[StoredDelegation]:
    """Those that hold or will, without those of the settings."""
    return await hub.database.read(lambda tx: approvals.standing(tx, hub.clock.now()))


async def undelegate(hub: Hub, principal: Principal, number: int) -> None:
    """Ends one now. Raises Declined, LookupError."""
    now = hub.clock.now()

    def end(tx: Transaction) -> None:
        found = approvals.find_delegation(tx, number)
        if found is None or found.delegation.ends_at <= now:
            raise LookupError(str(number))
        if not (principal.may(MANAGE) or found.delegation.person.is_same(who_is(tx, principal))):
            raise Declined("approval.not_yours")
        approvals.end_delegation(tx, number, now)
        details = {"before": {"ends_at": found.delegation.ends_at}, "after": {"ends_at": now}}
        record(tx, now, principal.actor, "approval.undelegated", f"delegation/{number}", details)

    await hub.database.write(end)
