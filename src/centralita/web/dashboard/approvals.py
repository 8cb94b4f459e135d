"""Approvals: what waits for whom, one of them with all that was said, and answering it; who stands in for whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response

from centralita.core.approvals import FINAL, Approval, Vote
from centralita.core.approvers import Approver
from centralita.core.recipients import is_address
from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import approvals, delegations
from centralita.services.access import Principal
from centralita.services.approvals import Declined, Filter
from centralita.services.hub import Hub
from centralita.services.times import shown
from centralita.services.wording import in_words
from centralita.settings.approvals import begin_of, end_of
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import Forbidden, needs, person_of
from centralita.web.dashboard.event_words import APPROVAL_STATES
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render

router = APIRouter()

PAGE = 50
WAITING = 100
"""So many are counted of what waits for one person."""
DECIDE, REQUEST, MANAGE = "approval.decide", "approval.request", "approval.manage"
VIEWS: Mapping[str, str] = {"waiting": N_("Waiting"), "mine": N_("For me"), "all": N_("All approvals")}
_ANSWERS: Mapping[str, tuple[str, str]] = {
    "approve": ("flowing", N_("approved")),
    "reject": ("failed", N_("rejected")),
    "cancel": ("off", N_("taken back")),
}


def lamp_of(approval: Approval) -> tuple[str, str]:
    """Its lamp, and the word beside it (an English msgid)."""
    return APPROVAL_STATES[approval.state]


def href(id_: str, action: str = "") -> str:
    """Where an approval's page is."""
    return f"/approvals/{quote(id_, safe='')}" + (f"/{action}" if action else "")


@router.get("/approvals", dependencies=[needs("approval.read")])
async def show(
    request: Request,
    view: str = Query(default="", max_length=20),
    state: str = Query(default="", max_length=20),
    subject: str = Query(default="", max_length=200),
    before: str = Query(default="", max_length=40),
) -> Response:
    """What waits, the newest first; all of them, or what waits for oneself."""
    hub, person = hub_of(request), await person_of(request)
    language, principal = locale(request, person), person.principal
    mine = await approvals.waiting_for(hub, principal, WAITING)
    view = view if view in VIEWS else "waiting"
    if view == "mine":
        found = await approvals.waiting_for(hub, principal, PAGE + 1, before)
    else:
        known = state if view == "all" and state in APPROVAL_STATES else "waiting" if view == "waiting" else ""
        found = await approvals.listing(hub, Filter(state=known, subject=subject.strip()), PAGE + 1, before)
    said = ngettext("{n} waits for your answer.", "{n} wait for your answer.", len(mine), language)
    count = f"{WAITING}+" if len(mine) == WAITING else len(mine)
    page = await page_of(
        request,
        title=_("Approvals", language),
        section="approvals",
        sentence=said.format(n=count) if mine else _("Nothing waits for your answer.", language),
        lamp="waiting" if mine else "flowing",
    )
    asked = {name: value for name, value in {"view": view, "state": state, "subject": subject}.items() if value}
    return await render(
        request,
        "approvals.html",
        page,
        rows=found[:PAGE],
        mine={each.id for each in mine},
        view=view,
        views=VIEWS,
        state=state,
        states=APPROVAL_STATES,
        subject=subject,
        older="/approvals?" + urlencode({**asked, "before": found[PAGE - 1].id}) if len(found) > PAGE else "",
        newest="/approvals?" + urlencode(asked) if before else "",
        lamp=lamp_of,
        href=href,
        over=FINAL,
        shown=shown,
    )


# ---- who stands in for whom


@router.get("/approvals/delegates", dependencies=[needs("approval.read")])
async def show_delegates(request: Request) -> Response:
    """Those that hold or will."""
    return await _delegates(request, Form())


async def _delegates(request: Request, form: Form) -> Response:
    hub, language = hub_of(request), locale(request, await person_of(request))
    page = await page_of(request, title=_("Who stands in for whom", language), section="approvals")
    rows = await delegations.delegations(hub)
    status = 422 if form.faults else 200
    return await render(request, "delegates.html", page, status=status, rows=rows, form=form, shown=shown)


