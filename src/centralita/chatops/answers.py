"""What Slack is told of an interaction within its three seconds, and what follows when that was not the end of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from centralita.chatops.handlers import Kind
from centralita.chatops.views.waiting import kept
from centralita.i18n import gettext as _

SETTLE_S = 0.5
"""After this, Slack has what it was told, and may be told more by another connection."""


@dataclass
class Answer:
    """The one answer to one interaction."""

    ack: AsyncAck
    given: bool = False
    put_off_at: float | None = None
    """When Slack was told that it takes a while (monotonic); None unless it still waits for how it ended."""

    async def give(self, **content: Any) -> None:
        """Answers. Only the first answer reaches Slack."""
        if not self.given:
            self.given = True
            await self.ack(**content)

    @property
    def is_open(self) -> bool:
        """Whether what a form shows is still to be decided."""
        return not self.given or self.put_off_at is not None

    async def put_off(self, kind: Kind, body: Mapping[str, Any], locale: str) -> None:
        """Tells whoever waits that it takes a while.

        A form stays as it was filled in: until its effect is on disk it may be lost, and then it can be sent again; as
        it is known by its view, it never takes effect twice.
        """
        if self.given or kind in ("event", "options", "view_closed"):
            return
        self.put_off_at = time.monotonic()
        if kind == "view":
            text = _(
                "Working on it… This form changes when it is done. If it has not after a minute, send it again: "
                "nothing is done twice.",
                locale,
            )
            view = kept(body.get("view") or {}, f":hourglass_flowing_sand: {text}")
            await self.give(response_action="update", view=view)
        elif kind == "command":
            text = _(
                "Working on it… You are told when it is done. If you hear nothing within a minute, look whether it "
                "was done before you do it again.",
                locale,
            )
            await self.give(response_type="ephemeral", text=text)
        else:
            await self.give()

    async def settled(self) -> None:
        """Returns once what follows cannot overtake what Slack was told."""
        at, self.put_off_at = self.put_off_at, None
        if at is not None:
            await asyncio.sleep(max(0.0, at + SETTLE_S - time.monotonic()))
