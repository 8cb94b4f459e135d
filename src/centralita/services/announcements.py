"""What the hub itself has to say, as events of the source ``centralita``: written with the change that they tell of.

An event of ours may carry effects beside the rules' (a write into InvGate, a message to an approver), and may be about
a subject of another source: it is told in that subject's thread, and does not change what is known of the subject.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from centralita.core.effects import Effect
from centralita.core.events import MAX_CAUSATION_DEPTH, Event, EventType, event_id
from centralita.core.payload import PayloadError
from centralita.i18n import N_
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict
from centralita.store import receipts
from centralita.store.database import Transaction

SLUG = "centralita"

TYPES: dict[str, EventType] = {
    declared.name: declared
    for declared in (
        EventType("centralita.delivery.dead", N_("A delivery was given up")),
        EventType("centralita.breaker.opened", N_("A destination keeps failing; its queue is held")),
        EventType("centralita.breaker.closed", N_("A destination answers again; its queue goes on")),
        EventType("centralita.webhook.failing", N_("A webhook keeps failing for days; soon the hub stops sending")),
        EventType("centralita.webhook.disabled", N_("The hub has stopped sending to a webhook; its queue is kept")),
        EventType("centralita.source.rejecting", N_("A source's requests are being refused")),
        EventType("centralita.receipt.unparsed", N_("A request that was accepted cannot be understood")),
        EventType("centralita.write.requested", N_("Somebody asked the hub to change something in another system")),
        EventType("centralita.write.ended", N_("Another system has done what somebody asked for, or refused it")),
        EventType("approval.requested", N_("Somebody was asked to approve something")),
        EventType("approval.assigned", N_("It is known who answers an approval of InvGate, and they were asked")),
        EventType("approval.voted", N_("One of several has answered; others still have to")),
        EventType("approval.answered", N_("Something was approved or rejected")),
        EventType("approval.reminded", N_("Approvers who had not answered were reminded")),
        EventType("approval.escalated", N_("An approval took too long; others were asked too")),
        EventType("approval.expired", N_("Nobody answered in time: denied")),
        EventType("approval.reassigned", N_("Somebody else answers instead")),
        EventType("approval.delegated", N_("Somebody stands in for an approver from now on, and was asked")),
        EventType("approval.info_requested", N_("An approver wants to know more")),
        EventType("approval.info_given", N_("The requester answered an approver's question")),
        EventType("approval.cancelled", N_("An approval is not needed any more")),
        EventType("approval.unassigned", N_("An approval waits, and nobody can be asked")),
        EventType("approval.failed", N_("InvGate did not take what it was told about an approval")),
        EventType("centralita.approval.decided", N_("Somebody has decided here, and InvGate is being told")),
        EventType("centralita.approval.closed", N_("An approval was answered in InvGate; whoever was asked sees it")),
        EventType("incident.created", N_("An incident was created here")),
        EventType("incident.acknowledged", N_("Somebody took charge of an incident")),
        EventType("incident.assigned", N_("Somebody else has to see to an incident")),
        EventType("incident.updated", N_("Title, description, priority or affected CIs of an incident changed")),
        EventType("incident.commented", N_("Somebody wrote about an incident")),
        EventType("incident.related", N_("An event was found to belong to an incident")),
        EventType("incident.resolved", N_("An incident is over")),
        EventType("incident.reopened", N_("A resolved incident is open again")),
        EventType(
            "centralita.incident.posted", N_("An incident's message stands in its channel; those concerned are told")
        ),
        EventType(
            "centralita.incident.raised", N_("An incident was created from an event; the event's thread is told")
        ),
        EventType("alert.acknowledged", N_("Somebody took charge of an alert here")),
        EventType("asset.plan_finished", N_("A plan of changes to assets' owners is ready to be looked at")),
        EventType("asset.plan_failed", N_("A plan of changes to assets' owners could not be read")),
        EventType("asset.plan_stopped", N_("A plan of changes to assets' owners was not applied by itself")),
        EventType("asset.plan_applied", N_("A plan of changes to assets' owners was applied")),
        EventType("asset.plan_reverted", N_("A plan of changes to assets' owners was put back")),
        EventType("asset.owner_change_requested", N_("InvGate is asked to change an asset's owner")),
        EventType("asset.owner_changed", N_("An asset's owner was changed by the hub")),
        EventType("ci.created", N_("Somebody made a configuration item by hand")),
        EventType("ci.updated", N_("Somebody changed a configuration item, or what it has to do with another")),
        EventType("ci.deleted", N_("Somebody took away a configuration item that was made by hand")),
        EventType("centralita.unknown", N_("An event of the hub that this version does not know")),
    )
}
_APPROVAL = (
    *("id", "status", "title", "justification", "amount", "currency", "ticket", "authority", "stage", "stages"),
    *("given", "waits_for", "told", "approvers", "version", "note_required"),
    *("question", "answer", "note", "reason", "due_at"),
)
_INCIDENT = (
    *("id", "number", "title", "description", "priority", "status", "assignee", "by", "note", "correlation", "url"),
    *("created_at", "acknowledged_at", "resolved_at", "changes.*"),
    *(f"related.{name}" for name in ("event", "source", "subject", "title", "more")),
)
_SEVERITIES: Mapping[str, Any] = {
    "centralita.delivery.dead": "high",
    "centralita.breaker.opened": "high",
    "centralita.breaker.closed": "info",
    "centralita.webhook.failing": "high",
    "centralita.webhook.disabled": "critical",
    "centralita.source.rejecting": "medium",
    "centralita.receipt.unparsed": "high",
}


def announce(
    tx: Transaction,
    receipt_id: str,
    type_: str,
    *,
    subject: str,
    title: str,
    now: float,
    facts: Mapping[str, Any],
    cause: Event | None = None,
) -> bool:
    """Appends an event of our own; False when saying it would lead in a circle.

    ``subject`` is what it is about (``lane/webhook:erp``, ``source/invgate``), ``facts`` its data, ``cause`` the event
    whose handling led to it.
    """
    if cause is not None and (cause.depth >= MAX_CAUSATION_DEPTH or (cause.type, cause.subject) == (type_, subject)):
        return False  # the announcement itself could not be delivered there: saying so there helps nobody
    about = {"about": {"type": cause.type, "title": cause.title}} if cause is not None else {}
    event = Event(
        id=event_id(receipt_id, 0),
        source=SLUG,
        type=type_,
        time=rfc3339(now),
        subject=subject,
        severity=_SEVERITIES.get(type_),
        title=title,
        phase="closed" if type_.endswith(".closed") else "open",
        cause=cause.id if cause is not None else "",
        depth=cause.depth + 1 if cause is not None else 0,
        data={**facts, **about},
    )
    append_own(tx, receipt_id, Own(event=event), now)
    return True


def rfc3339(at: float) -> str:
    """A time as events write it."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


