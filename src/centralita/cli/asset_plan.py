"""``asset plan``, ``plans``, ``apply``, ``revert``: changes of owners are planned, looked at, carried out, put back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from centralita.cli.asking import confirm
from centralita.cli.commands import command
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, print_json, progress, say, table, warn
from centralita.cli.session import Failed, Session, segment, session
from centralita.cli.words import LOCALE, _
from centralita.i18n import N_

WAIT_S = 1.0
_SHOWN = 40
_OPEN = ("planned", "asked", "asked_back")
_FAILED = ("stale", "failed")
_NOT_PUT_BACK = ("overtaken", "not_reverted")
_DEAD = ("failed", "not_reverted")
_LAMPS = {"asked": "in_flight", "asked_back": "in_flight"}
STATES: Mapping[str, str] = {
    "reading": N_("being read"),
    "ready": N_("ready"),
    "failed": N_("failed"),
    "applying": N_("being applied"),
    "applied": N_("applied"),
    "reverting": N_("being put back"),
    "reverted": N_("put back"),
}
VERDICTS: Mapping[str, str] = {
    "no_user": N_("nobody was seen on them"),
    "unreadable": N_("the user name can't be read"),
    "several_users": N_("several users at once: a person has to decide"),
    "local_account": N_("a local account of the computer"),
    "system_account": N_("an account of the system, not of a person"),
    "ignored_account": N_("the account is on the list of those that are nobody's"),
    "foreign_domain": N_("the account is of a domain that is not ours"),
    "locked": N_("the owner was set by a person"),
    "shared_device": N_("shared"),
    "already_owner": N_("the user is the owner already"),
    "too_few_sightings": N_("the user was not seen on enough days"),
    "contested": N_("several people use them: a person has to decide"),
    "ambiguous": N_("the account may be several people's: a person has to decide"),
    "needs_mapping": N_("a display name, to be mapped in assets.accounts"),
    "not_found": N_("nobody has the account"),
    "disabled_person": N_("the account's owner has left"),
    "duplicate_serial": N_("another asset has the same serial number"),
    "duplicate_name": N_("another asset has the same name"),
    "change_pending": N_("a change is under way"),
}
"""What is said of several assets at once."""
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help=_("The plan's id; without one, the newest."))]
Yes = Annotated[bool, typer.Option("--yes", "-y", help=_("Do not ask."))]


def reason(verdict: str, why: Mapping[str, Any]) -> str:
    """Why an owner is to change, or is not."""
    from centralita.services.wording import in_words

    return in_words(f"asset.{verdict}", why, LOCALE)


def register(app: typer.Typer) -> None:
    """Adds the commands to their noun."""
    command(
        app, "plan", "asset.manage",
        _("Plan who is to own which asset: who, why and how sure. Nothing is changed, here or in InvGate."),
        ["centralita asset plan", "centralita asset plan --asset 1042", "centralita asset plan --json > plan.json"],
    )(plan)  # fmt: skip
    command(app, "plans", "asset.read", _("List the plans."), ["centralita asset plans"])(plans)
    command(
        app, "apply", "asset.manage",
        _("Carry a plan out. Each owner is checked again: whoever was changed meanwhile stays."),
        ["centralita asset apply", "centralita asset apply pln_01K... --yes", "centralita asset apply --cap 20"],
    )(apply)  # fmt: skip
    command(
        app, "revert", "asset.manage",
        _("Put the old owners of an applied plan back, and lock those assets."),
        ["centralita asset revert pln_01K..."],
    )(revert)  # fmt: skip


def plan(
    ctx: typer.Context,
    assets: Annotated[
        list[str] | None, typer.Option("--asset", metavar="ID", help=_("Only this one; may be repeated."))
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=_("Show also the assets that do not change, and why."))] = False,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        begun = hub.post("/assets/plans", {"assets": assets or []})
        done = _read(hub, begun)
        if as_json:
            rows = list(hub.pages(f"/assets/plans/{done['id']}/rows", 10_000_000, verdict="" if every else "change"))
            print_json({"plan": done, "rows": rows})
        elif not done["fault"]:
            _show(hub, done, every)
    if done["fault"]:
        raise Failed(_("The plan could not be read: {reason}").format(reason=_fault(done["fault"])))


def _fault(fault: str) -> str:
    from centralita.services.wording import in_words

    name, _space, detail = fault.partition(" ")
    return f"{in_words(name, {}, LOCALE)} {detail}".strip()


def _read(hub: Session, found: dict[str, Any]) -> dict[str, Any]:
    """Waits until a plan is read, and shows how far it is."""
    seen = 0
    if found["state"] == "reading":  # by the first answer it mostly knows how many there are
        found = hub.get(f"/assets/plans/{found['id']}", wait_s=WAIT_S, seen=seen)
    with progress(_("Reading the inventory"), found["total"]) as advance:
        while found["state"] == "reading":
            found = hub.get(f"/assets/plans/{found['id']}", wait_s=WAIT_S, seen=seen)
            advance(max(0, found["done"] - seen))
            seen = max(seen, found["done"])
    return found


def _show(hub: Session, done: dict[str, Any], every: bool) -> None:
    changes, count = done["counts"].get("change", 0), done["counts"]["assets"]
    listed = list(hub.pages(f"/assets/plans/{done['id']}/rows", _SHOWN, verdict="change"))
    if listed:
        heads = (_("Asset"), _("Name"), _("Owner now"), _("Owner then"), _("Sure"), _("Why"))
        table(heads, [_change(row) for row in listed])
        if changes > len(listed):
            say(_("... and {count} more: --json shows all.").format(count=changes - len(listed)))
        say()
    say(_("{changes} of {assets} assets would change.").format(changes=changes, assets=count))
    for verdict, number in sorted(done["counts"].items(), key=lambda item: -item[1]):
        if verdict not in ("assets", "change"):
            say(f"  {number:>6}  {_(VERDICTS.get(verdict, verdict))}")
    if every:
        say()
        rows = hub.pages(f"/assets/plans/{done['id']}/rows", 10_000_000)
        others = [(row["asset"], row["name"], _who(row["old"]), reason(row["verdict"], row["why"])) for row in rows]
        table((_("Asset"), _("Name"), _("Owner now"), _("Why")), others)
    say()
    if changes > done["most_changes"]:
        warn(_("That is more than the cap allows ({most}); apply needs --cap.").format(most=done["most_changes"]))
    if changes:
        say(_("Nothing was changed. To carry it out: {command}").format(command=f"centralita asset apply {done['id']}"))


def _change(row: dict[str, Any]) -> tuple[str, ...]:
    sure = _("certain") if row["sure"] == "certain" else _("likely")
    why = reason(row["verdict"], row["why"])
    return row["asset"], row["name"], _who(row["old"]), _who(row["new"]), sure, why


def _who(owner: Mapping[str, str]) -> str:
    return owner["name"] or owner["email"] or owner["id"] or _("nobody")


def plans(ctx: typer.Context, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        items = list(hub.pages("/assets/plans", 50))
    if as_json:
        print_json({"items": items})
        return
    heads = (_("Plan"), _("State"), _("Assets"), _("Changes"), _("By"), _("Made"))
    table(heads, [
        (one["id"], _(STATES.get(one["state"], one["state"])), one["counts"].get("assets"),
         one["counts"].get("change", 0), one["created_by"], ago(one["created_at"]))
        for one in items
    ], right=[2, 3])  # fmt: skip


def apply(
    ctx: typer.Context,
    id: PlanId = "newest",
    yes: Yes = False,
    cap: Annotated[
        float, typer.Option("--cap", metavar="PERCENT", min=0, max=100, help=_("A higher cap, for once."))
    ] = 0.0,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        found = hub.get(f"/assets/plans/{segment(id)}")
        if found["state"] == "ready" and not as_json:
            _show(hub, found, False)
        confirm(yes, _("Change {count} owners in InvGate?").format(count=found["counts"].get("change", 0)))
        done = hub.post(f"/assets/plans/{segment(found['id'])}/apply", {"cap_percent": cap} if cap else {})
        follow(hub, done, as_json)


def revert(ctx: typer.Context, id: PlanId = "newest", yes: Yes = False, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        found = hub.get(f"/assets/plans/{segment(id)}")
        count = found["states"].get("changed", 0) + found["states"].get("not_reverted", 0)
        confirm(yes, _("Put back {count} owners in InvGate?").format(count=count))
        follow(hub, hub.post(f"/assets/plans/{segment(found['id'])}/revert"), as_json, _NOT_PUT_BACK)


def follow(hub: Session, found: dict[str, Any], as_json: bool, bad: tuple[str, ...] = _FAILED) -> None:
    """Waits until a plan's changes have ended, and tells how; exit code 1 when some are ``bad``."""
    total = sum(found["states"].values())
    with progress(_("Asking InvGate"), total) as advance:
        ended = 0
        while hub.served and found["state"] in ("applying", "reverting"):
            found = hub.get(f"/assets/plans/{found['id']}")
            now = total - sum(found["states"].get(state, 0) for state in _OPEN)
            advance(max(0, now - ended))
            ended = max(ended, now)
            if found["state"] in ("applying", "reverting"):
                time.sleep(WAIT_S)  # a command has nothing to do but wait
    if as_json:
        print_json(found)
    else:
        _tell(hub, found, bad)
    if any(found["states"].get(state) for state in bad):
        raise typer.Exit(1)


def _tell(hub: Session, found: dict[str, Any], bad: tuple[str, ...]) -> None:
    for state, count in found["states"].items():
        say(f"  {count:>6}  {lamp(_LAMPS.get(state, state))}")
    for state in bad:
        for row in hub.pages(f"/assets/plans/{found['id']}/rows", _SHOWN, state=state):
            why = _fault(row["detail"]) if state in _DEAD else row["detail"]
            warn(f"  {row['asset']}  {row['name']}  {lamp(state)}  {why}")
    if found["state"] in ("applying", "reverting"):
        say(_("It is queued, and carried out as soon as the hub runs: centralita serve"))
    elif found["state"] == "applied" and found["states"].get("changed"):
        say(_("To put it back: {command}").format(command=f"centralita asset revert {found['id']}"))
