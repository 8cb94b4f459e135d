"""The field in the top bar: an id leads to its page, a name to the thing, anything else into the events."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response

from centralita.i18n import gettext as _
from centralita.services import webhooks
from centralita.services.access import Principal
from centralita.services.hub import Hub
from centralita.web.auth import hub_of
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.page import locale, redirect

router = APIRouter()

MOST = 8


@router.get("/search", dependencies=[needs("")])
async def search(request: Request, q: str = Query(default="", max_length=500)) -> Response:
    """To what was asked for."""
    text = q.strip()
    person = await person_of(request)
    if text.startswith("evt_"):
        return redirect(request, f"/events/{quote(text, safe='')}")
    found = await _named(hub_of(request), person.principal, text, locale(request, person)) if text else []
    for each in found:
        if each["name"].lower() == text.lower():
            return redirect(request, each["href"])
    return redirect(request, "/events?" + urlencode({"text": text}) if text else "/events")


@router.get("/search.json", dependencies=[needs("")])
async def suggest(request: Request, q: str = Query(default="", max_length=500)) -> dict[str, Any]:
    """What the palette shows below the places."""
    text, person = q.strip(), await person_of(request)
    language = locale(request, person)
    items = []
    if text.startswith("evt_") and person.principal.may("event.read"):
        items.append({"label": text, "href": f"/events/{quote(text, safe='')}"})
    if text:
        found = await _named(hub_of(request), person.principal, text, language)
        items += [{"label": each["label"], "href": each["href"]} for each in found]
        if person.principal.may("event.read"):
            label = _("Search the events for “{text}”", language).format(text=text)
            items.append({"label": label, "href": "/events?" + urlencode({"text": text})})
    return {"items": items}


async def _named(hub: Hub, principal: Principal, text: str, language: str) -> list[dict[str, str]]:
    """Webhooks, sources and rules with ``text`` in their name."""
    wanted, found = text.lower(), list[dict[str, str]]()
    if principal.may("webhook.read"):
        named = [each for each in webhooks.names(hub) if wanted in each.lower()]
        found += [_item(_("Webhook", language), each, f"/webhooks/{quote(each, safe='')}") for each in named[:MOST]]
    if principal.may("source.read"):
        slugs = sorted(each for each in hub.sources if wanted in each.lower())
        found += [_item(_("Source", language), each, f"/sources/{quote(each, safe='')}") for each in slugs[:MOST]]
    if principal.may("rule.read"):
        rules = [spec.name for spec in hub.ruleset.specs if wanted in spec.name.lower()]
        found += [_item(_("Rule", language), each, f"/rules/{quote(each, safe='')}") for each in rules[:MOST]]
    return found


def _item(kind: str, name: str, href: str) -> dict[str, str]:
    return {"name": name, "label": f"{kind}: {name}", "href": href}