@router.post("/approvals/delegates", dependencies=[needs(DECIDE)])
async def delegate(request: Request) -> Response:
    """Somebody stands in for oneself, or by ``approval.manage`` for another."""
    hub, person, form = hub_of(request), await person_of(request), await forms.read(request)
    language = locale(request, person)
    begins_at = ends_at = hub.clock.now()
    zone = (await page_of(request)).zone
    try:
        begins_at = begin_of(form.get("begins"), zone) if form.get("begins") else begins_at
        ends_at = end_of(form.get("ends"), zone)
    except (ValueError, OverflowError):
        form.fault("ends", _("Write days as 2027-01-05.", language))
    for name in ("to", "person"):
        if (form.get(name) or name == "to") and not _is_somebody(form.get(name)):
            form.fault(name, _("Write an e-mail address.", language))
    if not form.faults:
        try:
            await delegations.delegate(hub, person.principal, form.get("person"), form.get("to"), begins_at, ends_at)
        except Declined as fault:
            form.fault("", declined(fault, language))
        else:
            flash = Flash(N_("{to} stands in."), {"to": form.get("to")})
            return redirect(request, "/approvals/delegates", flash)
    return await _delegates(request, form)


@router.post("/approvals/delegates/{number}/end", dependencies=[needs(DECIDE)])
async def undelegate(request: Request, number: int) -> Response:
    """Ends one now."""
    hub, person = hub_of(request), await person_of(request)
    try:
        await delegations.undelegate(hub, person.principal, number)
    except Declined as fault:
        said = declined(fault, locale(request, person))
        return redirect(request, "/approvals/delegates", Flash("{said}", {"said": said}, lamp="failed"))
    return redirect(request, "/approvals/delegates", Flash(N_("It is over.")))


def _is_somebody(text: str) -> bool:
    return is_address(text) or (text.isascii() and text.isdigit())


# ---- one of them


@router.get("/approvals/{id_}", dependencies=[needs("approval.read")])
async def show_one(request: Request, id_: str) -> Response:
    """One approval whole, with what oneself may do about it."""
    return await _page(request, id_, Form())


async def _page(request: Request, id_: str, form: Form) -> Response:
    hub, person = hub_of(request), await person_of(request)
    found = await approvals.show(hub, id_)
    if found is None:
        raise LookupError(id_)
    language = locale(request, person)
    lamp, word = lamp_of(found)
    page = await page_of(request, title=found.title, section="approvals", lamp=lamp, sentence=_(word, language))
    why_not = await _why_not(hub, person.principal, found, language) if page.may(DECIDE) else ""
    waits = () if found.state in FINAL else found.current.waits_for()
    return await render(
        request,
        "approval.html",
        page,
        status=422 if form.faults else 200,
        approval=found,
        form=form,
        why_not=why_not,
        may_answer=page.may(DECIDE) and not why_not,
        others=[(each.key, each.called) for each in waits if each.key],
        is_requester=await _is_requester(hub, person.principal, found),
        story=story(found, language),
        over=found.state in FINAL,
        href=href,
        shown=shown,
    )


async def _why_not(hub: Hub, principal: Principal, found: Approval, language: str) -> str:
    """Why somebody can't answer now; "" when they can."""
    try:
        await approvals.answerable(hub, principal, found.id)
    except Declined as fault:
        return declined(fault, language)
    return ""


async def _is_requester(hub: Hub, principal: Principal, found: Approval) -> bool:
    mine = await approvals.mine(hub, principal)
    return bool(mine) and mine in (found.requester.email.lower(), found.asked_by.email.lower())


