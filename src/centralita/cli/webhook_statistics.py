"""``webhook stats``: how webhooks have done, in figures and as a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from centralita.cli.commands import command
from centralita.cli.event import Json, Since, Until
from centralita.cli.output import lamp, painted, print_json, say, table
from centralita.cli.session import segment, session
from centralita.cli.words import LOCALE, _

CHART_WIDTH = 30
_PARTS = ("successful", "slow", "error", "rejected")
_MARKS = {"successful": ("█", "green"), "slow": ("▒", "yellow"), "error": ("×", "red"), "rejected": ("·", "blue")}
Name = Annotated[str, typer.Argument(metavar="[NAME]", help=_("The webhook's name; without one, all of them."))]
Per = Annotated[str, typer.Option(help=_("minute, hour or day: a chart of these intervals; days are UTC's."))]


def register(app: typer.Typer) -> None:
    """Adds the command to its noun."""
    command(
        app, "stats", "webhook.read",
        _("Show how webhooks have done: in the last half hour, over a window, or interval by interval."),
        [
            "centralita webhook stats",
            "centralita webhook stats erp --since 7d",
            "centralita webhook stats erp --per hour --since 1d",
            "centralita webhook stats erp --per day --json | jq '.items[] | {start, p95_ms}'",
        ],
    )(stats)  # fmt: skip


def stats(
    ctx: typer.Context, name: Name = "", per: Per = "", since: Since = "", until: Until = "", as_json: Json = False
) -> None:
    if per and not name:
        raise typer.BadParameter(_("A chart is of one webhook: name it."))
    window = {"since": since, "until": until}
    with session(ctx.obj) as hub:
        if not name:
            items = list(hub.pages("/webhooks/statistics", 1_000_000, **window))
            found: Any = {"items": items}
        elif per:
            found = hub.get(f"/webhooks/{segment(name)}/statistics", per=per, **window)
        else:
            found = hub.get(f"/webhooks/{segment(name)}/health", **window)
    if as_json:
        print_json(found)
    elif not name:
        _list(found["items"])
    elif per:
        _chart(found)
    else:
        _health(found)


def _heads() -> tuple[str, ...]:
    return _("Successful"), _("Slow"), _("Errors"), _("Rejected"), "p50", "p95", "p99"


def _cells(figures: Mapping[str, Any]) -> tuple[Any, ...]:
    counts = (figures[part] for part in _PARTS)
    return (*counts, *(_time(figures[f"{name}_ms"]) for name in ("p50", "p95", "p99")))


def _time(ms: float | None) -> str:
    if ms is None:
        return ""
    return f"{ms:.1f} ms" if ms < 10 else f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def _list(items: Sequence[Mapping[str, Any]]) -> None:
    if not items:
        say(_("No webhooks yet. Add one: {command}").format(command="centralita webhook add erp https://..."))
        return
    table((_("Webhook"), *_heads()), [(item["webhook"], *_cells(item)) for item in items], right=range(1, 8))


def _health(found: Mapping[str, Any]) -> None:
    from centralita.services.wording import in_words

    why = in_words(found["reason"], {}, LOCALE) if found["reason"] else ""
    say(f"{painted(found['webhook'], 'bold')}  {lamp(found['state'])}  {why}".rstrip())
    queue = _("{waiting} waiting, {in_flight} in flight; breaker: {breaker}")
    said = {"waiting": found["waiting"], "in_flight": found["in_flight"], "breaker": _BREAKER[found["breaker"]]}
    say("  " + queue.format(**said))
    say("  " + _("From {since} to {until}:").format(since=_minute(found["since"]), until=_minute(found["until"])))
    table(_heads(), [_cells(found)], right=range(7))
    times = _("Fastest {fastest}, average {average}, slowest {slowest}.")
    if found["average_ms"] is not None:
        parts = {part: _time(found[f"{part}_ms"]) for part in ("fastest", "average", "slowest")}
        say("  " + times.format(**parts))


_BREAKER = {
    "closed": _("closed"),
    "open": _("open, the queue is held"),
    "half_open": _("trying one"),
    "ramping": _("speeding up again"),
}


def _chart(found: Mapping[str, Any]) -> None:
    items = found["items"]
    most = max((_height(item) for item in items), default=0)
    heads = (_("From"), *_heads(), "")
    rows = [(_minute(item["start"]), *_cells(item), bar(item, most)) for item in items]
    table(heads, rows, right=range(1, 8))
    words = {"successful": _("successful"), "slow": _("slow"), "error": _("error"), "rejected": _("rejected")}
    say("  ".join(painted(mark, colour) + " " + words[part] for part, (mark, colour) in _MARKS.items()))


def _height(item: Mapping[str, Any]) -> int:
    return int(item["successful"] + item["error"] + item["rejected"])


def bar(item: Mapping[str, Any], most: int) -> str:
    """One interval of a chart in which ``most`` is as wide as it goes. What there is, is seen."""
    counts = {**{part: item[part] for part in _PARTS}, "successful": item["successful"] - item["slow"]}
    marks = [(_MARKS[part][0], counts[part]) for part in _PARTS if counts[part]]
    return "".join(mark * max(1, round(count * CHART_WIDTH / most)) for mark, count in marks)


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
