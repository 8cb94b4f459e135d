"""Drives the Slack destination over real sockets, keeping what it wants remembered in a dictionary."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from centralita.integrations.slack.destination import SlackDestination
from centralita.net import Client
from centralita.ports import Delivery, HttpResponse, Outcome, Remember


class Hub:
    """As much of the hub as a destination needs: a client, and a memory that commits at once."""

    def __init__(self, client: Client, config: Mapping[str, Any]) -> None:
        self.client, self.config = client, config
        self.memory: dict[str, Any] = {}

    async def deliver(self, delivery: Delivery, now: float = 1_763_806_000.0) -> Outcome:
        """One attempt."""
        destination = SlackDestination()
        known = {
            key: copy.deepcopy(self.memory[key])
            for key in destination.wants(delivery, self.config)
            if key in self.memory
        }
        generator = destination.perform(delivery, self.config, known, now)
        reply: HttpResponse | None = None
        while True:
            try:
                wish = generator.send(reply)
            except StopIteration as stop:
                assert isinstance(stop.value, Outcome)
                return stop.value
            reply = None
            if isinstance(wish, Remember):
                self.memory[wish.key] = copy.deepcopy(wish.value)
            else:
                reply = await self.client.request(wish)
