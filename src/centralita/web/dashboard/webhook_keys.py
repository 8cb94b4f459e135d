"""One webhook: what signs its requests, and replacing it with an overlap."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import webhook_changes, webhooks
from centralita.services.source_changes import InTheWay
from centralita.services.webhook_checks import WebhookFaulty
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import needs
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.webhook_form import once, snippets_of
from centralita.web.dashboard.webhook_frame import actor_of, framed, show

router = APIRouter()

KEEP = (
    ("0", N_("no time: it leaked")),
    ("3600", N_("1 hour")),
    ("86400", N_("1 day")),
    ("604800", N_("7 days")),
)
"""Seconds that the secrets before it sign too."""


@router.get("/webhooks/{name}/secrets", dependencies=[needs("webhook.read")])
async def keys(request: Request, name: str) -> Response:
    """Ids, ends and public halves; never a secret."""
    return await _show(request, name, Form(values={"scheme": "v1", "keep_s": "86400"}))


@router.post("/webhooks/{name}/secrets", dependencies=[needs("webhook.manage")])
async def rotate(request: Request, name: str) -> Response:
    """Another secret, shown this once."""
    form = await forms.read(request)
    language = (await framed(request, name)).page.locale
    keep_s = float(form.get("keep_s")) if form.get("keep_s") in dict(KEEP) else webhook_changes.DAY_S
    try:
        made = await webhook_changes.rotate(
            hub_of(request),
            await actor_of(request),
            name,
            form.get("secret"),
            keep_s,
            "v1a" if form.get("scheme") == "v1a" else "v1",
        )
    except WebhookFaulty as faulty:
        for fault in faulty.faults:
            form.fault("secret", in_words(fault.reason, fault.arguments, language))
    except InTheWay as refused:
        form.fault("", in_words(refused.reason, refused.arguments, language))
    else:
        return await once(request, made)
    return await _show(request, name, form, 422)


async def _show(request: Request, name: str, form: Form, status: int = 200) -> Response:
    hub, frame = hub_of(request), await framed(request, name)
    language = frame.page.locale
    schemes = [("v1", _("a shared secret (HMAC)", language)), ("v1a", _("a key pair (ed25519)", language))]
    return await show(
        request,
        frame,
        "secrets",
        status=status,
        detail=await webhooks.detail(hub, name),
        form=form,
        schemes=schemes,
        keep=[(key, _(label, language)) for key, label in KEEP],
        snippets=snippets_of(hub, name),
    )
