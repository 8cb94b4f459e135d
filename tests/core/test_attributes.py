from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centralita.core.attributes import (
    PHASE_WORDS,
    REFERENCE_LIMIT,
    SEVERITY_WORDS,
    TYPE,
    filled_url,
    instant,
    one_line,
    phase_of,
    reference,
    rfc3339,
    severity_of,
    shaped,
    type_name,
    web_url,
    word,
    word_table,
)
from centralita.core.events import SEVERITIES
from centralita.core.source_settings import zone_of

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Crítica", "critica"),
        ("In  Progress!", "in_progress"),
        (3, "3"),
        (3.0, "3"),
        (True, "true"),
        (None, ""),
        ([], ""),
    ],
)
def test_words(value: object, expected: str) -> None:
    assert word(value) == expected


def test_every_word_of_the_tables_is_written_as_word_writes_it() -> None:
    for known in (*SEVERITY_WORDS, *PHASE_WORDS):
        assert word(known) == known
    assert set(SEVERITY_WORDS.values()) == set(SEVERITIES)


@pytest.mark.parametrize(
    ("value", "severity"),
    [("CRITICAL", "critical"), ("Crítico", "critical"), ("Alta", "high"), ("warning", "medium"), ("baja", "low")],
)
def test_severities(value: str, severity: str) -> None:
    assert severity_of(value) == severity


def test_a_table_of_ones_own_comes_first_and_nonsense_in_it_counts_for_nothing() -> None:
    table = word_table({"Rojo": "critical", "Alta": "medium", "P2": "gravísima", "Azul": None})
    assert severity_of("rojo", table) == "critical"
    assert severity_of("ALTA", table) == "medium"
    assert severity_of("P2", table) is None
    assert severity_of("Azul", table) is None
    assert word_table(["no table"]) == {}


@pytest.mark.parametrize(
    ("value", "phase"),
    [("Resuelto", "closed"), ("En curso", "open"), ("firing", "open"), ("not resolved", ""), (5, ""), (None, "")],
)
def test_phases(value: object, phase: str) -> None:
    assert phase_of(value) == phase
    assert phase_of("En análisis", {"en_analisis": "open"}) == "open"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1763805991, "2025-11-22T10:06:31.000Z"),
        (1763805991123, "2025-11-22T10:06:31.123Z"),
        (1763805991123456, "2025-11-22T10:06:31.123Z"),
        (1763805991123456789, "2025-11-22T10:06:31.123Z"),
        ("1763805991.5", "2025-11-22T10:06:31.500Z"),
        ("2018-08-03T09:52:26.739266876+02:00", "2018-08-03T07:52:26.739Z"),
        ("2024-09-24 23:51:35.527", "2024-09-24T23:51:35.527Z"),
        ("2026.11.22 10:00:00", "2026-11-22T10:00:00.000Z"),
        ("0001-01-01T00:00:00Z", ""),
        ("9999-12-31T23:59:59-12:00", ""),
        ("٢٠٢٦-11-22", ""),
        ("2026-W01-1", ""),
        ("20261122", ""),
        ("ayer", ""),
        (0, ""),
        (-1763805991, ""),
        (1e300, ""),
        (True, ""),
        (None, ""),
    ],
)
def test_times(value: object, expected: str) -> None:
    assert instant(value) == expected


def test_a_time_without_an_offset_is_in_the_zone_of_the_source() -> None:
    zone = zone_of("America/Argentina/Buenos_Aires")
    assert zone is not None
    assert instant("2025-11-22 07:00:00", zone) == "2025-11-22T10:00:00.000Z"
    assert instant("2025-11-22T07:00:00Z", zone) == "2025-11-22T07:00:00.000Z"
    assert instant("2025-11-22 07:00:00 UTC", zone) == "2025-11-22T07:00:00.000Z"
    assert instant("2025-11-22 07:00:00 +0200", zone) == "2025-11-22T05:00:00.000Z"
    assert zone_of("Mordor/Barad_Dur") is None
    assert zone_of("../../etc/passwd") is None


@settings(deadline=None)
@given(st.floats(min_value=1e8, max_value=9e10), st.floats(min_value=1e8, max_value=9e10))
def test_sorting_the_texts_sorts_the_times(left: float, right: float) -> None:
    assert (rfc3339(left) < rfc3339(right)) <= (left < right)


@pytest.mark.parametrize(
    "url", ["https://x.example/y?z=%3Ca%3E#b", "http://[::1]:9093/a", "HTTPS://X", "http://ñandú.example/á"]
)
def test_links_that_are_kept(url: str) -> None:
    assert web_url(f" {url}\n") == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt://x/%0aalert(1)",
        "data:text/html,x",
        "ftp://x/",
        "//x/",
        "?orgId=1",
        "https://",
        "https:///x",
        "http://u:p@x/",
        "http://x:99999/",
        "http://[bad/",
        "https://a b/",
        "https://x/<!channel>",
        "https://x/|y",
        'https://x/"onclick=',
        "https://{$ZABBIX.URL}/x",
        "https://x/" + "a" * 2000,
        None,
        7,
        ["https://x/"],
    ],
)
def test_links_that_are_dropped(url: object) -> None:
    assert web_url(url) == ""


