"""Whatever is sent, the local InvGate answers and goes on: no request ends in a 5xx."""

import itertools
from typing import Any

import aiohttp
import pytest

from centralita.sandbox.invgate import API_TOKEN, API_USER
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.invgate.service_desk import CALLS
from tests.sandbox.credentials import basic
from tests.sandbox.test_invgate_assets import JSON_API, token

VALUES: tuple[Any, ...] = (1, 0, -1, "", "x", "²", "9" * 5000, None, True, [], ["1"], ["x", {}], {"a": 1}, 1.5, "ñ\x00")
NAMES = """
    id ids request_id approval_id user_id author_id customer_id creator_id category_id priority_id type_id title
    comment description group_id agent_id view_id status_id status_ids limit offset page page_key page_size
    username email rating timestamp entity_link_id wait_request_id custom_field_uid values approval_user_id date
    date_format search note
""".split()


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:12])
async def test_every_call_of_the_service_desk(invgate: InvGateControl, value: Any) -> None:
    ticket = await invgate.add_ticket("x")
    await invgate.add_approval(ticket)
    texts = value if isinstance(value, list) else [value]
    query = [(f"{name}[]" if isinstance(value, list) else name, str(one)) for name in NAMES for one in texts]
    if sum(len(one) for _, one in query) > 6000:
        query = query[:1]
    async with aiohttp.ClientSession(headers=basic(API_USER, API_TOKEN)) as session:
        for method, endpoint in CALLS:
            body = None if method == "GET" else dict.fromkeys(NAMES, value)
            url = f"{invgate.url}/api/v1/{endpoint}"
            async with session.request(method, url, params=query, json=body) as response:
                assert response.status < 500, (method, endpoint, await response.text())
                await response.json()


async def test_every_list_and_record_of_assets(invgate: InvGateControl) -> None:
    _, given = await token(invgate.url)
    headers = {"Authorization": f"Bearer {given['access_token']}", "Content-Type": JSON_API}
    names = (
        "page",
        "page_size",
        "per_page",
        "include",
        "serial",
        "owner",
        "owner_is_empty",
        "criteria",
        "criteria[id]",
    )
    async with aiohttp.ClientSession(headers=headers) as session:
        for path, name, text in itertools.product(
            ("assets/", "assets/12/", "people/", f"people/{'9' * 5000}/", "v2/assets-lite/", "v2/people/detail/"),
            names,
            ("0", "-1", "x", "²", "9" * 1000, "", "eq:", "eq:1", "a,b"),
        ):
            async with session.get(f"{invgate.url}/public-api/{path}", params={name: text}) as response:
                assert response.status < 500, (path, name, text)
        for owner, rest in itertools.product(VALUES, ("", "data", "id")):
            body: Any = owner if not rest else {"data": owner}
            if rest == "id":
                given_owner = {"owner": {"data": {"type": "Person", "id": owner}}}
                body = {"data": {"type": "Asset", "id": "12", "relationships": given_owner}}
            async with session.patch(f"{invgate.url}/public-api/assets-lite/12/", json=body) as response:
                assert 400 <= response.status < 500, body
    assert await invgate.writes() == {}
