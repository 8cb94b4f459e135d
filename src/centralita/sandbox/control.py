"""Typed clients of the two control APIs, for tests and the demo.

Every method raises ``ControlRefused`` when the other side answers 4xx, and aiohttp.ClientError when it isn't there.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

from centralita.sandbox.sink.answers import AnswerPlan
from centralita.sandbox.sink.receiver import Arrival
from centralita.sandbox.slack.dispatch import Told
from centralita.sandbox.slack.journal import Call
from centralita.sandbox.slack.seed import APP_ID

POLL_S = 60.0
PATIENCE_S = 30.0
"""How long what has to come is waited for: on a busy machine it takes its time."""


class ControlRefused(Exception):
    """The control API did not accept a request; the text says why."""


class ControlClient:
    """A session to one control API; use as ``async with``."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, connect=10))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(
        self, verb: str, where: str, body: Any = None, *, below: str = "_control", **query: Any
    ) -> dict[str, Any]:
        """One request to ``/_control/{where}``; parameters that are None or "" are left out."""
        if self._session is None:
            raise RuntimeError("use it as: async with ...Control(url) as control")
        params = {name: str(value) for name, value in query.items() if value not in (None, "")}
        url = f"{self.url}/{below}/{where}"
        async with self._session.request(verb, url, json=body, params=params) as response:
            answer: dict[str, Any] = await response.json()
        if response.status >= 400:
            raise ControlRefused(str(answer.get("error", response.status)))
        return answer

    async def reset(self) -> None:
        """Forgets what came and every fault."""
        await self.ask("POST", "reset", {})


class FaultyControl(ControlClient):
    """The control API of a part that keeps a journal of calls, and that can be told to fail."""

    async def collect(
        self,
        where: str,
        key: str,
        wanted: Callable[[dict[str, Any]], bool],
        after: int,
        count: int,
        timeout_s: float,
        **query: Any,
    ) -> list[dict[str, Any]]:
        """The first ``count`` entries of a journal (``where``, in the answer under ``key``) after number ``after`` that
        are wanted, waiting for them. Raises TimeoutError that says how many came."""
        found: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while len(found) < count:
            left_s = deadline - loop.time()
            if left_s <= 0:
                raise TimeoutError(f"{len(found)} of {count} {key} came in {timeout_s:g} s")
            answer = await self.ask("GET", where, after=after, timeout_s=min(left_s, POLL_S), **query)
            entries = answer[key]
            after = max((entry["seq"] for entry in entries), default=after)
            found += filter(wanted, entries)
        return found[:count]

    async def arm(self, kind: str, method: str, count: int | None, about: str, **more: Any) -> None:
        """A fault (see ``faults.read_fault``)."""
        await self.ask("POST", "faults", {"kind": kind, "method": method, "count": count, "about": about, **more})

    async def arm_failure(
        self,
        method: str,
        count: int | None,
        about: str,
        error: str,
        status: int,
        headers: Mapping[str, str] | None,
        body: str,
    ) -> None:
        """A failure: ``error`` as the part itself says it, else an HTTP ``status``, 500 by default."""
        if error:
            await self.arm("error", method, count, about, error=error)
        else:
            facts = {"status": status or 500, "headers": dict(headers or {}), "body": body}
            await self.arm("status", method, count, about, **facts)

    async def heal(self) -> None:
        """Ends every fault."""
        await self.ask("DELETE", "faults")


