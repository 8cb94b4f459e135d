"""Our client against the local InvGate, with each of its oddities switched on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from centralita.core.assets import Asset
from centralita.core.people import Person
from centralita.integrations.invgate.client import service_desk as desk
from centralita.integrations.invgate.client.session import Connection
from centralita.net import Client
from centralita.sandbox.invgate import API_TOKEN, API_USER, CLIENT_ID, CLIENT_SECRET, LocalInvGate
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.server import serve
from centralita.services.attempts import Buckets
from centralita.services.clock import SystemClock
from centralita.services.invgate import InvGate, InvGateUnavailable

ANA, LUIS, MARTA, DISABLED = "11", "12", "13", "16"
CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
BASIC = {"username": API_USER, "token": API_TOKEN}


@pytest.fixture
async def control() -> AsyncIterator[InvGateControl]:
    async with serve(LocalInvGate(assets=250, people=130)) as address, InvGateControl(address.url) as made:
        yield made


@asynccontextmanager
async def connected(control: InvGateControl, **credentials: str) -> AsyncIterator[InvGate]:
    """InvGate as the hub has it; by Basic authentication unless ``credentials`` say otherwise."""
    clock = SystemClock()
    config = {
        "connections": {
            "desk": Connection(api="desk", url=control.url, **(credentials or BASIC)),
            "assets": Connection(api="assets", url=control.url, **CLIENT),
        },
        "last_user": "last_logged_user",
    }
    async with Client(allow=("127.0.0.0/8",)) as client:
        yield InvGate(config, client, clock, Buckets(clock, {}))


ODDITIES: list[dict[str, Any]] = [
    {},
    {"maps_for_lists": True},
    {"maps_for_lists": False},
    {"puts_in_query": True},
    {"ignore_filters": True},
    {"strict_accept": True},
]


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda one: "-".join(f"{k}={v}" for k, v in one.items()) or "none")
@pytest.mark.parametrize("credentials", [BASIC, CLIENT], ids=["basic", "oauth2"])
async def test_tickets_people_and_approvals(
    control: InvGateControl, oddity: dict[str, Any], credentials: dict[str, str]
) -> None:
    if oddity:
        await control.switch(**oddity)
    number = str(await control.add_ticket("Sin tóner", requester="ana@example.com"))
    approval = str(await control.add_approval(int(number), ["marta@example.com"]))
    async with connected(control, **credentials) as invgate:
        ticket = await invgate.desk(partial(desk.incident, number=number))
        assert (ticket["title"], str(ticket["user_id"])) == ("Sin tóner", ANA)
        [listed] = await invgate.desk(partial(desk.incidents, numbers=[number]))
        assert str(listed["id"]) == number
        assert number in await invgate.desk(partial(desk.numbers_by_status, status_ids=["1"], offset=0, limit=50))

        people = await invgate.desk(partial(desk.people, numbers=[ANA, MARTA, "999", DISABLED]))
        assert people[ANA].emails == ("ana@example.com",) and people[ANA].manager_id == MARTA
        assert "999" not in people and (DISABLED not in people or people[DISABLED].disabled)
        assert await invgate.user_by(email="ANA@example.com") == people[ANA]
        assert await invgate.user_by(username="agomez") == people[ANA]
        assert await invgate.user_by(username="agom") is None, "a part of a name is not the name"

        [waiting] = await invgate.desk(partial(desk.approvals, number=number, only_pending=True))
        assert (waiting.id, waiting.status) == (approval, -1)
        [voter] = await invgate.desk(partial(desk.possible_voters, approval=approval))
        assert (voter.id, voter.status) == (MARTA, -1)
        answer = partial(desk.answer_approval, verb="accept", key="approval_id", value=approval, user=MARTA, note="Sí")
        await invgate.desk(answer)
        assert await invgate.desk(partial(desk.approvals, number=number, only_pending=True)) == []
    assert (await control.approval(int(approval))).status == 1
    assert (await control.approval(int(approval))).votes[0].note == "Sí"


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda one: "-".join(f"{k}={v}" for k, v in one.items()) or "none")
async def test_assets_and_their_people(control: InvGateControl, oddity: dict[str, Any]) -> None:
    if oddity:
        await control.switch(**oddity)
    async with connected(control) as invgate:
        assets: list[Asset] = [one async for page in invgate.assets() for one in page.items]
        people: list[Person] = [one async for page in invgate.people() for one in page.items]
        assert len({one.id for one in assets}) == 250 and len({one.id for one in people}) >= 130
        owned = next(one for one in assets if one.owner is not None and one.owner.email)
        assert owned.owner in people
        found = await invgate.asset(owned.id)
        assert found is not None and found.owner is not None and found.owner.id == owned.owner.id  # type: ignore[union-attr]  # owned has one
        assert await invgate.asset("987654") is None
        someone = next(one for one in people if one.email and not one.disabled)
        assert await invgate.person_by_email(someone.email.upper()) == someone
        assert await invgate.person_by_email("nadie@example.com") is None


async def test_a_token_that_has_ended_is_renewed_once(control: InvGateControl) -> None:
    async with connected(control, **CLIENT) as invgate:
        assert await invgate.user(ANA) is not None
        await control.revoke_tokens()
        assert await invgate.user(LUIS) is not None
        tokens = [call for call in await control.calls() if call.endpoint.startswith("oauth")]
        assert len(tokens) == 2


async def test_credentials_go_as_the_token_endpoint_wants_them(control: InvGateControl) -> None:
    await control.switch(credentials_in="basic")
    async with connected(control) as invgate:
        assert await anext(invgate.people())


async def test_what_is_refused_says_what_invgate_said(control: InvGateControl) -> None:
    async with connected(control) as invgate:
        await control.fail_next("GET incident", error="No tiene permiso sobre esta solicitud")
        with pytest.raises(InvGateUnavailable, match="No tiene permiso") as refused:
            await invgate.desk(partial(desk.incident, number="1"))
        assert refused.value.reason == "invgate.refused"


async def test_a_read_is_tried_again_after_a_moment_of_trouble(control: InvGateControl) -> None:
    async with connected(control) as invgate:
        await control.fail_next("GET users", 1, status=502)
        assert await invgate.user(ANA) is not None


async def test_an_api_that_is_not_configured_says_which(control: InvGateControl) -> None:
    async with Client(allow=("127.0.0.0/8",)) as client:
        clock = SystemClock()
        invgate = InvGate({"connections": {}, "last_user": ""}, client, clock, Buckets(clock, {}))
        with pytest.raises(InvGateUnavailable, match=r"invgate\.unconfigured invgate\.service_desk"):
            await invgate.user(ANA)
