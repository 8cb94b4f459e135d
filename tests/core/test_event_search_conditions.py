"""What people type into search fields, as conditions."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.conditions import compile_condition
from centralita.core.event_search import both, of_path, of_words, quoted, said
from centralita.core.events import Event

DATA: dict[str, Any] = {
    "ticket": {"id": 4521, "code": "A-1", "vip": True, "items": [{"name": "it's"}]},
    "severity": "of the payload",
}


def _event(**attributes: Any) -> Event:
    return Event(id="evt_1", source="desk", type="ticket.changed", time="2026-11-22T10:00:00Z", **attributes)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("$.ticket.id = 4521", True),
        ("data.ticket.id == '4521'", False),  # in quotes it is a text, and it is none
        ("ticket.id=4521", True),
        ("ticket.code = A-1", True),
        ("ticket.vip = true", True),
        ("$.ticket.items[0].name = it's", True),
        ("$.ticket['code'] = B-1", False),
        ("ticket.items", True),
        ("ticket.nothing", False),
        ("$.severity = of the payload", True),
    ],
)
def test_a_path_is_looked_for_inside_the_data(text: str, holds: bool) -> None:
    assert compile_condition(of_path(text)).test(_event(data=DATA, severity="high")) is holds


@pytest.mark.parametrize("text", ["$", "= 3", "a b = 3", "$.a[x] = 1", "a..b"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        of_path(text)


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Lu"]), min_size=1, max_size=20)
)
def test_any_words_find_themselves(text: str) -> None:
    assert compile_condition(of_words(text)).test(_event(title=f"x {text} y"))


def test_words_know_no_case_and_no_blanks() -> None:
    condition = compile_condition(both("severity == 'high' OR true == false", of_words("TÓNER  (negro)")))
    assert condition.test(_event(title="Sin tóner (negro) hoy", severity="high"))
    assert not condition.test(_event(title="Sin tóner (negro) hoy", severity="low"))
    assert not condition.test(_event(title="Sin tóner negro", severity="high"))
    assert both("", of_words(" ")) == ""


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(value=TEXTS, other=TEXTS, places=st.lists(TEXTS, max_size=3))
def test_what_an_events_json_has_to_say_is_there_whenever_the_condition_holds(
    value: str, other: str, places: list[str]
) -> None:
    conditions = [
        f"data.place == {quoted(value)}",
        f"title == {quoted(value)} OR title == {quoted(other)}",
        f"data.place in [{', '.join(map(quoted, [value, other]))}] AND type == 'ticket.changed'",
        f"NOT data.place == {quoted(value)}",
        f"data.place startswith {quoted(value)} AND data.number == 3",
    ]
    for text in conditions:
        condition = compile_condition(text)
        for place in (value, other, *places):
            event = _event(title=place, data={"place": place, "number": 3})
            body = msgspec.json.encode(event)
            if condition.test(event):
                assert all(any(each in body for each in choices) for choices in said(condition)), text


def test_what_must_be_said_is_known_of_texts_alone() -> None:
    assert said(compile_condition("data.place == 'Lima' AND severity == 'high'")) == ((b'"Lima"',), (b'"high"',))
    assert said(compile_condition("data.number == 3 OR data.place == 'Lima'")) == ()
    assert said(compile_condition("NOT data.place == 'Lima'")) == ()
    assert said(compile_condition("data.place in ['Lima', null]")) == ()
