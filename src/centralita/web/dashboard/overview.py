"""Is it working? The first page: the state in one sentence, the last hour in numbers, what needs somebody with its one
click, who sends and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response

from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import lanes
from centralita.services.lanes import LaneView
from centralita.services.overview import Minute, Need, Overview, overview
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.environment import span
from centralita.web.dashboard.page import Flash, Page, page_of, redirect, render

router = APIRouter()

FEWEST, HALF_HOUR = 10, 30
"""Minutes: with fewer of them a course says nothing."""
_WEBHOOK = "webhook:"
_FLOWING = {
    "overview.flowing": N_("Everything is flowing. Last event {span} ago; {waiting} waiting."),
    "overview.on_its_way": N_("Everything is flowing. Last event {span} ago; {waiting} on their way."),
}


@dataclass(frozen=True)
class Task:
    """What needs somebody, with the one click that leads there or does it."""

    lamp: str
    text: str
    href: str = ""
    do: str = ""
    """What the button says; with ``href`` a POST goes there."""
    permission: str = ""
    """For the button."""


@router.get("/", dependencies=[needs("event.read")])
async def show(request: Request) -> Response:
    """How things are now; the part below the title looks again by itself."""
    hub, person = hub_of(request), await person_of(request)
    page = await page_of(request, section="overview")
    found = await overview(hub, person.principal.permissions, page.locale)
    page = await page_of(
        request,
        title=_("Overview", page.locale),
        section="overview",
        sentence=_sentence(found, page),
        lamp=found.state,
    )
    return await render(
        request,
        "overview.html",
        page,
        block="now",
        now=found,
        tasks=[_task(need, page) for need in found.needs],
        came_in=_came_in(found),
        courses=_courses(found.minutes),
        lane_lamp=lane_lamp,
        lane_path=lane_path,
        resume_path=partial(_turn_path, "resume"),
        pause_path=partial(_turn_path, "pause"),
        polled=request.headers.get("hx-target") == "now",
        is_new=not any(lane.last_success_at for lane in found.lanes),
    )


def _sentence(found: Overview, page: Page) -> str:
    """As ``found`` says it, but how long ago the last event was, and the other times of the reader's zone."""
    if found.reason in _FLOWING:
        past = max(0.0, page.now - datetime.fromisoformat(str(found.arguments["last_at"])).timestamp())
        return _(_FLOWING[found.reason], page.locale).format(span=span(past), waiting=found.waiting)
    told = {name: _clock(value, page) if name.endswith("_at") else value for name, value in found.arguments.items()}
    if "fault" in told:
        told["fault"] = in_words(str(told["fault"]), {}, page.locale)
    return in_words(found.reason, told, page.locale)


def _clock(at: Any, page: Page) -> str:
    """The time of day; with the day when it is another one."""
    there = datetime.fromisoformat(str(at)).astimezone(page.zone)
    today = datetime.fromtimestamp(page.now, UTC).astimezone(page.zone).date()
    return there.strftime("%H:%M:%S" if there.date() == today else "%Y-%m-%d %H:%M")


def _courses(minutes: list[Minute]) -> dict[str, list[float]]:
    """The last hour for the small pictures; what was not counted from its beginning, from there on."""
    events = [minute.flow.events for minute in minutes if minute.flow.events is not None]
    return {
        "events": [float(each) for each in events] if len(events) >= FEWEST else [],
        "delivered": [float(minute.flow.delivered) for minute in minutes],
        "failed": [float(minute.flow.failed) for minute in minutes],
    }


def _came_in(found: Overview) -> int | None:
    """Events of the last half hour; of a hub that is younger, those since it counts."""
    known = [minute.flow.events for minute in found.minutes[-HALF_HOUR:] if minute.flow.events is not None]
    return found.last_half_hour.events if found.last_half_hour.events is not None else sum(known) if known else None


# ---- what needs somebody


def _task(need: Need, page: Page) -> Task:
    made = _TASKS.get(need.kind)
    if made is None:
        return Task("held", f"{need.kind}: {need.count} {need.which}")
    task = made(need, page.locale)
    # Nothing leads where somebody may not go.
    return replace(task, href="") if task.href.startswith("/webhooks") and not page.may("webhook.read") else task


def _filled(text: str, need: Need) -> str:
    return text.format(n=need.count, which=need.which)


def _fault(need: Need, language: str) -> Task:
    return Task("failed", in_words(need.which, {}, language))


def _disk(need: Need, language: str) -> Task:
    text = _("The disk of the data directory has {megabytes} MB left.", language)
    return Task("held", text.format(megabytes=need.count))


def _dead_letters(need: Need, language: str) -> Task:
    text = _filled(ngettext("{n} dead letter", "{n} dead letters", need.count, language), need)
    return Task("failed", text, "/dead-letters")


