"""What changed between two events, field by field."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from centralita.core.event_diff import MOST_CHANGES, changes
from centralita.core.events import Event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def _event(**attributes: Any) -> Event:
    return Event(id="evt_1", source="desk", type="ticket.changed", time="2026-11-22T10:00:00Z", **attributes)


def test_attributes_and_data_are_compared_field_by_field() -> None:
    before = _event(severity="low", title="Tóner", data={"ticket": {"id": "1", "tags": ["a", "b"], "note": "x"}})
    after = _event(severity="high", title="Tóner", data={"ticket": {"id": "1", "tags": ["a", "c"], "agent": {}}})
    found = [(each.path, each.kind, each.before, each.after) for each in changes(before, after)]
    assert found == [
        ("severity", "changed", '"low"', '"high"'),
        ("data.ticket.tags.1", "changed", '"b"', '"c"'),
        ("data.ticket.agent", "added", "", "{}"),
        ("data.ticket.note", "removed", '"x"', ""),
    ]


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_an_event_does_not_differ_from_itself(data: dict[str, Any]) -> None:
    assert changes(_event(data=data), _event(data=data)) == []


def test_there_is_an_end_to_it() -> None:
    assert len(changes(_event(), _event(data={str(number): number for number in range(2_000)}))) == MOST_CHANGES
    assert len(changes(_event(), _event(title="x" * 10_000))[0].after) < 3_000
