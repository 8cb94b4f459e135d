"""What is Botmaker's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.integrations.botmaker.messages import PATHS
from centralita.integrations.botmaker.source import MAX_MESSAGES, BotmakerSource
from centralita.ports import RawRequest, Receipt

SOURCE = BotmakerSource()
SECRET = b"t0ken-of-the-panel"
AROUND = {"v": "1.1", "type": "message", "chatPlatform": "whatsapp", "customerId": "CUST", "contactId": "549115000"}


def events_of(*messages: Any, settings: dict[str, object] | None = None, **around: Any) -> list[Event]:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="botmaker",
        received_at=1763805991.0,
        content_type="application/json",
        headers={},
        body=json.dumps({**AROUND, "messages": messages, **around}).encode(),
    )
    return SOURCE.parse(receipt, settings or {})


def dedupe_key(**body: Any) -> str:
    headers = (("content-type", "application/json"), ("auth-bm-token", SECRET.decode()))
    request = RawRequest(method="POST", query="", headers=headers, body=json.dumps(body).encode())
    verdict = SOURCE.verify(request, [SECRET], 0, {})
    assert verdict.ok
    return verdict.dedupe_key


def test_messages_are_events_in_their_order_and_of_one_subject() -> None:
    messages = [{"_id": str(n), "message": f"m{n}", "from": "user"} for n in range(5)]
    events = events_of(*messages, variables={"a": 1})
    assert [event.data["message"]["text"] for event in events[:-1]] == ["m0", "m1", "m2", "m3", "m4"]
    assert events[-1].type == "variables.changed"
    assert {event.subject for event in events} == {"conversation/CUST"}


def test_a_new_session_is_a_new_subject() -> None:
    first, second = (
        events_of({"message": "hola", "from": "user"}, sessionCreationTime=time)[0].subject
        for time in ("2025-11-20T10:00:00.000Z", "2025-11-21T10:00:00.000Z")
    )
    assert first != second
    assert events_of({"message": "x"}, sessionId="S1")[0].subject == "conversation/CUST/S1"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"from": "user"}, "message.received"),
        ({"from": "USER"}, "message.received"),
        ({"fromCustomer": True}, "message.received"),
        ({"from": "bot"}, "message.sent"),
        ({"from": "operator"}, "message.sent"),
        ({"operatorId": "7"}, "message.sent"),
        ({"from": "ghost"}, "botmaker.unknown"),
        ({"fromCustomer": "yes"}, "botmaker.unknown"),
    ],
)
def test_who_wrote_says_what_it_is(message: dict[str, Any], kind: str) -> None:
    (event,) = events_of({**message, "message": "hola"})
    assert (event.type, event.data["message"]["text"]) == (kind, "hola")


@pytest.mark.parametrize(
    ("around", "known"),
    [
        ({"v": "1.1"}, True),
        ({"v": 1.1}, True),
        ({"v": "1.2"}, True),
        ({"v": None, "type": None}, True),
        ({"v": "2.0"}, False),
        ({"v": "11"}, False),
        ({"type": "typing"}, False),
        ({"type": 7}, False),
    ],
)
def test_other_versions_and_types_are_kept_as_unknown(around: dict[str, Any], known: bool) -> None:
    (event,) = events_of({"message": "hola", "from": "user", "fromName": "Ana"}, **around)
    assert event.type == ("message.received" if known else "botmaker.unknown")
    assert event.title == "Ana: hola"
    assert known or event.data["messages"][0]["message"] == "hola"


def test_a_message_without_a_list_around_it_still_has_a_title() -> None:
    (event,) = events_of(v="3", firstName="Ana", text="Quiero un turno")
    assert (event.type, event.title) == ("botmaker.unknown", "Ana: Quiero un turno")


def test_nothing_inside_is_an_event_too() -> None:
    assert [event.type for event in events_of()] == ["botmaker.unknown"]
    (event,) = events_of(*[{"message": "hola"}] * (MAX_MESSAGES + 1))
    assert (event.type, len(event.data["messages"])) == ("botmaker.unknown", MAX_MESSAGES + 1)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("-34.6 & -58.4", "-34.6, -58.4"),
        ("-34.6,-58.4", "-34.6, -58.4"),
        ({"latitude": -34.6, "longitude": "-58.4"}, "-34.6, -58.4"),
        ({"lat": 1, "lng": 2}, "1.0, 2.0"),
        ("Plaza de Mayo", "Plaza de Mayo"),
        (["x"], None),
    ],
)
def test_locations(location: object, text: str | None) -> None:
    (event,) = events_of({"from": "user", "location": location})
    assert event.data["message"].get("location") == text


def test_a_long_text_is_cut_in_the_title_only() -> None:
    text = "palabra " * 60
    (event,) = events_of({"from": "user", "fromName": "Ana", "message": text})
    assert event.title.endswith("palabra…")
    assert len(event.title) <= 130
    assert event.data["message"]["text"] == text.strip()


def test_the_page_of_the_conversation() -> None:
    assert events_of({"from": "user"})[0].url == "https://go.botmaker.com/#/chats/CUST"
    assert events_of({"from": "user"}, customerId=None)[0].url == ""
    own: dict[str, object] = {"url": "https://chats.example.com/{contact}?s={session}"}
    assert events_of({"from": "user"}, settings=own)[0].url == ""
    assert (
        events_of({"from": "user"}, sessionId="S1", settings=own)[0].url == "https://chats.example.com/549115000?s=S1"
    )


def test_what_can_not_be_read_of_a_message_is_kept() -> None:
    (event,) = events_of({"from": "user", "message": ["x"], "image": "javascript:x", "extra": {"a": 1}})
    assert event.data["details"] == {"message": ["x"], "image": "javascript:x", "extra": {"a": 1}}


def test_a_big_envelope_is_told_once() -> None:
    """Else a request of 1 MB would become events of 500 MB."""
    events = events_of(*[{"from": "user", "message": "x"}] * MAX_MESSAGES, odd="y" * 1_000, clientPayload="z" * 1_000)
    assert len(events[0].data["odd"]) == len(events[0].data["clientPayload"]) == 1_000
    assert all({"odd", "clientPayload"}.isdisjoint(event.data) for event in events[1:])
    assert {event.data["contactId"] for event in events} == {AROUND["contactId"]}


def test_repetitions_are_known_and_other_things_are_not_taken_for_one() -> None:
    message = {**AROUND, "messages": [{"_id": "1"}, {"_id_": "2"}], "txId": "T"}
    delivered = {"v": "1.1", "type": "status", "status": "delivered", "messageId": "1", "webhookNotificationId": "T"}
    bodies: list[dict[str, Any]] = [
        message,
        {**message, "messages": [{"_id": "1"}]},
        {**message, "variables": {"a": "1"}},
        delivered,
        {**delivered, "status": "read"},
        {**delivered, "messageId": "2"},
    ]
    keys = [dedupe_key(**body) for body in bodies]
    assert len(set(keys)) == len(keys)
    assert "" not in keys
    assert dedupe_key(**message, sentAt="another time") == keys[0]
    assert dedupe_key(sessionId="S", variables={"a": 1}) == ""


def test_every_name_in_data_is_declared() -> None:
    heads = {path.partition(".")[0] for path in PATHS}
    (event, variables) = events_of(
        {"from": "operator", "message": "x", "odd": 1, "operatorName": "L"}, variables={"a": 1}
    )
    assert {*event.data, *variables.data} <= heads
    assert set(event.data["message"]) <= {path.partition(".")[2] for path in PATHS if path.startswith("message.")}