class SlackControl(FaultyControl):
    """The local workspace's control API."""

    async def posted(self, after: int = 0, method: str = "", channel: str = "", ok: bool | None = None) -> list[Call]:
        """The calls with a number above ``after``, in order; ``channel`` by id or ``#name``; ``ok``: only those that
        took effect (or only those that didn't)."""
        wanted = None if ok is None else int(ok)
        answer = await self.ask("GET", "calls", after=after, method=method, channel=channel, ok=wanted)
        return [Call(**one) for one in answer["calls"]]

    async def wait_for(
        self,
        predicate: Callable[[Call], bool] = lambda call: True,
        *,
        after: int = 0,
        count: int = 1,
        timeout_s: float = PATIENCE_S,
        method: str = "",
        channel: str = "",
        ok: bool | None = True,
    ) -> list[Call]:
        """The first ``count`` calls after number ``after`` that fit, waiting for them. Raises TimeoutError that says
        how many came."""
        query = {"method": method, "channel": channel, "ok": None if ok is None else int(ok)}
        found = await self.collect(
            "calls", "calls", lambda entry: predicate(Call(**entry)), after, count, timeout_s, **query
        )
        return [Call(**entry) for entry in found]

    async def messages(self, channel: str) -> list[dict[str, Any]]:
        """What a channel holds now, oldest first, replies among them; the id of a person means the bot's direct
        messages with that person."""
        answer = await self.ask("GET", "messages", channel=channel)
        return list(answer["messages"])

    async def thread(self, channel: str, ts: str) -> list[dict[str, Any]]:
        """The parent and its replies; [] when there is no such message."""
        answer = await self.ask("GET", "messages", channel=channel, thread_ts=ts)
        return list(answer["messages"])

    async def fail_next(
        self,
        method: str = "*",
        count: int | None = 1,
        *,
        error: str = "",
        status: int = 0,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        channel: str = "",
    ) -> None:
        """The next ``count`` calls (None: all) fail: with Slack's ``error``, or with an HTTP ``status``."""
        await self.arm_failure(method, count, channel, error, status, headers, body)

    async def drop_next(
        self, method: str = "*", count: int | None = 1, *, applied: bool = False, channel: str = ""
    ) -> None:
        """The next ``count`` calls end in a connection reset; with ``applied`` after they have taken effect."""
        kind = "apply_and_drop" if applied else "drop"
        await self.arm(kind, method, count, channel)

    async def slow(
        self,
        delay_ms: float,
        method: str = "*",
        count: int | None = None,
        *,
        after_apply: bool = False,
        channel: str = "",
    ) -> None:
        """The next ``count`` calls (None: all) take ``delay_ms`` longer; with ``after_apply`` they have taken effect,
        and are in ``posted``, before the wait."""
        await self.arm("slow", method, count, channel, delay_ms=delay_ms, after_apply=after_apply)

    async def limits(self, **wish: Any) -> dict[str, Any]:
        """Sets limits and returns them all: ``enabled=False``, ``channel_post={"per_s": 1, "burst": 5}`` or None,
        ``tiers_per_min={"3": 50}`` or None, ``methods={"chat.update": {"per_s": 1, "burst": 1}}``."""
        answer = await self.ask("PUT", "limits", wish) if wish else await self.ask("GET", "limits")
        return dict(answer["limits"])

    async def add_user(self, name: str, *, channels: Iterable[str] = (), **facts: Any) -> str:
        """A new person: ``real_name, email, locale, title, tz, deleted``; returns the id."""
        answer = await self.ask("POST", "users", {"name": name, "channels": list(channels), **facts})
        return str(answer["id"])

    async def change_user(self, user: str, **facts: Any) -> None:
        """``locale, email, deleted, real_name, title, tz`` of a person."""
        await self.ask("PATCH", f"users/{user}", facts)

    async def add_channel(self, name: str, *, private: bool = False, bot: bool = True, **facts: Any) -> str:
        """A new channel: ``members`` (ids; default everybody), ``purpose``; returns the id."""
        answer = await self.ask("POST", "channels", {"name": name, "private": private, "bot": bot, **facts})
        return str(answer["id"])

    async def change_channel(self, channel: str, **facts: Any) -> None:
        """``archived``, ``bot`` (whether the bot is in it)."""
        await self.ask("PATCH", f"channels/{channel.removeprefix('#')}", facts)

    async def add_usergroup(self, handle: str, *, name: str = "", users: Iterable[str] = ()) -> str:
        """A new user group; returns the id."""
        body = {"handle": handle, "name": name or handle, "users": list(users)}
        return str((await self.ask("POST", "usergroups", body))["id"])

    async def add_bot(self, token: str, name: str = "app", scopes: Iterable[str] | None = None) -> str:
        """One more bot token, or other scopes for a known one; returns the bot's user id."""
        body = {"token": token, "name": name} | ({} if scopes is None else {"scopes": list(scopes)})
        return str((await self.ask("POST", "bots", body))["user_id"])

    async def add_hook(self, channel: str) -> str:
        """An incoming webhook into ``channel``; returns its URL."""
        return self.url + str((await self.ask("POST", "hooks", {"channel": channel}))["path"])

    async def install(self, manifest: Mapping[str, Any], app: str = APP_ID) -> dict[str, Any]:
        """An app offers what its manifest says; what the page knows of it."""
        return dict((await self.ask("PUT", f"apps/{app}/manifest", manifest))["app"])

    async def uninstall(self, team: str, app: str = APP_ID) -> None:
        """An administrator takes an app out of a workspace."""
        await self.ask("DELETE", f"apps/{app}/installations/{team}")

    async def authorize(self, url: str, team: str, *, allow: bool = True) -> str:
        """What somebody answers who is asked, at ``url``, to let an app into a workspace: where they are sent then."""
        form = {"team": team, "answer": "allow" if allow else "deny"}
        if self._session is None:
            raise RuntimeError("use it as: async with SlackControl(url) as control")
        async with self._session.post(url, data=form, allow_redirects=False) as response:
            if response.status != 302:
                raise ControlRefused(await response.text())
            return response.headers["Location"]

    async def change_app(self, app: str = APP_ID, **facts: Any) -> None:
        """``retry_waits_s``, ``trigger_s``, ``ack_s``."""
        await self.ask("PATCH", f"apps/{app}", facts)

    async def refresh(self, overlap_s: float = 0.0, app: str = APP_ID) -> int:
        """Has every Socket Mode connection of an app replaced; how many there were."""
        return int((await self.ask("POST", f"apps/{app}/refresh", {"overlap_s": overlap_s}))["connections"])

    async def connections(self, app: str = APP_ID, *, least: int = 0, timeout_s: float = PATIENCE_S) -> int:
        """How many Socket Mode connections an app has; with ``least`` once it has so many that were not asked to go.
        Raises TimeoutError."""
        answer = await self.ask("GET", f"apps/{app}/connections", least=least, timeout_s=timeout_s)
        found = int(answer["connections"])
        if found < least:
            raise TimeoutError(f"{found} of {least} connections in {timeout_s:g} s")
        return found

    async def told(self, after: int = 0, count: int = 1, kind: str = "", timeout_s: float = PATIENCE_S) -> list[Told]:
        """The first ``count`` things that apps were told after number ``after``, waiting for them."""
        found = await self.collect("told", "told", lambda entry: True, after, count, timeout_s, kind=kind)
        return [Told(**entry) for entry in found]

    async def add_workspace(self, name: str) -> dict[str, str]:
        """One more workspace, where no app is installed: ``{team, admin, channel}``, ids."""
        answer = await self.ask("POST", "workspaces", {"name": name})
        return {key: str(answer[key]) for key in ("team", "admin", "channel")}

    def person(self, user: str) -> SlackPerson:
        """Somebody, to do things as."""
        return SlackPerson(self, user)


