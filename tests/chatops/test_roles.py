"""Who may do what in Slack: every handler that there is, for every role. Made from the registry: a new handler is in it
by itself, and one without a permission fails."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest

from centralita.chatops.app import ChatApp
from centralita.chatops.context import Context
from centralita.chatops.handlers import ANYBODY, Handler
from centralita.chatops.registry import HANDLERS
from centralita.core.access import BUILT_IN, PERMISSIONS, allowed
from centralita.sandbox.control import SlackControl
from centralita.services.audit import newest
from tests.chatops.conftest import Start

FOR_ANYBODY = frozenset({"command /centralita help", "action refresh_home"})
"""What gives nothing away and changes nothing. Whoever adds to it says here why: help lists what everybody may read; a
part of the home tab is shown to nobody but those who may see it."""
PEOPLE = {"admin": "U0ADMIN", "operator": "U0LUISPARED", "viewer": "U0ANAGOMEZ", "": ""}
EMAILS = {"admin": "admin@example.com", "operator": "luis@example.com", "viewer": "ana@example.com"}
TEAM = "T0MESAAYUDA"
WITHOUT_A_PERSON = frozenset({"user_change", "tokens_revoked", "app_uninstalled"})


def _named(handler: Handler) -> str:
    return f"{handler.kind} {handler.name}"


@pytest.mark.parametrize("handler", HANDLERS, ids=_named)
def test_every_handler_says_what_it_takes(handler: Handler) -> None:
    if handler.kind == "event":
        assert handler.permission == ANYBODY or handler.permission in PERMISSIONS
    else:
        assert handler.permission in PERMISSIONS or _named(handler) in FOR_ANYBODY


def test_no_two_handlers_answer_to_the_same() -> None:
    words = [
        (handler.kind, word)
        for handler in HANDLERS
        for word in (handler.name, *(f"{handler.command} {alias}" for alias in handler.aliases))
    ]
    assert len(words) == len(set(words))


def _payload(handler: Handler, user: str, number: int) -> dict[str, Any]:
    """As Slack would tell of it."""
    who = {"id": user, "team_id": TEAM}
    common = {"user": who, "team": {"id": TEAM}, "trigger_id": f"1.2.{user}{number}", "api_app_id": "A0CENTRALIT"}
    view = {"id": f"V{user}{number}", "type": "modal", "callback_id": handler.name, "state": {"values": {}}}
    match handler.kind:
        case "command":
            told = {"user_id": user, "team_id": TEAM, "trigger_id": common["trigger_id"], "channel_id": "C0ALERTS"}
            return {**told, "command": handler.command, "text": handler.word}
        case "action":
            return {**common, "type": "block_actions", "actions": [{"action_id": handler.name, "type": "button"}]}
        case "options":
            return {**common, "type": "block_suggestion", "action_id": handler.name, "value": ""}
        case "view":
            return {**common, "type": "view_submission", "view": view}
        case "view_closed":
            return {**common, "type": "view_closed", "view": view}
        case "shortcut":
            return {**common, "type": "shortcut", "callback_id": handler.name}
        case "message_shortcut":
            message = {"ts": "1.2", "text": "x", "user": user}
            place = {"channel": {"id": "C0ALERTS"}, "message": message}
            return {**common, **place, "type": "message_action", "callback_id": handler.name}
        case "event":
            event = {"type": handler.name, "user": user, "channel": "C0ALERTS", "text": "x", "ts": "1.2"}
            return {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{user}{number}", "event": event}


@pytest.mark.parametrize("role", PEOPLE)
async def test_every_role_may_what_the_table_says_and_nothing_else(role: str, app: Start, slack: SlackControl) -> None:
    mappings = {"permissions": {"user_mappings": {EMAILS[name]: name for name in EMAILS}, "default": ""}}
    ran: list[str] = []

    def recording(handler: Handler) -> Handler:
        async def run(context: Context) -> None:
            ran.append(_named(handler))

        return dataclasses.replace(handler, run=run)

    user = PEOPLE[role] or await slack.add_user("stranger")  # whom nothing is mapped for
    async with app(mappings) as hub:
        chat = ChatApp(hub, [recording(handler) for handler in HANDLERS])
        for number, handler in enumerate(HANDLERS):
            request = AsyncBoltRequest(body=_payload(handler, user, number), mode="socket_mode")
            response = await chat.bolt.async_dispatch(request)
            assert response.status == 200, _named(handler)
        denied = {str(link.entry.details) for link in await newest(hub, 500, None, "", "chat.denied")}
        await asyncio.gather(chat.close())
    expected = [
        _named(handler)
        for handler in HANDLERS
        if handler.permission == ANYBODY
        or (handler.name not in WITHOUT_A_PERSON and allowed(role, handler.permission, BUILT_IN))
    ]
    assert ran == expected
    for handler in HANDLERS:
        if _named(handler) not in ran:
            assert any(_named(handler) in details for details in denied), "what was denied is in the audit log"
