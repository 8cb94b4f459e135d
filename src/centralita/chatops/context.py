"""One thing that somebody did in Slack, as its handler sees it, and the ways to answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from centralita.chatops.answers import Answer
from centralita.chatops.grammar import Arguments
from centralita.chatops.handlers import Handler
from centralita.chatops.people import People, Person
from centralita.chatops.views.notices import notice
from centralita.chatops.views.waiting import kept
from centralita.chatops.workspaces import UNREACHABLE
from centralita.core import mrkdwn
from centralita.i18n import gettext as _
from centralita.services.access import Principal
from centralita.services.hub import Hub

log = structlog.get_logger(__name__)

Blocks = Sequence[Mapping[str, Any]]


@dataclass
class Context:
    """What a handler is given."""

    hub: Hub
    """Its first write transaction claims the interaction: whatever is done by it happens once."""
    handler: Handler
    principal: Principal
    """May do what the person's role may; named by their address."""
    person: Person
    people: People
    locale: str
    body: Mapping[str, Any]
    client: AsyncWebClient
    """Of the person's workspace; it never tries again by itself."""
    answer: Answer
    """What Slack was told of it."""
    arguments: Arguments = field(default_factory=Arguments)

    # --- What was done ------------------------------------------------------------------------------------------------

    @property
    def action(self) -> Mapping[str, Any]:
        """The button or select that was used; {} for something else."""
        actions = self.body.get("actions") or [{}]
        return dict(actions[0])

    @property
    def value(self) -> str:
        """What a pressed button stands for, or what was chosen."""
        action = self.action
        chosen = action.get("selected_option") or {}
        picked = action.get("selected_user") or action.get("selected_channel") or ""
        return str(action.get("value") or chosen.get("value") or picked)

    @property
    def view(self) -> Mapping[str, Any]:
        """The modal or home tab that it was done in; {} for none."""
        return dict(self.body.get("view") or {})

    @property
    def values(self) -> dict[str, Any]:
        """A modal's inputs, ``{block_id: value}`` (each block has one): a text, a list of several, None for nothing."""
        state = (self.view.get("state") or {}).get("values") or {}
        return {block: _plain(next(iter(inputs.values()), {})) for block, inputs in state.items()}

    @property
    def metadata(self) -> dict[str, Any]:
        """What the modal was opened with (``private_metadata``)."""
        try:
            found = json.loads(self.view.get("private_metadata") or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def event(self) -> Mapping[str, Any]:
        """Of the Events API; {} for something else."""
        return dict(self.body.get("event") or {})

    @property
    def trigger_id(self) -> str:
        return str(self.body.get("trigger_id") or "")

    @property
    def message(self) -> Mapping[str, Any]:
        """The message whose button was pressed, or that a shortcut was used on."""
        return dict(self.body.get("message") or {})

    @property
    def channel(self) -> str:
        """Where it was done; "" for nowhere."""
        body = self.body
        places = (
            body.get("channel_id"),
            (body.get("channel") or {}).get("id"),
            (body.get("container") or {}).get("channel_id"),
            self.event.get("channel"),
            self.metadata.get("channel"),
        )
        return next((str(place) for place in places if place), "")

    @property
    def thread_ts(self) -> str:
        """The thread that it was done in; "" outside of one, and on the message that a thread hangs below: whoever uses
        that looks at its channel."""
        message, container = self.message, self.body.get("container") or {}
        if message and message.get("thread_ts") == message.get("ts"):
            return ""
        found = message.get("thread_ts") or container.get("thread_ts") or self.event.get("thread_ts")
        return str(found or self.metadata.get("thread_ts") or "")

    @property
    def is_below_ours(self) -> bool:
        """Whether a message event is a new reply below a message of the app's own."""
        ours = [each.get("user_id") for each in self.body.get("authorizations") or ()]
        return bool(self.event.get("parent_user_id")) and self.event["parent_user_id"] in ours

    # --- Answers ------------------------------------------------------------------------------------------------------

    async def ack(self, **answer: Any) -> None:
        """Tells Slack that it was taken; the app does it by itself when the handler is done. A form that was told to
        wait changes into what the answer would have shown."""
        if self.answer.put_off_at is None:
            await self.answer.give(**answer)
            return
        await self.answer.settled()
        if self.handler.kind != "view":
            return
        view = answer.get("view")
        if errors := answer.get("errors"):
            view = kept(self.view, "\n".join(f":warning: {mrkdwn.escape(text)}" for text in errors.values()))
        try:
            await self.update_view(view or notice(f":white_check_mark: {_('Done.', self.locale)}", self.locale))
        except UNREACHABLE as fault:  # it was closed meanwhile, or sent again
            log.info("chat.form_gone", handler=self.handler.name, fault=type(fault).__name__)

    async def say(self, text: str, blocks: Blocks = ()) -> None:
        """Tells the person alone, where they are; in a thread if it began in one. May be lost."""
        content: dict[str, Any] = {"text": text, **({"blocks": list(blocks)} if blocks else {})}
        if self.handler.kind == "command" and not self.answer.given:
            await self.ack(response_type="ephemeral", **content)
            return
        try:
            await self._say_somewhere(content)
        except UNREACHABLE as fault:
            log.warning("chat.answer_lost", handler=self.handler.name, fault=type(fault).__name__)

    async def _say_somewhere(self, content: dict[str, Any]) -> None:
        url = self.body.get("response_url")
        if self.channel and not self.channel.startswith("D"):
            try:
                if self.thread_ts:
                    content = {**content, "thread_ts": self.thread_ts}
                await self.client.chat_postEphemeral(channel=self.channel, user=self.person.id, **content)
                return
            except SlackApiError:
                pass  # the app is not in the channel: the address that came with the interaction still works
        if url:
            webhook = AsyncWebhookClient(str(url), proxy=self.client.proxy, ssl=self.client.ssl, retry_handlers=[])
            await webhook.send(response_type="ephemeral", replace_original=False, **content)
            return
        if self.channel and self.thread_ts:
            content = {**content, "thread_ts": self.thread_ts}
        await self.client.chat_postMessage(channel=self.channel or self.person.id, **content)

    async def open_view(self, view: Mapping[str, Any]) -> None:
        """Opens a modal, or puts it on the one that is open. Slack gives 3 seconds since the interaction."""
        on_top = self.view.get("type") == "modal"
        call = self.client.views_push if on_top else self.client.views_open
        await call(trigger_id=self.trigger_id, view=dict(view))

    async def update_view(self, view: Mapping[str, Any], view_id: str = "") -> None:
        """Changes the modal that the interaction was done in, or another one."""
        await self.client.views_update(view_id=view_id or str(self.view["id"]), view=dict(view))


def _plain(given: Mapping[str, Any]) -> Any:
    """What was entered into one element of a modal."""
    if (options := given.get("selected_options")) is not None:
        return [option["value"] for option in options]
    if (option := given.get("selected_option")) is not None:
        return option["value"]
    for name in ("selected_users", "selected_conversations", "selected_channels"):
        if given.get(name) is not None:
            return list(given[name])
    return next((given[name] for name in _SINGLE if given.get(name) is not None), None)


_SINGLE = (
    *("value", "selected_user", "selected_conversation", "selected_channel"),
    *("selected_date", "selected_time", "selected_date_time"),
)
