"""A hub that runs and the local InvGate that it works with, for the tests of assets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from centralita.sandbox.invgate import API_TOKEN, CLIENT_ID, CLIENT_SECRET, LocalInvGate
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.server import serve
from centralita.services import asset_plans, asset_sightings
from centralita.services.asset_plans import PlanView, RowView
from centralita.services.hub import Hub
from centralita.services.running import running
from centralita.settings import load
from centralita.store import events
from centralita.wiring import open_hub
from tests.scenarios.waiting import until_answered

ACTOR = "local:tests"


@dataclass
class World:
    """A hub that runs, and the InvGate that it works with."""

    hub: Hub
    invgate: InvGateControl

    async def plan(self, *scope: str) -> PlanView:
        return await self.read(await asset_plans.begin(self.hub, ACTOR, scope=scope))

    async def read(self, plan: PlanView) -> PlanView:
        while plan.state == "reading":
            plan = await asset_plans.show(self.hub, plan.id, 20.0, plan.done)
        return plan

    async def row(self, plan: PlanView, asset: int) -> RowView:
        rows = await asset_plans.rows(self.hub, plan.id, 500, "", "", "")
        return next(row for row in rows if row.asset == str(asset))

    async def verdict(self, asset: int) -> str:
        return (await self.row(await self.plan(), asset)).verdict

    async def ended(self, plan: PlanView) -> PlanView:
        """The plan when nothing of it is under way any more."""
        return await self.until(lambda: asset_plans.show(self.hub, plan.id), lambda found: found.ended_at is not None)

    async def until(self, look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
        async def found() -> tuple[Any, ...]:
            seen = await look()
            return (seen,) if good(seen) else ()

        return (await until_answered(found))[0]

    async def events(self, type_: str) -> list[Any]:
        wanted = events.Filter(type=type_)
        found = await self.hub.database.read(lambda tx: events.newest(tx, wanted, 500))
        return [stored.event for stored in found]

    async def asset(self, name: str, **facts: Any) -> int:
        facts = {"serial": f"SN-{name}", "inventory_id": name, "reported_at": ago(0), **facts}
        return await self.invgate.add_asset(name, **facts)

    async def owner(self, asset: int) -> int | None:
        return (await self.invgate.asset(asset))["owner_id"]

    async def seen_before(self, asset: int, user: str, *days: float) -> None:
        lines = [f"{asset};{user};{ago(day)}" for day in days]
        done = await asset_sightings.import_csv(self.hub, ACTOR, "\n".join(["asset;user;at", *lines]))
        assert (done.noted, done.bad) == (len(lines), [])


def ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


@asynccontextmanager
async def world(
    database_url: str, directory: Path, invgate: LocalInvGate, cmdb: Mapping[str, Any] | None = None, **owners: Any
) -> AsyncIterator[World]:
    async with serve(invgate) as address, InvGateControl(address.url) as control:
        config = directory / "centralita.yaml"
        config.write_text(json.dumps({
            "locale": "en",
            "data_dir": str(directory / "data"),
            "database": {"url": database_url},
            "network": {"allow": ["127.0.0.0/8"]},
            "invgate": {
                "rate_per_s": 1000, "burst": 1000,
                "service_desk": {"url": address.url, "token": API_TOKEN},
                "assets": {"url": address.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
            },
            "sources": [{"slug": "invgate", "kind": "invgate", "secrets": ["only-for-tests-0123"],
                         "settings": {"header": "X-Webhook-Secret"}},
                        {"slug": "fleet", "kind": "generic", "secrets": ["only-for-tests-0123"],
                         "settings": {"auth": "bearer", "types": ["asset.seen"]}}],
            "assets": {"cap_percent": 100, **owners},
            "cmdb": dict(cmdb or {}),
        }))  # fmt: skip
        async with open_hub(load(config, {}), role="all") as hub, running(hub):
            yield World(hub, control)
