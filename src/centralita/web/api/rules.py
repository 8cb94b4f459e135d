"""Rules: those in force, and trying others without changing anything."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from centralita.services import rules
from centralita.services.rules import DryRun, RulesInForce
from centralita.store.events import Filter
from centralita.web.api.once import Route
from centralita.web.api.parameters import at, event_cursor
from centralita.web.auth import hub_of, requires

router = APIRouter(route_class=Route, tags=["rules"])


class RulesBody(BaseModel):
    """Rules as the configuration has them; a part that is left out is the one in force. `rule` stands in place of the
    one of the name `instead_of`, or behind all others."""

    model_config = ConfigDict(extra="forbid")
    rules: list[dict[str, Any]] | None = None
    webhooks: list[dict[str, Any]] | None = None
    routing: dict[str, Any] | None = None
    rule: dict[str, Any] | None = None
    instead_of: str = ""

    def parts(self) -> dict[str, Any]:
        """As ``rules.changed_rules`` reads them."""
        return self.model_dump(include={"rules", "webhooks", "routing", "rule", "instead_of"})


class DryRunBody(RulesBody):
    """Over the last `last` events of the filter, or from `cursor` on."""

    last: int = Field(default=1000, ge=1, le=1_000_000)
    limit: int = Field(default=200, ge=1, le=500)
    source: str = ""
    type: str = ""
    since: str = ""
    until: str = ""
    cursor: str = ""


class UnknownPath(BaseModel):
    """A path that a condition reads and that no source declares."""

    rule: str
    path: str


class Checked(BaseModel):
    """Rules that hold. `unknown_paths` are no mistake by themselves."""

    digest: str
    rules: int
    unknown_paths: list[UnknownPath]


@router.get("/rules", dependencies=[requires("rule.read")])
async def show_rules(request: Request) -> RulesInForce:
    """The rules that events are routed by now, with their version."""
    return rules.in_force(hub_of(request))


@router.post("/rules/check", dependencies=[requires("rule.read")])
async def check_rules(request: Request, body: RulesBody) -> Checked:
    """Whether rules would be taken: 422 with all that is wrong, line, column and caret."""
    hub = hub_of(request)
    # In a thread: compiling ten thousand rules takes longer than a webhook's sender should wait.
    ruleset = await asyncio.to_thread(rules.changed_rules, hub, body.parts())
    unknown = [UnknownPath(rule=rule, path=path) for rule, path in rules.unknown_paths(hub.sources.values(), ruleset)]
    return Checked(digest=ruleset.digest, rules=len(ruleset.specs), unknown_paths=unknown)


@router.post("/rules/dry-run", dependencies=[requires("rule.read")])
async def dry_run_rules(request: Request, body: DryRunBody) -> DryRun:
    """What stored events would have led to under other rules, a slice at a time. Nothing is written."""
    hub = hub_of(request)
    changed = await asyncio.to_thread(rules.changed_rules, hub, body.parts())
    now = hub.clock.now()
    wanted = Filter(
        source=body.source, type=body.type, since=at(body.since, "since", now), until=at(body.until, "until", now)
    )
    cursor = event_cursor(body.cursor)
    if not cursor and not body.since:
        cursor = await rules.cursor_before_last(hub, wanted, body.last)
    return await rules.dry_run(hub, changed, wanted, body.limit, cursor)
