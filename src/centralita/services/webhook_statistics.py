"""How an outgoing webhook has done: counts and durations of any window, read from the roll-ups of its lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from centralita.core import breaker
from centralita.core.rollups import (
    WIDTH_S,
    Extent,
    Grain,
    Piece,
    Tally,
    ceil,
    floor,
    percentile_ms,
    pieces,
    window,
)
from centralita.services import webhooks
from centralita.services.hub import Hub
from centralita.services.times import shown
from centralita.services.webhooks import WebhookView
from centralita.store import lanes, rollups
from centralita.store.database import Transaction

RECENT_S = 1800.0
"""What is looked at when nobody says otherwise."""
SPANS_S: dict[Grain, float] = {"minute": 3600.0, "hour": 86_400.0, "day": 30 * 86_400.0}
"""How far a series goes back when nobody says otherwise."""
COURSE_S, COURSE_STEP_S = 3600.0, 300
MOST_INTERVALS = 2500
"""In one series: a week of hours many times over, six years of days."""


class WindowRefused(ValueError):
    """A window that can't be shown. ``reason`` is a message id, with ``arguments``."""

    def __init__(self, reason: str, **arguments: Any) -> None:
        super().__init__(reason)
        self.reason, self.arguments = reason, arguments


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was tried, and how long it took; times are null when nothing was tried."""

    successful: int
    """Attempts that succeeded, the slow ones included."""
    slow: int
    """Those of them that took longer than the webhook's ``slow_s``."""
    error: int
    """Attempts that failed."""
    rejected: int
    """Deliveries that came to wait because the breaker was open or the hub had stopped the webhook."""
    fastest_ms: float | None
    average_ms: float | None
    slowest_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, kw_only=True)
class Interval(Figures):
    """A minute, an hour or a day (UTC)."""

    start: str


@dataclass(frozen=True, kw_only=True)
class Series:
    """One interval after the other, the empty ones too."""

    webhook: str
    per: Grain
    since: str
    """The window, moved outward to whole intervals; it begins no earlier than they are kept."""
    until: str
    items: list[Interval]


@dataclass(frozen=True, kw_only=True)
class Health(Figures):
    """A webhook's figures over a window, and how it is doing now."""

    webhook: str
    since: str
    """The window, moved outward to whole minutes, or to what is still kept that long: hours, days."""
    until: str
    state: str
    reason: str
    """As in the list of webhooks."""
    breaker: str
    """``closed``, ``open``, ``half_open`` (the next delivery is a probe), ``ramping``."""
    held_until: str | None
    waiting: int
    """Deliveries that are not finished."""
    in_flight: int


@dataclass(frozen=True, kw_only=True)
class Line(Figures):
    """A webhook's figures in a list."""

    webhook: str


def _figures(tally: Tally) -> dict[str, Any]:
    figures = Figures(
        successful=tally.successful,
        slow=tally.slow,
        error=tally.error,
        rejected=tally.rejected,
        fastest_ms=_rounded(tally.fastest_ms),
        average_ms=_rounded(tally.average_ms),
        slowest_ms=_rounded(tally.slowest_ms if tally.tried else None),
        p50_ms=_rounded(percentile_ms(tally, 0.5)),
        p95_ms=_rounded(percentile_ms(tally, 0.95)),
        p99_ms=_rounded(percentile_ms(tally, 0.99)),
    )
    return dict(vars(figures))  # all are numbers: nothing to copy deeper


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)


def _window(hub: Hub, since: float | None, until: float | None, span_s: float) -> tuple[float, float]:
    """The window that was asked for. Raises WindowRefused."""
    end = hub.clock.now() if until is None else until
    start = end - span_s if since is None else since
    if start > end:
        raise WindowRefused("window.empty")
    return max(0.0, start), max(0.0, end)


async def series(hub: Hub, name: str, per: Grain, since: float | None = None, until: float | None = None) -> Series:
    """Of a removed webhook too. Raises LookupError when there never was one, WindowRefused."""
    if hub.webhooks.config(name) is None:
        raise LookupError(name)
    asked = _window(hub, since, until, SPANS_S[per])

    def read(tx: Transaction) -> tuple[int, int, dict[int, Tally]]:
        extent = rollups.extent(tx)
        start = floor(max(asked[0], _first_kept(extent, per)), per)
        end = max(start, ceil(asked[1], per))
        if (end - start) // WIDTH_S[per] > MOST_INTERVALS:
            raise WindowRefused("window.too_long", most=MOST_INTERVALS)
        lane = lanes.by_key(tx, webhooks.LANE + name)
        wanted = pieces(start, end, extent, per)
        return start, end, {} if lane is None else rollups.series(tx, lane.id, wanted, per)

    start, end, found = await hub.database.read(read)
    figures, nothing = {at: _figures(tally) for at, tally in found.items()}, _figures(Tally())
    items = [Interval(start=_said(at), **figures.get(at, nothing)) for at in range(start, end, WIDTH_S[per])]
    return Series(webhook=name, per=per, since=_said(start), until=_said(end), items=items)