class About(msgspec.Struct, frozen=True):
    """A subject of another source."""

    source: str
    subject: str


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """What the receipt of an event of ours holds."""

    event: Event
    effects: tuple[Effect, ...] = ()
    about: About | None = None


def tell(
    tx: Transaction,
    receipt_id: str,
    type_: str,
    *,
    now: float,
    subject: str,
    title: str,
    data: Mapping[str, Any],
    effects: Sequence[Effect] = (),
    about: About | None = None,
    **attributes: Any,
) -> Event:
    """Appends an event of our own that somebody's decision led to, with the effects that were decided with it.

    ``attributes`` are further ones of ``core.events.Event`` (``severity``, ``status``, ``cause``...).
    """
    id_, time = event_id(receipt_id, 0), rfc3339(now)
    event = Event(
        id=id_, source=SLUG, type=type_, time=time, subject=subject, title=title, data=dict(data), **attributes
    )
    append_own(tx, receipt_id, Own(event=event, effects=tuple(effects), about=about), now)
    return event


def append_own(tx: Transaction, receipt_id: str, own: Own, now: float) -> None:
    """Puts an event of our own into the log and the inbox; it is routed like any other."""
    receipts.put(tx, SLUG, receipt_id, "application/json", msgspec.json.encode(own), now)


def read_own(body: bytes) -> Own:
    """What the body of a receipt of ours says. Raises PayloadError."""
    try:
        return _own.decode(body)
    except msgspec.DecodeError:
        pass  # written before events of ours had effects: the bare event
    try:
        return Own(event=msgspec.json.decode(body, type=Event))
    except msgspec.DecodeError as fault:
        raise PayloadError("json.syntax", str(fault)) from fault


_own = msgspec.json.Decoder(Own)


class OwnEvents:
    """The source ``centralita``. Takes nothing from outside."""

    kind = SLUG
    types: Mapping[str, EventType] = TYPES
    fields: tuple[ConfigField, ...] = ()
    paths: tuple[str, ...] = (
        "lane",
        "reason",
        "more",
        "delivery",
        "retry_at",
        "waiting",
        "last_error",
        "percent",
        "since",
        "disables_at",
        "source",
        "receipt",
        "count",
        "action",
        "actor",
        *("state", "ticket.id", "wish.agent", "wish.status", "wish.text"),
        "about.type",
        "about.title",
        *(f"approval.{name}" for name in _APPROVAL),
        *(f"incident.{name}" for name in _INCIDENT),
        "affected_cis",
        "description",
        *(f"comment.{name}" for name in ("text", "author", "message")),
        *(f"acknowledged.{name}" for name in ("by", "at", "event")),
        *(f"{role}.{name}" for role in ("requester", "agent", "approver") for name in ("id", "name", "email")),
        "plan.id",
        "plan.state",
        "plan.mode",
        "plan.assets",
        "plan.changes",
        "plan.conflicts",
        "plan.most_changes",
        "plan.reverted",
        "counts.*",
        "account",
        "asset.id",
        "asset.name",
        "asset.serial",
        *(f"ci.{name}" for name in ("id", "name", "type", "status", "version", "owner.name", "owner.email")),
        "changes.*",
        "owner.id",
        "owner.name",
        "owner.email",
        "previous_owner.id",
        "previous_owner.name",
        "previous_owner.email",
    )

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        return []

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        return Verdict(ok=False, reason="source.internal")

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        return [read_own(receipt.body).event]