def test_references_are_short_and_tell_long_ids_apart() -> None:
    assert reference("ticket", 4521) == "ticket/4521"
    assert reference("ticket", " 45\n21 ") == "ticket/45 21"
    assert reference("ticket", None) == reference("ticket", {}) == ""
    long, other = reference("ticket", "x" * 999 + "a"), reference("ticket", "x" * 999 + "b")
    assert long != other
    assert len(long) == len("ticket/") + REFERENCE_LIMIT


def test_one_line_has_no_controls_and_no_hidden_direction() -> None:
    assert one_line("a\r\nb\x00\u202ec\u2028d") == "a b c d"
    assert one_line("  ñandú  ") == "ñandú"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Build Failed.v2", "build_failed.v2"),
        ("com.github/push", "com.github.push"),
        ("Análisis.Creado", "analisis.creado"),
        ("DOWN", ""),
        ("a..b", ""),
        ("ticket.*", ""),
        (".a.b", ""),
        ("a." + "b" * 200, ""),
        (None, ""),
    ],
)
def test_type_names(value: object, expected: str) -> None:
    assert type_name(value) == expected


def test_shapes() -> None:
    data: dict[str, Any] = {
        "ticket": {"id": 7, "title": None, "sede": "Rosario", "url": "javascript:x"},
        "requester": "ana@example.com",
        "agent": 5.5,
        "approver": ["Marta"],
        "comment": {"text": "hola", "visible_to_customer": "true"},
        "affected_cis": ["db1", {"id": 3}, {"name": "web"}, 4, {}, None],
        "ai_analysis": "restart it",
        "ci_type": {"no": "text"},
        "description": None,
        "extra": {"kept": 1},
    }
    assert shaped(data) == {
        "ticket": {"id": "7", "sede": "Rosario"},
        "requester": {"email": "ana@example.com"},
        "agent": {"name": "5.5"},
        "comment": {"text": "hola", "visible_to_customer": False},
        "affected_cis": [
            {"id": "db1", "name": "db1"},
            {"id": "3", "name": "3"},
            {"id": "web", "name": "web"},
            {"id": "4", "name": "4"},
        ],
        "ai_analysis": {"summary": "restart it"},
        "extra": {"kept": 1, "approver": ["Marta"], "ci_type": {"no": "text"}},
    }


def is_in_shape(data: dict[str, Any]) -> bool:
    people = all(
        isinstance(data[role].get(key, ""), str)
        for role in ("requester", "agent", "approver")
        if role in data
        for key in ("name", "email")
    )
    ticket = all(isinstance(data.get("ticket", {}).get(key, ""), str) for key in ("id", "title", "description", "url"))
    texts = all(isinstance(data.get(name, ""), str) for name in ("description", "ci_type"))
    cis = all(isinstance(ci["id"], str) and isinstance(ci["name"], str) for ci in data.get("affected_cis", []))
    visible = isinstance(data.get("comment", {}).get("visible_to_customer", False), bool)
    return people and ticket and texts and cis and visible


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["ticket", "requester", "agent", "comment", "description", "affected_cis", "ci_type", "extra"]),
        ANYTHING
        | st.dictionaries(st.sampled_from(["id", "name", "email", "title", "text", "visible_to_customer"]), ANYTHING),
    )
)
def test_whatever_comes_has_the_promised_shape_afterwards(data: dict[str, Any]) -> None:
    assert is_in_shape(shaped(data))


@settings(deadline=None)
@given(ANYTHING)
def test_nothing_raises(value: object) -> None:
    assert word(value) == word(word(value))
    assert type_name(value) == "" or TYPE.fullmatch(type_name(value))
    for read in (one_line, severity_of, phase_of, instant, web_url, lambda value: reference("x", value)):
        read(value)


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://desk.example.com/{kind}/{id}", "https://desk.example.com/ot/a%2Fb%20c"),
        ("https://desk.example.com/#/{id}", "https://desk.example.com/#/a%2Fb%20c"),
        ("https://desk.example.com/all", "https://desk.example.com/all"),
        ("https://desk.example.com/{empty}", ""),
        ("https://desk.example.com/{other}", ""),
        ("javascript:{id}", ""),
        ("", ""),
        (None, ""),
        (["https://desk.example.com"], ""),
    ],
)
def test_a_link_is_filled_in_or_absent(template: object, url: str) -> None:
    assert filled_url(template, {"kind": "ot", "id": "a/b c", "empty": None}) == url
