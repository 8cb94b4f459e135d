"""``rule``: listed and shown, checked, tried on what has happened; ``rule_changing`` has what changes one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from centralita.cli import rule_changing
from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json, Since, Source, Until
from centralita.cli.output import ago, lamp, painted, print_json, progress, say, table, warn
from centralita.cli.rule_changing import STATES, Name
from centralita.cli.session import Options, Refusal, Session, segment, session
from centralita.cli.words import LOCALE, _

if TYPE_CHECKING:
    from centralita.settings import Settings

app = group(_(CONTENTS["rule"]))
rule_changing.register(app)
File = Annotated[
    Path | None, typer.Argument(help=_("A configuration, or one with only its rules; else the one in force."))
]


@command(
    app, "list", "rule.read", _("List the rules in force."), ["centralita rule list", "centralita rule list --json"]
)
def list_rules(ctx: typer.Context, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        rules = hub.get("/rules")
    if as_json:
        print_json(rules)
        return
    from centralita.services.wording import in_words

    heads = (_("Rule"), _("State"), _("Condition"), _("Channel"), _("People"), _("Webhook"), _("Provided by"))
    rows = [
        (r["name"], lamp(STATES["on" if r["enabled"] else "off"]), r["condition"], r["channel"], r["dm"], r["webhook"],
         _("the file") if number < rules["provided"] else _("people"))
        for number, r in enumerate(rules["rules"])
    ]  # fmt: skip
    table(heads, rows)
    for name, reason in rules["left_out"].items():
        warn(f"{name}: {in_words(reason, {}, LOCALE)}")


@command(app, "show", "rule.read", _("Show one rule."), ["centralita rule show Printers"])
def show(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        rule = hub.get(f"/rules/{segment(name)}")
    if as_json:
        print_json(rule)
        return
    state = STATES.get(rule["state"], "fail")
    say(f"{painted(rule['name'], 'bold')}  {lamp(state)}")
    if state == "fail":
        from centralita.services.wording import in_words

        warn(in_words(f"rule.{rule['state']}", {}, LOCALE))
    for label, value in _facts(rule):
        if value not in ("", None, []):
            say(f"  {label}: {value}")


def _facts(rule: dict[str, Any]) -> list[tuple[str, Any]]:
    looks = ", ".join(f"{name}: {_('yes') if on else _('no')}" for name, on in rule["formatting"].items())
    by = f"{rule['changed_by']}, {ago(rule['changed_at'])}" if rule["changed_at"] else ""
    return [
        (_("Provided by"), rule["place"] or _("people")),
        (_("Number"), rule["number"]),
        (_("Condition"), rule["condition"] or _("every event")),
        (_("Channel"), rule["channel"]),
        (_("People"), ", ".join(rule["dm"])),
        (_("Webhook"), rule["webhook"]),
        (_("Mentions"), ", ".join(rule["mentions"])),
        (_("Else"), rule["fallback"]),
        (_("Looks"), looks),
        (_("Ends the row"), _("yes") if rule["stop"] else ""),
        (_("Changed by"), by),
    ]


@command(
    app,
    "check",
    "rule.read",
    _("Check rules without putting them in force. A wrong condition is pointed at."),
    ["centralita rule check", "centralita rule check new-rules.yaml"],
)
def check(ctx: typer.Context, file: File = None, as_json: Json = False) -> None:
    settings = _read(ctx.obj, file)
    with session(ctx.obj) as hub:
        checked = _asked(hub, "/rules/check", _parts(settings), settings)
    if as_json:
        print_json(checked)
        return
    for unknown in checked["unknown_paths"]:
        said = _("The condition reads {path}, which no source declares.").format(path=unknown["path"])
        warn(f"{unknown['rule']}: {said}")
    say(_("{count} rules: fine.").format(count=checked["rules"]))


@command(
    app,
    "dry-run",
    "rule.read",
    _("Try rules on what has happened: what would have gone where, before and after. Nothing is written."),
    [
        "centralita rule dry-run new-rules.yaml",
        "centralita rule dry-run new-rules.yaml --since 7d --source invgate",
        "centralita rule dry-run new-rules.yaml --last 10000 --json | jq .totals",
    ],
)
def dry_run(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help=_("A configuration, or one with only its rules."))],
    last: Annotated[int, typer.Option(min=1, max=1_000_000, help=_("Over the last so many events."))] = 1000,
    since: Since = "",
    until: Until = "",
    source: Source = "",
    shown: Annotated[int, typer.Option(min=0, help=_("Changed events to list."))] = 20,
    as_json: Json = False,
) -> None:
    settings = _read(ctx.obj, file)
    body = {**_parts(settings), "last": last, "since": since, "until": until, "source": source}
    with session(ctx.obj) as hub:
        outcome = _slices(hub, body, settings, None if since else last, shown if not as_json else 1_000_000)
    if as_json:
        print_json(outcome)
        return
    _print(outcome)


def _read(options: Options, file: Path | None) -> Settings:
    from centralita.settings import load

    return load(file, os.environ) if file is not None else options.settings()


def _parts(settings: Settings) -> dict[str, Any]:
    """What the file says of rules, webhooks and default channels; what it leaves out stays as it is in force."""
    said = {keys[0] for keys in settings.written() if keys}
    slack = settings.slack
    parts: dict[str, Any] = {}
    if "rules" in said:
        parts["rules"] = [rule.model_dump(mode="json", exclude_none=True) for rule in settings.rules]
    if "webhooks" in said:
        wanted = {"name", "types", "condition", "enabled"}
        parts["webhooks"] = [webhook.model_dump(mode="json", include=wanted) for webhook in settings.webhooks]
    if said & {"slack", "ops"}:
        parts["routing"] = {
            "channel_mappings": dict(slack.channel_mappings) if slack.enabled else {},
            "changes_channel": slack.changes_channel or "",
            "ops_channel": settings.ops.channel or "",
            "formatting": slack.formatting.model_dump(),
        }
    return parts


def _asked(hub: Session, path: str, body: Mapping[str, Any], settings: Settings) -> Any:
    """Posts rules; what is wrong with them is told with its place in the file, and ends the command with 2."""
    try:
        return hub.post(path, body)
    except Refusal as refusal:
        if refusal.problem.get("code") != "rules.invalid":
            raise
        for problem in refusal.problem["problems"]:
            warn(_told(problem, settings))
        raise typer.Exit(2) from None


def _told(problem: Mapping[str, Any], settings: Settings) -> str:
    names = [rule.name for rule in settings.rules]
    place = None
    if problem["rule"] in names:
        index = names.index(problem["rule"])
        place = settings.place(("rules", index, problem["key"])) or settings.place(("rules", index))
    parts = (str(place or ""), problem["rule"], problem["key"], problem["detail"])
    pointed = "".join(f"\n    {line}" for line in problem["point"].splitlines())
    return ": ".join(part for part in parts if part) + pointed


def _slices(hub: Session, body: dict[str, Any], settings: Settings, total: int | None, shown: int) -> dict[str, Any]:
    totals: dict[tuple[str, str], list[int]] = {}
    outcome: dict[str, Any] = {"events": 0, "changed": 0, "items": []}
    cursor: str | None = ""
    with progress(_("Trying"), total) as advance:
        while cursor is not None:
            slice_ = _asked(hub, "/rules/dry-run", {**body, "cursor": cursor}, settings)
            outcome["events"] += slice_["events"]
            outcome["changed"] += slice_["changed"]
            outcome["items"] += slice_["items"][: max(0, shown - len(outcome["items"]))]
            for row in slice_["totals"]:
                counts = totals.setdefault((row["destination"], row["target"]), [0, 0, 0, 0])
                for index, name in enumerate(("before", "after", "gained", "lost")):
                    counts[index] += row[name]
            advance(slice_["events"])
            cursor = slice_["next"]
    outcome["totals"] = [
        {"destination": place[0], "target": place[1], "before": c[0], "after": c[1], "gained": c[2], "lost": c[3]}
        for place, c in sorted(totals.items())
    ]
    return outcome


def _print(outcome: Mapping[str, Any]) -> None:
    said = _("{changed} of {events} events would have gone elsewhere.")
    say(said.format(changed=outcome["changed"], events=outcome["events"]))
    if outcome["totals"]:
        heads = (_("Destination"), _("Before"), _("After"), _("Gained"), _("Lost"))
        rows = [
            (f"{t['destination']}:{t['target']}", t["before"], t["after"], t["gained"], t["lost"])
            for t in outcome["totals"]
        ]
        table(heads, rows, right=[1, 2, 3, 4])
    if outcome["items"]:
        heads = (_("Event"), _("When"), _("Title"), _("Before"), _("After"))
        rows = [
            (i["event"]["id"], ago(i["event"]["time"]), i["event"]["title"], _places(i["before"]), _places(i["after"]))
            for i in outcome["items"]
        ]
        table(heads, rows)


def _places(going: list[dict[str, str]]) -> list[str]:
    return [f"{each['destination']}:{each['target']}" for each in going]
