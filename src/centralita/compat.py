"""The Python interface of the troubleshooting assistant's webhooks, served by a running hub.

Programs that were written for ``data.integrations.support_troubleshooting_webhooks`` import from here instead; nothing
else of them changes::

    from centralita.compat import TroubleshootingWebhookManager, WebhookConfig, WebhookEvent

The hub is the one at ``CENTRALITA_URL``, asked with ``CENTRALITA_TOKEN``; without these the one that runs on this
machine, through its local socket, as the commands do. What is registered is kept there: a program may end and start
again.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPException, HTTPSConnection  # noqa: TID251 - asks the hub, is no part of it
from typing import Any
from urllib.parse import quote, urlsplit

from centralita.cli.calling import LocalSocket, Reply, Transport
from centralita.cli.session import Options

__all__ = ["HubError", "TroubleshootingWebhookManager", "WebhookConfig", "WebhookEvent"]

TIMEOUT_S = 30.0
_PATH = "/api/support/troubleshooting"


class WebhookEvent(StrEnum):
    """What the assistant tells of."""

    SESSION_STARTED = "session_started"
    STEP_COMPLETED = "step_completed"
    STEP_FAILED = "step_failed"
    SESSION_RESOLVED = "session_resolved"
    SESSION_ESCALATED = "session_escalated"
    FEEDBACK_RECEIVED = "feedback_received"
    PROBLEM_DETECTED = "problem_detected"


@dataclass
class WebhookConfig:
    """A webhook to be registered."""

    url: str
    events: Iterable[WebhookEvent | str]
    secret: str | None = field(default=None, repr=False)
    """Signs each payload; without one the hub's ``WEBHOOK_SECRET`` does, or a secret that the hub makes."""
    timeout: float = 10
    """Seconds that an attempt may take in all."""
    retry_attempts: int = 3
    """How often a failed attempt is repeated: after 5 s, 5 min, 30 min, 2 h, ..."""
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    enabled: bool = True


class HubError(Exception):
    """The hub refused, or does not answer; ``problem`` is its answer (RFC 9457), {} when there was none."""

    def __init__(self, said: str, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(said)
        self.problem = dict(problem or {})


class TroubleshootingWebhookManager:
    """Registers webhooks at a hub, and tells how they do. Every method raises HubError."""

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        """``url`` and ``token`` instead of ``CENTRALITA_URL`` and ``CENTRALITA_TOKEN``."""
        url, token = url or os.environ.get("CENTRALITA_URL", ""), token or os.environ.get("CENTRALITA_TOKEN", "")
        self._hub: Transport = _Remote(url, token) if url else LocalSocket(Options().settings().socket_path)

    def register_webhook(self, webhook_id: str, config: WebhookConfig) -> str:
        """Registers a webhook under its id, or has the one of that id say what ``config`` does; the id."""
        body = {
            "url": config.url,
            "events": [event.value if isinstance(event, WebhookEvent) else str(event) for event in config.events],
            "secret": config.secret,
            "timeout": config.timeout,
            "retry_attempts": config.retry_attempts,
            "headers": dict(config.headers or {}),
            "enabled": config.enabled,
        }
        try:
            made = self._ask("POST", f"{_PATH}/webhooks", {**body, "webhook_id": webhook_id})
        except HubError as fault:
            if fault.problem.get("code") != "webhook.taken":
                raise
            made = self._ask("PUT", f"{_PATH}/webhooks/{_segment(webhook_id)}", body)
        return str(made["webhook_id"])

    def unregister_webhook(self, webhook_id: str) -> bool:
        """Removes a webhook; False when there is none of that id."""
        try:
            self._ask("DELETE", f"/api/v1/webhooks/{_segment(webhook_id)}")
        except HubError as fault:
            if fault.problem.get("status") != 404:
                raise
            return False
        return True

    def enable_webhook(self, webhook_id: str) -> None:
        """Has it sent events again."""
        self._ask("POST", f"/api/v1/webhooks/{_segment(webhook_id)}/enable")

    def disable_webhook(self, webhook_id: str) -> None:
        """Has it sent nothing; what waits is kept."""
        self._ask("POST", f"/api/v1/webhooks/{_segment(webhook_id)}/disable")

    def list_webhooks(self) -> list[dict[str, Any]]:
        """Each with ``webhook_id, url, events, enabled, format, timeout, retry_attempts, created_at``."""
        return list(self._ask("GET", f"{_PATH}/webhooks")["webhooks"])

    def trigger_webhook(self, event: WebhookEvent | str, data: Mapping[str, Any]) -> str:
        """Tells of an event, to all who subscribed to it; the id of its receipt. The hub needs a source of the kind
        ``troubleshooting``: ``centralita source add troubleshooting``."""
        name = event.value if isinstance(event, WebhookEvent) else event
        return str(self._ask("POST", f"{_PATH}/events", {"event": name, "data": dict(data)})["receipt"])

    def get_webhook_stats(self, webhook_id: str) -> dict[str, Any]:
        """``total_events, successful_events, failed_events, pending_events, success_rate`` (per cent), ``last_event``,
        ``common_errors``."""
        return dict(self._ask("GET", f"{_PATH}/webhooks/{_segment(webhook_id)}/stats"))

    def get_event_history(self, webhook_id: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """What a webhook was sent and what came of it, the newest first; without an id, what all were sent."""
        names = [webhook_id] if webhook_id else [each["webhook_id"] for each in self.list_webhooks()]
        found: list[dict[str, Any]] = []
        for name in names:
            sent = self._ask("GET", f"{_PATH}/webhooks/{_segment(name)}/events?limit={int(limit)}")["events"]
            found += [{"webhook_id": name, **each} for each in sent]
        return sorted(found, key=lambda each: str(each["triggered_at"]), reverse=True)[:limit]

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"accept": "application/json", "centralita-os-user": _os_user()}
        content = b"" if body is None else json.dumps(body).encode()
        if content:
            headers["content-type"] = "application/json"
        try:
            reply = self._hub.send(method, path, content, headers)
            said = reply.json()
        except (OSError, HTTPException, ValueError) as fault:
            raise HubError(f"the hub does not answer: {type(fault).__name__}") from None
        if reply.status >= 400:
            problem = said if isinstance(said, dict) else {}
            text = " ".join(str(problem[part]) for part in ("title", "detail") if problem.get(part))
            raise HubError(text or f"HTTP {reply.status}", problem)
        return said


class _Remote:
    """A hub by HTTP. Redirects are not followed: the token is for this hub alone."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise HubError("CENTRALITA_URL has to be an http:// or https:// URL")
        self._parts, self._token = parts, token

    def send(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Raises OSError, HTTPException."""
        make = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        connection = make(self._parts.hostname or "", self._parts.port, timeout=TIMEOUT_S)
        try:
            path = self._parts.path.rstrip("/") + target
            sent = {**headers, **({"authorization": f"Bearer {self._token}"} if self._token else {})}
            connection.request(method, path, body or None, sent)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()


def _segment(text: str) -> str:
    return quote(text, safe="")


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return ""
