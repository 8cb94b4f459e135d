"""The Web API method by method: every way to send arguments, every token, scope, tier and cursor, and the errors."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
import pytest

from centralita.sandbox.server import serve
from centralita.sandbox.slack import APP_ID, APP_TOKEN, BOT_TOKEN, LimitSettings, LocalSlack
from centralita.sandbox.slack.endpoint import Backend
from centralita.sandbox.slack.limits import TIERS_PER_MIN, RateLimiter
from centralita.sandbox.slack.methods import METHODS, SPECIAL

ANA, LUIS, BOT = "U0ANAGOMEZ", "U0LUISPARED", "U0CENTRALIT"
Json = dict[str, Any]


def text(said: str) -> Json:
    return {"type": "plain_text", "text": said}


MODAL = {"type": "modal", "title": text("Incident"), "blocks": [{"type": "divider"}]}
HOME = {"type": "home", "blocks": [{"type": "divider"}]}


@dataclass
class World:
    """A workspace with something of everything in it; the attributes name it."""

    url: str
    backend: Backend
    session: aiohttp.ClientSession
    posted: str = ""
    reply: str = ""
    pinned: str = ""
    bookmark: str = ""
    scheduled: str = ""
    file: str = ""
    pending: str = ""
    private: str = ""
    direct: str = ""
    view: str = ""

    @property
    def trigger(self) -> str:
        return self.backend.workspace.grants.trigger(APP_ID, LUIS)

    async def call(self, method: str, args: Mapping[str, Any], way: str = "json", token: str = BOT_TOKEN) -> Json:
        url, headers = f"{self.url}/api/{method}", {"Authorization": f"Bearer {token}"} if token else {}
        plain = {
            name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
            for name, value in args.items()
        }
        ways: dict[str, Json] = {"json": {"json": dict(args)}, "form": {"data": plain}, "query": {"params": plain}}
        async with self.session.post(url, headers=headers, **ways[way]) as response:
            assert response.status == 200
            return dict(await response.json())

    async def done(self, method: str, **args: Any) -> Json:
        answer = await self.call(method, args)
        assert answer["ok"], (method, answer)
        return answer

    async def furnish(self) -> None:
        """Puts everything there, anew."""
        async with self.session.post(f"{self.url}/_control/reset", json={"keep_limits": True}):
            pass
        self.backend.workspace.apps[APP_ID].home = True
        self.posted = (await self.done("chat.postMessage", channel="C0ALERTS", text="disk"))["ts"]
        self.reply = (await self.done("chat.postMessage", channel="C0ALERTS", text="re", thread_ts=self.posted))["ts"]
        self.pinned = (await self.done("chat.postMessage", channel="C0ALERTS", text="runbook"))["ts"]
        for ts in (self.posted, self.pinned):
            await self.done("reactions.add", channel="C0ALERTS", timestamp=ts, name="eyes")
        await self.done("pins.add", channel="C0ALERTS", timestamp=self.pinned)
        mark = {"channel_id": "C0ALERTS", "title": "Wiki", "type": "link", "link": "https://example.com"}
        self.bookmark = (await self.done("bookmarks.add", **mark))["bookmark"]["id"]
        later = {"channel": "C0ALERTS", "text": "later", "post_at": int(time.time()) + 3600}
        self.scheduled = (await self.done("chat.scheduleMessage", **later))["scheduled_message_id"]
        for name in ("file", "pending"):
            promised = await self.done("files.getUploadURLExternal", filename="a.txt", length=1)
            async with self.session.post(promised["upload_url"], data=b"x") as response:
                assert response.status == 200
            setattr(self, name, promised["file_id"])
        await self.done("files.completeUploadExternal", files=[{"id": self.file}])
        made = await self.done("conversations.create", name="war-room", is_private=True)
        self.private = made["channel"]["id"]
        self.direct = (await self.done("conversations.open", users=ANA))["channel"]["id"]
        self.view = (await self.done("views.open", trigger_id=self.trigger, view=MODAL))["view"]["id"]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    app = LocalSlack(LimitSettings.off())
    async with serve(app) as address, aiohttp.ClientSession() as session:
        made = World(address.url, app.backend, session)
        await made.furnish()
        yield made


ALERT: Json = {"channel": "C0ALERTS"}
CALLS: dict[str, Callable[[World], Json]] = {
    "auth.test": lambda w: {},
    "team.info": lambda w: {},
    "bots.info": lambda w: {"bot": "B0CENTRALIT"},
    "chat.postMessage": lambda w: {**ALERT, "text": "hi", "blocks": [{"type": "divider"}]},
    "chat.postEphemeral": lambda w: {**ALERT, "user": LUIS, "text": "psst"},
    "chat.update": lambda w: {**ALERT, "ts": w.posted, "text": "disk, again", "blocks": []},
    "chat.delete": lambda w: {**ALERT, "ts": w.reply},
    "chat.getPermalink": lambda w: {**ALERT, "message_ts": w.posted},
    "chat.scheduleMessage": lambda w: {**ALERT, "text": "later", "post_at": int(time.time()) + 7200},
    "chat.deleteScheduledMessage": lambda w: {**ALERT, "scheduled_message_id": w.scheduled},
    "chat.scheduledMessages.list": lambda w: {**ALERT, "limit": 5},
    "conversations.list": lambda w: {"types": "public_channel,private_channel", "exclude_archived": True},
    "conversations.info": lambda w: {**ALERT, "include_num_members": True, "include_locale": True},
    "conversations.members": lambda w: ALERT,
    "conversations.history": lambda w: {**ALERT, "oldest": "0", "inclusive": True, "include_all_metadata": True},
    "conversations.replies": lambda w: {**ALERT, "ts": w.posted},
    "conversations.open": lambda w: {"users": f"{ANA},{LUIS}", "return_im": True},
    "conversations.join": lambda w: ALERT,
    "conversations.create": lambda w: {"name": "printers", "is_private": False},
    "conversations.invite": lambda w: {"channel": w.private, "users": f"{ANA},{LUIS}"},
    "conversations.kick": lambda w: {**ALERT, "user": LUIS},
    "conversations.leave": lambda w: ALERT,
    "conversations.archive": lambda w: ALERT,
    "conversations.unarchive": lambda w: {"channel": archived(w)},
    "conversations.rename": lambda w: {**ALERT, "name": "alarms"},
    "conversations.setTopic": lambda w: {**ALERT, "topic": "Disk"},
    "conversations.setPurpose": lambda w: {**ALERT, "purpose": "To watch"},
    "users.conversations": lambda w: {"user": LUIS, "types": "public_channel"},
    "users.info": lambda w: {"user": ANA, "include_locale": True},
    "users.list": lambda w: {"limit": 3},
    "users.lookupByEmail": lambda w: {"email": "ana@example.com"},
    "users.profile.get": lambda w: {"user": ANA},
    "usergroups.list": lambda w: {"include_users": True, "include_count": True},
    "usergroups.users.list": lambda w: {"usergroup": "S0ONCALL"},
    "pins.add": lambda w: {**ALERT, "timestamp": w.posted},
    "pins.remove": lambda w: {**ALERT, "timestamp": w.pinned},
    "pins.list": lambda w: ALERT,
    "bookmarks.add": lambda w: {"channel_id": "C0ALERTS", "title": "x", "type": "link", "link": "https://e.com"},
    "bookmarks.edit": lambda w: {"channel_id": "C0ALERTS", "bookmark_id": w.bookmark, "title": "Guía"},
    "bookmarks.remove": lambda w: {"channel_id": "C0ALERTS", "bookmark_id": w.bookmark},
    "bookmarks.list": lambda w: {"channel_id": "C0ALERTS"},
    "files.getUploadURLExternal": lambda w: {"filename": "b.txt", "length": 3},
    "files.completeUploadExternal": lambda w: {"files": [{"id": w.pending}], "channels": f"C0REPORTS,{ANA}"},
    "files.info": lambda w: {"file": w.file},
    "views.open": lambda w: {"trigger_id": w.trigger, "view": MODAL},
    "views.push": lambda w: {"trigger_id": w.trigger, "view": MODAL},
    "views.update": lambda w: {"view_id": w.view, "view": {**MODAL, "title": text("Later")}},
    "views.publish": lambda w: {"user_id": LUIS, "view": HOME},
    "reactions.add": lambda w: {**ALERT, "timestamp": w.posted, "name": "tada"},
    "reactions.remove": lambda w: {**ALERT, "timestamp": w.posted, "name": "eyes"},
    "reactions.get": lambda w: {**ALERT, "timestamp": w.posted, "full": True},
}


def archived(world: World) -> str:
    world.backend.workspace.conversations["C0CHANGES"].archived = True
    return "C0CHANGES"


def test_every_method_has_its_row() -> None:
    assert set(CALLS) == set(METHODS)


@pytest.mark.parametrize("method", CALLS)
async def test_form_json_and_query_are_one(world: World, method: str) -> None:
    for way in ("json", "form", "query"):
        if way != "json":
            await world.furnish()
        answer = await world.call(method, CALLS[method](world), way)
        assert answer["ok"], (way, answer)


async def test_every_method_asks_for_a_bots_token(world: World) -> None:
    for method, args in CALLS.items():
        tokens = {"": "not_authed", "xoxb-nobody": "invalid_auth", APP_TOKEN: "not_allowed_token_type"}
        for token, error in tokens.items():
            assert await world.call(method, args(world), token=token) == {"ok": False, "error": error}, method


async def test_every_method_asks_for_its_scope(world: World) -> None:
    given = {method: args(world) for method, args in CALLS.items()}
    world.backend.workspace.bots[BOT_TOKEN].scopes = frozenset({"team:write"})
    for method, args in given.items():
        answer = await world.call(method, args)
        if METHODS[method].scopes:
            assert (answer["error"], answer["provided"]) == ("missing_scope", "team:write"), method
            assert set(answer["needed"].split(",")) <= set(METHODS[method].scopes)
        else:
            assert answer.get("error") != "missing_scope", method


@pytest.mark.parametrize(
    ("method", "change", "needed"),
    [
        ("conversations.history", lambda w: {"channel": w.private}, "groups:history"),
        ("conversations.history", lambda w: {"channel": w.direct}, "im:history"),
        ("conversations.info", lambda w: {"channel": w.direct}, "im:read"),
        ("conversations.members", lambda w: {"channel": w.private}, "groups:read"),
        ("conversations.list", lambda w: {"types": "public_channel,im"}, "im:read"),
        ("users.conversations", lambda w: {"types": "mpim"}, "mpim:read"),
        ("conversations.create", lambda w: {"is_private": True}, "groups:write"),
        ("conversations.open", lambda w: {"users": ANA}, "im:write"),
        ("conversations.open", lambda w: {"users": f"{ANA},{LUIS}"}, "mpim:write"),
        ("conversations.invite", lambda w: {}, "groups:write,groups:write.invites"),
    ],
)
async def test_a_scope_is_of_one_kind_of_conversation(
    world: World, method: str, change: Callable[[World], Json], needed: str
) -> None:
    public = {"channels:read", "channels:history", "channels:manage", "channels:join"}
    world.backend.workspace.bots[BOT_TOKEN].scopes = frozenset(public)
    answer = await world.call(method, {**CALLS[method](world), **change(world)})
    assert (answer.get("error"), answer.get("needed")) == ("missing_scope", needed)


@pytest.mark.parametrize("method", [name for name, one in METHODS.items() if one.tier != SPECIAL])
def test_every_method_keeps_its_tier_in_each_workspace(method: str) -> None:
    limiter, tier = RateLimiter(LimitSettings()), METHODS[method].tier
    count = TIERS_PER_MIN[tier]
    assert [limiter.admit(method, tier, "", 0.0, "T1") for _ in range(count)] == [0] * count
    assert limiter.admit(method, tier, "", 0.0, "T1") > 0
    assert limiter.admit(method, tier, "", 0.0, "T2") == 0, "another workspace has its own"
    assert limiter.admit(method, tier, "", 60.0, "T1") == 0


@pytest.mark.parametrize(
    ("method", "items"),
    [
        ("conversations.list", "channels"),
        ("users.conversations", "channels"),
        ("conversations.members", "members"),
        ("conversations.history", "messages"),
        ("conversations.replies", "messages"),
        ("users.list", "members"),
        ("chat.scheduledMessages.list", "scheduled_messages"),
    ],
)
async def test_a_cursor_leads_through_everything_once(world: World, method: str, items: str) -> None:
    args = {**CALLS[method](world), "limit": 1000 if method != "conversations.history" else 999}
    if method == "users.conversations":
        args["limit"] = 999
    whole = (await world.call(method, args))[items]
    found, cursor = [], ""
    while True:
        answer = await world.call(method, {**args, "limit": 2, "cursor": cursor})
        found += answer[items]
        cursor = answer.get("response_metadata", {}).get("next_cursor", "")
        if not cursor:
            break
    if method == "conversations.replies":
        assert found[0] == whole[0]
    assert found == whole and whole
    for change, error in (({"cursor": "x"}, "invalid_cursor"), ({"limit": 5000}, "invalid_limit")):
        assert (await world.call(method, {**args, **change}))["error"] == error


DIVIDERS = [{"type": "divider"}] * 51
ERRORS: list[tuple[str, Callable[[World], Json], str]] = [
    ("bots.info", lambda w: {"bot": "B1"}, "bot_not_found"),
    ("chat.postMessage", lambda w: {"channel": ""}, "invalid_arguments"),
    ("chat.postMessage", lambda w: {"channel": "#nowhere"}, "channel_not_found"),
    ("chat.postMessage", lambda w: {"text": " ", "blocks": []}, "no_text"),
    ("chat.postMessage", lambda w: {"text": "x" * 40_001}, "msg_too_long"),
    ("chat.postMessage", lambda w: {"blocks": DIVIDERS}, "invalid_blocks"),
    ("chat.postMessage", lambda w: {"blocks": "x"}, "invalid_blocks_format"),
    ("chat.postMessage", lambda w: {"attachments": [{}] * 101}, "too_many_attachments"),
    ("chat.postMessage", lambda w: {"thread_ts": "1700000000.000001"}, "thread_not_found"),
    ("chat.postMessage", lambda w: {"thread_ts": "yesterday"}, "invalid_thread_ts"),
    ("chat.postMessage", lambda w: {"metadata": {"event_type": "x"}}, "invalid_metadata_format"),
    ("chat.postMessage", lambda w: {"channel": archived(w)}, "is_archived"),
    ("chat.postEphemeral", lambda w: {"user": ANA}, "user_not_in_channel"),
    ("chat.update", lambda w: {"ts": "1.1"}, "message_not_found"),
    ("chat.update", lambda w: {"text": "x" * 4001}, "msg_too_long"),
    ("chat.delete", lambda w: {"ts": "1.1"}, "message_not_found"),
    ("chat.getPermalink", lambda w: {"message_ts": "1.1"}, "message_not_found"),
    ("chat.scheduleMessage", lambda w: {"post_at": 1}, "time_in_past"),
    ("chat.scheduleMessage", lambda w: {"post_at": int(time.time()) + 121 * 86_400}, "time_too_far"),
    ("chat.scheduleMessage", lambda w: {"post_at": "soon"}, "invalid_time"),
    ("chat.deleteScheduledMessage", lambda w: {"scheduled_message_id": "Q1"}, "invalid_scheduled_message_id"),
    ("conversations.list", lambda w: {"types": "garden"}, "invalid_types"),
    ("conversations.info", lambda w: {"channel": "C1"}, "channel_not_found"),
    ("conversations.info", lambda w: {"channel": "#alerts"}, "channel_not_found"),
    ("conversations.history", lambda w: {"oldest": "noon"}, "invalid_ts_oldest"),
    ("conversations.replies", lambda w: {"ts": "1.1"}, "thread_not_found"),
    ("conversations.open", lambda w: {"users": ""}, "users_list_not_supplied"),
    ("conversations.open", lambda w: {"users": "U1"}, "user_not_found"),
    ("conversations.open", lambda w: {"users": BOT}, "cannot_dm_bot"),
    ("conversations.open", lambda w: {"users": LUIS, "prevent_creation": True}, "channel_not_found"),
    ("conversations.open", lambda w: {"users": ",".join(f"U{n}" for n in range(9))}, "too_many_users"),
    ("conversations.join", lambda w: {"channel": w.private}, "method_not_supported_for_channel_type"),
    ("conversations.join", lambda w: {"channel": archived(w)}, "is_archived"),
    ("conversations.create", lambda w: {"name": "alerts"}, "name_taken"),
    ("conversations.create", lambda w: {"name": ""}, "invalid_name_required"),
    ("conversations.create", lambda w: {"name": "x" * 81}, "invalid_name_maxlength"),
    ("conversations.create", lambda w: {"name": "No Such"}, "invalid_name_specials"),
    ("conversations.invite", lambda w: {"users": ""}, "no_user"),
    ("conversations.invite", lambda w: {"users": BOT}, "cant_invite_self"),
    ("conversations.invite", lambda w: {"users": "U1"}, "user_not_found"),
    ("conversations.kick", lambda w: {"user": BOT}, "cant_kick_self"),
    ("conversations.kick", lambda w: {"user": ANA}, "not_in_channel"),
    ("conversations.leave", lambda w: {"channel": w.direct}, "method_not_supported_for_channel_type"),
    ("conversations.archive", lambda w: {"channel": archived(w)}, "already_archived"),
    ("conversations.unarchive", lambda w: {"channel": "C0ALERTS"}, "not_archived"),
    ("conversations.rename", lambda w: {"name": "reports"}, "name_taken"),
    ("conversations.setTopic", lambda w: {"topic": "x" * 251}, "too_long"),
    ("conversations.setPurpose", lambda w: {"purpose": "x" * 251}, "too_long"),
    ("users.conversations", lambda w: {"user": "U1"}, "user_not_found"),
    ("users.info", lambda w: {"user": "U1"}, "user_not_found"),
    ("users.lookupByEmail", lambda w: {"email": "x@example.com"}, "users_not_found"),
    ("users.profile.get", lambda w: {"user": "U1"}, "user_not_found"),
    ("usergroups.users.list", lambda w: {"usergroup": "S1"}, "no_such_subteam"),
    ("pins.add", lambda w: {"timestamp": w.pinned}, "already_pinned"),
    ("pins.add", lambda w: {"timestamp": "1.1"}, "message_not_found"),
    ("pins.remove", lambda w: {"timestamp": w.posted}, "no_pin"),
    ("bookmarks.add", lambda w: {"link": "ftp://x"}, "invalid_link"),
    ("bookmarks.add", lambda w: {"type": "shelf"}, "invalid_bookmark_type"),
    ("bookmarks.edit", lambda w: {"bookmark_id": "Bk1"}, "not_found"),
    ("files.getUploadURLExternal", lambda w: {"length": 0}, "file_upload_size_restricted"),
    ("files.completeUploadExternal", lambda w: {"files": [{"id": "F1"}]}, "file_not_found"),
    ("files.completeUploadExternal", lambda w: {"files": []}, "invalid_arguments"),
    ("files.completeUploadExternal", lambda w: {"channels": "C1"}, "channel_not_found"),
    ("files.info", lambda w: {"file": w.pending}, "file_not_found"),
    ("views.open", lambda w: {"trigger_id": "1.2.x"}, "invalid_trigger_id"),
    ("views.open", lambda w: {"view": HOME}, "invalid_arguments"),
    ("views.update", lambda w: {"view_id": "V1"}, "not_found"),
    ("views.update", lambda w: {"hash": "1.2"}, "hash_conflict"),
    ("views.publish", lambda w: {"user_id": "U1"}, "invalid_arguments"),
    ("reactions.add", lambda w: {"name": "eyes"}, "already_reacted"),
    ("reactions.add", lambda w: {"name": "no_such_emoji"}, "invalid_name"),
    ("reactions.add", lambda w: {"timestamp": ""}, "no_item_specified"),
    ("reactions.remove", lambda w: {"name": "tada"}, "no_reaction"),
    ("reactions.get", lambda w: {"timestamp": "1.1"}, "message_not_found"),
]


async def test_every_error_has_slacks_name(world: World) -> None:
    for method, change, error in ERRORS:
        await world.furnish()
        answer = await world.call(method, {**CALLS[method](world), **change(world)})
        assert (answer["ok"], answer.get("error")) == (False, error), (method, change(world), answer)


async def test_the_channel_that_everybody_is_in(world: World) -> None:
    world.backend.workspace.conversations["C0ALERTS"].name = "general"
    for method, error in (
        ("conversations.kick", "cant_kick_from_general"),
        ("conversations.leave", "cant_leave_general"),
        ("conversations.archive", "cant_archive_general"),
    ):
        assert (await world.call(method, CALLS[method](world)))["error"] == error
    assert (await world.call("conversations.info", ALERT))["channel"]["is_general"]


async def test_thirty_scheduled_in_five_minutes_are_enough(world: World) -> None:
    at = int(time.time()) + 7200
    for _ in range(30):
        await world.done("chat.scheduleMessage", **ALERT, text="x", post_at=at)
    late = {**ALERT, "text": "x", "post_at": at + 299}
    assert (await world.call("chat.scheduleMessage", late))["error"] == "restricted_too_many"
    await world.done("chat.scheduleMessage", **{**late, "post_at": at + 300})
    within = await world.done("chat.scheduledMessages.list", oldest=at, latest=at)
    assert len(within["scheduled_messages"]) == 30
    soon = await world.done("chat.scheduleMessage", **{**late, "post_at": int(time.time()) + 50})
    gone = {**ALERT, "scheduled_message_id": soon["scheduled_message_id"]}
    assert (await world.call("chat.deleteScheduledMessage", gone))["error"] == "invalid_scheduled_message_id"
