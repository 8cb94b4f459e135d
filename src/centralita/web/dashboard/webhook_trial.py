"""One webhook: sending a message now, and everything about what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import event_types, webhook_trial
from centralita.services.source_changes import InTheWay
from centralita.services.webhook_trial import Trial, Wish
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import needs
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.webhook_frame import Framed, actor_of, framed, show
from centralita.web.dashboard.webhook_history import OUTCOMES, phases

router = APIRouter()

_NOT_TAKEN = ("failed", N_("not taken"))
_ENDS: Mapping[str, tuple[str, str]] = {**OUTCOMES, "retry": _NOT_TAKEN, "dead": _NOT_TAKEN}
"""As a try of a delivery; but nothing is tried again, and nothing given up."""


@router.get("/webhooks/{name}/test", dependencies=[needs("webhook.manage")])
async def prepare(request: Request, name: str) -> Response:
    """What is to be sent."""
    frame = await framed(request, name)
    return await _show(request, frame, Form(values={"event": request.query_params.get("event", "")[:100]}))


@router.post("/webhooks/{name}/test", dependencies=[needs("webhook.manage")])
async def send(request: Request, name: str) -> Response:
    """Sends it now; nothing of it is in the queue, the breaker or the history."""
    form, frame = await forms.read(request), await framed(request, name)
    language = frame.page.locale
    wish = Wish(event=form.get("event"), type=form.get("type"), even_if_off=form.ticked("even_if_off"))
    try:
        trial = await webhook_trial.try_saved(hub_of(request), await actor_of(request), name, wish)
    except InTheWay as refused:
        form.fault("", in_words(refused.reason, refused.arguments, language))
    except LookupError:
        at, text = (
            ("event", _("There is no such event.", language)) if wish.event else ("type", _("No such type.", language))
        )
        form.fault(at, text)
    else:
        return await _show(request, frame, form, trial=trial, **_ended(trial, language))
    return await _show(request, frame, form, 422)


def _ended(trial: Trial, language: str) -> dict[str, Any]:
    said = in_words(trial.reason or "webhook.test_delivered", {}, language)
    return {
        "outcome": _ENDS[trial.state],
        "verdict": f"{said} {trial.detail}".strip() if trial.reason else said,
        "phases": phases(trial.timings, language),
    }


async def _show(request: Request, frame: Framed, form: Form, status: int = 200, **context: Any) -> Response:
    known = {"trial": None, **context}
    types = type_options(frame.page.locale)
    return await show(request, frame, "test", block="outcome", status=status, form=form, types=types, **known)


def type_options(language: str) -> list[tuple[str, str]]:
    """Event types to choose an example of."""
    first = ("", _("an example of what it subscribes to", language))
    return [first, *((each.name, f"{each.name}: {each.meaning}") for each in event_types.listing(language))]