def _disabled(need: Need, language: str) -> Task:
    text = _filled(
        ngettext(
            "{n} webhook was stopped: {which} kept failing",
            "{n} webhooks were stopped, {which} among them: they kept failing",
            need.count,
            language,
        ),
        need,
    )
    return Task("failed", text, lane_path(need.which), _("Resume", language), "lane.manage")


def _failing(need: Need, language: str) -> Task:
    text = _filled(
        ngettext(
            "{n} webhook has had no success for long: {which}",
            "{n} webhooks have had no success for long, {which} among them",
            need.count,
            language,
        ),
        need,
    )
    return Task("held", text, lane_path(need.which))


def _paused(need: Need, language: str) -> Task:
    text = _filled(
        ngettext("{n} lane is paused: {which}", "{n} lanes are paused, {which} among them", need.count, language), need
    )
    return Task("held", text, lane_path(need.which), _("Resume", language), "lane.manage")


def _unparsed(need: Need, language: str) -> Task:
    text = _filled(
        ngettext("{n} receipt could not be read", "{n} receipts could not be read", need.count, language), need
    )
    if not need.which:
        return Task("failed", text, "/sources")
    return Task("failed", f"{text}: {need.which}", f"/sources/{quote(need.which, safe='')}")


def _late(need: Need, language: str) -> Task:
    text = _filled(
        ngettext(
            "{which} is silent for longer than usual",
            "{n} sources are silent for longer than usual, {which} among them",
            need.count,
            language,
        ),
        need,
    )
    return Task("waiting", text, f"/sources/{quote(need.which, safe='')}")


def _rejections(need: Need, language: str) -> Task:
    text = _filled(
        ngettext(
            "{n} request was refused in the last hour, by {which}",
            "{n} requests were refused in the last hour, most by {which}",
            need.count,
            language,
        ),
        need,
    )
    return Task("held", text, f"/sources/{quote(need.which, safe='')}")


def _approvals(need: Need, language: str) -> Task:
    text = _filled(
        ngettext("{n} approval waits for an answer", "{n} approvals wait for an answer", need.count, language), need
    )
    return Task("waiting", text, "/approvals")


def _conflicts(need: Need, language: str) -> Task:
    text = _filled(
        ngettext("{n} asset's owner is in doubt", "{n} assets' owners are in doubt", need.count, language), need
    )
    return Task("held", text, "/assets/conflicts")


def _issues(need: Need, language: str) -> Task:
    text = _filled(ngettext("{n} webhook error is open", "{n} webhook errors are open", need.count, language), need)
    return Task("held", f"{text}: {need.which}", f"{lane_path(_WEBHOOK + need.which)}/errors?state=open")


_TASKS: Mapping[str, Callable[[Need, str], Task]] = {
    "fault": _fault,
    "disk": _disk,
    "dead_letters": _dead_letters,
    "disabled_webhooks": _disabled,
    "failing_webhooks": _failing,
    "paused_lanes": _paused,
    "unparsed": _unparsed,
    "late_sources": _late,
    "rejections": _rejections,
    "approvals": _approvals,
    "conflicts": _conflicts,
    "webhook_issues": _issues,
}


# ---- lanes


def lane_path(key: str) -> str:
    """Where a lane is looked at: a webhook's on its page, another one's in the events."""
    return f"/webhooks/{quote(key.removeprefix(_WEBHOOK), safe='')}" if key.startswith(_WEBHOOK) else ""


def lane_lamp(lane: LaneView, language: str) -> tuple[str, str]:
    """Its lamp and the word beside it."""
    if lane.state == "paused" and lane.paused_reason:
        return "failed", _("stopped", language)
    words = {
        "flowing": ("flowing", _("flowing", language)),
        "waiting": ("waiting", _("waiting", language)),
        "held": ("held", _("held", language)),
        "paused": ("held", _("paused", language)),
    }
    return words.get(lane.state, ("off", _("off", language)))


def _turn_path(turn: str, key: str) -> str:
    return f"/lanes/{turn}?{urlencode({'lane': key})}"


@router.post("/lanes/resume", dependencies=[needs("lane.manage")])
async def resume(request: Request, lane: str = Query(max_length=500)) -> Response:
    """Lets a lane go on at once, whatever paused it or held it."""
    return await _set_paused(request, lane, False, N_("{lane} goes on."), "pause")


@router.post("/lanes/pause", dependencies=[needs("lane.manage")])
async def pause(request: Request, lane: str = Query(max_length=500)) -> Response:
    """Stops a lane; what comes in waits."""
    return await _set_paused(request, lane, True, N_("{lane} is paused. What comes in waits; none is lost."), "resume")


async def _set_paused(request: Request, key: str, paused: bool, said: str, back: str) -> Response:
    actor = (await person_of(request)).principal.actor
    if await lanes.set_paused(hub_of(request), actor, key, paused) is None:
        raise LookupError(key)
    undo = _turn_path(back, key) if paused else ""
    return redirect(request, "/", Flash(said, {"lane": key}, lamp="held" if paused else "flowing", undo=undo))