def _first_kept(extent: Extent, per: Grain) -> int:
    return {"minute": extent.minutes_from, "hour": extent.hours_from, "day": extent.days_from}[per]


def _said(at: float) -> str:
    return shown(at) or ""


async def health(hub: Hub, name: str, since: float | None = None, until: float | None = None) -> Health:
    """Over the last half hour, or the window. Raises LookupError, WindowRefused."""
    return (await standing(hub, name, since, until))[1]


async def standing(
    hub: Hub, name: str, since: float | None = None, until: float | None = None
) -> tuple[WebhookView, Health]:
    """A webhook, and its health as ``health`` has it, of one moment. Raises LookupError, WindowRefused."""
    asked = _window(hub, since, until, RECENT_S)

    def read(tx: Transaction) -> tuple[WebhookView, Health]:
        webhook = webhooks.look(hub, tx, name)
        return webhook, _health(hub, tx, webhook, asked)

    return await hub.database.read(read)


def _health(hub: Hub, tx: Transaction, webhook: WebhookView, asked: tuple[float, float]) -> Health:
    extent = rollups.extent(tx)
    start, end = window(*asked, extent)
    lane = lanes.by_key(tx, webhooks.LANE + webhook.name)
    tally, position, held_until = Tally(), "closed", 0.0
    if lane is not None:
        tally = rollups.totals(tx, [lane.id], pieces(start, end, extent)).get(lane.id, tally)
        position = breaker.look(breaker.load(lane.breaker), hub.clock.now()).position
        held_until = lane.held_until
    return Health(
        webhook=webhook.name,
        since=_said(start),
        until=_said(end),
        state=webhook.state,
        reason=webhook.reason,
        breaker=position,
        held_until=shown(held_until) if held_until > hub.clock.now() else None,
        waiting=webhook.waiting,
        in_flight=lane.in_flight if lane is not None else 0,
        **_figures(tally),
    )


@dataclass(frozen=True)
class Glance:
    """How a webhook does, in a row of a list."""

    course: list[int]
    """What was tried in each ``COURSE_STEP_S`` of the last hour, the oldest first."""
    tried: int
    """In the last half hour."""
    error: int
    """Of them."""


async def glances(hub: Hub, names: Sequence[str]) -> dict[str, Glance]:
    """Each of ``names`` at a glance: three statements, however many there are."""
    now = hub.clock.now()
    first, steps = floor(now - COURSE_S, "minute"), int(COURSE_S // COURSE_STEP_S)
    recent = [Piece("minute", floor(now - RECENT_S, "minute"), ceil(now, "minute"))]  # minutes are kept longer

    def read(tx: Transaction) -> tuple[dict[str, int], dict[int, dict[int, int]], dict[int, Tally]]:
        ids = {lane.target: lane.id for lane in lanes.by_keys(tx, [webhooks.LANE + name for name in names]).values()}
        return ids, rollups.courses(tx, ids.values(), first, COURSE_STEP_S), rollups.totals(tx, ids.values(), recent)

    ids, courses, totals = await hub.database.read(read)
    found = {}
    for name in names:
        course, tally = courses.get(ids.get(name, 0), {}), totals.get(ids.get(name, 0), Tally())
        found[name] = Glance([course.get(step, 0) for step in range(steps + 1)], tally.tried, tally.error)
    return found


async def listing(
    hub: Hub, limit: int, after: str = "", since: float | None = None, until: float | None = None
) -> tuple[list[Line], str | None]:
    """A page by name behind ``after``, and the cursor of the next one (None at the end). Raises WindowRefused."""
    asked = _window(hub, since, until, RECENT_S)
    names = [name for name in webhooks.names(hub) if name > after]
    page = names[:limit]

    def read(tx: Transaction) -> list[Line]:
        extent = rollups.extent(tx)
        ids = {lane.target: lane.id for lane in lanes.by_keys(tx, [webhooks.LANE + name for name in page]).values()}
        found = rollups.totals(tx, ids.values(), pieces(*window(*asked, extent), extent))
        return [Line(webhook=name, **_figures(found.get(ids.get(name, 0), Tally()))) for name in page]

    return await hub.database.read(read), page[-1] if len(names) > limit else None
