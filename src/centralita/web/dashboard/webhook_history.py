"""One webhook: what it was sent and what waits for it, every try whole, and sending one delivery again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import webhook_history, webhook_replay
from centralita.services.replays import NotFound
from centralita.services.source_changes import InTheWay
from centralita.services.webhook_history import AttemptFilter, Found, read_place
from centralita.services.webhook_replay import Configuration, Wanted
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import charts, environment, forms, webhook_filter
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.page import Flash, locale, redirect
from centralita.web.dashboard.webhook_filter import Asked
from centralita.web.dashboard.webhook_frame import Framed, actor_of, base_of, framed, refusal, show

router = APIRouter()

PAGE = 50
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "delivered": ("flowing", N_("delivered")),
    "retry": ("held", N_("tried again")),
    "dead": ("failed", N_("given up")),
    "skipped": ("skipped", N_("skipped")),
}
"""How a try ended: its lamp and its word."""
STATES: Mapping[str, tuple[str, str]] = {
    **OUTCOMES,
    "waiting": ("waiting", N_("behind another")),
    "due": ("waiting", N_("waiting")),
    "in_flight": ("waiting", N_("on its way")),
    "held": ("held", N_("held")),
    "superseded": ("skipped", N_("sent again")),
}
"""The same for a delivery."""
SPANS = (("1h", N_("1 hour")), ("24h", N_("24 hours")), ("7d", N_("7 days")), ("30d", N_("30 days")))
"""Times to begin at that are offered; any other can be written."""
_PHASES = (
    ("dns", N_("name")),
    ("connect", N_("connect")),
    ("tls", "TLS"),
    ("first_byte", N_("first byte")),
    ("total", N_("rest")),
)
"""In the order in which they end."""


@router.get("/webhooks/{name}/deliveries", dependencies=[needs("webhook.read")])
async def deliveries(request: Request, name: str, before: Annotated[str, Query(max_length=500)] = "") -> Response:
    """The newest first: every try, or what became of each delivery (``view=deliveries``)."""
    frame = await framed(request, name)
    language = frame.page.locale
    asked = webhook_filter.read(request.query_params, frame.page.now, frame.page.zone, language)
    found: Found[Any] = Found([], None, 0, None)
    if not asked.form.faults:
        found = await _found(request, name, asked, before, language)
    given, path = asked.given, frame.base + "/deliveries"
    return await show(
        request,
        frame,
        "deliveries",
        status=422 if asked.form.faults else 200,
        block="rows",
        form=asked.form,
        found=found,
        whole=asked.whole,
        filtered=bool(set(given) - {"view"}),
        matching=f"{frame.base}/replay?{urlencode({**given, 'what': 'matching'})}",
        states=STATES if asked.whole else OUTCOMES,
        spans=[(key, _(label, language)) for key, label in SPANS],
        clear=path + ("?view=deliveries" if asked.whole else ""),
        newest=f"{path}?{urlencode(given)}" if before else "",
        older=f"{path}?{urlencode({**given, 'before': found.next})}" if found.next else "",
        looked=_looked(found, frame),
    )


async def _found(request: Request, name: str, asked: Asked, before: str, language: str) -> Found[Any]:
    hub = hub_of(request)
    if asked.deliveries is not None:
        at = before if before.isascii() and before.isdigit() and len(before) < 19 else ""
        return await webhook_history.deliveries(hub, name, asked.deliveries, asked.condition, PAGE, at, language)
    try:
        read_place(before)
    except ValueError:
        before = ""
    wanted = asked.attempts or AttemptFilter()
    return await webhook_history.attempts(hub, name, wanted, asked.condition, PAGE, before, language)


def _looked(found: Found[Any], frame: Framed) -> str:
    if not found.looked_at or found.back_to is None:
        return ""
    text = ngettext(
        "Looked at {n}, back to {when}", "Looked at {n}, back to {when}", found.looked_at, frame.page.locale
    )
    there = environment.moment_in(found.back_to, frame.page.zone)
    return text.format(n=environment.number(frame.page.locale, found.looked_at), when=there)


@router.get("/webhooks/{name}/attempts/{attempt_id}", dependencies=[needs("webhook.read")])
async def attempt(request: Request, name: str, attempt_id: str) -> Response:
    """One try whole: what was sent, what came back, and how long each part of it took."""
    frame = await framed(request, name)
    found = await webhook_history.attempt(hub_of(request), attempt_id, frame.page.locale)
    if found is None or found.webhook != name:
        raise HTTPException(404)
    return await show(
        request,
        frame,
        "attempt",
        found=found,
        outcomes=OUTCOMES,
        outcome=OUTCOMES.get(found.attempt.outcome, OUTCOMES["retry"]),
        phases=phases(found.timings, frame.page.locale),
    )


def phases(timings: Mapping[str, float], language: str) -> list[charts.Phase]:
    """How long each part of an exchange took, of the times at which they were over."""
    found, before = [], 0.0
    for key, word in _PHASES:
        if key in timings:
            length = max(0.0, timings[key] - before)
            said = environment.ms(language, length)
            found.append(charts.Phase(key, _(word, language), length, said))
            before = max(before, timings[key])
    return found


@router.post("/webhooks/{name}/deliveries/{delivery}/replay", dependencies=[needs("delivery.replay")])
async def again(request: Request, name: str, delivery: str) -> Response:
    """Sends one delivery again, by today's settings or as it was sent then."""
    form, back = await forms.read(request), base_of(name) + "/deliveries"
    digits = delivery.removeprefix("dlv_")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise NotFound(delivery[:100])
    configuration: Configuration = "original" if form.get("configuration") == "original" else "current"
    wanted = Wanted(deliveries=(int(digits),), configuration=configuration)
    try:
        done = await webhook_replay.replay(hub_of(request), await actor_of(request), name, wanted, "")
    except InTheWay as refused:
        language = locale(request, await person_of(request))
        return redirect(request, back, refusal(in_words(refused.reason, refused.arguments, language)))
    if done.deliveries:
        return redirect(request, back, Flash(N_("Sent again: it is behind what waits already.")))
    return redirect(
        request, back, Flash(N_("Nothing was sent: it is on its way already, or its event is gone."), {}, "held")
    )
