"""Failures of webhooks in groups, as people see to them."""

from __future__ import annotations

from dataclasses import dataclass

from centralita.core.failures import IllegalChange, next_state, parted
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.replay import NotFound
from centralita.services.source_changes import InTheWay
from centralita.services.times import shown
from centralita.services.wording import in_words
from centralita.store import webhook_issues
from centralita.store.database import Transaction
from centralita.store.webhook_issues import Issue


@dataclass(frozen=True)
class IssueView:
    """Everything that fails in one way at one webhook."""

    id: int
    webhook: str
    state: str
    """``open``, ``acknowledged``, ``resolved`` (open again as soon as it fails again), ``ignored``."""
    reason: str
    status: int
    """That the receiver answered; 0 for none."""
    said: str
    """The reason in words."""
    count: int
    first_at: str | None
    last_at: str | None
    event: str
    """Of the newest failure, as the delivery, the attempt and the detail."""
    delivery: str
    attempt: str
    detail: str
    changed_by: str
    """Who gave it its state; "" while nobody has."""
    changed_at: str | None


async def listing(
    hub: Hub, state: str, webhook: str, limit: int, behind: tuple[int, int] | None, locale: str
) -> list[IssueView]:
    """The most common first."""
    found = await hub.database.read(lambda tx: webhook_issues.listing(tx, limit, state, webhook, behind))
    return [_view(issue, locale) for issue in found]


async def get(hub: Hub, number: int, locale: str) -> IssueView:
    """One of them. Raises NotFound."""
    found = await hub.database.read(lambda tx: webhook_issues.get(tx, number))
    if found is None:
        raise NotFound(number)
    return _view(found, locale)


async def change(hub: Hub, actor: str, number: int, action: str, locale: str) -> IssueView:
    """``core.failures.ACTIONS``. Raises NotFound, InTheWay."""
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        found = webhook_issues.get(tx, number, held=True)
        if found is None:
            raise NotFound(number)
        try:
            state = next_state(found.state, action)
        except IllegalChange:
            raise InTheWay("issue.state", state=found.state) from None
        webhook_issues.set_state(tx, number, state, actor, now)
        details = {"webhook": found.webhook, "kind": found.key, "before": found.state, "after": state}
        record(tx, now, actor, f"webhook_issue.{state}", f"webhook_issue/{number}", details)

    await hub.database.write(write)
    return await get(hub, number, locale)


def _view(issue: Issue, locale: str) -> IssueView:
    reason, status = parted(issue.key)
    return IssueView(
        id=issue.id,
        webhook=issue.webhook,
        state=issue.state,
        reason=reason,
        status=status,
        said=in_words(reason, {}, locale),
        count=issue.count,
        first_at=shown(issue.first_at),
        last_at=shown(issue.last_at),
        event=issue.event_id,
        delivery=f"dlv_{issue.delivery_id}",
        attempt=issue.attempt,
        detail=issue.detail,
        changed_by=issue.changed_by,
        changed_at=shown(issue.changed_at),
    )
