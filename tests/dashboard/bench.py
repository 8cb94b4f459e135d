"""Webhooks of a served hub with a receiver of their own: made by the form, and waited for by the hub's bell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from centralita.sandbox.control import SinkControl
from centralita.services.webhook_history import AttemptFilter, AttemptView, DeliveryFilter, attempts, deliveries
from centralita.store import audit
from tests.dashboard.office import Office, Seen, Visitor


@dataclass
class Bench:
    """The hub, an administrator at its pages without a script, and a receiver that does as it is told."""

    office: Office
    ana: Visitor
    sink: SinkControl

    async def make(self, name: str, **fields: Any) -> Seen:
        """A webhook, by the form."""
        given = {"name": name, "url": f"{self.sink.url}/{name}", "types": ["printer.*"], "other_types": "", **fields}
        return await self.ana.post("/webhooks", {"scheme": "v1", "format": "standard", **given})

    async def tried(self, name: str, event: str, outcome: str = "") -> AttemptView:
        """The newest attempt to send an event, as soon as there is one."""
        with self.office.hub.bell.listening([event.removeprefix("evt_"), "desk"]) as ear:
            while True:
                ear.clear()
                found = await attempts(self.office.hub, name, AttemptFilter(outcome=outcome), None, 50, "", "en")
                for each in found.items:
                    if each.event == event:
                        return each
                await ear.wait()

    async def ended(self, name: str, event: str, state: str) -> str:
        """The delivery of an event, as soon as it is in a state."""
        with self.office.hub.bell.listening([event.removeprefix("evt_"), "desk"]) as ear:
            while True:
                ear.clear()
                wanted = DeliveryFilter(state=state)
                found = await deliveries(self.office.hub, name, wanted, None, 50, "", "en")
                for each in found.items:
                    if each.event == event:
                        return each.id
                await ear.wait()

    async def did(self) -> str:
        """The newest entry of the audit log."""
        found = await self.office.hub.database.read(lambda tx: audit.newest(tx, 1))
        return f"{found[0].entry.action} {found[0].entry.subject}"
