"""The app: finds the handler of what somebody did, sees to it that they may, carries it out once, and answers Slack in
time.

A handler's command is committed before Slack is told that it was taken: whoever hears nothing may do it again. What
takes longer than ``WORKING_S`` is answered with "working on it", and followed up; a form stays open until then.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from centralita.chatops.answers import Answer
from centralita.chatops.context import Context
from centralita.chatops.faults import in_a_persons_words
from centralita.chatops.grammar import Arguments, nearest, read_arguments, split_word
from centralita.chatops.handlers import ANYBODY, MAIN_COMMAND, Handler, Invalid
from centralita.chatops.people import People, Person
from centralita.chatops.registry import HANDLERS, commands
from centralita.chatops.views.notices import denied, no_such_word, notice
from centralita.chatops.views.waiting import kept
from centralita.chatops.workspaces import Workspaces
from centralita.i18n import best_locale
from centralita.i18n import gettext as _
from centralita.services.access import Principal, person_principal
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.interactions import AlreadyDone, claiming, patiently

log = structlog.get_logger(__name__)

WORKING_S = 1.8
"""Slack gives an interaction three seconds."""
EVENTS_WITHOUT_A_PERSON = frozenset({"user_change", "tokens_revoked", "app_uninstalled"})


class ChatApp:
    """Bolt's app with the hub's handlers."""

    def __init__(self, hub: Hub, handlers: Sequence[Handler] = HANDLERS) -> None:
        self.hub, self.handlers = hub, handlers
        self.people, self.workspaces = People(), Workspaces(hub)
        self._late: set[asyncio.Task[None]] = set()
        self.bolt = AsyncApp(
            logger=_quiet_logger(),
            client=self.workspaces.client(""),
            authorize=_authorizing(self.workspaces),
            process_before_response=True,
            # Bolt knows one secret; here it is every workspace's, as they come and go.
            request_verification_enabled=False,
            before_authorize=_verifying(hub),
        )
        # Only now: Bolt warns that it ignores SLACK_BOT_TOKEN, which the hub reads itself.
        self.bolt.logger.setLevel(logging.WARNING)
        self._register()

    # --- Bolt ---------------------------------------------------------------------------------------------------------

    def _register(self) -> None:
        for name, words in commands(self.handlers).items():
            shown = self.hub.settings.slack.command if name == MAIN_COMMAND else name
            self.bolt.command(shown)(self._command(name, words))
        listen: dict[str, Callable[[str], Any]] = {
            "action": self.bolt.action,
            "view": self.bolt.view_submission,
            "view_closed": self.bolt.view_closed,
            "shortcut": self.bolt.global_shortcut,
            "message_shortcut": self.bolt.message_shortcut,
            "options": self.bolt.options,
            "event": self.bolt.event,
        }
        for handler in self.handlers:
            if handler.kind != "command":
                listen[handler.kind](handler.name)(self._listener(handler))
        self.bolt.action(_OPENS_A_PAGE)(_only_ack)

    def _listener(self, handler: Handler) -> Callable[..., Any]:
        async def listen(
            ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext
        ) -> BoltResponse | None:
            return await self.serve(handler, body, ack, client, context)

        return listen

    def _command(self, name: str, words: Sequence[Handler]) -> Callable[..., Any]:
        by_word = {word: handler for handler in words for word in (handler.word, *handler.aliases) if word}
        default = next((handler for handler in words if not handler.word), None)

        async def listen(
            ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext
        ) -> BoltResponse | None:
            word, rest = split_word(str(body.get("text") or ""))
            handler = by_word.get(word)
            if handler is not None:
                return await self.serve(handler, body, ack, client, context, read_arguments(rest, OPTIONS))
            if default is not None:
                arguments = read_arguments(str(body.get("text") or ""), OPTIONS)
                return await self.serve(default, body, ack, client, context, arguments)
            person = await self._person(body, client)
            locale = self._locale(person)
            shown = str(body.get("command") or name)
            await ack(response_type="ephemeral", **no_such_word(shown, word, nearest(word, by_word), words, locale))
            return None

        return listen

    # --- One interaction ----------------------------------------------------------------------------------------------

    async def serve(
        self,
        handler: Handler,
        body: Mapping[str, Any],
        ack: AsyncAck,
        client: AsyncWebClient,
        bolt: AsyncBoltContext,
        arguments: Arguments | None = None,
    ) -> BoltResponse | None:
        """Carries one interaction out; returns once Slack may be answered."""
        answer = Answer(ack)
        work = asyncio.ensure_future(self._carry_out(handler, body, answer, client, arguments or Arguments()))
        done, _waiting = await asyncio.wait({work}, timeout=WORKING_S)
        if done:
            work.result()
            return None
        self._late.add(work)
        work.add_done_callback(self._ended_late)
        if handler.kind == "event":
            await asyncio.shield(work)  # Slack tells of an event again when nobody acknowledges it
        else:
            await answer.put_off(handler.kind, body, self._locale(self.people.known(*_somebody(body))))
        return None

    async def _carry_out(
        self, handler: Handler, body: Mapping[str, Any], answer: Answer, client: AsyncWebClient, arguments: Arguments
    ) -> None:
        context = await self._context(handler, body, answer, client, arguments)
        try:
            if await self._may(context):
                await handler.run(context)
            await context.ack()
        except AlreadyDone:
            await context.ack()
        except Invalid as fault:
            await context.ack(response_action="errors", errors=fault.errors)
        except Exception as fault:
            await self._failed(context, fault)

    async def _context(
        self, handler: Handler, body: Mapping[str, Any], answer: Answer, client: AsyncWebClient, arguments: Arguments
    ) -> Context:
        person = await self._person(body, client)
        key = _key(handler, body)
        return Context(
            hub=claiming(self.hub, key) if key else self.hub,
            handler=handler,
            principal=await self._principal(person),
            person=person,
            people=self.people,
            locale=self._locale(person),
            body=body,
            client=client,
            answer=answer,
            arguments=arguments,
        )

    async def _person(self, body: Mapping[str, Any], client: AsyncWebClient) -> Person:
        team, user = _somebody(body)
        return await self.people.find(client, team, user) if user else Person("", team)

    async def _principal(self, person: Person) -> Principal:
        # Whoever was told "working on it" meanwhile would not hear that this failed.
        return await patiently(lambda: person_principal(self.hub, person.id, person.email, person.name))

    def _locale(self, person: Person) -> str:
        return best_locale((person.locale, self.hub.settings.locale))

    async def _may(self, context: Context) -> bool:
        """Whether they may; tells them why not, and the audit log."""
        handler, principal = context.handler, context.principal
        if handler.permission == ANYBODY or principal.may(handler.permission):
            return True
        hub, now = self.hub, self.hub.clock.now()
        details = {"permission": handler.permission, "handler": f"{handler.kind} {handler.name}"}
        await hub.database.write(lambda tx: record(tx, now, principal.actor, "chat.denied", "chat", details))
        text = denied(handler, principal, context.locale)
        if handler.kind == "view":
            await context.ack(response_action="update", view=notice(text, context.locale))
        elif handler.kind not in ("event", "options", "view_closed"):
            await context.say(text)
        return False

    async def _failed(self, context: Context, fault: Exception) -> None:
        locale = context.locale
        text = in_a_persons_words(fault, locale)
        if not text:
            log.error("chat.handler_failed", handler=context.handler.name, exc_info=fault)
            text = _("Something went wrong here; it was noted. Please try again.", locale)
        if context.handler.kind == "event":
            raise fault  # not acknowledged: Slack tells of it again
        if context.handler.kind == "view" and context.answer.is_open:
            waited = context.answer.given
            view = kept(context.view, f":warning: {text}") if waited else notice(text, locale)
            await context.ack(response_action="push", view=view)
            return
        await context.ack() if context.handler.kind != "command" else None
        await context.say(text)

    def _ended_late(self, work: asyncio.Task[None]) -> None:
        self._late.discard(work)
        if not work.cancelled() and (fault := work.exception()) is not None:
            log.error("chat.handler_failed", exc_info=fault)

    async def close(self) -> None:
        """Waits for what is still being carried out."""
        if self._late:
            await asyncio.wait(set(self._late), timeout=10)


OPTIONS = frozenset({
    "priority", "prioridad", "severity", "severidad", "assign", "assignee", "asignar", "description", "descripcion",
    "descripción", "status", "estado", "type", "tipo", "category", "categoria", "categoría", "requester", "solicitante",
    "amount", "monto", "note", "nota", "reason", "motivo", "title", "titulo", "título", "ci", "to", "para", "visible",
})  # fmt: skip
"""What a command may be told by ``name:value``, whatever command it is."""
_OPENS_A_PAGE = re.compile(r"open_\d+")


def _authorizing(workspaces: Workspaces) -> Callable[..., Any]:
    """Bolt reads the names of a function's arguments, and would pass ``self`` to a method."""

    async def authorize(team_id: str | None) -> AuthorizeResult | None:
        return await workspaces.authorize(team_id)

    return authorize


