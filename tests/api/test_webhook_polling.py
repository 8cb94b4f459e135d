"""Receiving without a server: at least once, in order, whoever dies in between; on both databases."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from typing import Any, NoReturn

import pytest
from standardwebhooks import Webhook

from centralita.core.signing import generate_secret
from centralita.integrations.webhook.formats import FORMATS, Material, Unrenderable
from centralita.services import lanes
from centralita.services.webhook_polling import BadCursor, cursor_of, numbers_of
from tests.api.conftest import Api

SECRET = generate_secret(b"a secret of thirty-two bytes long")
CONFIG = f"""
locale: en
sources:
  - slug: desk
    kind: generic
    secrets: [only-for-tests-0123]
    settings: {{auth: bearer, types: ["printer.*", "strict.*", "loose.*", "broken.*"]}}
webhooks:
  - {{name: mine, secret: {SECRET}, types: ["printer.*"]}}
  - {{name: strict, order: strict, types: ["strict.*"]}}
  - {{name: loose, order: none, types: ["loose.*"]}}
  - {{name: broken, format: raw, types: ["broken.*"]}}
  - {{name: sent, url: "https://example.com/hook", types: ["nothing"]}}
  - {{name: idle, enabled: false, types: ["nothing"]}}
"""

_NUMBERS = itertools.count()


@pytest.fixture
def configuration() -> str:
    return CONFIG


async def polled(api: Api, name: str = "mine", cursor: str | None = "", **query: Any) -> dict[str, Any]:
    said = "&".join(f"{key}={value}" for key, value in {"cursor": cursor or "", **query}.items())
    reply = await api("GET", f"/api/v1/webhooks/{name}/poll?{said}")
    assert reply.status == 200, reply.body
    return dict(reply.json())


async def sent(api: Api, count: int, kind: str = "printer.jammed", subjects: int = 3) -> list[str]:
    return [
        await api.receive(type=kind, id=str(next(_NUMBERS)), subject=f"printer/{n % subjects}") for n in range(count)
    ]


def ids(answer: dict[str, Any]) -> list[str]:
    return [message["id"] for message in answer["messages"]]


async def states(api: Api, events: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for event in events:
        detail = (await api("GET", f"/api/v1/events/{event}")).json()
        found += [(one["state"], one["reason"]) for one in detail["deliveries"]]
    return found


async def test_a_message_is_what_would_have_been_posted(api: Api) -> None:
    [event] = await sent(api, 1)
    [message] = (await polled(api))["messages"]
    assert (message["id"], message["type"], message["encoding"]) == (event, "printer.jammed", "text")
    content = Webhook(SECRET).verify(message["body"], message["headers"])
    assert content["data"]["id"] == message["headers"]["webhook-id"] == event
    assert message["headers"]["content-type"] == "application/json"
    assert message["delivery"].startswith("dlv_")


async def test_only_the_cursor_ends_what_came_with_it(api: Api) -> None:
    events = await sent(api, 7)
    first = await polled(api, limit=5)
    assert (ids(first), first["more"]) == (events[:5], True)
    # Whoever got them died: the same come again, and nothing has been decided about them.
    assert ids(await polled(api, limit=5)) == events[:5]
    assert await states(api, events) == [("due", "")] * 3 + [("waiting", "")] * 4
    second = await polled(api, cursor=first["cursor"], limit=5)
    assert (ids(second), second["more"]) == (events[5:], False)
    assert await states(api, events[:5]) == [("delivered", "webhook.fetched")] * 5
    last = await polled(api, cursor=second["cursor"])
    assert last == {"messages": [], "cursor": None, "more": False}
    # An old cursor ends nothing twice.
    assert await polled(api, cursor=first["cursor"]) == last
    [lane] = (await api("GET", "/api/v1/lanes")).json()["items"]
    assert (lane["waiting"], lane["in_flight"]) == (0, 0)
    assert lane["last_success_at"]


async def test_what_comes_meanwhile_is_not_ended_with_what_came_before(api: Api) -> None:
    [first] = await sent(api, 1)
    got = await polled(api)
    others = await sent(api, 2, subjects=1)
    after = await polled(api, cursor=got["cursor"])
    assert (ids(got), ids(after)) == ([first], others)


@pytest.mark.parametrize(("name", "kind"), [("strict", "strict.x"), ("loose", "loose.x")])
async def test_order_is_kept_for_every_kind_of_order(api: Api, name: str, kind: str) -> None:
    events, got, cursor = await sent(api, 9, kind), list[str](), ""
    for count in (4, 4, 1):
        answer = await polled(api, name, cursor=cursor, limit=4)
        assert len(answer["messages"]) == count
        got += ids(answer)
        cursor = answer["cursor"]
    assert got == events
    assert await polled(api, name, cursor=cursor) == {"messages": [], "cursor": None, "more": False}


async def test_two_at_once_lose_nothing_and_each_sees_every_subject_in_order(api: Api) -> None:
    events = await sent(api, 40, subjects=4)
    got: list[list[str]] = [[], []]

    async def consume(mine: list[str]) -> None:
        cursor: str | None = ""
        while cursor is not None:
            answer = await polled(api, cursor=cursor, limit=3)
            mine += ids(answer)
            cursor = answer["cursor"]

    await asyncio.gather(*(consume(mine) for mine in got))
    assert set(got[0]) | set(got[1]) == set(events)
    for mine in got:
        for subject in range(4):
            seen = [each for each in dict.fromkeys(mine) if events.index(each) % 4 == subject]
            assert seen == sorted(seen, key=events.index)
    assert await states(api, events) == [("delivered", "webhook.fetched")] * 40
    [lane] = (await api("GET", "/api/v1/lanes")).json()["items"]
    assert (lane["waiting"], lane["in_flight"]) == (0, 0)


async def test_it_waits_until_there_is_something(api: Api) -> None:
    await sent(api, 1)
    cursor = (await polled(api))["cursor"]
    waiting = asyncio.ensure_future(polled(api, cursor=cursor, wait_s=20))
    while not api.hub.bell._ears:  # noqa: ASYNC110 - it listens before it looks, and nothing tells of that
        await asyncio.sleep(0)
    [event] = await sent(api, 1)
    async with asyncio.timeout(40):
        assert ids(await waiting) == [event]


async def test_what_can_never_be_fetched_is_a_dead_letter_and_those_behind_it_go_on(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(material: Material) -> NoReturn:
        raise Unrenderable("webhook.original_gone")

    monkeypatch.setitem(FORMATS, "raw", refuse)
    events = await sent(api, 2, "broken.x")
    answer = await polled(api, "broken")
    assert answer["messages"] == []
    assert [state for state, _ in await states(api, events)] == ["dead", "dead"]
    assert len((await api("GET", "/api/v1/dead-letters?lane=webhook:broken")).json()["items"]) == 2


async def test_where_there_is_nothing_to_fetch_it_says_why(api: Api) -> None:
    for path, status, code in (
        ("sent/poll", 409, "webhook.not_polled"),
        ("idle/poll", 409, "webhook.off"),
        ("nobody/poll", 404, "not_found"),
        ("mine/poll?cursor=%21", 422, "cursor.unreadable"),
        ("mine/poll?cursor=gA", 422, "cursor.unreadable"),
        ("mine/poll?limit=0", 422, "request.invalid"),
    ):
        reply = await api("GET", f"/api/v1/webhooks/{path}")
        assert (reply.status, reply.json()["code"]) == (status, code), path
    await sent(api, 1)
    await lanes.set_paused(api.hub, "local:tests", "webhook:mine", True)
    reply = await api("GET", "/api/v1/webhooks/mine/poll")
    assert (reply.status, reply.json()["code"]) == (409, "lane.paused")
    for scope, status in (("webhook.read", 403), ("webhook.manage", 403), ("webhook.poll", 409)):
        assert (await (await api.holding(scope))("GET", "/api/v1/webhooks/mine/poll")).status == status


async def test_a_cursor_ends_nothing_of_another_webhook(api: Api) -> None:
    [mine] = await sent(api, 1)
    cursor = (await polled(api))["cursor"]
    await sent(api, 1, "strict.x")
    await polled(api, "strict", cursor=cursor)
    assert await states(api, [mine]) == [("due", "")]


def test_a_cursor_is_the_numbers_that_it_was_made_of() -> None:
    for numbers in ([1], [1, 2, 3], [7, 200, 70_000, 2**40], [2**62]):
        assert numbers_of(cursor_of(numbers)) == numbers
    assert len(cursor_of(range(10_000_000, 10_000_250))) < 400
    for wrong in ("gA", "é", "=", "A" * 4000, cursor_of([2**63])):
        with pytest.raises(BadCursor):
            numbers_of(wrong)
    assert json.dumps(cursor_of([5])) == '"BQ"'
