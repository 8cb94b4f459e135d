"""What everything that the local InvGate serves has in common."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from centralita.sandbox.faults import Faults
from centralita.sandbox.invgate.desk import Desk
from centralita.sandbox.invgate.desk_seed import enrol, seed_desk
from centralita.sandbox.invgate.fleet import Fleet
from centralita.sandbox.invgate.fleet_seed import seed_fleet
from centralita.sandbox.invgate.journal import Call
from centralita.sandbox.invgate.rules import RuleBook
from centralita.sandbox.invgate.switches import Switches
from centralita.sandbox.invgate.tokens import TokenStore
from centralita.sandbox.journal import Journal


@dataclass
class Backend:
    """The state; ``clear`` takes it back to the start."""

    assets: int = 0
    people: int = 0
    url: str = ""
    """Where it listens."""
    stale_percent: float = 3.0
    clock: Callable[[], float] = time.time
    desk: Desk = field(default_factory=Desk)
    fleet: Fleet = field(default_factory=Fleet)
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=Faults)
    journal: Journal[Call] = field(default_factory=Journal)
    writes: Counter[str] = field(default_factory=Counter)
    """``PATCH public-api/assets-lite`` -> how many took effect."""
    rules: RuleBook = field(default_factory=RuleBook)

    def __post_init__(self) -> None:
        self.desk_tokens = TokenStore("desk", lambda: self.clock())
        self.assets_tokens = TokenStore("assets", lambda: self.clock())
        self.clear()

    def clear(self) -> None:
        """Everything as it was at the start; journals forget their entries, their numbers go on."""
        self.desk = seed_desk()
        self.desk.clock = lambda: self.clock()
        self.desk.url = self.url or self.desk.url
        self.fleet = Fleet()
        self.switches = Switches()
        self.faults.clear()
        self.journal.clear()
        self.writes.clear()
        self.rules.clear()
        self.desk.listeners.append(lambda *happening: self.rules.hear(self.desk, *happening))
        self.desk_tokens.revoke()
        self.assets_tokens.revoke()
        self.seed(self.assets, self.people, self.stale_percent)

    def seed(self, assets: int, people: int, stale_percent: float = 3.0) -> None:
        """Adds that many assets and people; the people get accounts in the Service Desk."""
        before = set(self.fleet.people)
        seed_fleet(self.fleet, assets, people, stale_percent)
        enrol(self.desk, [one for one in self.fleet.people.values() if one.id not in before])


BACKEND: web.AppKey[Backend] = web.AppKey("backend", Backend)
