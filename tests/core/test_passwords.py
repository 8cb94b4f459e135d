"""What a password has to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.passwords import MAX_BYTES, fits, judge_password, normalised

ABOUT = ("ana.garcia", "ana@acme.example")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "password.too_short"),
        ("eleven char", "password.too_short"),
        ("ﬁﬁﬁﬁﬁ", "password.too_short"),  # five signs, ten letters
        ("x" * 1025, "password.too_long"),
        ("ñ" * 513, "password.too_long"),
        ("password1234", "password.guessable"),
        ("123456789012", "password.guessable"),
        ("qwertyuiop12", "password.guessable"),
        ("aaaaaaaaaaaaaaaa", "password.guessable"),
        ("contraseña123", "password.guessable"),
        ("centralita2026", "password.guessable"),
        ("ana.garcia2026", "password.guessable"),
        ("ana@acme.example", "password.guessable"),
        ("tres tristes tigres", ""),
        ("zapato-lima-42-nube", ""),
        ("密码密码正确的马电池订书钉", ""),
        ("🐙🦊🐢🐬🦉🐝🦋🐌🐞🦎🐍🦕", ""),
    ],
)
def test_long_and_not_what_others_try_first(password: str, reason: str) -> None:
    assert judge_password(password, ABOUT) == reason


@given(st.text(max_size=200))
def test_nothing_that_is_typed_breaks_it(password: str) -> None:
    assert isinstance(judge_password(password, ABOUT), str)


@given(st.text(max_size=600))
def test_what_is_taken_fits(password: str) -> None:
    if not judge_password(password):
        assert fits(password) and len(normalised(password).encode("utf-8", "surrogatepass")) <= MAX_BYTES
