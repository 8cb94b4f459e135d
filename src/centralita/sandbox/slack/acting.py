"""What people do with apps: press, choose, submit, close, run a shortcut or a command; and what the app's answer does.

Payloads are those of https://docs.slack.dev/reference/interaction-payloads.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from centralita.sandbox.http import ControlError
from centralita.sandbox.slack import views
from centralita.sandbox.slack.apps import App
from centralita.sandbox.slack.dispatch import Ack, Dispatcher
from centralita.sandbox.slack.entering import elements, entered, find_element, find_mistakes, state_of
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.views import View
from centralita.sandbox.slack.workspace import Change, Conversation, Message, User, Workspace
from centralita.sandbox.slack.writing import named

NO_ANSWER = "We had some trouble connecting. Try again?"

Values = Mapping[str, Mapping[str, Any]]
"""What was entered: block id to action id to value; an option by its value."""


@dataclass(frozen=True)
class Person:
    """Somebody who does something, and what they do it in."""

    space: Workspace
    dispatcher: Dispatcher
    user: User
    base_url: str

    def envelope(self, app: App, kind: str) -> dict[str, Any]:
        """What all payloads have."""
        return {
            "type": kind,
            "token": app.verification_token,
            "api_app_id": app.id,
            "team": {"id": self.space.team_id, "domain": self.space.domain},
            "user": {
                "id": self.user.id,
                "username": self.user.name,
                "name": self.user.name,
                "team_id": self.space.team_id,
            },
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self.space.grants.trigger(app.id, self.user.id),
        }

    def app_of(self, app_id: str) -> App:
        """Raises ControlError."""
        found = self.space.apps.get(app_id)
        if found is None:
            raise ControlError(f"there is no app {app_id!r} to answer", 404)
        return found

    # ---- messages

    async def press(self, conversation: Conversation, ts: str, action: Mapping[str, Any], values: Values) -> Ack:
        """Presses a button of a message or chooses something: ``action`` is ``{action_id, block_id, value}``."""
        message, ephemeral = self._message(conversation, ts)
        app = self.app_of(str(message.get("app_id", "")))
        blocks, place = _place(message, action)
        where = self._where(conversation, message, ephemeral)
        payload = self.envelope(app, "block_actions") | {
            **where,
            "container": {**where["container"], **place},
            "state": {"values": state_of(blocks, values, {})},
            "response_url": self._response_url(app, conversation, message, ephemeral),
            "actions": [_pressed(blocks, action)],
        }
        return await self.dispatcher.interact(app, payload)

    def _where(self, conversation: Conversation, message: Message, ephemeral: bool) -> dict[str, Any]:
        """What a payload says of the message that it comes from."""
        return {
            "container": {
                "type": "message",
                "message_ts": message["ts"],
                "channel_id": conversation.id,
                "is_ephemeral": ephemeral,
                **({"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}),
            },
            "channel": {"id": conversation.id, "name": conversation.name or "directmessage"},
            "message": message if ephemeral else conversation.show(message),
        }

    def _message(self, conversation: Conversation, ts: str) -> tuple[Message, bool]:
        found = conversation.messages.get(ts)
        if found is not None:
            return found, False
        mine = (one for user, one in conversation.ephemeral if user == self.user.id and one["ts"] == ts)
        found = next(mine, None)
        if found is None:
            raise ControlError("there is no such message", 404)
        return found, True

    def _response_url(self, app: App, conversation: Conversation, message: Message, ephemeral: bool) -> str:
        path = self.space.grants.response_url(
            app.id, self.user.id, conversation.id, message["ts"], ephemeral, message.get("thread_ts", "")
        )
        return self.base_url + path

    async def on_message(self, conversation: Conversation, ts: str, callback_id: str) -> Ack:
        """Runs a message shortcut."""
        message, _ = self._message(conversation, ts)
        app = self._app_with_shortcut(callback_id, "message")
        payload = self.envelope(app, "message_action") | {
            "callback_id": callback_id,
            "action_ts": _action_ts(),
            "message_ts": ts,
            "message": conversation.show(message),
            "channel": {"id": conversation.id, "name": conversation.name or "directmessage"},
            "response_url": self._response_url(app, conversation, message, False),
        }
        return await self.dispatcher.interact(app, payload)

    async def shortcut(self, callback_id: str) -> Ack:
        """Runs a global shortcut."""
        app = self._app_with_shortcut(callback_id, "global")
        payload = self.envelope(app, "shortcut") | {"callback_id": callback_id, "action_ts": _action_ts()}
        return await self.dispatcher.interact(app, payload)

    def _app_with_shortcut(self, callback_id: str, kind: str) -> App:
        for app in self._offering():
            found = app.shortcuts.get(callback_id)
            if found is not None and found.kind == kind:
                return app
        raise ControlError(f"there is no {kind} shortcut {callback_id!r}", 404)

    def _offering(self) -> list[App]:
        """The apps whose commands and shortcuts are there: those with the scope for it."""
        bots = ((app, self.space.bot_of(app.id)) for app in self.space.apps.values())
        return [app for app, bot in bots if bot is not None and "commands" in bot.scopes]

    # ---- commands

    async def command(self, conversation: Conversation, name: str, text: str) -> Ack:
        """Runs a slash command; its answer is shown to this person, or to everybody."""
        app = next((one for one in self._offering() if name in one.commands), None)
        if app is None:
            fault = f"{name} is not a valid command"
            self._told_by_slack(conversation, f"{fault}. In Slack, all messages that start with / are commands.")
            return Ack(False, {}, fault)
        path = self.space.grants.response_url(app.id, self.user.id, conversation.id)
        form = {
            "token": app.verification_token,
            "team_id": self.space.team_id,
            "team_domain": self.space.domain,
            "channel_id": conversation.id,
            "channel_name": conversation.name or "directmessage",
            "user_id": self.user.id,
            "user_name": self.user.name,
            "command": name,
            "text": named(self.space, text) if app.commands[name].should_escape else text,
            "api_app_id": app.id,
            "is_enterprise_install": "false",
            "response_url": self.base_url + path,
            "trigger_id": self.space.grants.trigger(app.id, self.user.id),
        }
        ack = await self.dispatcher.command(app, form)
        if not ack.ok:
            self._told_by_slack(conversation, f'{name} failed with the error "{ack.error}"')
        elif ack.payload.get("text") or ack.payload.get("blocks"):
            say(self.space, app, conversation, self.user.id, ack.payload)
        return ack

    def _told_by_slack(self, conversation: Conversation, text: str) -> None:
        message: Message = {
            "type": "message",
            "user": "USLACKBOT",
            "username": "Slackbot",
            "ts": self.space.next_ts(conversation),
            "text": text,
            "is_ephemeral": True,
        }
        conversation.ephemeral.append((self.user.id, message))
        self.space.tell(Change("ephemeral", conversation.id, message, only_for=self.user.id))

    # ---- views

    async def act_in_view(self, view: View, action: Mapping[str, Any], values: Values) -> Ack:
        """Presses or chooses something in a modal or a home tab."""
        app = self.app_of(view.app)
        blocks = view.content["blocks"]
        view.state = state_of(blocks, values, view.state)
        pressed = _pressed(blocks, action)
        payload = self.envelope(app, "block_actions") | {
            "container": {"type": "view", "view_id": view.id},
            "view": views.show(self.space, view),
            "actions": [pressed],
        }
        return await self.dispatcher.interact(app, payload)

    async def suggest_in_view(self, view: View, action_id: str, typed: str) -> Ack:
        """Asks an app for the options of an external select of a modal or a home tab."""
        about = {"container": {"type": "view", "view_id": view.id}, "view": views.show(self.space, view)}
        return await self._suggest(self.app_of(view.app), view.content["blocks"], action_id, typed, about)

    async def suggest(self, conversation: Conversation, ts: str, action_id: str, typed: str) -> Ack:
        """The same in a message."""
        message, ephemeral = self._message(conversation, ts)
        about = self._where(conversation, message, ephemeral)
        app = self.app_of(str(message.get("app_id", "")))
        return await self._suggest(app, message.get("blocks") or [], action_id, typed, about)

    async def _suggest(
        self, app: App, blocks: list[dict[str, Any]], action_id: str, typed: str, about: dict[str, Any]
    ) -> Ack:
        element = find_element(blocks, "", action_id)
        if element is None:
            raise ControlError(f"there is no element {action_id!r}", 404)
        asked = {"action_id": action_id, "block_id": element["block_id"], "value": typed}
        payload = self.envelope(app, "block_suggestion") | asked | about
        del payload["trigger_id"]
        return await self.dispatcher.interact(app, payload)

    async def submit(self, view: View, values: Values) -> dict[str, Any]:
        """Submits the topmost modal. ``{"ok", "errors"}``: errors by block id, "" for the whole form's."""
        app = self.app_of(view.app)
        try:
            view.state = state_of(view.content["blocks"], values, view.state)
        except ValueError as fault:
            raise ControlError(str(fault)) from None
        faults = find_mistakes(view.content["blocks"], view.state)
        if faults:
            return {"ok": False, "errors": faults}
        payload = self.envelope(app, "view_submission") | {
            "view": views.show(self.space, view),
            "response_urls": self._response_urls(app, view),
        }
        ack = await self.dispatcher.interact(app, payload)
        if not ack.ok:
            return {"ok": False, "errors": {"": NO_ANSWER}}
        return self._after_submission(view, ack.payload)

    def _response_urls(self, app: App, view: View) -> list[dict[str, str]]:
        """One for each conversation that was chosen in a select with ``response_url_enabled``."""
        found = []
        for block, element in elements(view.content["blocks"]):
            entry = view.state.get(str(block["block_id"]), {}).get(str(element.get("action_id")), {})
            channel = entry.get("selected_conversation") or entry.get("selected_channel")
            if element.get("response_url_enabled") and channel:
                path = self.space.grants.response_url(app.id, self.user.id, channel)
                names = {"block_id": str(block["block_id"]), "action_id": str(element["action_id"])}
                found.append({**names, "channel_id": str(channel), "response_url": self.base_url + path})
        return found

    def _after_submission(self, view: View, answer: dict[str, Any]) -> dict[str, Any]:
        action = answer.get("response_action")
        if action == "errors":
            errors = {str(name): str(text) for name, text in dict(answer.get("errors") or {}).items()}
            names = {block["block_id"] for block in view.content["blocks"]}
            return {"ok": False, "errors": errors if errors.keys() <= names else {"": NO_ANSWER}}
        if action == "clear":
            views.close(self.space, view.user, everything=True)
        elif action in ("update", "push"):
            try:
                content = views.read_view(answer.get("view"), ("modal",))
            except Refusal:
                return {"ok": False, "errors": {"": NO_ANSWER}}
            if action == "update":
                view.change(content)
                self.space.tell(Change("views", only_for=view.user))
            elif len(self.space.views.modals[view.user]) >= views.STACK:
                return {"ok": False, "errors": {"": NO_ANSWER}}
            else:
                views.add_modal(self.space, view.app, view.user, content, on=view)
        else:
            views.close(self.space, view.user, everything=False)
        return {"ok": True, "errors": {}}

    async def close(self, view: View, *, everything: bool) -> None:
        """Closes the topmost modal (or all): an app that wants to know of it is told."""
        everything = everything or bool(view.content.get("clear_on_close"))
        for gone in reversed(views.close(self.space, view.user, everything=everything)):
            if gone.content.get("notify_on_close"):
                app = self.app_of(gone.app)
                payload = self.envelope(app, "view_closed") | {
                    "view": views.show(self.space, gone),
                    "is_cleared": everything,
                }
                del payload["trigger_id"]
                await self.dispatcher.interact(app, payload)


