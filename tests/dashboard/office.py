"""A hub that is served, and people who look at its pages without a script: what a browser would send, and no more."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any, Literal

import aiohttp
import msgspec

from centralita.core.access import PERMISSIONS
from centralita.core.approvers import StageSpec, read_approver
from centralita.ports import RawRequest
from centralita.services import approvals
from centralita.services.access import Principal, add_user
from centralita.services.approvals import NewApproval
from centralita.services.events import detail
from centralita.services.hub import Hub
from centralita.services.passwords import set_password

ADMINISTRATOR = Principal("local:tests", "tests", frozenset(PERMISSIONS))
PASSWORD = "zapato lima nube cuarenta"
SECRET = "only-for-tests-0123456789"
Fields = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Seen:
    """An answer, as somebody reads it."""

    status: int
    url: str
    html: str
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """What is written on the page, without its markup, blanks run together."""
        reader = _Reader()
        reader.feed(self.html)
        return re.sub(r"\s+", " ", " ".join(reader.parts)).strip()

    def links(self) -> list[str]:
        """Where the page leads."""
        return [unescape(href) for href in re.findall(r'href="([^"#][^"]*)"', self.html)]

    def hidden(self) -> dict[str, str]:
        """What its forms send along unseen."""
        pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', self.html)
        return {name: unescape(value) for name, value in pairs}

    def forms(self) -> list[str]:
        """Where its forms lead."""
        return [unescape(action) for action in re.findall(r'<form[^>]*action="([^"]*)"', self.html)]


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


@dataclass
class Visitor:
    """Somebody with a browser of their own."""

    url: str
    http: aiohttp.ClientSession
    name: str = ""
    locale: str = "en"

    async def get(self, path: str, follow: bool = True, **headers: str) -> Seen:
        """Opens a page."""
        return await self._ask("GET", path, None, follow, headers)

    async def post(self, path: str, fields: Fields | None = None, follow: bool = True, **headers: str) -> Seen:
        """Sends a form, as a page of this hub does."""
        sent = {"origin": self.url, "sec-fetch-site": "same-origin", **headers}
        return await self._ask("POST", path, fields or {}, follow, sent)

    async def _ask(
        self, method: str, path: str, fields: Fields | None, follow: bool, headers: Mapping[str, str]
    ) -> Seen:
        pairs = None if fields is None else [
            (name, value)
            for name, given in fields.items()
            for value in ([given] if isinstance(given, str) else given)
        ]  # fmt: skip
        sent = {"accept": "text/html", "accept-language": self.locale, **headers}
        async with self.http.request(
            method, self.url + path, data=pairs, headers=sent, allow_redirects=follow
        ) as answer:
            return Seen(answer.status, str(answer.url), await answer.text(), _lower(answer.headers))

    async def sign_in(self, name: str, password: str = PASSWORD) -> Seen:
        """By the form."""
        self.name = name
        return await self.post("/sign-in", {"name": name, "password": password})


@dataclass
class Office:
    """The hub and those who visit it."""

    hub: Hub
    url: str
    sink: str
    """Where the receiver of its webhook answers."""
    stack: Any
    known: dict[str, Visitor] = field(default_factory=dict)

    async def stranger(self, locale: str = "en") -> Visitor:
        """Somebody who is not signed in."""
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name
        http = await self.stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        return Visitor(self.url, http, locale=locale)

    async def person(self, name: str, role: str = "admin", locale: str = "en") -> Visitor:
        """Somebody new with that role, signed in."""
        await add_user(self.hub, ADMINISTRATOR, {"name": name, "role": role, "email": f"{name}@example.com"})
        assert await set_password(self.hub, ADMINISTRATOR, name, PASSWORD)
        visitor = await self.stranger(locale)
        seen = await visitor.sign_in(name)
        assert "/sign-in" not in seen.url, seen.text
        return visitor

    async def as_role(self, role: str) -> Visitor:
        """Whoever has this role: the same person each time."""
        if role not in self.known:
            self.known[role] = await self.person(f"the-{role}", role)
        return self.known[role]

    async def receive(self, source: str = "desk", **event: Any) -> str:
        """Takes in an event, waits until it is routed; its id."""
        headers = (("authorization", f"Bearer {SECRET}"), ("content-type", "application/json"))
        request = RawRequest(method="POST", query="", headers=headers, body=msgspec.json.encode(event))
        answer = await self.hub.ingest.receive(source, request)
        assert answer.status == 202, answer.body
        event_id = str(msgspec.json.decode(answer.body)["id"]).replace("rcp_", "evt_")
        ulid = event_id.removeprefix("evt_")
        with self.hub.bell.listening([source, ulid]) as ear:
            while await detail(self.hub, event_id) is None:
                await ear.wait()
                ear.clear()
        return event_id

    async def settled(self, event_id: str, count: int = 1) -> None:
        """Waits until that many deliveries of an event have ended."""
        with self.hub.bell.listening([event_id.removeprefix("evt_")]) as ear:
            while True:
                found = await detail(self.hub, event_id)
                assert found is not None
                if len([each for each in found.deliveries if each.finished_at]) >= count:
                    return
                await asyncio.wait_for(ear.wait(), 20)
                ear.clear()

    async def approval(
        self, title: str, *approvers: str, requester: str = "ana", note_required: Literal["", "reject"] = ""
    ) -> str:
        """Asks the administrator, or Luis, to approve something, or whom ``approvers`` name; its id."""
        asked = tuple(read_approver(f"{name}@example.com") for name in approvers or ("the-admin", "luis"))
        ana = Principal(f"user:{requester}", f"{requester}@example.com", ADMINISTRATOR.permissions)
        wanted = NewApproval(
            title=title, amount=1500.5, currency="USD", justification="The old one broke.",
            stages=(StageSpec(approvers=asked),), source="invgate", subject="ticket/4521", note_required=note_required,
        )  # fmt: skip
        return (await approvals.request(self.hub, ana, wanted)).id
