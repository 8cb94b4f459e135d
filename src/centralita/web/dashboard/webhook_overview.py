"""One webhook: how it has done, in numbers and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from centralita.core.rollups import Grain
from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import webhook_statistics
from centralita.services.webhook_statistics import RECENT_S, Health, Interval, Series
from centralita.web.auth import hub_of
from centralita.web.dashboard import charts, environment, webhook_fields
from centralita.web.dashboard.access import needs
from centralita.web.dashboard.page import Page
from centralita.web.dashboard.webhook_frame import Framed, framed, show

router = APIRouter()

SPANS: Mapping[str, tuple[Grain, str]] = {
    "hour": ("minute", N_("1 hour")),
    "day": ("hour", N_("24 hours")),
    "month": ("day", N_("30 days")),
}
"""What the histogram goes back, with the grain of its bars."""
_LABELS: Mapping[Grain, tuple[str, str, int]] = {
    "minute": ("%H:%M", "minute", 10),
    "hour": ("%H:%M", "hour", 4),
    "day": ("%m-%d", "day", 5),
}
"""How a bar is called below the axis, and which are: those whose part of the time is a multiple of the number."""
LAYER_WORDS = (N_("successful"), N_("slow"), N_("error"), N_("rejected"))
TIMES = (
    ("fastest_ms", N_("Fastest")),
    ("average_ms", N_("Average")),
    ("slowest_ms", N_("Slowest")),
    ("p50_ms", "p50"),
    ("p95_ms", "p95"),
    ("p99_ms", "p99"),
)


@router.get("/webhooks/{name}", dependencies=[needs("webhook.read")])
async def overview(request: Request, name: str, span: Annotated[str, Query(max_length=10)] = "hour") -> Response:
    """The last half hour in numbers, and the last hour, day or month in pictures."""
    hub, frame = hub_of(request), await framed(request, name)
    chosen = span if span in SPANS else "hour"
    series = await webhook_statistics.series(hub, name, SPANS[chosen][0])
    now, page = hub.clock.now(), frame.page
    before = await webhook_statistics.health(hub, name, now - 2 * RECENT_S, now - RECENT_S)
    return await show(
        request,
        frame,
        "overview",
        block="pictures",
        patience=_patience(frame, page.locale),
        times=_times(frame.health, before, page.locale),
        counts=_counts(frame.health, page.locale),
        spans=[(key, _(label, page.locale), key == chosen) for key, (_grain, label) in SPANS.items()],
        rows=[(_time(each.start, page), each) for each in reversed(series.items)],
        bars=_bars(series, page),
        layers=[(name, _(word, page.locale)) for name, word in zip(charts.LAYERS, LAYER_WORDS, strict=True)],
        latency=_latency(series, page),
        tried=any(each.successful + each.error + each.rejected for each in series.items),
    )


def _patience(frame: Framed, language: str) -> list[tuple[str, str]]:
    """Label and value of what a delivery may expect that is not taken at once."""
    policy = frame.view.policy
    waits = " · ".join(map(webhook_fields.span_of, policy.schedule_s))
    tries = ngettext("{n} attempt in all", "{n} attempts in all", len(policy.schedule_s) + 1, language)
    tries = tries.format(n=len(policy.schedule_s) + 1)
    days = ngettext(
        "{n} day without a success", "{n} days without a success", ceil(policy.disable_after_days), language
    )
    rows = [
        (_("Waits between attempts", language), f"{waits} ({tries})" if waits else tries),
        (_("Longest time of an attempt, in seconds", language), f"{policy.timeout_s:g}"),
        (_("Slow from, in seconds", language), f"{policy.slow_s:g}"),
        (_("Requests a second", language), f"{policy.rate_per_s:g}" if policy.rate_per_s else _("no limit", language)),
    ]
    if policy.disable_after_days:
        rows.append((_("Stopped after", language), days.format(n=f"{policy.disable_after_days:g}")))
    return rows


def _times(health: Health, before: Health, language: str) -> list[tuple[str, str, str]]:
    """Label, value, and the value of the half hour before."""
    return [
        (
            _(label, language),
            environment.ms(language, getattr(health, name)),
            environment.ms(language, getattr(before, name)),
        )
        for name, label in TIMES
    ]


def _counts(health: Health, language: str) -> list[tuple[str, str, int]]:
    """Layer, word and number."""
    words = [_(word, language) for word in LAYER_WORDS]
    return list(zip(charts.LAYERS, words, _layers(health), strict=True))


def _layers(each: Interval | Health) -> list[int]:
    """As many as there are ``charts.LAYERS``: the slow ones succeeded too, and are counted once here."""
    return [each.successful - each.slow, each.slow, each.error, each.rejected]


def _time(start: str, page: Page) -> str:
    there = datetime.fromisoformat(start).astimezone(page.zone)
    return there.strftime("%Y-%m-%d %H:%M")


def _bars(series: Series, page: Page) -> list[charts.Bar]:
    form, part, every = _LABELS[series.per]
    bars = []
    for each in series.items:
        start = datetime.fromisoformat(each.start)
        # Days are UTC's: in another zone the day before would be named.
        there = start if series.per == "day" else start.astimezone(page.zone)
        said = ", ".join(
            f"{_(word, page.locale)} {environment.number(page.locale, value)}"
            for word, value in zip(LAYER_WORDS, _layers(each), strict=True)
            if value
        )
        title = f"{there.strftime('%Y-%m-%d %H:%M')}: {said or _('nothing', page.locale)}"
        label = there.strftime(form) if getattr(there, part) % every == 0 else ""
        bars.append(charts.Bar(label, title, _layers(each)))
    return bars


def _latency(series: Series, page: Page) -> dict[str, Any]:
    """What ``static/js/charts.js`` draws."""
    language = page.locale
    drawn = (
        ("fastest_ms", _("Fastest", language)),
        ("average_ms", _("Average", language)),
        ("p95_ms", "p95"),
        ("slowest_ms", _("Slowest", language)),
    )
    return {
        "zone": page.zone.key,
        "time": _("Time", language),
        "unit": "ms",
        "at": [int(datetime.fromisoformat(each.start).timestamp()) for each in series.items],
        "series": [{"label": label, "values": [getattr(each, name) for each in series.items]} for name, label in drawn],
    }
