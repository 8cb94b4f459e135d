"""The settings of approvals: who approves what, how long it may take, and who stands in for whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from centralita.core.conditions import ConditionError, compile_condition
from centralita.core.recipients import is_address
from centralita.i18n import N_
from centralita.settings.checks import refuse
from centralita.settings.section import OptionalText, Section, Text, listed

REMIND_LEAST_S = 14_400.0


def _who(value: str) -> str:
    if not (is_address(value) or value.isdigit()):
        refuse(N_("has to be an e-mail address or the id of an InvGate user."))
    return value


def _condition(value: str) -> str:
    try:
        compile_condition(value)
    except ConditionError:
        refuse(N_("is no condition; try it with: centralita event list --where."))
    return value


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_texts(value: Any) -> Any:
    return [_as_text(each) for each in value] if isinstance(value, list | tuple) else listed(_as_text(value))


Who = Annotated[str, BeforeValidator(_as_text), AfterValidator(_who)]
People = Annotated[tuple[Who, ...], BeforeValidator(_as_texts)]
Span = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ApprovalStage(Section):
    approvers: People = Field(
        min_length=1, description=N_("Who may answer: e-mail addresses, or ids of InvGate users.")
    )
    mode: Literal["any", "all", "quorum"] = Field(
        default="any", description=N_("Whether one of them decides, all have to approve, or so many as quorum says.")
    )
    quorum: int = Field(default=0, ge=0, description=N_("How many have to approve, for the mode quorum."))
    fallbacks: People = Field(
        default=(), description=N_("Who stands in, in this order, for approvers that are disabled or can't be reached.")
    )
    escalate_to: People = Field(default=(), description=N_("Who is asked too when the others take too long."))

    @model_validator(mode="after")
    def _can_be_met(self) -> ApprovalStage:
        if (self.mode == "quorum") != (self.quorum > 0) or self.quorum > len(self.approvers):
            refuse(N_("needs a quorum from 1 to the number of approvers, for the mode quorum only."))
        return self


class ApprovalRule(Section):
    category: str = Field(default="", description=N_("Category of the ticket that it is for; empty for any."))
    type: str = Field(default="", description=N_("Type of the ticket that it is for; empty for any."))
    amount_above: float | None = Field(default=None, description=N_("Only for amounts above this one."))
    condition: Annotated[str, AfterValidator(_condition)] = Field(
        default="", description=N_("Which events it is for, in the language of the rules; empty for all.")
    )
    approvers: People = Field(default=(), description=N_("Who may answer; one answer decides."))
    stages: tuple[ApprovalStage, ...] = Field(
        default=(), description=N_("Instead of approvers: who has to answer, one stage after the other.")
    )

    @model_validator(mode="after")
    def _names_somebody(self) -> ApprovalRule:
        if bool(self.approvers) == bool(self.stages):
            refuse(N_("needs either approvers or stages."))
        return self


def _moment(value: Any) -> Any:
    # YAML reads 2026-12-24 as a date.
    return value.isoformat() if hasattr(value, "isoformat") else value


def _readable(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        refuse(N_("has to be a day or a time, such as 2026-12-24."))
    return value


Moment = Annotated[Text, BeforeValidator(_moment), AfterValidator(_readable)]


class Delegate(Section):
    person: Who = Field(description=N_("Who is away."))
    delegate: Who = Field(description=N_("Who stands in."))
    begins: Moment = Field(description=N_("From when on: a day, or a time (RFC 3339)."))
    ends: Moment = Field(description=N_("Until when; a day is included."))

    def span(self) -> tuple[float, float]:
        """Its beginning and its end, in seconds since 1970; without a time zone, UTC."""
        return begin_of(self.begins), end_of(self.ends)

    @model_validator(mode="after")
    def _lasts(self) -> Delegate:
        begins_at, ends_at = self.span()
        if ends_at <= begins_at:
            refuse(N_("has to end after it begins."))
        return self


def begin_of(text: str, zone: tzinfo = UTC) -> float:
    """Seconds since 1970 of a day's beginning, or of a time (RFC 3339); without a zone of its own in ``zone``.

    Raises ValueError.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def end_of(text: str, zone: tzinfo = UTC) -> float:
    """As ``begin_of``, but the end of a day. Raises ValueError."""
    if len(text) != len("2026-12-24"):
        return begin_of(text, zone)
    try:
        return begin_of((date.fromisoformat(text) + timedelta(days=1)).isoformat(), zone)
    except OverflowError as error:
        raise ValueError(text) from error


class Approvals(Section):
    rules: tuple[ApprovalRule, ...] = Field(
        default=(),
        description=N_("Who approves what, the first that fits; else the requester's manager, else InvGate's voters."),
    )
    delegates: tuple[Delegate, ...] = Field(default=(), description=N_("Who stands in for whom, and when."))
    remind_s: Span = Field(
        default=86_400.0, description=N_("After how long approvers are reminded, at least 14400 (4 h); 0: never.")
    )
    escalate_s: Span = Field(
        default=0.0, description=N_("After how long those of escalate_to are asked too; 0: never.")
    )
    expire_s: Span = Field(
        default=0.0, description=N_("How long our own approvals may take; 0: for ever. InvGate ends its own.")
    )
    on_expiry: Literal["deny", "escalate"] = Field(
        default="deny",
        description=N_("What follows when nobody has answered in time: it is denied, or escalated first."),
    )
    note_required: Literal["never", "reject", "always"] = Field(
        default="never", description=N_("When whoever answers has to say why.")
    )
    justification: bool = Field(
        default=False, description=N_("Whether whoever asks for an approval has to say what for.")
    )
    fallback: OptionalText = Field(
        default=None, description=N_("Channel for the message to an approver who is not in Slack.")
    )

    @model_validator(mode="after")
    def _reminds_seldom(self) -> Approvals:
        if 0 < self.remind_s < REMIND_LEAST_S:
            refuse(N_("needs a remind_s of 0, or of at least 14400."))
        return self
