"""``approval list|show|request|approve|reject|ask|answer|reassign|cancel`` and ``delegate|delegates|undelegate``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, print_json, say, table, warn
from centralita.cli.session import segment, session
from centralita.cli.words import _

app = group(_(CONTENTS["approval"]))
Id = Annotated[str, typer.Argument(help=_("The approval's id: apr_..."))]
Note = Annotated[str, typer.Option(help=_("Why; others read it."))]
As = Annotated[
    str, typer.Option("--as", help=_("E-mail address of the approver that it is done for; needs approval.manage."))
]


@command(
    app,
    "list",
    "approval.read",
    _("List approvals, the newest first: those that wait, unless told otherwise."),
    ["centralita approval list", "centralita approval list --approver me", "centralita approval list --state rejected"],
)
def list_approvals(
    ctx: typer.Context,
    state: Annotated[
        str,
        typer.Option(help=_("waiting, all, or one of open, asked, answering, approved, rejected, expired, cancelled.")),
    ] = "waiting",
    approver: Annotated[str, typer.Option(help=_("Only what waits for this person: an e-mail address, or me."))] = "",
    subject: Annotated[str, typer.Option(help=_("Only about this subject, such as ticket/4521."))] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=_("Most approvals."))] = 100,
    as_json: Json = False,
) -> None:
    query = {"state": "" if state == "all" else state, "approver": approver, "subject": subject}
    with session(ctx.obj) as hub:
        items = list(hub.pages("/approvals", limit, **query))
    if as_json:
        print_json({"items": items})
        return
    if not items:
        warn(_("Nothing waits for approval.") if state == "waiting" else _("No approval fits."))
        return
    heads = (_("Approval"), _("State"), _("Title"), _("Requester"), _("Waits for"), _("Since"))
    table(heads, [_row(item) for item in items])


def _row(item: dict[str, Any]) -> tuple[Any, ...]:
    waits = [_called(person) for person in item["waits_for"]]
    return item["id"], lamp(item["state"]), item["title"], _called(item["requester"]), waits, ago(item["created_at"])


def _called(person: dict[str, Any]) -> str:
    return str(person["name"] or person["email"] or person["id"])


@command(
    app,
    "show",
    "approval.read",
    _("Show one approval: its stages, and who answered what and when."),
    ["centralita approval show apr_01KAN7A5YR0000000000000000"],
)
def show(ctx: typer.Context, approval: Id, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        item = hub.get(f"/approvals/{segment(approval)}")
    if as_json:
        print_json(item)
        return
    for line in _lines(item):
        say(line)


def _lines(item: dict[str, Any]) -> list[str]:
    amount = "" if item["amount"] is None else f"{item['amount']:g} {item['currency']}".strip()
    facts = (
        (_("Requester"), _called(item["requester"])),
        (_("What for"), item["justification"]),
        (_("Amount"), amount),
        (_("About"), f"{item['source']} {item['subject']}".strip()),
        (_("Until"), item["expires_at"]),
        (_("Question"), item["question"]),
        (_("Answer"), item["answer"]),
        (_("InvGate did not take it"), item["fault"]),
    )
    lines = [f"{item['id']}  {lamp(item['state'])}  {item['title']}"]
    lines += [f"  {label}: {value}" for label, value in facts if value]
    for number, stage in enumerate(item["stages"], 1):
        many = {"any": _("one of them"), "all": _("all of them")}.get(stage["mode"]) or str(stage["quorum"])
        people = ", ".join(_called(person) for person in stage["approvers"])
        lines.append("  " + _("Stage {number} ({many}): {people}").format(number=number, many=many, people=people))
        lines += [f"    {_voted(vote)}" for vote in stage["votes"]]
    if item["outcome"] and not any(item["outcome"] in stage["votes"] for stage in item["stages"]):
        lines.append(f"  {_voted(item['outcome'])}")
    return lines


def _voted(vote: dict[str, Any]) -> str:
    answer = lamp({"approve": "approved", "reject": "rejected", "cancel": "cancelled"}[vote["answer"]])
    who, seat = _called(vote["by"]), _called(vote["on_behalf_of"])
    instead, hand = f" ({seat})" if seat != who else "", _called(vote["entered_by"])
    who = _("{who}, entered by {hand}").format(who=who, hand=hand) if hand and hand != who else who
    return f"{answer}  {who}{instead}  {vote['at']}  {vote['note']}".rstrip()


@command(
    app,
    "request",
    "approval.request",
    _("Ask for an approval. Without approvers, approvals.rules say who is asked; each is told by a direct message."),
    [
        'centralita approval request --title "Notebook" --approver marta@example.com --amount 1500',
        'centralita approval request --title "VPN" --stage a@example.com,b@example.com:all --stage jefa@example.com',
        'centralita approval request --title "Access" --stage a@example.com,b@example.com,c@example.com:2 --expire 48h',
    ],
)
def request(
    ctx: typer.Context,
    title: Annotated[str, typer.Option(help=_("What is to be approved."))],
    approver: Annotated[
        list[str] | None, typer.Option(help=_("Who may approve: an e-mail address; several: any of them decides."))
    ] = None,
    stage: Annotated[
        list[str] | None,
        typer.Option(help=_("Instead, one stage after the other: ADDRESS,ADDRESS:any, :all, or how many (:2).")),
    ] = None,
    fallback: Annotated[
        list[str] | None, typer.Option(help=_("Who stands in for approvers that nobody can reach."))
    ] = None,
    escalate_to: Annotated[list[str] | None, typer.Option(help=_("Who is asked too when it takes too long."))] = None,
    justification: Annotated[str, typer.Option(help=_("What it is for."))] = "",
    amount: Annotated[float | None, typer.Option(help=_("How much."))] = None,
    currency: Annotated[str, typer.Option(help=_("Of the amount."))] = "",
    category: Annotated[str, typer.Option(help=_("Category, for approvals.rules."))] = "",
    requester: Annotated[str, typer.Option(help=_("E-mail address, when it is asked for somebody else."))] = "",
    source: Annotated[str, typer.Option(help=_("Source of the subject, such as invgate."))] = "",
    subject: Annotated[str, typer.Option(help=_("What it is about, such as ticket/4521."))] = "",
    escalate: Annotated[str, typer.Option(help=_("After how long to escalate: 4h, 2d."))] = "",
    expire: Annotated[str, typer.Option(help=_("How long it may take: 48h, 7d."))] = "",
    on_expiry: Annotated[str, typer.Option(help=_("deny or escalate, when nobody has answered in time."))] = "",
    as_json: Json = False,
) -> None:
    if approver and stage:
        raise typer.BadParameter(_("Give --approver or --stage, not both."))
    stages = [_stage(text) for text in stage or ()] or ([{"approvers": approver}] if approver else [])
    beside = {"fallbacks": fallback or [], "escalate_to": escalate_to or []}
    body = {name: ctx.params[name] for name in _PLAIN} | {"stages": [{**each, **beside} for each in stages]}
    body |= {name: _seconds(span) for name, span in (("escalate_s", escalate), ("expire_s", expire)) if span}
    with session(ctx.obj) as hub:
        _tell(hub.post("/approvals", body), as_json)


_PLAIN = ("title", "justification", "amount", "currency", "category", "requester", "source", "subject", "on_expiry")


def _stage(text: str) -> dict[str, Any]:
    people, _colon, many = text.partition(":")
    stage: dict[str, Any] = {"approvers": [each.strip() for each in people.split(",")]}
    if many.isdigit():
        return {**stage, "mode": "quorum", "quorum": int(many)}
    return {**stage, "mode": many or "any"}


def _seconds(text: str) -> float:
    from centralita.services.times import span_s

    found = span_s(text)
    if found is None:
        raise typer.BadParameter(_("This is no span of time: {text}. Write 4h or 2d.").format(text=text))
    return found


def _tell(item: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(item)
        return
    said = f"{item['id']}  {lamp(item['state'])}  {item['title']}"
    waits = ", ".join(_called(person) for person in item["waits_for"])
    say(said + (f"  {_('Waits for')}: {waits}" if waits and item["state"] != "answering" else ""))


@command(
    app,
    "approve",
    "approval.decide",
    _("Approve. After somebody else it says who decided, how and when."),
    ["centralita approval approve apr_01KAN...", "centralita approval approve apr_01KAN... --as marta@example.com"],
)
def approve(ctx: typer.Context, approval: Id, note: Note = "", on_behalf_of: As = "", as_json: Json = False) -> None:
    _post(ctx, approval, "approve", {"note": note, "on_behalf_of": on_behalf_of}, as_json)


@command(
    app,
    "reject",
    "approval.decide",
    _("Reject."),
    ['centralita approval reject apr_01KAN... --note "Not in this year\'s budget"'],
)
def reject(ctx: typer.Context, approval: Id, note: Note = "", on_behalf_of: As = "", as_json: Json = False) -> None:
    _post(ctx, approval, "reject", {"note": note, "on_behalf_of": on_behalf_of}, as_json)


@command(
    app,
    "ask",
    "approval.decide",
    _("Ask the requester for more; the time stands still until they answer."),
    ['centralita approval ask apr_01KAN... "Which model?"'],
)
def ask(
    ctx: typer.Context,
    approval: Id,
    text: Annotated[str, typer.Argument(help=_("The question."))],
    as_json: Json = False,
) -> None:
    _post(ctx, approval, "ask", {"text": text}, as_json)


@command(
    app,
    "answer",
    "approval.request",
    _("Answer an approver's question."),
    ['centralita approval answer apr_01KAN... "The one of 14 inches"'],
)
def answer(
    ctx: typer.Context, approval: Id, text: Annotated[str, typer.Argument(help=_("The answer."))], as_json: Json = False
) -> None:
    _post(ctx, approval, "answer", {"text": text}, as_json)


@command(
    app,
    "reassign",
    "approval.decide",
    _("Have somebody else answer. Another's place needs approval.manage."),
    [
        "centralita approval reassign apr_01KAN... luis@example.com",
        "centralita approval reassign apr_01KAN... luis@example.com --from marta@example.com",
    ],
)
def reassign(
    ctx: typer.Context,
    approval: Id,
    to: Annotated[str, typer.Argument(help=_("E-mail address of who answers from now on."))],
    person: Annotated[str, typer.Option("--from", help=_("Whose place it is; left out: one's own."))] = "",
    as_json: Json = False,
) -> None:
    _post(ctx, approval, "reassign", {"to": to, "person": person}, as_json)


@command(
    app,
    "cancel",
    "approval.request",
    _("Take a request back. What somebody else asked for needs approval.manage."),
    ["centralita approval cancel apr_01KAN..."],
)
def cancel(ctx: typer.Context, approval: Id, note: Note = "", as_json: Json = False) -> None:
    _post(ctx, approval, "cancel", {"note": note}, as_json)


def _post(ctx: typer.Context, approval: str, verb: str, body: dict[str, Any], as_json: bool) -> None:
    with session(ctx.obj) as hub:
        _tell(hub.post(f"/approvals/{segment(approval)}/{verb}", body), as_json)


@command(
    app,
    "delegate",
    "approval.decide",
    _("Have somebody stand in as approver for some days."),
    [
        "centralita approval delegate luis@example.com --until 2027-01-05",
        "centralita approval delegate luis@example.com --for marta@example.com --since 2026-12-20 --until 2027-01-05",
    ],
)
def delegate(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(help=_("E-mail address of who stands in."))],
    until: Annotated[str, typer.Option(help=_("The last day, or a time."))],
    since: Annotated[str, typer.Option(help=_("The first day, or a time; left out: now."))] = "",
    person: Annotated[str, typer.Option("--for", help=_("Who is away; left out: oneself."))] = "",
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        made = hub.post("/delegations", {"delegate": to, "ends": until, "begins": since, "person": person})
    if as_json:
        print_json(made)
        return
    said = _("{number}: {delegate} stands in for {person} until {until}.")
    say(said.format(number=made["id"], delegate=made["delegate"], person=made["person"], until=made["ends_at"]))


@command(
    app,
    "delegates",
    "approval.read",
    _("List who stands in for whom, now and later."),
    ["centralita approval delegates"],
)
def delegates(ctx: typer.Context, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        items = hub.get("/delegations")["items"]
    if as_json:
        print_json({"items": items})
        return
    heads = ("#", _("Away"), _("Stands in"), _("From"), _("Until"))
    table(heads, [(i["id"], i["person"], i["delegate"], i["begins_at"], i["ends_at"]) for i in items])


@command(
    app,
    "undelegate",
    "approval.decide",
    _("End a delegation now."),
    ["centralita approval undelegate 3"],
)
def undelegate(ctx: typer.Context, number: Annotated[int, typer.Argument(help=_("Its number."))]) -> None:
    with session(ctx.obj) as hub:
        hub.delete(f"/delegations/{number}")
    say(_("Ended."))
