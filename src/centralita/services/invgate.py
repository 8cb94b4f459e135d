"""The configured InvGate, read at once: for plans, look-ups and polls. Whatever changes something is a delivery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from centralita.core.assets import Asset
from centralita.core.people import Person
from centralita.integrations.invgate.client import assets, service_desk
from centralita.integrations.invgate.client.assets import Page
from centralita.integrations.invgate.client.session import Call, Connection, Failed, Session
from centralita.ports import Config, HttpRequest, Remember
from centralita.services.attempts import Buckets, HttpClient
from centralita.services.clock import SystemClock

T = TypeVar("T")

WAITS_S = (0.5, 2.0, 5.0)
"""Between the attempts of one read: it may be repeated, and whoever asked waits for it."""


class InvGateUnavailable(Exception):
    """InvGate did not answer, or not what was asked; ``reason`` is a message id, ``detail`` for a person."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason, self.detail = reason, detail


class InvGate:
    """Reads. Every method raises InvGateUnavailable, also when the half that it asks is not configured."""

    def __init__(self, config: Config, client: HttpClient, clock: SystemClock, buckets: Buckets) -> None:
        self._config, self._client, self._clock, self._buckets = config, client, clock, buckets

    @property
    def has_desk(self) -> bool:
        """Whether Service Desk is configured."""
        return "desk" in self._config["connections"]

    @property
    def has_assets(self) -> bool:
        """Whether Assets is configured."""
        return "assets" in self._config["connections"]

    async def desk(self, call: Callable[[Session], Call[T]]) -> T:
        """Makes a call of ``client.service_desk``."""
        return await self._make("desk", call)

    async def user(self, id_: str) -> Person | None:
        """A Service Desk user, or None."""
        return (await self.desk(lambda session: service_desk.people(session, [id_]))).get(id_)

    async def user_by(self, *, email: str = "", username: str = "") -> Person | None:
        """The one Service Desk user of that address or user name; None for none and for several."""
        return await self.desk(lambda session: service_desk.person_by(session, email=email, username=username))

    def assets(self) -> AsyncIterator[Page]:
        """All assets, with their owners, by page."""
        return self._pages(self._assets)

    async def asset_page(self, page: str) -> Page:
        """One page of them; "" for the first, else ``Page.next`` of the one before."""
        return await self._make("assets", lambda session: self._assets(session, page))

    def people(self) -> AsyncIterator[Page]:
        """All people who may own assets, by page."""
        return self._pages(assets.people)

    async def asset(self, id_: str) -> Asset | None:
        """One asset, or None."""
        return await self._make("assets", lambda session: assets.asset(session, id_, self._config["last_user"]))

    async def person_by_email(self, email: str) -> Person | None:
        """The one person of Assets who has that address; None for none and for several."""
        return await self._make("assets", lambda session: assets.person_by_email(session, email))

    def _assets(self, session: Session, page: str) -> Call[Page]:
        return assets.assets(session, page, self._config["last_user"])

    async def _pages(self, call: Callable[[Session, str], Call[Page]]) -> AsyncIterator[Page]:
        page, seen = "", set[str]()
        while True:
            found = await self._make("assets", lambda session, at=page: call(session, at))  # type: ignore[misc]  # a default binds the loop's value
            yield found
            page = found.next
            if not page or page in seen:  # a link in a circle is not followed for ever
                return
            seen.add(page)

    async def _make(self, api: str, call: Callable[[Session], Call[T]]) -> T:
        connection: Connection | None = self._config["connections"].get(api)
        if connection is None:
            raise InvGateUnavailable(
                "invgate.unconfigured", f"invgate.{'assets' if api == 'assets' else 'service_desk'}"
            )
        for wait_s in (*WAITS_S, None):
            try:
                return await self._drive(call(Session(connection, self._clock.now())))
            except Failed as failed:
                if failed.retry_after_s is not None:
                    self._buckets.hold(connection.bucket, failed.retry_after_s)
                if not failed.retriable or wait_s is None:
                    raise InvGateUnavailable(failed.reason, failed.detail) from failed
                await asyncio.sleep(wait_s)  # InvGate gets a moment: nothing signals that it is back
        raise AssertionError("the last attempt returns or raises")

    async def _drive(self, call: Call[T]) -> T:
        answer: Any = None
        while True:
            try:
                step = call.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            answer = None if isinstance(step, Remember) else await self._request(step)

    async def _request(self, request: HttpRequest) -> Any:
        wait_s = self._buckets.wait_s(request.bucket)
        while wait_s > 0:
            await asyncio.sleep(wait_s)  # for a rate's token: time is what is waited for
            wait_s = self._buckets.wait_s(request.bucket)
        return await self._client.request(request)
