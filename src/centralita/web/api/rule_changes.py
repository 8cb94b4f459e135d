"""Rules that people make: added, changed, moved, switched on and off, removed and brought back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, RootModel

from centralita.i18n import N_
from centralita.services import rule_changes, rule_views
from centralita.services.rule_changes import Made
from centralita.services.rule_views import RuleView
from centralita.services.webhook_checks import Fault
from centralita.services.wording import in_words
from centralita.settings.shape import Rule
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.problems import locale_of
from centralita.web.api.webhooks import Warned
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["rules"])


def _partial(schema: dict[str, Any]) -> None:
    """A rule's schema, in which every key may be left out and null resets it."""
    whole = Rule.model_json_schema(ref_template="#/components/schemas/{model}")
    properties: dict[str, Any] = {
        "version": {
            "anyOf": [{"type": "integer"}, {"type": "null"}],
            "description": "That of the rule as you have seen it: refused when somebody has changed it since.",
        }
    }
    for name, each in whole["properties"].items():
        said = {key: each.pop(key) for key in ("description", "title") if key in each}
        each.pop("default", None)
        properties[name] = {"anyOf": [each, {"type": "null"}], **said}
    schema |= {"type": "object", "properties": properties, "additionalProperties": False}


class RuleChange(RootModel[dict[str, Any]]):
    """What is to change (RFC 7396): what is left out stays, null resets, a mapping changes the keys that it names."""

    model_config = ConfigDict(json_schema_extra=_partial)


class Move(BaseModel):
    """Where a rule is to stand."""

    model_config = ConfigDict(extra="forbid")
    before: str = Field(default="", description=N_("Name of the one that is tried after it; empty for the last place."))


class MadeRule(BaseModel):
    """A rule as it is now."""

    rule: RuleView = Field(description=N_("As it is now."))
    warnings: list[Warned] = Field(description=N_("What is odd, and yet no fault."))


def _warned(request: Request, faults: Iterable[Fault]) -> list[Warned]:
    locale = locale_of(request)
    return [
        Warned(at=fault.at, code=fault.reason, detail=in_words(fault.reason, fault.arguments, locale))
        for fault in faults
    ]


def _made(request: Request, made: Made) -> MadeRule:
    return MadeRule(rule=made.view, warnings=_warned(request, made.warnings))


@router.get("/rules/{name}", dependencies=[requires("rule.read")])
async def show_rule(request: Request, name: str) -> RuleView:
    """One rule, whoever provides it."""
    return rule_views.find(hub_of(request), name)


@router.post("/rules", dependencies=[requires("rule.manage")], status_code=201)
async def add_rule(request: Request, body: Rule) -> MadeRule:
    """The very next event is decided by it. It is tried behind all others; 422 with line, column and caret."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    return _made(request, await rule_changes.add(hub, actor, body.model_dump(exclude_unset=True)))


@router.patch("/rules/{name}", dependencies=[requires("rule.manage")])
async def change_rule(request: Request, name: str, body: RuleChange) -> MadeRule:
    """What is left out stays, null resets (RFC 7396); 409 for one that the file provides, or that somebody else has
    changed since `version`."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    given = dict(body.root)
    version = given.pop("version", None)
    return _made(request, await rule_changes.change(hub, actor, name, given, version))


@router.delete("/rules/{name}", dependencies=[requires("rule.manage")])
async def remove_rule(request: Request, name: str) -> RuleView:
    """Takes it out of force; the answer is what it was. 409 for one that the file provides."""
    return await rule_changes.remove(changing_hub(request), (await principal_of(request)).actor, name)


@router.post("/rules/{name}/restore", dependencies=[requires("rule.manage")])
async def restore_rule(request: Request, name: str) -> RuleView:
    """Brings back, as it was, the one of that name that was removed last; 409 when another has the name now."""
    return await rule_changes.restore(changing_hub(request), (await principal_of(request)).actor, name)


@router.post("/rules/{name}/enable", dependencies=[requires("rule.manage")])
async def enable_rule(request: Request, name: str) -> RuleView:
    """Has it decide again."""
    return await rule_changes.set_enabled(changing_hub(request), (await principal_of(request)).actor, name, True)


@router.post("/rules/{name}/disable", dependencies=[requires("rule.manage")])
async def disable_rule(request: Request, name: str) -> RuleView:
    """Has it decide nothing for now."""
    return await rule_changes.set_enabled(changing_hub(request), (await principal_of(request)).actor, name, False)


@router.post("/rules/{name}/move", dependencies=[requires("rule.manage")])
async def move_rule(request: Request, name: str, body: Move) -> RuleView:
    """Has it tried before another one that people made. Those of the file stay the first."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    return await rule_changes.move(hub, actor, name, body.before)
