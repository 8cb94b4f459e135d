"""``ticket list``, ``show``, ``create``, ``comment``, ``assign``, ``status``."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, print_json, say, table, warn
from centralita.cli.session import Failed, segment, session
from centralita.cli.words import LOCALE, _

app = group(_(CONTENTS["ticket"]))
Id = Annotated[str, typer.Argument(metavar="ID", help=_("The ticket's id in InvGate, such as 4521."))]
Wait = Annotated[float, typer.Option("--wait", min=0, max=60, help=_("Seconds to wait for InvGate's answer."))]


@command(
    app,
    "list",
    "ticket.read",
    _("List tickets, those that changed last first."),
    ["centralita ticket list --phase open", "centralita ticket list --text impresora --json"],
)
def list_tickets(
    ctx: typer.Context,
    phase: Annotated[str, typer.Option(help=_("open or closed."))] = "",
    text: Annotated[str, typer.Option(help=_("Part of the title or the id."))] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help=_("Most tickets."))] = 50,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        items = list(hub.pages("/tickets", limit, phase=phase, text=text))
    if as_json:
        print_json({"items": items})
        return
    if not items:
        say(_("No ticket yet. Tickets come with the events of a source such as invgate: centralita source add invgate"))
        return
    heads = (_("Ticket"), _("Title"), _("Status"), _("Requester"), _("Agent"), _("Changed"))
    rows = [
        (one["id"], one["title"], one["status"], one["requester"], one["agent"], ago(one["updated_at"]))
        for one in items
    ]
    table(heads, rows)


@command(
    app, "show", "ticket.read", _("Show a ticket as its source last described it."), ["centralita ticket show 4521"]
)
def show(ctx: typer.Context, id: Id, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        ticket = hub.get(f"/tickets/{segment(id)}")
    if as_json:
        print_json(ticket)
        return
    data = ticket["data"]
    say(f"#{ticket['id']}  {ticket['title']}")
    for name, value in (
        (_("Status"), ticket["status"]),
        (_("Priority"), data.get("priority")),
        (_("Category"), data.get("category")),
        (_("Requester"), ticket["requester"]),
        (_("Agent"), ticket["agent"]),
        (_("Link"), ticket["url"]),
        (_("Last event"), ticket["event"]),
    ):
        if value:
            say(f"  {name:<14} {value}")
    if data.get("description"):
        say(f"\n{data['description']}")


@command(
    app,
    "create",
    "ticket.manage",
    _("Create a ticket in InvGate and print its id; or the delivery's, if that takes long."),
    ["centralita ticket create 'Sin tóner en el 2º piso' --requester ana@example.com --priority Alta"],
)
def create(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help=_("What it is about, in one line."))],
    description: Annotated[str, typer.Option("--description", "-d", help=_("More; - reads it from the input."))] = "",
    requester: Annotated[str, typer.Option(help=_("Who needs help: e-mail or InvGate id."))] = "",
    type: Annotated[str, typer.Option(help=_("Type, by name or id."))] = "",
    priority: Annotated[str, typer.Option(help=_("Priority, by name or id."))] = "",
    category: Annotated[str, typer.Option(help=_("Category, by name or id."))] = "",
    wait_s: Wait = 10.0,
    as_json: Json = False,
) -> None:
    wish = {"title": title, "description": _given(description), "requester": requester}
    wish |= {"type": type, "priority": priority, "category": category}
    _ask(ctx, "/tickets", wish, wait_s, as_json)


@command(
    app,
    "comment",
    "ticket.comment",
    _("Comment on a ticket in InvGate. Internal: only --visible lets its requester read it."),
    ["centralita ticket comment 4521 'Pedido el tóner'", "centralita ticket comment 4521 'Ya funciona' --visible"],
)
def comment(
    ctx: typer.Context,
    id: Id,
    text: Annotated[str, typer.Argument(help=_("The comment; - reads it from the input."))],
    visible: Annotated[bool, typer.Option("--visible", help=_("Whether the requester may read it."))] = False,
    solution: Annotated[bool, typer.Option("--solution", help=_("Whether it solves the ticket."))] = False,
    wait_s: Wait = 10.0,
    as_json: Json = False,
) -> None:
    wish = {"text": _given(text), "visible": visible, "solution": solution}
    _ask(ctx, f"/tickets/{segment(id)}/comments", wish, wait_s, as_json)


@command(
    app,
    "assign",
    "ticket.assign",
    _("Assign a ticket in InvGate to an agent, a help desk, or both."),
    ["centralita ticket assign 4521 luis@example.com", "centralita ticket assign 4521 --group 'Soporte N2'"],
)
def assign(
    ctx: typer.Context,
    id: Id,
    agent: Annotated[str, typer.Argument(help=_("The agent: e-mail or InvGate id."))] = "",
    group: Annotated[str, typer.Option(help=_("Help desk, by name or id; else the one that it is in."))] = "",
    wait_s: Wait = 10.0,
    as_json: Json = False,
) -> None:
    _ask(ctx, f"/tickets/{segment(id)}/assignment", {"agent": agent, "group": group}, wait_s, as_json)


@command(
    app,
    "status",
    "ticket.manage",
    _("Solve, cancel, reject or reopen a ticket in InvGate, or let it wait."),
    ["centralita ticket status 4521 solved --note 'Se cambió el tóner'", "centralita ticket status 4521 reopened"],
)
def status(
    ctx: typer.Context,
    id: Id,
    status: Annotated[
        str,
        typer.Argument(
            help=_("solved, cancelled, rejected, reopened, waiting_for_customer or waiting_for_agent."),
        ),
    ],
    note: Annotated[str, typer.Option(help=_("What to say about it."))] = "",
    wait_s: Wait = 10.0,
    as_json: Json = False,
) -> None:
    _ask(ctx, f"/tickets/{segment(id)}/status", {"status": status, "note": note}, wait_s, as_json)


def _given(text: str) -> str:
    return sys.stdin.read() if text == "-" else text


def _ask(ctx: typer.Context, path: str, wish: dict[str, Any], wait_s: float, as_json: bool) -> None:
    from centralita.services.wording import in_words

    with session(ctx.obj) as hub:
        asked = hub.post(f"{path}?wait_s={wait_s:g}", wish)
    if as_json:
        print_json(asked)
    elif asked["state"] == "delivered":
        say(f"#{asked['ticket']}  {lamp('delivered')}  {asked['url']}".rstrip())
    elif asked["state"] == "queued":
        say(f"{asked['delivery'] or asked['event']}  {lamp('waiting')}")
        warn(_("InvGate has not answered yet. centralita event show {event} says how far it is.").format(**asked))
    if asked["state"] in ("dead", "skipped"):
        said = f"{in_words(asked['reason'], {}, LOCALE)} {asked['detail']}".strip()
        raise Failed(f"{asked['delivery']}: {said}")
