"""The messages of approvals as the hub keeps them: who is asked, who answered, what time brought.

The data is that of ``services.approval_telling.said``; all of it is optional.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from babel.numbers import format_decimal

from centralita.core import payload
from centralita.core.lamps import FAILED, FLOWING, HELD, OFF, WAITING
from centralita.core.mrkdwn import clean
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import Facts
from centralita.integrations.slack.messages import (
    Button,
    Confirm,
    Field,
    Message,
    Moment,
    Paragraph,
    links_of,
    present,
)
from centralita.integrations.slack.system import explain_reason

_LONG = 4000
APPROVE, REJECT = "approve_request", "reject_request"
ASK, DELEGATE, ANSWER = "request_info", "delegate_request", "answer_question"
"""Action ids of what can be done with an approval."""


class _Kind(msgspec.Struct, frozen=True):
    emoji: str
    headline: str
    """msgid with ``{title}``."""
    change: str
    """msgid with ``{who} {told} {waits} {requester} {note} {given}``."""
    colour: str = WAITING


_WAITS = N_("{title} waits for approval")
KINDS: Mapping[str, _Kind] = {
    "approval.requested": _Kind("📝", _WAITS, N_("{told} has to approve or reject it.")),
    "approval.assigned": _Kind("📝", _WAITS, N_("{told} has to approve or reject it.")),
    "approval.voted": _Kind("🗳️", _WAITS, N_("{who} has answered. Approved so far: {given}. It waits for {waits}.")),
    "approval.reminded": _Kind(
        "⏰", N_("{title} still waits for approval"), N_("Reminder: it waits for {waits}."), HELD
    ),
    "approval.escalated": _Kind("⏫", _WAITS, N_("It takes long: {told} was asked too."), HELD),
    "approval.reassigned": _Kind("🔁", _WAITS, N_("{told} answers instead of {note}.")),
    "approval.delegated": _Kind("🔁", _WAITS, N_("{told} was asked too, standing in for {who}.")),
    "approval.info_requested": _Kind(
        "❓", N_("Question about the approval of {title}"), N_("{who} wants to know more.")
    ),
    "approval.info_given": _Kind("💬", _WAITS, N_("{requester} answered the question.")),
    "approval.expired": _Kind(
        "⌛", N_("{title} was not approved in time"), N_("Nobody answered in time: denied."), FAILED
    ),
    "approval.cancelled": _Kind("🚫", N_("{title} needs no approval any more"), N_("Cancelled by {who}."), OFF),
    "approval.unassigned": _Kind(
        "⚠️",
        N_("Nobody can be asked to approve {title}"),
        N_("Somebody has to name an approver: in InvGate, in approvals.rules, or with approval reassign."),
        FAILED,
    ),
    "approval.failed": _Kind(
        "⚠️", N_("InvGate did not take the answer about {title}"), N_("It has to be answered again."), FAILED
    ),
    "centralita.approval.decided": _Kind("📨", _WAITS, N_("{who} has decided; InvGate is being told.")),
}
_ANSWERED: Mapping[str, _Kind] = {
    "approved": _Kind("✅", N_("{title} was approved"), N_("Approved by {who}."), FLOWING),
    "rejected": _Kind("⛔", N_("{title} was rejected"), N_("Rejected by {who}."), FAILED),
    "cancelled": KINDS["approval.cancelled"],
}
"""By the state that an answer led to."""


def is_approval(facts: Facts) -> bool:
    """Whether the hub itself tells of one of its approvals."""
    kept = bool(payload.text(facts.event.data, "approval.authority"))
    return kept and (facts.type in KINDS or facts.type in ("approval.answered", "centralita.approval.closed"))


def render_approval(facts: Facts) -> Message:
    """The approval as it is now, for whoever is asked, the requester, or a channel."""
    kind, locale = _kind(facts), facts.locale
    number = _said(facts, "ticket")
    fields = [
        Field(_("Requester", locale), facts.people["requester"] if facts.audience != "requester" else ""),
        Field(_("Amount", locale), _amount(facts)),
        Field(_("Category", locale), clean(facts.event.category)),
        Field(_("Ticket", locale), f"#{number}" if number else ""),
        Field(_("Stage", locale), _stage(facts)),
    ]
    if due_at := _said(facts, "due_at"):
        fields.append(Field(_("Until", locale), Moment(due_at)))
    return Message(
        emoji=kind.emoji,
        headline=_(kind.headline, locale).format(title=facts.title or _("Something", locale)),
        lead=_change(facts, kind),
        fields=tuple(field for field in fields if field.value),
        paragraphs=present([Paragraph(_("What for", locale), _said(facts, "justification")), *_talk(facts)]),
        links=links_of(facts, facts.event.url, _("Open ticket", locale)),
        buttons=_buttons(facts),
        notes=(_said(facts, "id"), Moment(facts.event.time)),
        colour=kind.colour,
    )


def render_approval_change(facts: Facts) -> Message:
    """What has just happened, for the thread."""
    kind = _kind(facts)
    return Message(
        emoji=kind.emoji,
        headline=_change(facts, kind),
        paragraphs=present(_words(facts)),
        notes=(Moment(facts.event.time),),
    )


def _buttons(facts: Facts) -> tuple[Button, ...]:
    """What whoever reads it may do now: answer, or tell the approver more."""
    data, reader = facts.event.data, facts.target.strip().casefold()
    state = payload.text(data, "approval.status")
    shown = pressed_value(
        payload.text(data, "approval.id"),
        payload.integer(data, "approval.stage") or 1,
        payload.integer(data, "approval.version") or 1,
    )
    if reader in (str(each).casefold() for each in payload.items(data, "approval.approvers")):
        note_required = payload.text(data, "approval.note_required")
        return answer_buttons(facts.locale, shown, facts.title, asked=state == "asked", note_required=note_required)
    if state == "asked" and reader == payload.text(data, "requester.email").casefold():
        return (question_button(facts.locale, shown),)
    return ()


def pressed_value(id_: str, stage: int, version: int) -> str:
    """What a button of an approval stands for: the approval as it was seen; ``stage`` counts from 1."""
    return f"{id_}:{stage}:{version}"


def answer_buttons(locale: str, value: str, title: str, *, asked: bool, note_required: str) -> tuple[Button, ...]:
    """What an approver may do. ``asked``: a question is open already; ``note_required`` as in ``core.approvals``."""
    yes = _("Approve", locale)
    sure = Confirm(
        title=_("Approve this?", locale),
        text=title or _("Something", locale),
        yes=yes,
        no=_("Not now", locale),
    )
    confirm = None if note_required == "always" else sure  # then a modal asks why
    approve = Button(label=yes, action_id=APPROVE, value=value, style="primary", confirm=confirm)
    found = [approve, Button(label=_("Reject…", locale), action_id=REJECT, value=value, style="danger")]
    if not asked:
        found.append(Button(label=_("Request info…", locale), action_id=ASK, value=value))
    return (*found, Button(label=_("Delegate…", locale), action_id=DELEGATE, value=value))


def question_button(locale: str, value: str) -> Button:
    """With which the requester answers a question."""
    return Button(label=_("Answer…", locale), action_id=ANSWER, value=value, style="primary")


def _kind(facts: Facts) -> _Kind:
    return KINDS.get(facts.type) or _ANSWERED.get(_said(facts, "status"), _ANSWERED["approved"])


def _change(facts: Facts, kind: _Kind) -> str:
    locale = facts.locale
    somebody = _("somebody", locale)
    filled = _(kind.change, locale).format(
        who=facts.people["approver"] or _("somebody in InvGate", locale),
        told=_names(facts, "told") or somebody,
        waits=_names(facts, "waits_for") or somebody,
        requester=facts.people["requester"] or somebody,
        note=_said(facts, "note") or somebody,
        given=payload.integer(facts.event.data, "approval.given") or 0,
    )
    return filled[:1].upper() + filled[1:]


def _talk(facts: Facts) -> list[Paragraph]:
    """The question and its answer, whatever has happened since; and what people wrote now."""
    locale = facts.locale
    talk = [
        Paragraph(_("Question", locale), _said(facts, "question")),
        Paragraph(_("Answer", locale), _said(facts, "answer")),
    ]
    return talk + [each for each in _words(facts) if each not in talk]


def _words(facts: Facts) -> list[Paragraph]:
    """What people wrote: the question, its answer, why somebody decided; or why InvGate did not take it."""
    locale, about = facts.locale, facts.type.rpartition(".")[2]
    if about in ("info_requested", "info_given"):
        answer = _said(facts, "answer") if about == "info_given" else ""
        return [Paragraph(_("Question", locale), _said(facts, "question")), Paragraph(_("Answer", locale), answer)]
    if about == "failed":
        reason, _space, detail = _said(facts, "reason").partition(" ")
        return [Paragraph(_("Reason", locale), f"{explain_reason(reason, locale)}\n{detail}".strip())]
    if about in ("answered", "voted", "closed", "cancelled"):
        return [Paragraph(_("Note", locale), _said(facts, "note"))]
    return []


def _said(facts: Facts, name: str) -> str:
    return clean(payload.text(facts.event.data, f"approval.{name}", _LONG))


def _names(facts: Facts, name: str) -> str:
    names = [clean(payload.tame_text(each, 150)) for each in payload.items(facts.event.data, f"approval.{name}")]
    either = _("or", facts.locale)
    return f"{', '.join(names[:-1])} {either} {names[-1]}" if len(names) > 1 else "".join(names)


def _amount(facts: Facts) -> str:
    amount = payload.number(facts.event.data, "approval.amount")
    if amount is None:
        return ""
    return amount_in_words(amount, _said(facts, "currency"), facts.locale)


def amount_in_words(amount: float, currency: str, locale: str) -> str:
    """``1.500,50 USD``: cents are two digits, or none where there are none. ``currency`` is escaped already."""
    whole = round(amount, 2) == round(amount)
    return f"{format_decimal(amount, format='#,##0' if whole else '#,##0.00', locale=locale)} {currency}".strip()


def _stage(facts: Facts) -> str:
    stages = payload.integer(facts.event.data, "approval.stages") or 1
    if stages < 2:
        return ""
    stage = payload.integer(facts.event.data, "approval.stage") or 1
    return _("{stage} of {stages}", facts.locale).format(stage=stage, stages=stages)