def _verifying(hub: Hub) -> Callable[..., Any]:
    """Bolt's first step: lets through what Slack signed with the secret of an app that is installed, and nothing else.
    What comes by a connection that the hub opened is Slack's.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """

    async def verify(
        req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        headers = {name: values[0] for name, values in req.headers.items() if len(values) == 1}
        signed = (headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", ""))
        # Never with an empty secret: anybody could sign with it.
        secrets = hub.workspaces.signing_secrets
        if req.mode == "socket_mode" or any(_signed(secret, req.raw_body, *signed) for secret in secrets):
            return await next()
        return BoltResponse(status=401, body={"error": "invalid request"})

    return verify


def _signed(secret: str, body: str, timestamp: str, signature: str) -> bool:
    try:
        return SignatureVerifier(secret).is_valid(body=body, timestamp=timestamp, signature=signature)
    except ValueError:  # a time that is no number
        return False


async def _only_ack(ack: AsyncAck) -> None:
    """A button that opens a page in the browser."""
    await ack()


def _somebody(body: Mapping[str, Any]) -> tuple[str, str]:
    """The workspace, and who did it there; "" for nobody."""
    event = body.get("event") or {}
    user = (body.get("user") or {}).get("id") or body.get("user_id") or event.get("user") or _author(event)
    team = str((body.get("team") or {}).get("id") or body.get("team_id") or "")
    is_person = isinstance(user, str) and event.get("type") not in EVENTS_WITHOUT_A_PERSON
    return team, str(user) if is_person else ""


def _author(event: Mapping[str, Any]) -> object:
    """Whose message was changed or deleted: Slack does not say who did that."""
    message = event.get("message") or event.get("previous_message") or {}
    return message.get("user") if isinstance(message, Mapping) else ""


def _key(handler: Handler, body: Mapping[str, Any]) -> str:
    """Under which an interaction is carried out once. A modal that seemed to fail is submitted again, as the same view:
    its id; everything else has an id of its own each time."""
    if handler.kind == "view":
        return f"view:{(body.get('view') or {}).get('id')}"
    if handler.kind == "event":
        return f"event:{body['event_id']}:{handler.name}" if body.get("event_id") else ""
    return f"trigger:{body['trigger_id']}" if body.get("trigger_id") else ""


def _quiet_logger() -> logging.Logger:
    logger = logging.getLogger("centralita.chatops.bolt")
    logger.setLevel(logging.ERROR)
    logger.addFilter(_without_trace)
    return logger


def _without_trace(record: logging.LogRecord) -> bool:
    """What a handler raises is logged by the app; what Slack's client tells is of connections that broke, which the
    message says. A function of the module: a logger takes the same filter once."""
    record.exc_info = record.exc_text = None
    return True
