"""Rules: in which order they are tried, what each says, and making and changing those that are people's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from fastapi import APIRouter, Query, Request, Response

from centralita.core.rules import RulesError, RuleSpec
from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import rule_changes, rule_views, rules, webhooks
from centralita.services.hub import Hub
from centralita.services.rule_views import RuleView
from centralita.services.rules import DryRun
from centralita.services.source_changes import InTheWay
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render

router = APIRouter()

PAGE = 100
LATELY = 1_000
"""Events, for "how often" and for trying a rule out."""
SHOWN = 20
LOOKS = ("use_blocks", "thread_replies", "emoji_reactions", "include_charts")
TEXTS = ("condition", "channel", "webhook", "fallback")
LISTS = ("dm", "mentions")


@router.get("/rules", dependencies=[needs("rule.read")])
async def show(
    request: Request,
    text: str = Query(default="", max_length=200),
    at: int = Query(default=0, ge=0, le=1_000_000),
) -> Response:
    """In the order in which they are tried; ``at`` is the first that is shown."""
    hub, language = hub_of(request), locale(request, await person_of(request))
    every = rule_views.listing(hub)
    found = [rule for rule in every if _has(rule, text.strip().lower())]
    events, matched = await rules.matched_lately(hub, LATELY)
    said = ngettext("{n} rule, tried in this order.", "{n} rules, tried in this order.", len(every), language)
    page = await page_of(
        request,
        title=_("Rules", language),
        section="rules",
        sentence=said.format(n=len(every)) if every else _("Every event goes by its severity.", language),
    )
    return await render(
        request,
        "rules.html",
        page,
        rows=found[at : at + PAGE],
        made=[rule.name for rule in every if rule.origin == "database"],
        text=text,
        total=len(every),
        before=_address(text, max(at - PAGE, 0)) if at else "",
        after=_address(text, at + PAGE) if len(found) > at + PAGE else "",
        events=events,
        matched=matched,
        mappings=hub.ruleset.routing.channel_mappings,
        lamp=_lamp,
        href=_href,
    )


def _has(rule: RuleView, text: str) -> bool:
    said = (rule.name, rule.condition, rule.channel, rule.webhook, *rule.dm, *rule.mentions)
    return any(text in each.lower() for each in said)


def _address(text: str, at: int) -> str:
    asked = {**({"text": text} if text else {}), **({"at": at} if at else {})}
    return "/rules" + (f"?{urlencode(asked)}" if asked else "")


def _href(name: str, action: str = "") -> str:
    return f"/rules/{quote(name, safe='')}" + (f"/{action}" if action else "")


def _lamp(rule: RuleView) -> tuple[str, str]:
    """A rule's lamp, and the word beside it (an English msgid)."""
    return {
        "on": ("flowing", N_("in force")),
        "off": ("off", N_("not in force")),
        "hidden": ("held", N_("hidden by one of the file")),
        "unreadable": ("failed", N_("unreadable")),
    }[rule.state]


@router.get("/rules/new", dependencies=[needs("rule.manage")])
async def new(
    request: Request,
    condition: str = Query(default="", max_length=4_000),
    copy: str = Query(default="", max_length=200),
) -> Response:
    """The form, empty, with a condition that another page has asked for, or as another rule is."""
    values = {"condition": condition, "enabled": "yes"}
    if copy:
        values = {**_values(rule_views.find(hub_of(request), copy)), "name": ""}
    return await _form(request, None, Form(values=values))


@router.post("/rules/new", dependencies=[needs("rule.manage")])
async def add(request: Request) -> Response:
    """Tries it, or adds it."""
    return await _take(request, None)


@router.get("/rules/{name:path}", dependencies=[needs("rule.read")])
async def show_one(request: Request, name: str) -> Response:
    """One rule; the file's are for reading."""
    rule = rule_views.find(hub_of(request), name)
    return await _form(request, rule, Form(values=_values(rule)))


@router.post("/rules/{name}", dependencies=[needs("rule.manage")])
async def change(request: Request, name: str) -> Response:
    """Tries it, or changes it."""
    return await _take(request, rule_views.find(hub_of(request), name))


@router.post("/rules/{name}/{action}", dependencies=[needs("rule.manage")])
async def act(request: Request, name: str, action: str) -> Response:
    """On, off, another place, away, and back again."""
    hub, person = hub_of(request), await person_of(request)
    actor, form = person.principal.actor, await forms.read(request)
    back, arguments, undo = _href(name), {"name": name}, ""
    try:
        if action in ("enable", "disable"):
            await rule_changes.set_enabled(hub, actor, name, action == "enable")
            text = N_("The rule {name} decides again.") if action == "enable" else N_("The rule {name} is off.")
            undo = _href(name, "disable" if action == "enable" else "enable")
        elif action == "move":
            await rule_changes.move(hub, actor, name, form.get("before"))
            back, text = "/rules", N_("The rule {name} has another place.")
        elif action == "remove":
            await rule_changes.remove(hub, actor, name)
            back, text, undo = "/rules", N_("The rule {name} is removed."), _href(name, "restore")
        elif action == "restore":
            await rule_changes.restore(hub, actor, name)
            text = N_("The rule {name} is there again.")
        else:
            raise LookupError(action)
    except InTheWay as fault:
        said = in_words(fault.reason, fault.arguments, locale(request, person))
        return redirect(request, "/rules", Flash("{said}", {"said": said}, lamp="failed"))
    if form.get("back") == "/rules":
        back = "/rules"
    return redirect(request, back, Flash(text, arguments, undo=undo))


