"""The condition language: what each comparison means, what the index may rely on, and errors that point."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.conditions import ConditionError, compile_condition, lookup
from centralita.core.events import Event

EVENT = Event(
    id="evt_1",
    source="invgate",
    type="ticket.created",
    time="2026-01-05T10:00:00Z",
    severity="high",
    title="Disco lleno en srv-01",
    category="hardware",
    data={
        "ci_type": "server",
        "count": 3,
        "share": 0.5,
        "zero": 0,
        "vip": True,
        "nothing": None,
        "empty": "",
        "tags": ["red", "prod", 7],
        "ticket": {"id": "4521", "priority": "Alta", "fields": [{"name": "piso", "value": 3}]},
        "category": "shadowed",
        "source": {"name": "nested"},
        "categoría": "sí",
        "affected-ci": "srv-01",
        "contains": "keyword",
        "data": {"x": 1},
    },
)


@pytest.mark.parametrize(
    "text",
    [
        "severity == 'high'",
        'severity == "high"',
        "SEVERITY == 'high' OR severity == 'high'",
        "severity in ['high', 'critical']",
        "category == 'hardware'",
        "data.category == 'shadowed'",
        "source.name == 'nested'",
        "categoría == 'sí'",
        "affected-ci == 'srv-01'",
        "contains == 'keyword'",
        "data.data.x == 1",
        "ticket.priority == 'Alta'",
        "data.ticket.priority == 'Alta'",
        "ticket.fields.0.value == 3",
        "count == 3",
        "count == 3.0",
        "3 == count",
        "count != '3'",
        "vip == true",
        "vip != 1",
        "zero != false",
        "zero == 0",
        "nothing == null",
        "missing == null",
        "missing.deeper == null",
        "missing != 'x'",
        "tags == ['red', 'prod', 7]",
        "tags != ['red', 'prod']",
        "count > 2 and count >= 3 AND count < 4 and count <= 3",
        "count > share",
        "count > -1e2",
        "title > 'D'",
        "'red' in tags",
        "7 in tags",
        "count in [1, 2, 3]",
        "vip in [true]",
        "missing in [null]",
        "tags contains 'prod'",
        "title contains 'lleno'",
        "title startswith 'Disco'",
        "title endswith '01'",
        r"title matches '^Disco\s+\w+'",
        r"title matches '(?i)DISCO'",
        r'title matches "srv-\\d"',
        "title matches 'lleno'",
        "ticket exists",
        "zero exists",
        "vip exists",
        "title exists AND NOT missing exists AND NOT nothing exists AND NOT empty exists AND NOT url exists",
        "not severity == 'low'",
        "NOT (severity == 'low' OR count == 4)",
        "count == 4 AND count == 5 OR count == 3",
        "count == 3 OR count == 4 AND count == 5",
        "not count == 4 and not not count == 3",
        "  count\n==\t3  ",
        "",
        " \n ",
        "incomplete == false",
        "depth == 0",
        r"'it\'s' == 'it\'s' AND '\"' == '\"'",
        "'' == empty",
    ],
)
def test_true(text: str) -> None:
    assert compile_condition(text).test(EVENT) is True


@pytest.mark.parametrize(
    "text",
    [
        "severity == 'critical'",
        "severity != 'high'",
        "title == 'disco lleno en srv-01'",
        "count == '3'",
        "vip == 1",
        "zero == false",
        "zero == null",
        "empty == null",
        "missing != null",
        "tags == ['red', 'prod', '7']",
        "tags == [true]",
        "count > '2'",
        "title > 2",
        "missing < 1",
        "missing > 1",
        "missing == ''",
        "nothing <= null",
        "vip > 0",
        "true in [1]",
        "1 in [true]",
        "'7' in tags",
        "'Disco' in title",
        "missing in ['x']",
        "missing contains 'x'",
        "missing startswith ''",
        "count contains 3",
        "count startswith '3'",
        "tags startswith 'red'",
        "tags matches 'red'",
        "title matches '^lleno'",
        "count matches '3'",
        "empty exists",
        "ticket.missing exists",
        "ticket.fields.9 exists",
        "ticket.id.x exists",
        "NOT count == 3",
        "contains contains 'nothing'",
    ],
)
def test_false(text: str) -> None:
    assert compile_condition(text).test(EVENT) is False


def test_an_attribute_that_is_missing_is_null() -> None:
    bare = Event(id="evt_2", source="x", type="x.y", time="")
    assert compile_condition("severity == null AND severity != 'high' AND NOT severity exists").test(bare)
    assert not compile_condition("severity in ['high']").test(bare)


def test_text_with_a_lone_surrogate_is_no_accident() -> None:
    event = Event(id="evt_3", source="x", type="x.y", time="", title="a\ud800b")
    assert compile_condition("title matches '^a.b$'").test(event)


@pytest.mark.parametrize(
    ("text", "message_id", "line", "column", "arguments"),
    [
        ("severity = 'high'", "condition.slip", 1, 10, {"found": "=", "instead": "=="}),
        ("count === 3", "condition.slip", 1, 7, {"found": "===", "instead": "=="}),
        ("count <> 3", "condition.slip", 1, 7, {"found": "<>", "instead": "!="}),
        ("count => 3", "condition.slip", 1, 7, {"found": "=>", "instead": ">="}),
        ("a == 1 && b == 2", "condition.slip", 1, 8, {"found": "&&", "instead": "AND"}),
        ("a == 1 || b == 2", "condition.slip", 1, 8, {"found": "||", "instead": "OR"}),
        ("a == 1 y b == 2", "condition.slip", 1, 8, {"found": "y", "instead": "AND"}),
        ("!vip == true", "condition.slip", 1, 1, {"found": "!", "instead": "NOT"}),
        ("a not in [1]", "condition.slip", 1, 3, {"found": "not in", "instead": "NOT x in [...]"}),
        ("a is not null", "condition.slip", 1, 3, {"found": "is not", "instead": "!="}),
        ("title like 'x'", "condition.slip", 1, 7, {"found": "like", "instead": "contains"}),
        ("severity == “high”", "condition.slip", 1, 13, {"found": "“", "instead": "'"}),
        ("severity == critical", "condition.quote_word", 1, 13, {"word": "critical"}),
        ("critical == severity", "condition.quote_word", 1, 1, {"word": "critical"}),
        ("severity in [critical]", "condition.quote_word", 1, 14, {"word": "critical"}),
        ("a == 1\nAND severity in ['high', Crítica]", "condition.quote_word", 2, 26, {"word": "Crítica"}),
        ("severity == 'Critical'", "condition.unknown_severity", 1, 13, None),
        ("severity > 'low'", "condition.severity_order", 1, 1, None),
        ("title == 'x", "condition.unclosed_text", 1, 10, {}),
        ("(a == 1", "condition.unclosed_bracket", 1, 8, {}),
        ("a in [1", "condition.incomplete", 1, 8, {}),
        ("a == 1 AND", "condition.incomplete", 1, 11, {}),
        ("a == ", "condition.incomplete", 1, 5, {}),
        ("vip", "condition.needs_comparison", 1, 4, {}),
        ("vip AND a == 1", "condition.needs_comparison", 1, 5, {}),
        ("AND a == 1", "condition.unexpected", 1, 1, {"found": "AND"}),
        ("a == 1)", "condition.unexpected", 1, 7, {"found": ")"}),
        ("a ==\n  ?", "condition.unexpected", 2, 3, {"found": "?"}),
        ("a == 01", "condition.unexpected", 1, 6, {"found": "01"}),
        ("lower(a) == 'x'", "condition.needs_comparison", 1, 6, {}),
        ("a matches '('", "condition.bad_pattern", 1, 11, None),
        (r"a matches '(a)\1'", "condition.bad_pattern", 1, 11, None),
        ("a matches b", "condition.pattern_not_text", 1, 11, {}),
        ("a in 'abc'", "condition.in_needs_list", 1, 6, {}),
        ("a == 9223372036854775808", "condition.number", 1, 6, {}),
        ("a == 1e999", "condition.number", 1, 6, {}),
        ("NOT " * 65 + "a == 1", "condition.too_deep", 1, 261, {"limit": 64}),
        ("(" * 65 + "a == 1" + ")" * 65, "condition.too_deep", 1, 66, {"limit": 64}),
        ("a == " + "[" * 70 + "]" * 70, "condition.too_deep", 1, 71, {"limit": 64}),
        ("a == '" + "é" * 2048 + "'", "condition.too_long", 1, 1, {"limit": 4096}),
    ],
)
def test_errors_point(text: str, message_id: str, line: int, column: int, arguments: dict[str, Any] | None) -> None:
    with pytest.raises(ConditionError) as caught:
        compile_condition(text)
    error = caught.value
    assert (error.message_id, error.line, error.column) == (message_id, line, column)
    assert arguments is None or error.arguments == arguments


def test_the_caret_stands_under_the_column() -> None:
    with pytest.raises(ConditionError) as caught:
        compile_condition("a == 1\n\tAND b = 2\nAND c == 3")
    assert caught.value.point() == "\tAND b = 2\n\t      ^"


@given(st.text(max_size=60) | st.lists(st.sampled_from("a == 'x' AND NOT ( ) [ , ] 1 in exists severity =".split())))
def test_no_text_raises_anything_else(text: str | list[str]) -> None:
    try:
        compile_condition(text if isinstance(text, str) else " ".join(text)).test(EVENT)
    except ConditionError as error:
        assert error.point().endswith("^")
        assert error.column >= 1


def test_as_deep_and_as_long_as_allowed() -> None:
    assert compile_condition("(" * 64 + "count == 3" + ")" * 64).test(EVENT)
    assert compile_condition(" OR ".join(["count == 4"] * 290) + " OR count == 3").test(EVENT)


def test_paths_have_one_spelling() -> None:
    condition = compile_condition("type == 'x' AND ticket.id == data.ticket.id AND data.x exists OR NOT y == 1")
    assert condition.paths == {"type", "data.ticket.id", "data.x", "data.y"}
    assert [lookup(path)(EVENT) for path in ("type", "data.ticket.id", "data.x")] == ["ticket.created", "4521", None]


@pytest.mark.parametrize(
    ("text", "equalities"),
    [
        ("severity == 'high'", {"severity": {"high"}}),
        ("'high' == severity", {"severity": {"high"}}),
        ("severity in ['high', 'low'] AND a == 1", {"severity": {"high", "low"}, "data.a": {1}}),
        ("type == 'a.b' OR type == 'c.d'", {"type": {"a.b", "c.d"}}),
        ("type == 'a.b' AND x == 1 OR type == 'c.d'", {"type": {"a.b", "c.d"}}),
        ("type == 'a.b' OR x == 1", {}),
        ("type in ['a.b', 'c.d'] AND type == 'a.b'", {"type": {"a.b"}}),
        ("x == null", {"data.x": {None}}),
        ("NOT type == 'a.b'", {}),
        ("type != 'a.b' AND x > 1 AND y exists", {}),
        ("x == y", {}),
        ("x == ['a']", {}),
        ("x in [['a']]", {}),
    ],
)  # fmt: skip
def test_equalities(text: str, equalities: dict[str, set[object]]) -> None:
    assert compile_condition(text).equalities() == equalities


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("type == 'a.b' OR severity == 'low'", {"a.b"}),
        ("type in ['a.b', 'c.d'] AND x == 1", {"a.b", "c.d"}),
        ("NOT type == 'a.b'", set()),
        ("type startswith 'a.'", set()),
        ("data.type == 'a.b'", set()),
        ("", set()),
    ],
)
def test_types_named(text: str, types: set[str]) -> None:
    assert compile_condition(text).types == types


def reasons(text: str) -> list[tuple[str, str, dict[str, str]]]:
    return [
        (reason.id.removeprefix("condition."), reason.arguments["comparison"], reason.arguments["actual"])
        for reason in compile_condition(text).explain(EVENT)
    ]


def test_why_not() -> None:
    assert reasons("severity == 'critical' AND ci_type == 'server'") == [
        ("false", "severity == 'critical'", {"severity": '"high"'})
    ]
    assert reasons("severity == 'low' OR (count == 3 AND missing.x exists)") == [
        ("false", "severity == 'low'", {"severity": '"high"'}),
        ("false", "missing.x exists", {"data.missing.x": "null"}),
    ]
    assert reasons("NOT (count == 3 AND vip == true)") == [
        ("true", "count == 3", {"data.count": "3"}),
        ("true", "vip == true", {"data.vip": "true"}),
    ]


def test_why() -> None:
    assert reasons("count == 4 OR count == 3") == [("true", "count == 3", {"data.count": "3"})]
    assert reasons("") == []


def test_what_was_found_is_cut() -> None:
    event = Event(id="evt_4", source="x", type="x.y", time="", title="x" * 1000)
    (reason,) = compile_condition("title == 'y'").explain(event)
    assert len(reason.arguments["actual"]["title"]) == 160


# --- Against a second, slow reading of the same language

SCALARS = st.sampled_from(["a", "ab", "b", "", 0, 1, 2.5, True, False, None])
NAMES = st.sampled_from(["x", "y", "t.u"])
OPERATORS = st.sampled_from(
    ["==", "!=", "<", "<=", ">", ">=", "in", "contains", "startswith", "endswith", "matches", "exists"]
)
TREES: st.SearchStrategy[Any] = st.recursive(
    st.tuples(NAMES, OPERATORS, st.lists(SCALARS, max_size=3), SCALARS),
    lambda inner: (
        st.tuples(st.just("NOT"), inner)
        | st.tuples(st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=6,
)


def constant(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(constant, value)) + "]"
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


def written(tree: Any) -> str:
    if tree[0] == "NOT":
        return f"NOT ({written(tree[1])})"
    if tree[0] in ("AND", "OR"):
        return "(" + f" {tree[0]} ".join(map(written, tree[1])) + ")"
    name, operator, many, one = tree
    if operator == "exists":
        return f"{name} exists"
    right = many if operator == "in" else str(one) if operator == "matches" else one
    return f"{name} {operator} {constant(right)}"


def same(left: object, right: object) -> bool:
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    booleans = isinstance(left, bool) or isinstance(right, bool)
    return (type(left) is type(right) or (numbers and not booleans)) and left == right


def holds(tree: Any, data: dict[str, Any]) -> bool:
    if tree[0] == "NOT":
        return not holds(tree[1], data)
    if tree[0] in ("AND", "OR"):
        return (all if tree[0] == "AND" else any)(holds(part, data) for part in tree[1])
    name, operator, many, one = tree
    value = data.get("t", {}).get("u") if name == "t.u" else data.get(name)
    listed, texts = isinstance(value, list), isinstance(value, str) and isinstance(one, str)
    ordered = texts or (type(value) in (int, float) and type(one) in (int, float))
    return {
        "==": lambda: same(value, one),
        "!=": lambda: not same(value, one),
        "<": lambda: ordered and value < one,
        "<=": lambda: ordered and value <= one,
        ">": lambda: ordered and value > one,
        ">=": lambda: ordered and value >= one,
        "in": lambda: any(same(value, item) for item in many),
        "contains": lambda: any(same(item, one) for item in value) if listed else texts and one in value,
        "startswith": lambda: texts and value[: len(one)] == one,
        "endswith": lambda: texts and one in [value[index:] for index in range(len(value) + 1)],
        "matches": lambda: isinstance(value, str) and str(one) in value.replace(".", " "),
        "exists": lambda: value is not None and value != "",
    }[operator]()  # fmt: skip


@given(TREES, st.dictionaries(st.sampled_from(["x", "y", "t"]), SCALARS | st.lists(SCALARS, max_size=2)), SCALARS)
def test_against_a_second_reading(tree: Any, data: dict[str, Any], inner: object) -> None:
    data["t"] = {"u": inner}
    event = Event(id="evt_5", source="x", type="x.y", time="", data=data)
    condition = compile_condition(written(tree))
    assert condition.test(event) is holds(tree, data)
    # What the index relies on.
    if condition.test(event):
        for (kind, path), values in condition.requires.items():
            assert any(fulfilled(kind, lookup(path)(event), value) for value in values)


def fulfilled(kind: str, found: Any, value: Any) -> bool:
    if kind == "equal":
        return found == value
    if kind == "text":
        return isinstance(found, list) or re2.search(value, found) is not None
    return found >= value if kind == "above" else found <= value


def test_lark_is_imported_only_to_compile() -> None:
    script = "import sys, centralita.core.rules; sys.exit('lark' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
