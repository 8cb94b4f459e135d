"""``webhook deliveries``, ``attempts``, ``attempt``, ``replay``: what happened, and doing it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from centralita.cli.asking import confirm
from centralita.cli.commands import command
from centralita.cli.event import Json, Since, Until, Where, replay_slices, search_pages
from centralita.cli.output import ago, lamp, painted, plain, print_json, say, table, warn
from centralita.cli.session import segment, session
from centralita.cli.words import _
from centralita.i18n import N_

Name = Annotated[str, typer.Argument(help=_("The webhook's name."))]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help=_("Most to show."))]
Yes = Annotated[bool, typer.Option("--yes", "-y", help=_("Do not ask."))]
_LAMPS = {"retry": "failed"}
PHASES: Mapping[str, str] = {
    "dns": N_("look-up"),
    "connect": N_("connection"),
    "tls": N_("TLS"),
    "first_byte": N_("first byte"),
    "total": N_("in all"),
}
"""Of an attempt's time."""


def register(app: typer.Typer) -> None:
    """Adds the commands to their noun."""
    command(
        app, "deliveries", "webhook.read",
        _("List what a webhook was sent and what waits for it, newest first."),
        ["centralita webhook deliveries erp --state dead --since 1d",
         "centralita webhook deliveries erp --where \"data.ticket.id == '4521'\""],
    )(deliveries)  # fmt: skip
    command(
        app, "attempts", "webhook.read",
        _("List every try at a webhook, newest first."),
        ["centralita webhook attempts erp --status 5xx", "centralita webhook attempts erp --error dns --since 2h"],
    )(attempts)  # fmt: skip
    command(
        app, "attempt", "webhook.read",
        _("Show one try: what was sent, what came back, and how long it took."),
        ["centralita webhook attempt att_20779_17_1795363200123456"],
    )(attempt)  # fmt: skip
    command(
        app, "replay", "delivery.replay",
        _("Send to a webhook again: named deliveries, what failed, what it missed, or what a condition holds for."),
        ["centralita webhook replay erp --delivery dlv_17",
         "centralita webhook replay erp --failed-since 1d --original",
         "centralita webhook replay erp --missed-since 2h --yes",
         "centralita webhook replay erp --status 5xx --since 2h --until 1h",
         "centralita webhook replay erp --since 7d --where \"data.ticket.id == '4521'\""],
    )(replay)  # fmt: skip


def _print(
    found: Mapping[str, Any],
    as_json: bool,
    none: str,
    heads: Sequence[str],
    row: Callable[[Mapping[str, Any]], Sequence[Any]],
    right: int,
) -> None:
    """What was found; ``none`` says that nothing was, ``right`` is the column that holds numbers."""
    if as_json:
        print_json(found)
    elif found["items"]:
        table(heads, map(row, found["items"]), right=[right])
    else:
        warn(none.format(count=found["looked_at"]))


