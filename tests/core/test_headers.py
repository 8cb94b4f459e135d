"""Headers that somebody else chose: nothing that frames the message, nothing that ends the line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centralita.core.headers import REASONS, judge_header


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("X-Team", "mesa de ayuda ✓", ""),
        ("authorization", "Bearer x", ""),
        ("x_y.z~1", "", ""),
        ("", "x", "header.name"),
        ("x y", "x", "header.name"),
        ("x:", "x", "header.name"),
        ("x\r\n", "x", "header.name"),
        ("x-ñ", "x", "header.name"),
        ("X-K\u212a", "x", "header.name"),
        ("Host", "x", "header.reserved"),
        ("CONTENT-LENGTH", "1", "header.reserved"),
        ("x", "a\r\nb: c", "header.value"),
        ("x", "a\n", "header.value"),
        ("x", "\x00", "header.value"),
        ("x", "\x7f", "header.value"),
        ("x", "\ud800", "header.value"),
    ],
)
def test_headers_are_judged_by_name_and_value(name: str, value: str, reason: str) -> None:
    assert judge_header(name, value) == reason


@settings(deadline=None)
@given(st.text(), st.text())
def test_what_passes_is_one_line_of_utf_8(name: str, value: str) -> None:
    reason = judge_header(name, value)
    assert reason in ("", *REASONS)
    if not reason:
        line = f"{name}: {value}".encode()
        assert not set(line) & {0, 10, 13}
        assert name.isascii()