def story(approval: Approval, language: str) -> list[tuple[float, str, str, str, str]]:
    """What happened, in order: (when, lamp, an English msgid, who, what they said)."""
    told = [(approval.created_at, "waiting", N_("asked for it"), _who(approval.asked_by, approval.requester), "")]
    for vote in (vote for stage in approval.stages for vote in stage.votes):
        told.append(_told(vote, language))
    if approval.question:
        told.append((approval.asked_at, "held", N_("wants to know"), approval.asking.called, approval.question))
    if approval.answer:
        told.append((approval.answered_at, "waiting", N_("answered"), approval.requester.called, approval.answer))
    outcome = approval.outcome
    if outcome is not None and not any(outcome in stage.votes for stage in approval.stages):
        told.append(_told(outcome, language))
    return sorted(told, key=lambda each: each[0])


def _told(vote: Vote, language: str) -> tuple[float, str, str, str, str]:
    lamp, word = _ANSWERS[vote.answer]
    who, hand = _who(vote.by, vote.seat), vote.hand.called
    if hand and not vote.hand.is_same(vote.by):
        who = _("{who}, entered by {hand}", language).format(who=who, hand=hand)
    return vote.at, lamp, word, who, vote.note


def _who(by: Approver, of: Approver) -> str:
    """Who did it, and in whose place."""
    if not by.called or by.is_same(of) or by.called == of.called:
        return of.called
    return f"{by.called} ({of.called})" if of.called else by.called


def declined(fault: Declined, language: str) -> str:
    """What can't be done, in words."""
    words = dict(fault.arguments)
    if "at" in words:
        words["at"] = shown(words["at"])
    if "answer" in words:
        words["answer"] = in_words(f"approval.{words['answer']}", {}, language)
    return in_words(fault.reason, words, language)


@router.post("/approvals/{id_}/{action}", dependencies=[needs("approval.read")])
async def act(request: Request, id_: str, action: str) -> Response:
    """Approve, reject, ask, reassign; by the requester: answer, take back."""
    hub, person, form = hub_of(request), await person_of(request), await forms.read(request)
    language = locale(request, person)
    if action not in _ACTS:
        raise LookupError(action)
    permission, text, work = _ACTS[action]
    if not person.principal.may(permission):
        raise Forbidden(permission)
    if action == "reassign" and not _is_somebody(form.get("to")):
        form.fault("to", _("Write an e-mail address.", language))
    if action in ("ask", "answer") and not form.get("text"):
        form.fault("text", _("Something has to be written.", language))
    if not form.faults:
        try:
            await work(hub, person.principal, id_, form)
        except Declined as fault:
            at = "note" if fault.reason == "approval.note_missing" else ""
            form.fault(at, declined(fault, language))
        else:
            return redirect(request, href(id_), Flash(text))
    return await _page(request, id_, form)


Act = Callable[[Hub, Principal, str, Form], Awaitable[Any]]


async def _give(hub: Hub, principal: Principal, id_: str, form: Form, answer: Literal["approve", "reject"]) -> None:
    stage = form.get("stage")
    await approvals.give(
        *(hub, principal, id_, answer),
        note=form.get("note"),
        on_behalf_of=form.get("on_behalf_of"),
        stage=int(stage) if stage.isascii() and stage.isdigit() and len(stage) < 3 else None,
    )


_ACTS: Mapping[str, tuple[str, str, Act]] = {
    "approve": (DECIDE, N_("It is approved by you."), lambda h, p, i, f: _give(h, p, i, f, "approve")),
    "reject": (DECIDE, N_("It is rejected by you."), lambda h, p, i, f: _give(h, p, i, f, "reject")),
    "ask": (DECIDE, N_("The requester is asked; the times stand still until they answer."),
            lambda h, p, i, f: approvals.ask(h, p, i, f.get("text"))),
    "reassign": (DECIDE, N_("Somebody else is asked now."),
                 lambda h, p, i, f: approvals.reassign(h, p, i, f.get("person"), f.get("to"))),
    "answer": (REQUEST, N_("The approver is told."), lambda h, p, i, f: approvals.tell(h, p, i, f.get("text"))),
    "cancel": (REQUEST, N_("It is taken back."), lambda h, p, i, f: approvals.cancel(h, p, i, f.get("note"))),
}  # fmt: skip
"""What can be done: its permission, what is said then (an English msgid), and how."""