def deliveries(
    ctx: typer.Context,
    name: Name,
    state: Annotated[str, typer.Option(help=_("Only in this state, such as dead."))] = "",
    reason: Annotated[str, typer.Option(help=_("Only for this reason, such as http.status."))] = "",
    type_: Annotated[str, typer.Option("--type", help=_("Only of this event type."))] = "",
    where: Where = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    query = {"state": state, "reason": reason, "type": type_, "where": where, "since": since, "until": until}
    with session(ctx.obj) as hub:
        found = search_pages(hub, f"/webhooks/{segment(name)}/deliveries", limit, **query)
    none = _("No delivery fits; {count} were looked at.")
    heads = (_("Delivery"), _("Made"), _("State"), _("Type"), _("Title"), _("Attempts"), _("Reason"), _("Event"))
    _print(found, as_json, none, heads, _delivery_row, 5)


def _delivery_row(i: Mapping[str, Any]) -> tuple[Any, ...]:
    said = f"{i['said']} {i['detail']}".strip()
    return i["id"], ago(i["created_at"]), lamp(i["state"]), i["type"], i["title"], i["attempts"], said, i["event"]


def attempts(
    ctx: typer.Context,
    name: Name,
    outcome: Annotated[str, typer.Option(help=_("delivered, retry, dead or skipped."))] = "",
    status: Annotated[str, typer.Option(help=_("A status, a class such as 5xx, or 0 for no response."))] = "",
    error: Annotated[str, typer.Option(help=_("A class of error such as dns or tls, or a reason."))] = "",
    where: Where = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    query = {"outcome": outcome, "status": status, "error": error, "where": where, "since": since, "until": until}
    with session(ctx.obj) as hub:
        found = search_pages(hub, f"/webhooks/{segment(name)}/attempts", limit, **query)
    none = _("No attempt fits; {count} were looked at.")
    heads = (_("Attempt"), _("When"), _("Outcome"), _("Status"), _("Took"), _("Reason"), _("Delivery"), _("Type"))
    _print(found, as_json, none, heads, _attempt_row, 4)


def _attempt_row(i: Mapping[str, Any]) -> tuple[Any, ...]:
    outcome, status = lamp(_LAMPS.get(i["outcome"], i["outcome"])), i["status"] or i["error"]
    said, delivery = f"{i['said']} {_more(i)}".strip(), f"{i['delivery']} #{i['number']}"
    return i["id"], ago(i["started_at"]), outcome, status, f"{i['elapsed_ms']:.0f} ms", said, delivery, i["type"]


def _more(attempt: Mapping[str, Any]) -> str:
    """What the reason does not say, nor the status beside it."""
    return "" if attempt["detail"] == str(attempt["status"]) else str(attempt["detail"])


def attempt(
    ctx: typer.Context,
    attempt: Annotated[str, typer.Argument(metavar="ATTEMPT", help=_("The attempt's id."))],
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        found = hub.get(f"/webhook-attempts/{segment(attempt)}")
    if as_json:
        print_json(found)
        return
    for line in _whole(found):
        say(line)


def _whole(found: Mapping[str, Any]) -> Iterator[str]:
    one = found["attempt"]
    outcome = lamp(_LAMPS.get(one["outcome"], one["outcome"]))
    yield f"{painted(one['id'], 'bold')}  {outcome}  {plain(one['said'])} {plain(_more(one))}".rstrip()
    facts = (found["webhook"], f"{one['delivery']} #{one['number']}", one["event"], one["type"], ago(one["started_at"]))
    yield "  " + plain(" · ".join(fact for fact in facts if fact))
    request = found["request"]
    if request is not None:
        yield ""
        size = _("{count} bytes").format(count=request["bytes"])
        yield plain(f"{request['method']} {request['url']}  ({size})")
        yield from (plain(f"  {name}: {value}") for name, value in request["headers"])
    yield ""
    yield plain(str(one["status"] or one["error"] or _("nothing was sent")))
    yield from (plain(f"  {name}: {value}") for name, value in found["response_headers"])
    if found["response"]:
        yield ""
        yield from plain(found["response"]).splitlines()
    if found["timings"]:
        yield ""
        known = [name for name in PHASES if name in found["timings"]]
        yield " · ".join(f"{_(PHASES[name])} {found['timings'][name]:.1f} ms" for name in known)


def replay(
    ctx: typer.Context,
    name: Name,
    delivery: Annotated[
        list[str] | None, typer.Option("--delivery", metavar="ID", help=_("This one; may be repeated."))
    ] = None,
    failed_since: Annotated[str, typer.Option(help=_("What was given up since then: a time, or 30m, 2h, 7d."))] = "",
    missed_since: Annotated[
        str, typer.Option(help=_("What it subscribes to by now and was never sent, of the events since then."))
    ] = "",
    since: Annotated[str, typer.Option(help=_("What it was sent of the events since then."))] = "",
    until: Until = "",
    where: Where = "",
    outcome: Annotated[str, typer.Option(help=_("What was tried with this outcome: dead, retry, delivered."))] = "",
    status: Annotated[
        str, typer.Option(help=_("What was answered with this status, such as 5xx; 0: not at all."))
    ] = "",
    error: Annotated[
        str, typer.Option(help=_("What was tried with this error, such as dns, or for this reason."))
    ] = "",
    original: Annotated[
        bool, typer.Option("--original", help=_("By the webhook as it was then, signed with today's keys."))
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    like = {"outcome": outcome, "status": status, "error": error}
    tried = any(like.values())
    if sum(map(bool, (delivery, failed_since, missed_since, since or tried))) != 1:
        raise typer.BadParameter(_("Say which: --delivery, --failed-since, --missed-since, --since or --status."))
    body: dict[str, Any] = {
        "deliveries": delivery or [], "failed_since": _fixed(failed_since), "missed_since": _fixed(missed_since),
        "where": where, "configuration": "original" if original else "current",
    }  # fmt: skip
    if tried:
        body["attempts"] = {**like, "since": _fixed(since), "until": _fixed(until)}
    else:
        body |= {"since": _fixed(since), "until": until}
    if (missed_since or since) and not (until or tried):
        body["until"] = datetime.now(UTC).isoformat()  # what happens while it runs is not what was meant
    confirm(yes or delivery is not None, _("Send to {webhook} again?").format(webhook=name))
    with session(ctx.obj) as hub:
        done = replay_slices(hub, f"/webhooks/{segment(name)}/replay", body, ("looked_at", "deliveries", "left"))
    if as_json:
        print_json(done)
        return
    say(_("{count} deliveries queued again.").format(count=done["deliveries"]))
    if done["left"]:
        say(_("{count} were on their way already.").format(count=done["left"]))


def _fixed(moment: str) -> str:
    """A time that stays the same from one slice to the next."""
    from centralita.services.times import shown, span_s

    span = span_s(moment)
    return moment if span is None else shown(datetime.now(UTC).timestamp() - span) or ""