class SlackPerson:
    """What somebody does in the workspace. Each method answers what the page would be answered."""

    def __init__(self, control: SlackControl, user: str) -> None:
        self._control, self.user = control, user

    async def _act(self, what: str, **wish: Any) -> dict[str, Any]:
        return await self._control.ask("POST", what, {"user": self.user, **wish}, below="_act")

    async def say(self, channel: str, text: str, thread_ts: str = "") -> str:
        """Writes a message; its ts."""
        wish = {"user": self.user, "channel": channel, "text": text, "thread_ts": thread_ts}
        return str((await self._control.ask("POST", "say", wish, below="_view"))["ts"])

    async def edit(self, channel: str, ts: str, text: str) -> None:
        """Changes a message of their own."""
        await self._act("edit", channel=channel, ts=ts, text=text)

    async def delete(self, channel: str, ts: str) -> None:
        """Deletes a message of their own."""
        await self._act("delete", channel=channel, ts=ts)

    async def react(self, channel: str, ts: str, name: str, *, remove: bool = False) -> None:
        """Puts an emoji on a message, or takes it back."""
        await self._act("react", channel=channel, ts=ts, name=name, remove=remove)

    async def press(
        self, channel: str, ts: str, action_id: str, value: Any = None, *, block_id: str = "", **more: Any
    ) -> dict[str, Any]:
        """Presses a button of a message, or chooses ``value`` there: ``{ok, error, payload}``."""
        facts = {"action_id": action_id, "value": value, "block_id": block_id, **more}
        return await self._act("press", channel=channel, ts=ts, **facts)

    async def press_in_view(self, view: str, action_id: str, value: Any = None, **more: Any) -> dict[str, Any]:
        """The same in a modal or a home tab."""
        return await self._act("press", view=view, action_id=action_id, value=value, **more)

    async def submit(self, view: str, values: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """Submits a modal with ``{block_id: {action_id: value}}``: ``{ok, errors}``."""
        return await self._act("submit", view=view, values=dict(values or {}))

    async def close(self, view: str, *, everything: bool = False) -> None:
        """Closes a modal, or all."""
        await self._act("close", view=view, all=everything)

    async def command(self, channel: str, command: str, text: str = "") -> dict[str, Any]:
        """Runs a slash command: ``{ok, error, payload}``."""
        return await self._act("command", channel=channel, command=command, text=text)

    async def shortcut(self, callback_id: str, channel: str = "", ts: str = "") -> dict[str, Any]:
        """Runs a shortcut; a message's with its channel and ts."""
        return await self._act("shortcut", callback_id=callback_id, channel=channel, ts=ts)

    async def suggest(self, action_id: str, typed: str, **where: str) -> dict[str, Any]:
        """Types into an external select of a ``view``, or of a message (``channel``, ``ts``)."""
        return await self._act("suggest", action_id=action_id, typed=typed, **where)

    async def home(self, app: str) -> dict[str, Any] | None:
        """Opens an app's home tab."""
        view: dict[str, Any] | None = (await self._act("home", app=app))["view"]
        return view

    async def modals(self) -> list[dict[str, Any]]:
        """Their open modals, the topmost last."""
        return list((await self._control.ask("GET", "views", below="_act", user=self.user))["modals"])

    async def seen(self, channel: str) -> list[dict[str, Any]]:
        """What they see in a channel, ephemeral messages included."""
        query = {"user": self.user, "channel": channel}
        return list((await self._control.ask("GET", "messages", below="_view", **query))["messages"])


class SinkControl(ControlClient):
    """The webhook sink's control API."""

    async def received(self, after: int = 0, path: str = "") -> list[Arrival]:
        """What came with a number above ``after``, in order."""
        return _arrivals(await self.ask("GET", "requests", after=after, path=path))

    async def wait_for(
        self, count: int = 1, *, after: int = 0, path: str = "", timeout_s: float = PATIENCE_S
    ) -> list[Arrival]:
        """The first ``count`` requests after number ``after``. Raises TimeoutError that says how many came."""
        answer = await self.ask("GET", "requests", after=after, path=path, least=count, timeout_s=timeout_s)
        found = _arrivals(answer)
        if len(found) < count:
            raise TimeoutError(f"{len(found)} of {count} requests came in {timeout_s:g} s")
        return found[:count]

    async def count(self) -> int:
        """How many requests came since the start."""
        return int((await self.ask("GET", "count"))["count"])

    async def answer(self, plan: AnswerPlan) -> None:
        """Answers from now on as ``plan`` says."""
        await self.ask("POST", "answers", vars(plan))

    async def heal(self) -> None:
        """Answers everything with 200 again."""
        await self.ask("DELETE", "answers")

    async def record(self, bodies: bool) -> None:
        """Whether headers and bodies are kept."""
        await self.ask("PUT", "recording", {"bodies": bodies})


def _arrivals(answer: dict[str, Any]) -> list[Arrival]:
    found = []
    for one in answer["requests"]:
        body = base64.b64decode(one.pop("body_base64"))
        headers = tuple((name, value) for name, value in one.pop("headers"))
        found.append(Arrival(**one, headers=headers, body=body))
    return found
