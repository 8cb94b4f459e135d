"""A Slack that is only a table, to drive the destination's generator without a socket. Also proves that a delivery that
is killed anywhere posts each of its messages exactly once."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from centralita.core.effects import Effect, Subject
from centralita.core.events import Event
from centralita.integrations.slack.destination import SlackDestination
from centralita.ports import Delivery, HttpRequest, HttpResponse, Outcome, Remember

NOW = 1_763_806_000.0
EVENT_ID = "evt_01KAN4GQ000000000000000000"
CONFIG: dict[str, Any] = {
    "api_url": "https://slack.test/api/",
    "bot_token": "xoxb-1",
    "public_url": "https://desk.test",
    "locale": "es",
}
TICKET = {
    "id": "4521",
    "title": "Impresora sin tóner",
    "description": "No imprime.",
    "status": "Abierto",
    "priority": "Alta",
    "category": "Hardware",
    "url": "https://invgate.test/4521",
}
ANA, LUIS = {"name": "Ana Gómez", "email": "ana@example.com"}, {"name": "Luis Paredes", "email": "luis@example.com"}

Answer = Mapping[str, Any] | HttpResponse | Callable[[dict[str, Any]], Mapping[str, Any]]


class Call(msgspec.Struct, frozen=True):
    """One request, decoded."""

    method: str
    args: dict[str, Any]
    request: HttpRequest


class Killed(Exception):
    """The process died here."""


class Workspace:
    """Answers from a table (a list is used up one by one); by default it takes every message, knows Ana and Luis."""

    def __init__(self, **answers: Answer | list[Answer]) -> None:
        self.answers = {name.replace("__", "."): answer for name, answer in answers.items()}
        self.messages: list[dict[str, Any]] = []
        self.calls: list[Call] = []
        self.memory: dict[str, Any] = {}
        self.steps = 0
        self.put_off = False
        """Whether the last kill came just before a request."""

    def run(
        self,
        delivery: Delivery,
        config: Mapping[str, Any] = CONFIG,
        now: float = NOW,
        kill_at: int = -1,
        applied: bool = True,
    ) -> Outcome:
        """One attempt. ``kill_at``: dies at that yield, what it asked for being ``applied`` or not."""
        destination = SlackDestination()
        wanted = destination.wants(delivery, config)
        known = {key: copy.deepcopy(self.memory[key]) for key in wanted if key in self.memory}
        generator = destination.perform(delivery, config, known, now)
        reply: HttpResponse | None = None
        self.steps = 0
        while True:
            try:
                wish = generator.send(reply)
            except StopIteration as stop:
                assert isinstance(stop.value, Outcome)
                return stop.value
            killed = self.steps == kill_at
            self.steps += 1
            if killed and not applied:
                self.put_off = isinstance(wish, HttpRequest)
                raise Killed
            reply = self._take(wish)
            if killed:
                raise Killed

    def _take(self, wish: HttpRequest | Remember) -> HttpResponse | None:
        if isinstance(wish, Remember):
            msgspec.json.encode(wish.value)
            self.memory.pop(wish.key, None)
            if wish.value is not None:
                self.memory[wish.key] = copy.deepcopy(wish.value)
            return None
        return self._answer(wish)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        method = request.url.rpartition("/")[2]
        is_json = dict(request.headers)["content-type"].startswith("application/json")
        args = msgspec.json.decode(request.body) if is_json else dict(parse_qsl(request.body.decode()))
        self.calls.append(Call(method, args, request))
        answer = self.answers.get(method, getattr(self, "_" + re.sub(r"\W", "_", method), {"ok": True}))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(args)
        if isinstance(answer, HttpResponse):
            return answer
        return HttpResponse(status=200, body=msgspec.json.encode(answer))

    def _chat_postMessage(self, args: dict[str, Any]) -> dict[str, Any]:
        ts = f"{1763806000 + len(self.messages)}.000100"
        channel = (
            args["channel"] if re.fullmatch(r"[CD]\w+", args["channel"]) else f"C{args['channel'][1:4].upper():0>8}"
        )
        self.messages.append({**args, "channel": channel, "ts": ts})
        return {"ok": True, "channel": channel, "ts": ts}

    def _chat_update(self, args: dict[str, Any]) -> dict[str, Any]:
        message = next((message for message in self.messages if message["ts"] == args["ts"]), None)
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        message.update(args)
        return {"ok": True, "channel": args["channel"], "ts": args["ts"]}

    def _conversations_history(self, args: dict[str, Any]) -> dict[str, Any]:
        found = [m for m in self.messages if m["channel"] == args["channel"] and "thread_ts" not in m]
        return {"ok": True, "messages": found[::-1]}

    def _conversations_replies(self, args: dict[str, Any]) -> dict[str, Any]:
        found = [m for m in self.messages if args["ts"] in (m["ts"], m.get("thread_ts"))]
        return {"ok": True, "messages": found}

    def _conversations_list(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "channels": [{"id": "C00000MES", "name": "mesa-de-ayuda"}]}

    def _auth_test(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "url": "https://mesa.slack.test/"}

    def _users_lookupByEmail(self, args: dict[str, Any]) -> dict[str, Any]:
        ids = {"ana@example.com": "U000000ANA", "luis@example.com": "U00000LUIS"}
        user_id = ids.get(args["email"].lower())
        return {"ok": True, "user": {"id": user_id}} if user_id else {"ok": False, "error": "users_not_found"}

    def _users_info(self, args: dict[str, Any]) -> dict[str, Any]:
        assert args["include_locale"] == "true"
        return {"ok": True, "user": {"id": args["user"], "locale": "en-US" if "LUIS" in args["user"] else "es-AR"}}

    def _conversations_open(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "channel": {"id": f"D{args['users'][1:]}"}}

    def methods(self) -> list[str]:
        return [call.method for call in self.calls]

    def posted(self) -> list[str]:
        """The text of every message that is there."""
        return [message["text"] for message in self.messages]


def delivery(
    number: int = 1,
    kind: str = "ticket.created",
    *,
    target: str = "#mesa-de-ayuda",
    episode: int = 1,
    events: int = 1,
    subject: str = "ticket/4521",
    uncertain: bool = False,
    attempt: int = 1,
    phase: str = "open",
    ticket: Mapping[str, Any] = TICKET,
    data: Mapping[str, Any] | None = None,
    event: Mapping[str, Any] | None = None,
    **effect: Any,
) -> Delivery:
    """A ticket's delivery with whatever a test wants otherwise."""
    values = {
        "id": EVENT_ID,
        "source": "invgate",
        "type": kind,
        "time": "2025-11-22T10:06:40Z",
        "subject": subject,
        "title": "Impresora sin tóner",
        "status": "Abierto",
        "phase": phase,
        "data": {"ticket": dict(ticket), "requester": ANA, **(data or {})},
    }
    return Delivery(
        id=f"dlv_{number}",
        event=Event(**{**values, **(event or {})}),
        effect=Effect(rule="Tickets", destination="slack", target=target, **effect),
        subject=Subject(
            source="invgate",
            subject=subject,
            episode=episode,
            events=events,
            data={"ticket": dict(ticket), "requester": ANA},
        ),
        uncertain=uncertain,
        attempt=attempt,
        locale="es",
    )


