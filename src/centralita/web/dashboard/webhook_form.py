"""Adding a webhook and changing one, by a form."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import webhook_changes, webhook_trial, webhooks
from centralita.services.hub import Hub
from centralita.services.source_changes import InTheWay
from centralita.services.times import shown
from centralita.services.webhook_changes import Made
from centralita.services.webhook_checks import WebhookFaulty
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms, webhook_fields
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render
from centralita.web.dashboard.webhook_frame import SECTION, actor_of, base_of, framed, show

router = APIRouter()


@router.get("/webhooks/new", dependencies=[needs("webhook.manage")])
async def new(request: Request) -> Response:
    """An empty form."""
    return await _new(request, webhook_fields.fresh())


@router.post("/webhooks", dependencies=[needs("webhook.manage")])
async def add(request: Request) -> Response:
    """Adds it, and shows its secret this once."""
    form = await forms.read(request)
    language = locale(request, await person_of(request))
    given = webhook_fields.given(form, language, new=True)
    scheme = {"v1": "v1", "v1a": "v1a"}.get(form.get("scheme"))
    made = None
    if not form.faults:
        try:
            made = await webhook_changes.add(hub_of(request), await actor_of(request), given, scheme)  # type: ignore[arg-type]  # one of the two
        except WebhookFaulty as faulty:
            webhook_fields.tell(form, faulty.faults, language)
        except InTheWay as refused:
            form.fault("name", in_words(refused.reason, refused.arguments, language))
    return await _new(request, form, 422) if made is None else await once(request, made)


async def _new(request: Request, form: Form, status: int = 200) -> Response:
    language = locale(request, await person_of(request))
    page = await page_of(request, title=_("New webhook", language), section=SECTION)
    return await render(request, "webhooks/new.html", page, status=status, **_fields(form, language))


def _fields(form: Form, language: str) -> dict[str, Any]:
    """What ``templates/webhooks/form.html`` shows."""
    ticked = form.all("types")
    return {
        "form": form,
        "nouns": webhook_fields.nouns(language, ticked),
        "ticked": set(ticked),
        "choices": webhook_fields.choices(language),
        "open": any(name in form.faults for name in webhook_fields.MORE),
    }


async def once(request: Request, made: Made) -> Response:
    """The answer that shows a secret: it is nowhere else, and no other page leads here."""
    hub, language = hub_of(request), locale(request, await person_of(request))
    title = _("The webhook {name}", language).format(name=made.view.name)
    said = _("Copy the secret now: it is not shown again.", language) if made.secret else ""
    page = await page_of(request, title=title, section=SECTION, sentence=said, lamp="held" if said else "")
    return await render(
        request,
        "webhooks/once.html",
        page,
        status=201,
        made=made,
        old_until=shown(made.old_until),
        base=base_of(made.view.name),
        snippets=snippets_of(hub, made.view.name),
        warnings=[in_words(each.reason, each.arguments, language) for each in made.warnings],
    )


LANGUAGES = {"python": "Python", "javascript": "JavaScript", "php": "PHP"}


def snippets_of(hub: Hub, name: str) -> list[tuple[str, str]]:
    """Programming language and the program that verifies the signatures; none for a webhook that signs nothing."""
    try:
        return [(LANGUAGES[each], text) for each, text in webhook_trial.snippets_of(hub, name).items()]
    except InTheWay:
        return []


@router.get("/webhooks/{name}/settings", dependencies=[needs("webhook.read")])
async def settings(request: Request, name: str) -> Response:
    """The form of those that people made, for whoever may change them; else what it says."""
    return await _settings(request, name, webhook_fields.of(await webhooks.detail(hub_of(request), name)))


@router.post("/webhooks/{name}/settings", dependencies=[needs("webhook.manage")])
async def change(request: Request, name: str) -> Response:
    """Changes what the form says; a secret that was left empty stays."""
    form = await forms.read(request)
    language = locale(request, await person_of(request))
    given = webhook_fields.given(form, language, new=False)
    if not form.faults:
        try:
            made = await webhook_changes.change(hub_of(request), await actor_of(request), name, given)
        except WebhookFaulty as faulty:
            webhook_fields.tell(form, faulty.faults, language)
        except InTheWay as refused:
            form.fault("", in_words(refused.reason, refused.arguments, language))
        else:
            odd = " ".join(in_words(each.reason, each.arguments, language) for each in made.warnings)
            flash = Flash(N_("Saved. {odd}"), {"odd": odd}, "held") if odd else Flash(N_("Saved."))
            return redirect(request, base_of(name) + "/settings", flash)
    return await _settings(request, name, form, 422)


async def _settings(request: Request, name: str, form: Form, status: int = 200) -> Response:
    hub, frame = hub_of(request), await framed(request, name)
    detail = await webhooks.detail(hub, name)
    return await show(
        request,
        frame,
        "settings",
        status=status,
        detail=detail,
        place=_place(hub, name),
        editable=frame.view.origin == "database" and frame.page.may("webhook.manage"),
        facts=_facts(detail.settings),
        **_fields(form, frame.page.locale),
    )


def _place(hub: Hub, name: str) -> str:
    """File and line of a webhook that the file provides; "" for others."""
    found = (index for index, hook in enumerate(hub.settings.webhooks) if hook.name == name)
    return next((str(hub.settings.place(("webhooks", index)) or "") for index in found), "")


def _facts(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Setting and value, in the order of the configuration."""
    return [
        (key, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for key, value in settings.items()
        if value not in (None, "", [], {})
    ]
