"""What comes out of a source: the expected events of every fixture, and nothing undeclared from anything at all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.attributes import web_url
from centralita.core.events import SEVERITIES, Event, event_id
from centralita.core.payload import PayloadError, decode
from centralita.integrations import registry
from centralita.integrations.registry import Fixture
from tests.contracts.kinds import (
    FIXTURES,
    RECEIPT_ID,
    SOURCE_KINDS,
    fixtures_of,
    is_declared,
    receipt_of,
    shown,
    tried,
)


@pytest.mark.parametrize(("kind", "fixture"), FIXTURES)
def test_a_fixture_gives_its_expected_events(kind: str, fixture: Fixture) -> None:
    decode(fixture.body, fixture.content_type)
    events = registry.source(kind).parse(receipt_of(fixture), fixture.settings)
    assert [shown(event) for event in events] == fixture.expected
    check_events(kind, events, fixture.settings)


@pytest.mark.parametrize(("kind", "fixture"), FIXTURES)
def test_a_fixture_s_settings_are_fine_but_for_the_proof(kind: str, fixture: Fixture) -> None:
    found = registry.source(kind).check(fixture.settings, [b"user:secret"])
    assert set(found) <= {"auth: setting.missing"}


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_every_declared_type_is_shown_by_a_fixture(kind: str) -> None:
    seen = {event["type"] for fixture in fixtures_of(kind).values() for event in fixture.expected}
    assert set(registry.source(kind).types) <= seen
    assert f"{kind}.unknown" in registry.source(kind).types


def check_events(kind: str, events: list[Event], settings: dict[str, Any]) -> None:
    assert [event.id for event in events] == [event_id(RECEIPT_ID, index) for index in range(len(events))]
    for event in events:
        assert event.source == "desk"
        assert is_declared(kind, event, settings), event.type
        assert not event.type.startswith("centralita.")
        assert event.severity is None or event.severity in SEVERITIES
        assert event.phase in ("", "open", "closed")
        assert event.time.endswith("Z")
        assert "\n" not in event.subject + event.title + event.status + event.category
        assert event.url == web_url(event.url)
        link = event.data.get("ticket", {}).get("url", "")
        assert link == web_url(link)
        # A row holds it as JSON, and a rule may look at any of it.
        assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event


NAMES = """
event request_id title description status priority url requester requester_email comment customer_visible
alerts labels annotations startsAt endsAt generatorURL fingerprint groupKey truncatedAlerts
id type subject severity time data specversion source heartbeat monitor tags ticket affected_cis
""".split()
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20) | st.sampled_from(
    ["javascript:alert(1)", "https://x.example/a", "2026-01-01T00:00:00Z", "firing", "critical", "centralita.x", "<p>a"]
)
LEAF = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT
JSON = st.recursive(
    LEAF | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | TEXT, inner, max_size=4),
    max_leaves=12,
)
CONTENT_TYPES = (
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "text/plain",
    "",
)


def settings_of(kind: str) -> list[dict[str, object]]:
    """Those that the fixtures of a kind are read under, each once."""
    found = [fixture.settings for fixture in fixtures_of(kind).values()]
    return [setting for index, setting in enumerate(found) if setting not in found[:index]] + [{"types": ["*"]}]


@pytest.mark.parametrize("kind", SOURCE_KINDS)
@tried(150)
@given(st.data())
def test_any_json_gives_declared_events_or_a_payload_error(kind: str, data: st.DataObject) -> None:
    body = msgspec.json.encode(data.draw(JSON))
    fixture = Fixture(
        name="",
        content_type=data.draw(st.sampled_from(CONTENT_TYPES)),
        body=body,
        headers=data.draw(
            st.sampled_from([{}, {"ce-specversion": "1.0", "ce-type": "a.b", "ce-id": "%FF", "ce-time": "x"}])
        ),
        settings=data.draw(st.sampled_from(settings_of(kind))),
        expected=[],
    )
    try:
        events = registry.source(kind).parse(receipt_of(fixture), fixture.settings)
    except PayloadError:
        return
    check_events(kind, events, fixture.settings)


def replaced(value: Any, path: list[int], new: Any) -> Any:
    """``value`` with the node at ``path`` (the n-th child, again and again) replaced."""
    if not path or not isinstance(value, dict | list) or not value:
        return new
    if isinstance(value, dict):
        key = list(value)[path[0] % len(value)]
        return {**value, key: replaced(value[key], path[1:], new)}
    at = path[0] % len(value)
    return [*value[:at], replaced(value[at], path[1:], new), *value[at + 1 :]]


@pytest.mark.parametrize("kind", SOURCE_KINDS)
@tried(150)
@given(st.data())
def test_a_fixture_with_any_value_in_any_place_never_loses_its_event(kind: str, data: st.DataObject) -> None:
    known = [
        fixture for fixture in fixtures_of(kind).values() if fixture.content_type != "application/x-www-form-urlencoded"
    ]
    fixture = data.draw(st.sampled_from(known))
    path = data.draw(st.lists(st.integers(0, 30), min_size=1, max_size=5))
    body = replaced(msgspec.json.decode(fixture.body), path, data.draw(JSON))
    events = registry.source(kind).parse(receipt_of(fixture, body=msgspec.json.encode(body)), fixture.settings)
    assert events or body == []
    check_events(kind, events, fixture.settings)


@pytest.mark.parametrize("kind", SOURCE_KINDS)
@tried(150)
@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(CONTENT_TYPES),
)
def test_any_bytes_give_events_or_a_payload_error(kind: str, body: bytes, content_type: str) -> None:
    fixture = Fixture(name="", content_type=content_type, body=body, headers={}, settings={}, expected=[])
    try:
        events = registry.source(kind).parse(receipt_of(fixture), {})
    except PayloadError:
        return
    assert all(is_declared(kind, event, {}) for event in events)


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_a_deep_body_is_events_or_a_payload_error(kind: str) -> None:
    for body in (b"[" * 500_000, b"[" * 900 + b"]" * 900, b'{"a":' * 900 + b"1" + b"}" * 900):
        try:
            registry.source(kind).parse(receipt_of(next(iter(fixtures_of(kind).values())), body=body), {})
        except PayloadError as error:
            assert error.reason
