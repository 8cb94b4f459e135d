"""Webhooks out: rules with the action "Call Web Service", whose author chooses the trigger, one header and the fields.

A rule sends ``{name in the body: field}`` as one flat JSON object; a field that does not apply to what has happened is
left out. The fields are those of ``sender`` with the ids beside the names. Webhooks go out one after another, in the
order of what happened, and are never repeated: what became of each is in the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp
import msgspec

from centralita.sandbox.invgate.desk import Desk
from centralita.sandbox.invgate.model import PRIORITIES, STATUSES, TYPES, Incident, User
from centralita.sandbox.invgate.sender import EVENTS
from centralita.sandbox.journal import Journal

EVERY = "*"
TIMEOUT_S = 30.0

TICKET_FIELDS = (
    "event",
    "request_id",
    "pretty_id",
    "title",
    "description",
    "status",
    "status_id",
    "priority",
    "priority_id",
    "category",
    "category_id",
    "type",
    "type_id",
    "requester_id",
    "requester_name",
    "requester_email",
    "agent_id",
    "agent_name",
    "agent_email",
    "group",
    "group_id",
    "url",
    "created_at",
    "updated_at",
)
EVENT_FIELDS = (
    "previous_status",
    "comment",
    "comment_author",
    "customer_visible",
    "approval_id",
    "approver_id",
    "approver_name",
    "approver_email",
    "approval_description",
    "approval_status",
    "approval_note",
    "sla",
)
FIELDS = (*TICKET_FIELDS, *EVENT_FIELDS)


@dataclass(frozen=True)
class Rule:
    """One rule."""

    url: str
    event: str = EVERY
    """One of ``sender.EVENTS``, or ``*`` for each."""
    fields: Mapping[str, str] = field(default_factory=lambda: {name: name for name in FIELDS})
    """Name in the body -> one of ``FIELDS``."""
    header: str = "X-Webhook-Secret"
    secret: str = field(default="", repr=False)
    """What the header carries; "" for no header."""
    id: int = 0

    def as_json(self) -> dict[str, Any]:
        """Without the secret."""
        return {name: value for name, value in asdict(self).items() if name != "secret"}


@dataclass(frozen=True)
class Sent:
    """What became of one webhook."""

    seq: int
    """From 1."""
    rule_id: int
    event: str
    request_id: int
    url: str
    body: dict[str, Any]
    status: int
    """HTTP status of the answer; 0 when there was none."""
    answer: str
    error: str
    """Why there was no answer."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_rule(wish: Mapping[str, Any]) -> Rule:
    """A rule from its JSON: the fields of ``Rule``, where ``fields`` may be a list of names. Raises ValueError with a
    sentence."""
    values = dict(wish)
    chosen = values.pop("fields", None)
    unknown = set(values) - {"url", "event", "header", "secret"}
    if unknown:
        raise ValueError(f"a rule has no {', '.join(sorted(unknown))}")
    if not all(isinstance(value, str) for value in values.values()):
        raise ValueError("url, event, header and secret are texts")
    if not values.get("url", "").startswith(("http://", "https://")):
        raise ValueError("a rule needs a url")
    if values.get("event", EVERY) not in (EVERY, *EVENTS):
        raise ValueError(f"event must be * or one of: {', '.join(EVENTS)}")
    if chosen is None:
        return Rule(**values)
    fields = {name: name for name in chosen} if isinstance(chosen, list) else chosen
    if not isinstance(fields, dict) or not set(fields.values()) <= set(FIELDS):
        raise ValueError(f"fields must be names of: {', '.join(FIELDS)}")
    return Rule(**values, fields=fields)


def describe(desk: Desk, event: str, incident: Incident, more: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of what has happened; those that don't apply are absent."""
    requester, agent = desk.users.get(incident.user_id), desk.users.get(incident.assigned_id or 0)
    group = desk.helpdesks.get(incident.assigned_group_id or 0)
    told: dict[str, Any] = {
        "event": event,
        "request_id": incident.id,
        "pretty_id": incident.pretty_id,
        "title": incident.title,
        "description": incident.description,
        "status": STATUSES[incident.status_id],
        "status_id": incident.status_id,
        "priority": PRIORITIES.get(incident.priority_id, ""),
        "priority_id": incident.priority_id,
        "category": desk.category_path(incident.category_id),
        "category_id": incident.category_id,
        "type": TYPES.get(incident.type_id, ""),
        "type_id": incident.type_id,
        **_person("requester", requester),
        **_person("agent", agent),
        "url": f"{desk.url}/requests/show/index/id/{incident.id}",
        "created_at": incident.created_at,
        "updated_at": desk.now(),
    }
    if group is not None:
        told |= {"group": group.name, "group_id": group.id}
    return {**told, **more}


def _person(role: str, user: User | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {f"{role}_id": user.id, f"{role}_name": user.full_name, f"{role}_email": user.email}


class RuleBook:
    """The rules, what waits to be sent, and what became of it."""

    def __init__(self) -> None:
        self.rules: dict[int, Rule] = {}
        self.sent: Journal[Sent] = Journal()
        self._last_id = 0
        self._queue: asyncio.Queue[tuple[Rule, dict[str, Any]]] = asyncio.Queue()
        self._sending: asyncio.Task[None] | None = None

    def add(self, rule: Rule) -> int:
        """Adds a rule; its id."""
        self._last_id += 1
        self.rules[self._last_id] = Rule(**{**vars(rule), "id": self._last_id})
        return self._last_id

    def clear(self) -> None:
        """No rules, nothing waiting, nothing sent."""
        self.rules.clear()
        while not self._queue.empty():
            self._queue.get_nowait()
        self.sent.clear()

    def hear(self, desk: Desk, event: str, incident: Incident, more: Mapping[str, Any]) -> None:
        """Puts in line what the rules say about something that has happened."""
        wanted = [rule for rule in self.rules.values() if rule.event in (EVERY, event)]
        if not wanted:
            return
        told = describe(desk, event, incident, more)
        for rule in wanted:
            body = {name: told[one] for name, one in rule.fields.items() if one in told}
            self._queue.put_nowait((rule, {"event": event, "request_id": incident.id, "body": body}))

    def start(self) -> None:
        """Begins to send, in the running loop."""
        self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def stop(self) -> None:
        """Ends it; what waits is not sent."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
            self._sending = None

    async def _send_all(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
            while True:
                rule, happening = await self._queue.get()
                await self._send(session, rule, happening)

    async def _send(self, session: aiohttp.ClientSession, rule: Rule, happening: dict[str, Any]) -> None:
        headers = {"Content-Type": "application/json"} | ({rule.header: rule.secret} if rule.secret else {})
        status, answer, error = 0, "", ""
        try:
            data = msgspec.json.encode(happening["body"])
            async with session.post(rule.url, data=data, headers=headers, allow_redirects=False) as response:
                status, answer = response.status, (await response.text(errors="replace"))[:2000]
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            error = f"{type(problem).__name__}: {problem}"
        self.sent.add(
            lambda seq: Sent(
                seq=seq, rule_id=rule.id, url=rule.url, status=status, answer=answer, error=error, **happening
            )
        )