LONG = "\n".join(f"línea {number} & <algo>" for number in range(400))


def _story() -> Iterator[Callable[[bool], Delivery]]:
    """A long ticket, its change with a long comment, and an alert about nothing in particular."""
    yield lambda uncertain: delivery(1, ticket={**TICKET, "description": LONG}, uncertain=uncertain)
    comment = {"text": LONG, "author": "Luis", "visible_to_customer": True}
    yield lambda uncertain: delivery(
        2, "ticket.commented", events=2, data={"comment": comment}, uncertain=uncertain, mentions=("@here",)
    )
    yield lambda uncertain: delivery(3, "generic.received", subject="", uncertain=uncertain)
    yield lambda uncertain: delivery(
        4,
        "ticket.closed",
        events=3,
        phase="closed",
        formatting={"emoji_reactions": True},
        uncertain=uncertain,
    )
    yield lambda uncertain: delivery(5, target="ana@example.com", audience="requester", uncertain=uncertain)


def _play(
    workspace: Workspace, kill_story: int = -1, kill_at: int = -1, applied: bool = True, uncertain: bool = True
) -> int:
    """Plays the story with one kill in it; the number of yields of the part that was to be killed."""
    steps = 0
    for number, make in enumerate(_story()):
        if number == kill_story:
            try:
                workspace.run(make(False), kill_at=kill_at, applied=applied)
            except Killed:
                assert workspace.run(make(uncertain)).state == "delivered"
        else:
            assert workspace.run(make(False)).state == "delivered"
        steps = workspace.steps if number == kill_story else steps
    return steps


@pytest.mark.parametrize("kill_story", range(5))
@pytest.mark.parametrize("applied", [True, False], ids=["after", "before"])
def test_a_kill_anywhere_loses_and_doubles_nothing(kill_story: int, applied: bool) -> None:
    undisturbed = Workspace()
    steps = _play(undisturbed, kill_story)
    assert len(undisturbed.messages) >= 8
    assert steps >= 2
    for kill_at in range(steps):
        workspace = Workspace()
        _play(workspace, kill_story, kill_at, applied)
        assert sorted(workspace.posted()) == sorted(undisturbed.posted()), f"killed at {kill_at}"


@pytest.mark.parametrize("kill_story", range(5))
def test_an_attempt_that_is_put_off_before_a_request_repeats_nothing(kill_story: int) -> None:
    """As when a rate has no token left: nothing is uncertain, so nothing is searched for."""
    undisturbed = Workspace()
    steps = _play(undisturbed, kill_story)
    for kill_at in range(steps):
        workspace = Workspace()
        _play(workspace, kill_story, kill_at, applied=False, uncertain=False)
        if workspace.put_off:
            assert sorted(workspace.posted()) == sorted(undisturbed.posted()), f"put off at {kill_at}"
            assert not [name for name in workspace.methods() if name.startswith("conversations.hist")]
