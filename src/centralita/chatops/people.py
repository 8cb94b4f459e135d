"""Who is who in a workspace: kept for a day, read many at once, and brought up to date by ``user_change``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from centralita.chatops.workspaces import UNREACHABLE

log = structlog.get_logger(__name__)

TTL_S = 24 * 3600.0
MISSED_S = 600.0
LOOKUP_S = 1.5
"""An interaction has to be answered within 3 seconds: whoever can't be looked up by then is who their id says."""
PAGE, PAGES = 200, 25
"""Of ``users.list``: the first 5,000 people are known before they do anything."""


@dataclass(frozen=True)
class Person:
    """Somebody in Slack; what is not known is ""."""

    id: str
    team: str = ""
    name: str = ""
    email: str = ""
    """In lower case."""
    locale: str = ""

    @property
    def called(self) -> str:
        return self.name or self.email or self.id


class People:
    """The people of every workspace."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, Person]] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[Person]] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}
        """By workspace: however many want to know somebody, its people are read once."""
        self._missed: dict[tuple[str, str], float] = {}
        """Whom the workspace did not list, and when."""

    def learn(self, team: str, user: Mapping[str, Any]) -> Person:
        """Takes what Slack says of somebody (a ``user`` object)."""
        profile = user.get("profile") or {}
        name = profile.get("real_name") or user.get("real_name") or profile.get("display_name") or user.get("name")
        id_ = str(user.get("id") or "")
        before = self._known.get((team, id_))
        person = Person(
            id=id_,
            team=team,
            name=str(name or ""),
            email=str(profile.get("email") or "").lower(),
            # Lists and events leave the language out.
            locale=str(user.get("locale") or (before[1].locale if before else "")),
        )
        self._known[team, id_] = (time.monotonic(), person)
        return person

    def known(self, team: str, id_: str) -> Person:
        """As far as is known without asking."""
        return self._known.get((team, id_), (0.0, Person(id_, team)))[1]

    async def find(self, client: AsyncWebClient, team: str, id_: str) -> Person:
        """One person; with the id alone if Slack does not say in time."""
        known = self._known.get((team, id_))
        if known is not None and known[1].locale and time.monotonic() - known[0] < TTL_S:
            return known[1]
        task = self._asking.get((team, id_))
        if task is None:
            task = asyncio.ensure_future(self._ask(client, team, id_))
            self._asking[team, id_] = task
            task.add_done_callback(lambda done: self._asking.pop((team, id_), None))
        try:
            return await asyncio.wait_for(asyncio.shield(task), LOOKUP_S)
        except TimeoutError:
            return known[1] if known is not None else Person(id_, team)

    async def _ask(self, client: AsyncWebClient, team: str, id_: str) -> Person:
        try:
            answer = await client.users_info(user=id_, include_locale=True)
        except UNREACHABLE as fault:
            log.warning("chat.person_unknown", person=id_, fault=type(fault).__name__)
            known = self._known.get((team, id_))
            return known[1] if known is not None else Person(id_, team)
        return self.learn(team, answer["user"])

    def with_email(self, team: str, email: str) -> Person | None:
        """Whoever is known to have this address; nobody is asked."""
        wanted = email.lower()
        return next((one for (where, _id), (_at, one) in self._known.items()
                     if wanted and where == team and one.email == wanted), None)  # fmt: skip

    async def find_all(self, client: AsyncWebClient, team: str, ids: Iterable[str]) -> dict[str, Person]:
        """Several people, by their ids: one request for what is not known yet, however many; none for whom the
        workspace did not list a short while ago."""
        wanted, since = list(dict.fromkeys(ids)), time.monotonic() - MISSED_S
        self._missed = {each: at for each, at in self._missed.items() if at > since}
        if any((team, id_) not in self._known and (team, id_) not in self._missed for id_ in wanted):
            await self._read_once(client, team)
            gone = [(team, id_) for id_ in wanted if (team, id_) not in self._known]
            self._missed |= dict.fromkeys(gone, time.monotonic())
        return {id_: self.known(team, id_) for id_ in wanted}

    async def _read_once(self, client: AsyncWebClient, team: str) -> None:
        task = self._reading.get(team)
        if task is None:
            task = self._reading[team] = asyncio.ensure_future(self.read_everybody(client, team))
            task.add_done_callback(lambda done: self._reading.pop(team, None))
        await asyncio.shield(task)

    async def read_everybody(self, client: AsyncWebClient, team: str) -> None:
        """Learns whom the workspace lists, so that no message costs a look-up."""
        cursor = ""
        try:
            for _page in range(PAGES):
                answer = await client.users_list(limit=PAGE, cursor=cursor, include_locale=True)
                members: list[dict[str, Any]] = answer.get("members", [])
                for user in members:
                    self.learn(team, user)
                cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
                if not cursor:
                    return
        except UNREACHABLE as fault:
            log.warning("chat.people_unknown", team=team, fault=type(fault).__name__)