# ---- the form


async def _take(request: Request, rule: RuleView | None) -> Response:
    """What was typed: tried over what has happened, or kept."""
    hub, person, form = hub_of(request), await person_of(request), await forms.read(request)
    language, actor = locale(request, person), person.principal.actor
    try:
        if form.get("do") == "try":
            return await _form(request, rule, form, await _tried(hub, rule, form))
        if rule is None:
            made = await rule_changes.add(hub, actor, _given(form))
        else:
            version = form.get("version")
            seen = int(version) if version.isascii() and version.isdigit() and len(version) < 18 else None
            made = await rule_changes.change(hub, actor, rule.name, _given(form), seen)
    except RulesError as wrong:
        for problem in wrong.problems:
            form.fault(problem.key.partition(".")[0], in_words(problem.id, problem.arguments, language), problem.point)
    except InTheWay as fault:
        at = "name" if fault.reason in ("rule.taken", "rule.provided") else ""
        form.fault(at, in_words(fault.reason, fault.arguments, language))
    else:
        said = N_("The rule {name} is kept: the next event is decided by it.")
        return redirect(request, _href(made.view.name), Flash(said, {"name": made.view.name}))
    return await _form(request, rule, form)


async def _tried(hub: Hub, rule: RuleView | None, form: Form) -> DryRun:
    """Raises RulesError."""
    spec = _spec(form)
    wrong = list(rule_changes.problems(hub, spec))
    if wrong:
        raise RulesError(wrong)
    given = {"rule": msgspec.to_builtins(spec), "instead_of": rule.name if rule is not None else ""}
    changed = await asyncio.to_thread(rules.changed_rules, hub, given)
    return await rules.try_over(hub, changed, LATELY, SHOWN)


def _spec(form: Form) -> RuleSpec:
    return rule_changes.read({key: value for key, value in _given(form).items() if value is not None})


async def _form(request: Request, rule: RuleView | None, form: Form, tried: DryRun | None = None) -> Response:
    hub, language = hub_of(request), locale(request, await person_of(request))
    page = await page_of(request, title=rule.name if rule else _("New rule", language), section="rules")
    mine = page.may("rule.manage") and (rule is None or rule.origin == "database")
    lamp, word = _lamp(rule) if rule is not None else ("", "")
    page = replace(page, lamp=lamp, sentence=_(word, language) if word else "")
    return await render(
        request,
        "rule.html",
        page,
        status=422 if form.faults else 200,
        rule=rule,
        form=form,
        readonly=not mine,
        warnings=_warnings(hub, rule) if rule is not None and not form.faults else [],
        tried=tried,
        lately=LATELY,
        looks=LOOKS,
        looks_open=any(form.get(each) for each in LOOKS),
        webhooks=[("", _("none", language)), *((name, name) for name in webhooks.names(hub))],
        mappings=hub.ruleset.routing.channel_mappings,
        href=_href,
    )


def _warnings(hub: Hub, rule: RuleView) -> list[Any]:
    spec = next((spec for spec in hub.ruleset.specs if spec.name == rule.name), None)
    return list(rule_changes.warnings(hub, spec)) if spec is not None else []


def _values(rule: RuleView) -> dict[str, str]:
    """A rule as the form shows it."""
    looks = {each: "yes" if on else "no" for each, on in rule.formatting.items()}
    ticks = {"stop": "yes" if rule.stop else "", "enabled": "" if rule.state == "off" else "yes"}
    lists = {"dm": ", ".join(rule.dm), "mentions": ", ".join(rule.mentions)}
    texts = {name: str(getattr(rule, name)) for name in ("name", *TEXTS)}
    return {**texts, **lists, **ticks, **looks, "version": str(rule.version)}


def _given(form: Form) -> Mapping[str, Any]:
    """What was typed, as ``rule_changes`` takes it; None for what is left empty."""
    looks = {each: {"yes": True, "no": False}.get(form.get(each)) for each in LOOKS}
    return {
        "name": form.get("name"),
        **{name: form.get(name) or None for name in TEXTS},
        **{name: [each for each in re.split(r"[,;\s]+", form.get(name)) if each] or None for name in LISTS},
        "stop": form.ticked("stop"),
        "enabled": form.ticked("enabled"),
        "formatting": looks,
    }
