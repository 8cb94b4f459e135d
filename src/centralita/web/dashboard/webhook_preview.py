"""One webhook: what its receiver would get of an event, in any format. Nothing is sent, and no secret signs it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from centralita.i18n import gettext as _
from centralita.services import webhook_history, webhook_preview, webhooks
from centralita.services.source_changes import InTheWay
from centralita.services.webhook_checks import WebhookFaulty
from centralita.services.webhook_history import AttemptFilter
from centralita.services.webhook_preview import Looked, Preview
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import webhook_fields
from centralita.web.dashboard.access import needs
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.webhook_frame import framed, show
from centralita.web.dashboard.webhook_trial import type_options

router = APIRouter()

RECENT = 10
Word = Annotated[str, Query(max_length=200)]


# What is shown is the event: whoever may not read events may not read them in another format either.
@router.get("/webhooks/{name}/preview", dependencies=[needs("webhook.read"), needs("event.read")])
async def preview(request: Request, name: str, format: Word = "", type: Word = "", event: Word = "") -> Response:
    """Of an event that has happened, or an example of a type."""
    frame = await framed(request, name)
    language = frame.page.locale
    formats = dict(webhook_fields.choices(language)["format"])
    chosen = format if format in formats else frame.view.format
    form = Form(values={"format": chosen, "type": type, "event": event.strip()})
    shown: Preview | None = None
    try:
        shown = await _shown(request, name, chosen, Looked(event=event.strip(), type=type))
    except LookupError:
        form.fault("event" if event else "type", _("There is no such event.", language))
    except InTheWay as refused:
        form.fault("", in_words(refused.reason, refused.arguments, language))
    except WebhookFaulty as faulty:
        for fault in faulty.faults:
            form.fault("", in_words(fault.reason, fault.arguments, language))
    return await show(
        request,
        frame,
        "preview",
        status=422 if form.faults else 200,
        block="shown",
        form=form,
        formats=list(formats.items()),
        types=type_options(language),
        recent=await _recent(request, name, language),
        shown=shown,
        faults=[in_words(each.reason, each.arguments, language) for each in shown.faults] if shown else [],
    )


async def _shown(request: Request, name: str, chosen: str, looked: Looked) -> Preview:
    hub = hub_of(request)
    hook, _keys = webhooks.opened(hub, name)
    if hook is None or hook.format == chosen:
        return await webhook_preview.preview_saved(hub, name, looked)
    return await webhook_preview.preview_draft(hub, hook.model_copy(update={"format": chosen}), looked)


async def _recent(request: Request, name: str, language: str) -> list[tuple[str, str, str | None]]:
    """Id, type and time of what it was sent last."""
    found = await webhook_history.attempts(hub_of(request), name, AttemptFilter(), None, RECENT, "", language)
    seen = {each.event: (each.event, each.type, each.started_at) for each in reversed(found.items) if each.event}
    return list(reversed(seen.values()))
