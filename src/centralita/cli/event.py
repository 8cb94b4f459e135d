"""``event list``, ``event show``, ``event replay``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from centralita.cli import event_types
from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.output import ago, on_terminal, plain, print_json, progress, say, table, warn
from centralita.cli.session import Session, segment, session
from centralita.cli.words import _

app = group(_(CONTENTS["event"]))
event_types.register(app)

Since = Annotated[str, typer.Option(help=_("From when on: a time, or a span such as 30m, 2h, 7d."))]
Outcome = Annotated[str, typer.Option(help=_("What came of it: waiting, dead, delivered, unmatched or incomplete."))]
Until = Annotated[str, typer.Option(help=_("Until when."))]
Source = Annotated[str, typer.Option(help=_("Only of this source."))]
Type = Annotated[str, typer.Option(help=_("Only of this type."))]
Where = Annotated[
    str, typer.Option("--where", help=_("Only those that a condition holds for, in the language of the rules."))
]
Event = Annotated[str, typer.Argument(help=_("The event's id."))]
Json = Annotated[bool, typer.Option("--json", help=_("For machines."))]


@command(
    app,
    "list",
    "event.read",
    _("List events, newest first."),
    [
        "centralita event list --since 2h",
        "centralita event list --source invgate --severity critical",
        "centralita event list --outcome dead --since 7d",
        "centralita event list --where \"ticket.priority == 'Alta' AND NOT agent.email exists\"",
    ],
)
def list_events(
    ctx: typer.Context,
    source: Source = "",
    type_: Annotated[str, typer.Option("--type", help=_("Only of this type."))] = "",
    subject: Annotated[str, typer.Option(help=_("Only about this subject, such as ticket/4521."))] = "",
    severity: Annotated[str, typer.Option(help=_("Only of this severity."))] = "",
    since: Since = "",
    until: Until = "",
    outcome: Outcome = "",
    where: Where = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=_("Most events."))] = 50,
    as_json: Json = False,
) -> None:
    query = {
        "source": source, "type": type_, "subject": subject, "severity": severity, "since": since, "until": until,
        "condition": where, "outcome": outcome,
    }  # fmt: skip
    with session(ctx.obj) as hub:
        found = search_pages(hub, "/events", limit, **query)
    items = found["items"]
    if as_json:
        print_json(found)
        return
    if not items:
        warn(_("No event fits; {count} were looked at.").format(count=found["looked_at"]))
        return
    heads = (_("Event"), _("When"), _("Source"), _("Type"), _("Severity"), _("Title"), _("Rules"))
    table(heads, [
        (i["id"], ago(i["time"]), i["source"], i["type"], i["severity"], i["title"], i["matched"]) for i in items
    ])  # fmt: skip


def search_pages(hub: Session, path: str, limit: int, **query: Any) -> dict[str, Any]:
    """Asks for one page after the other, with a progress bar; the items, and how far it looked."""
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    looked_at, back_to = 0, None
    with progress(_("Searching")) as advance:
        while len(items) < limit and cursor is not None:
            page = hub.get(path, **query, limit=min(limit - len(items), 500), cursor=cursor)
            items += page["items"]
            looked_at, back_to, cursor = looked_at + page["looked_at"], page["back_to"] or back_to, page["next"]
            advance(page["looked_at"])
    return {"items": items, "looked_at": looked_at, "back_to": back_to}


@command(
    app,
    "show",
    "event.read",
    _("Show one event: the cable from its source to its destinations, and why each rule matched or did not."),
    [
        "centralita event show evt_01KAN7A5YR0000000000000000",
        "centralita event show evt_01KAN... --json | jq .deliveries",
        "centralita event show evt_01KAN... --raw | jq .ticket",
    ],
)
def show(
    ctx: typer.Context,
    event: Event,
    raw: Annotated[
        bool, typer.Option("--raw", help=_("What its sender sent, as it came; secrets are masked."))
    ] = False,
    as_json: Json = False,
) -> None:
    from centralita.cli.cable import lines_of

    if raw:
        _show_raw(ctx, event, as_json)
        return
    with session(ctx.obj) as hub:
        detail = hub.get(f"/events/{segment(event)}")
    if as_json:
        print_json(detail)
        return
    for line in lines_of(detail):
        say(line)


def _show_raw(ctx: typer.Context, event: str, as_json: bool) -> None:
    with session(ctx.obj) as hub:
        found = hub.get(f"/events/{segment(event)}/raw", whole="true")
    if as_json:
        print_json(found)
        return
    # To a program it goes as it is; a terminal is not to obey what a stranger sent.
    say(plain(found["text"]) if on_terminal() else found["text"])


@command(
    app,
    "related",
    "event.read",
    _("List what an event belongs together with: other events, approvals, incidents."),
    ["centralita event related evt_01KAN7A5YR0000000000000000"],
)
def related(ctx: typer.Context, event: Event, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        items = hub.get(f"/events/{segment(event)}/related")["items"]
    if as_json:
        print_json({"items": items})
        return
    if not items:
        say(_("It belongs together with nothing else."))
        return
    words = {
        "cause": _("it led to it"), "caused": _("it led to"), "following": _("next of its subject"),
        "correlated": _("belongs together"), "approval": _("approval"), "incident": _("incident"),
    }  # fmt: skip
    rows = []
    for each in items:
        facts = each["facts"]
        which = facts.get("id") or facts.get("code")
        rows.append(
            (words[each["kind"]], ago(each["at"]), which, facts.get("type") or facts.get("state"), facts["title"])
        )
    table((_("Relation"), _("When"), "Id", _("What"), _("Title")), rows)


@command(
    app,
    "replay",
    "event.replay",
    _("Do it again: one event, or all of a filter. What comes of it joins the tail of its lanes."),
    [
        "centralita event replay evt_01KAN... --mode reroute",
        "centralita event replay --since 2h --source invgate",
        "centralita event replay --since 7d --outcome unmatched     # a rule was missing",
        "centralita event replay --since 2026-11-20T08:00:00Z --mode resend",
    ],
)
def replay(
    ctx: typer.Context,
    event: Annotated[str, typer.Argument(help=_("The event's id; left out for all of a filter."))] = "",
    mode: Annotated[
        str,
        typer.Option(
            help=_("reparse: read its bytes again; reroute: decide by today's rules; resend: send what was sent.")
        ),
    ] = "reroute",
    since: Since = "",
    until: Until = "",
    source: Source = "",
    type_: Annotated[str, typer.Option("--type", help=_("Only of this type."))] = "",
    outcome: Outcome = "",
    where: Where = "",
    as_json: Json = False,
) -> None:
    if bool(event) == bool(since or until or source or type_ or outcome or where):
        raise typer.BadParameter(_("Name one event, or say which by --since, --source, --type, --outcome or --where."))
    done = {"events": 0, "deliveries": 0}
    with session(ctx.obj) as hub:
        if event:
            done = hub.post(f"/events/{segment(event)}/replay", {"mode": mode})
        else:
            # Until now: what happens while it runs is not what was meant.
            until = until or datetime.now(UTC).isoformat()
            body = {
                "mode": mode, "since": since, "until": until, "source": source, "type": type_, "condition": where,
                **({"outcome": outcome} if outcome else {}),
            }  # fmt: skip
            done = replay_slices(hub, "/replays", body, ("events", "deliveries"))
    if as_json:
        print_json(done)
        return
    said = _("{events} events replayed, {deliveries} deliveries queued.")
    say(said.format(**done))


def replay_slices(hub: Session, path: str, body: Mapping[str, Any], counts: Sequence[str]) -> dict[str, int]:
    """Asks for one slice after the other; what ``counts`` names, in all. A progress bar shows the first of them."""
    done = dict.fromkeys(counts, 0)
    cursor: str | None = ""
    with progress(_("Replaying")) as advance:
        while cursor is not None:
            slice_ = hub.post(path, {**body, "cursor": cursor})
            for name in done:
                done[name] += slice_[name]
            advance(slice_[counts[0]])
            cursor = slice_["next"]
    return done
