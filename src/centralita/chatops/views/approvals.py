"""Approvals as people see them beside their message: lists, details, and the modals that ask for a reason, a question,
its answer, who answers instead, or what is to be approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from centralita.chatops.blocks import (
    Block,
    actions,
    choice_input,
    context,
    modal,
    moment_input,
    person_input,
    text_input,
)
from centralita.chatops.views.notices import section
from centralita.core import mrkdwn
from centralita.core.approvals import ENDS, FINAL, Approval, Stage, Vote
from centralita.core.approvers import Approver
from centralita.i18n import gettext as _
from centralita.integrations.slack.approvals import amount_in_words, answer_buttons, pressed_value
from centralita.integrations.slack.messages import Button
from centralita.services.times import shown
from centralita.services.wording import in_words

NOTE_LIMIT = 2000
REASON_LIMIT = 1200
"""It goes along as metadata until it is confirmed."""
TITLE_LIMIT = 150
SHOWN_VOTES = 6
MORE = "more_approvals"
ONE, ALL = "one", "all"
"""What is handed over: this approval, or all that somebody is asked until a time."""
Metadata = Mapping[str, Any]


def safe(text: str, limit: int = 300) -> str:
    """Somebody's text as Slack markup that means nothing, on one line."""
    return mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(text).replace("\n", " "), limit))


def moment(at: float) -> str:
    """A time (seconds since 1970) that each reader sees in their own zone."""
    return mrkdwn.moment(shown(at) or "")


def value_of(approval: Approval) -> str:
    """What its buttons stand for, as it is now."""
    return pressed_value(approval.id, approval.stage + 1, approval.version)


# --- Lists -----------------------------------------------------------------------------------------------------------


def listing(heading: str, approvals: Sequence[Approval], locale: str, *, more: bool) -> list[Block]:
    """Approvals that the reader may answer, each with its buttons; ``more``: there is a further page."""
    blocks = [section(f"*{mrkdwn.escape(heading)}*")]
    for approval in approvals:
        blocks += card(approval, locale)
    if more:
        blocks.append(actions([Button(label=_("Show more", locale), action_id=MORE, value=approvals[-1].id)]))
    return blocks


def overview(heading: str, approvals: Sequence[Approval], locale: str) -> list[Block]:
    """Approvals as lines: what, who asks, who has to answer."""
    blocks = [section(f"*{mrkdwn.escape(heading)}*")]
    for approval in approvals:
        blocks.append(section(f"{_headline(approval)}\n{_line(approval, locale)} · {_state(approval, locale)}"))
    return blocks


def card(approval: Approval, locale: str) -> list[Block]:
    """One approval for whoever may answer it."""
    return [section(f"{_headline(approval)}\n{_line(approval, locale)}"), _row(approval, locale)]


def _row(approval: Approval, locale: str) -> Block:
    return actions(buttons(approval, locale), f"answer:{approval.id}")


def buttons(approval: Approval, locale: str) -> tuple[Button, ...]:
    """What whoever may answer can do."""
    asked, title = approval.state == "asked", mrkdwn.clean(approval.title)
    return answer_buttons(locale, value_of(approval), title, asked=asked, note_required=approval.note_required)


def _headline(approval: Approval) -> str:
    return f"*{mrkdwn.link(approval.url, mrkdwn.cut(mrkdwn.clean(approval.title), 200))}*"


def _line(approval: Approval, locale: str) -> str:
    """Who asks, how much, until when."""
    facts = [
        safe(approval.requester.called, 100),
        amount_of(approval, locale),
        safe(approval.justification, 200),
        _("until {time}", locale).format(time=moment(approval.expire_at)) if approval.expire_at else "",
        f"`{approval.id}`",
    ]
    return " · ".join(fact for fact in facts if fact)


def amount_of(approval: Approval, locale: str) -> str:
    """How much, as the reader writes numbers; "" for no amount."""
    if approval.amount is None:
        return ""
    return amount_in_words(approval.amount, safe(approval.currency, 12), locale)


# --- One approval ----------------------------------------------------------------------------------------------------


def details(approval: Approval, locale: str, *, may_answer: bool) -> list[Block]:
    """Everything about one approval, with buttons for whoever may answer it."""
    facts = {
        _("State", locale): _state(approval, locale),
        _("Requester", locale): safe(approval.requester.called),
        _("Amount", locale): amount_of(approval, locale),
        _("What for", locale): safe(approval.justification, NOTE_LIMIT),
        _("Question", locale): safe(approval.question, NOTE_LIMIT),
        _("Answer", locale): safe(approval.answer, NOTE_LIMIT),
        _("Until", locale): moment(approval.expire_at) if approval.expire_at and approval.state not in FINAL else "",
    }
    lines = [f"*{mrkdwn.escape(label)}:* {value}" for label, value in facts.items() if value]
    blocks = [section(_headline(approval)), *(section(line) for line in lines)]
    for number, stage in enumerate(approval.stages[:10], 1):
        blocks += [section(text) for text in _stage(number, stage, locale) if text]
    blocks.append(context(f"`{approval.id}`"))
    return [*blocks, _row(approval, locale)] if may_answer else blocks


def _state(approval: Approval, locale: str) -> str:
    if approval.state in FINAL:
        return mrkdwn.escape(in_words(f"approval.{approval.state}", {}, locale))
    if approval.state == "answering":
        return mrkdwn.escape(_("decided; InvGate is being told", locale))
    names = ", ".join(safe(person.called, 100) for person in approval.current.waits_for()[:10])
    if approval.state == "asked":
        return _("{who} waits for the answer to a question", locale).format(who=safe(approval.asking.called, 100))
    return _("waits for {names}", locale).format(names=names)


