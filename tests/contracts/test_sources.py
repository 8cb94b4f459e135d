"""What every kind of source keeps, whoever wrote it: the registry is walked, so a new folder is a new test."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from centralita.core.events import Event, event_id
from centralita.integrations import registry
from centralita.integrations.registry import Fixture
from centralita.ports import Receipt

RECEIVED_AT = 1763805991.0
RECEIPT_ID = "rcp_01KAN7A5YR0000000000000000"
FIXTURES = [
    pytest.param(kind, f, id=f"{kind}:{f.name}") for kind in registry.SOURCES for f in registry.fixtures(kind).values()
]


def receipt_of(fixture: Fixture, **changes: Any) -> Receipt:
    receipt = Receipt(
        id=RECEIPT_ID,
        source="desk",
        received_at=RECEIVED_AT,
        content_type=fixture.content_type,
        headers=fixture.headers,
        body=fixture.body,
    )
    return msgspec.structs.replace(receipt, **changes)


def shown(event: Event) -> dict[str, Any]:
    """An event without what is the same in all: its id, its source, and attributes that have their default."""
    blank = Event(id=event.id, source=event.source, type="", time="")
    given = msgspec.to_builtins(event)
    defaults = msgspec.to_builtins(blank)
    return {name: value for name, value in given.items() if value != defaults[name]}


@pytest.mark.parametrize(("kind", "fixture"), FIXTURES)
def test_a_fixture_gives_its_expected_events(kind: str, fixture: Fixture) -> None:
    events = registry.source(kind).parse(receipt_of(fixture), fixture.settings)
    assert [shown(event) for event in events] == fixture.expected
    assert [event.id for event in events] == [event_id(RECEIPT_ID, index) for index in range(len(events))]
    assert {event.source for event in events} <= {"desk"}