def _place(message: Message, action: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The blocks that hold what is pressed, and how Slack names where they stand: the message, or one of its
    attachments."""
    names = str(action.get("block_id") or ""), str(action.get("action_id") or "")
    own = message.get("blocks") or []
    if find_element(own, *names) is None:
        for number, attachment in enumerate(message.get("attachments") or [], 1):
            blocks = attachment.get("blocks") or []
            if find_element(blocks, *names) is not None:
                return blocks, {"type": "message_attachment", "attachment_id": number, "is_app_unfurl": False}
    return own, {"type": "message"}


def _pressed(blocks: list[dict[str, Any]], action: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of ``actions``. Raises ControlError for what is not there."""
    element = find_element(blocks, str(action.get("block_id") or ""), str(action.get("action_id") or ""))
    if element is None:
        raise ControlError(f"there is nothing {action.get('action_id')!r} to press", 404)
    found: dict[str, Any] = {
        "action_id": element["action_id"],
        "block_id": element["block_id"],
        "type": element["type"],
        "action_ts": _action_ts(),
    }
    if element["type"] == "button":
        found |= {name: element[name] for name in ("text", "value", "style", "url") if name in element}
        return found
    try:
        return found | entered(element, action.get("value"))
    except ValueError as fault:
        raise ControlError(str(fault)) from None


def _action_ts() -> str:
    return f"{time.time():.6f}"


def say(space: Workspace, app: App, conversation: Conversation, user: str, answer: Mapping[str, Any]) -> Message:
    """A message that an app answers with, for one person unless it says ``in_channel``. Raises Refusal."""
    from centralita.sandbox.slack.arguments import Arguments
    from centralita.sandbox.slack.caller import Caller
    from centralita.sandbox.slack.chat import POST_TEXT, new_message, read_content

    bot = space.bot_of(app.id)
    if bot is None:
        raise Refusal("account_inactive")
    call = Caller(space, bot, Arguments(dict(answer)), "")
    message = new_message(call, conversation, read_content(call, POST_TEXT))
    if answer.get("thread_ts"):
        message["thread_ts"] = str(answer["thread_ts"])
    if answer.get("response_type") == "in_channel":
        space.add_message(conversation, message)
        return message
    message["is_ephemeral"] = True
    conversation.ephemeral.append((user, message))
    space.tell(Change("ephemeral", conversation.id, message, only_for=user))
    return message
