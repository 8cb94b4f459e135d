"""What Slack gives an app for a moment: trigger ids (3 s, single use) and response URLs (30 minutes, 5 uses)."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

from centralita.sandbox.slack.refusal import Refusal

TRIGGER_S = 3.0
RESPONSE_URL_S = 1800.0
RESPONSE_URL_USES = 5


@dataclass
class Trigger:
    """A right to open one view."""

    app: str
    user: str
    ends_mono_s: float
    used: bool = False


@dataclass
class ResponseUrl:
    """A right to write where something was pressed or typed."""

    app: str
    user: str
    channel: str
    ends_mono_s: float
    message_ts: str = ""
    """The message whose button was pressed; "" for a command."""
    ephemeral: bool = False
    """Whether that message is one that only ``user`` sees."""
    thread_ts: str = ""
    left: int = RESPONSE_URL_USES


class Grants:
    """Those that are out."""

    def __init__(self) -> None:
        self.trigger_s = TRIGGER_S
        self._numbers = itertools.count(1)
        self._triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        """By the last part of their path."""

    def trigger(self, app: str, user: str) -> str:
        """A new trigger id."""
        now = time.monotonic()
        if len(self._triggers) > 10_000:
            self._triggers = {key: one for key, one in self._triggers.items() if one.ends_mono_s > now - 60}
        name = f"{next(self._numbers)}.{time.time_ns() // 1000}.local"
        self._triggers[name] = Trigger(app, user, now + self.trigger_s)
        return name

    def take_trigger(self, name: str, app: str) -> str:
        """The user whose doing it was. Raises Refusal ``invalid_trigger_id``, ``expired_trigger_id`` or
        ``exchanged_trigger_id``."""
        found = self._triggers.get(name)
        if found is None or found.app != app:
            raise Refusal("invalid_trigger_id")
        if found.used:
            raise Refusal("exchanged_trigger_id")
        if time.monotonic() > found.ends_mono_s:
            raise Refusal("expired_trigger_id")
        found.used = True
        return found.user

    def response_url(
        self, app: str, user: str, channel: str, message_ts: str = "", ephemeral: bool = False, thread_ts: str = ""
    ) -> str:
        """The path of a new response URL."""
        name = f"{next(self._numbers)}{time.time_ns():x}"
        ends = time.monotonic() + RESPONSE_URL_S
        self.response_urls[name] = ResponseUrl(app, user, channel, ends, message_ts, ephemeral, thread_ts)
        return f"/actions/{app}/{name}"

    def take_response_url(self, app: str, name: str) -> ResponseUrl:
        """Uses one up. Raises Refusal ``expired_url`` or ``used_url``."""
        found = self.response_urls.get(name)
        if found is None or found.app != app or time.monotonic() > found.ends_mono_s:
            raise Refusal("expired_url")
        if found.left == 0:
            raise Refusal("used_url")
        found.left -= 1
        return found