def _stage(number: int, stage: Stage, locale: str) -> tuple[str, str]:
    """Who answers at a stage, and what they answered, the newest answers if there are many."""
    many = {"any": _("one of them", locale), "all": _("all of them", locale)}.get(stage.mode) or str(stage.quorum)
    people = ", ".join(safe(person.called, 100) for person in stage.approvers[:20])
    head = _("Stage {number} ({many}): {people}", locale).format(number=number, many=many, people=people)
    return f"*{head}*", "\n".join(f"• {_vote(vote, locale)}" for vote in stage.votes[-SHOWN_VOTES:])


def _vote(vote: Vote, locale: str) -> str:
    answer = mrkdwn.escape(in_words(f"approval.{ENDS[vote.answer]}", {}, locale))
    who = safe(vote.by.called, 100)
    if not vote.seat.is_same(vote.by):
        who = _("{who} for {person}", locale).format(who=who, person=safe(vote.seat.called, 100))
    return " · ".join(part for part in (answer, who, moment(vote.at), safe(vote.note, 100)) if part)


# --- Modals ----------------------------------------------------------------------------------------------------------


def _about(approval: Approval, locale: str) -> Block:
    return section(f"{_headline(approval)}\n{_line(approval, locale)}")


def approve(approval: Approval, locale: str, metadata: Metadata) -> Block:
    """Why it is approved, where that has to be said."""
    note = text_input("note", _("Why?", locale), multiline=True, most=NOTE_LIMIT)
    title, submit = _("Approve", locale), _("Approve", locale)
    return modal("approve_modal", title, submit, [_about(approval, locale), note], locale, metadata)


def reject(approval: Approval, locale: str, metadata: Metadata) -> Block:
    """Why it is rejected."""
    hint = _("The requester reads it.", locale)
    reason = text_input("reason", _("Reason", locale), multiline=True, most=REASON_LIMIT, hint=hint)
    title, submit = _("Reject", locale), _("Continue", locale)
    return modal("reject_modal", title, submit, [_about(approval, locale), reason], locale, metadata)


def sure_to_reject(title: str, reason: str, locale: str, metadata: Metadata) -> Block:
    """Asks once more before something is rejected."""
    question = _("Reject {title}? That can't be taken back.", locale).format(title=f"*{safe(title)}*")
    quoted = "\n".join(f"> {line}" for line in mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(reason), 900)).splitlines())
    blocks = [section(question), section(quoted)]
    submit = _("Yes, reject", locale)
    return modal("reject_sure_modal", _("Reject", locale), submit, blocks, locale, metadata)


def question(approval: Approval, locale: str, metadata: Metadata) -> Block:
    """What an approver wants to know."""
    who = approval.requester.called or _("the requester", locale)
    hint = _("{who} is asked; the time stands still until they answer.", locale).format(who=mrkdwn.clean(who))
    asked = text_input("question", _("Question", locale), multiline=True, most=NOTE_LIMIT, hint=hint)
    title, submit = _("Request info", locale), _("Ask", locale)
    return modal("info_modal", title, submit, [_about(approval, locale), asked], locale, metadata)


def answer(approval: Approval, locale: str, metadata: Metadata) -> Block:
    """What the requester answers."""
    said = _("{who} wants to know: {question}", locale).format(
        who=safe(approval.asking.called, 100), question=safe(approval.question, NOTE_LIMIT)
    )
    given = text_input("answer", _("Answer", locale), multiline=True, most=NOTE_LIMIT)
    blocks = [_about(approval, locale), section(said), given]
    return modal("answer_modal", _("Answer", locale), _("Send", locale), blocks, locale, metadata)


def delegate(approval: Approval, locale: str, metadata: Metadata) -> Block:
    """Who answers instead: this one, or all until a time."""
    options = {ONE: _("Only this one", locale), ALL: _("Everything that I am asked, until…", locale)}
    hint = _("Only for everything: until then both of you may answer.", locale)
    blocks = [
        _about(approval, locale),
        person_input("to", _("Who answers instead?", locale)),
        choice_input("what", _("What?", locale), options, ONE),
        moment_input("until", _("Until when?", locale), hint=hint, optional=True),
    ]
    return modal("delegate_modal", _("Delegate", locale), _("Delegate", locale), blocks, locale, metadata)


def request(locale: str, metadata: Metadata, *, title: str = "") -> Block:
    """What somebody asks to be approved."""
    blocks = [
        text_input("title", _("What is to be approved?", locale), value=title, most=TITLE_LIMIT),
        text_input("reason", _("What for?", locale), multiline=True, most=NOTE_LIMIT, optional=True),
        text_input(
            "amount", _("Amount", locale), most=40, optional=True, hint=_("A number and its currency: 1500 USD", locale)
        ),
        text_input("category", _("Category", locale), most=100, optional=True),
        person_input(
            "approvers",
            _("Who may approve it?", locale),
            hint=_("Left empty, the rules of the settings say who.", locale),
            optional=True,
            several=True,
        ),
    ]
    return modal(
        "approval_request_modal", _("Request approval", locale), _("Request", locale), blocks, locale, metadata
    )


# --- What was done ---------------------------------------------------------------------------------------------------


def done(approval: Approval, locale: str) -> str:
    """What became of an approval, for whoever has just done something with it."""
    return _("{title}: {state}.", locale).format(title=f"*{safe(approval.title)}*", state=_state(approval, locale))


def handed_over(to: Approver, until: float, locale: str) -> str:
    """Who answers everything until when."""
    text = _("{who} answers what you are asked until {time}; you still may too.", locale)
    return text.format(who=safe(to.called), time=moment(until))
