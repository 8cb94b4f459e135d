"""What people type, read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.chatops.grammar import Arguments, mentioned, nearest, read_arguments, split_word

KNOWN = ("priority", "asignar", "note")


@pytest.mark.parametrize(
    ("text", "words", "options"),
    [
        ("", (), {}),
        ("Disk full", ("Disk", "full"), {}),
        ('"Disk full on srv-1" high', ("Disk full on srv-1", "high"), {}),
        ("“Disco lleno” priority:high", ("Disco lleno",), {"priority": "high"}),
        ("--priority high Disk", ("Disk",), {"priority": "high"}),
        ("priority=high", (), {"priority": "high"}),
        ("priority: high", (), {"priority": "high"}),
        ('note: "it is late" x', ("x",), {"note": "it is late"}),
        ('note:"it is late" x', ("x",), {"note": "it is late"}),
        ('note:"it is', ("is",), {"note": '"it'}),
        ("--note", (), {"note": "true"}),
        ("https://x.test/a=b nota: x", ("https://x.test/a=b", "nota:", "x"), {}),
        ('"priority:high" x', ("priority:high", "x"), {}),
        ("don't stop", ("don't", "stop"), {}),
        ("PRIORITY:High", (), {"priority": "High"}),
        ("12 <mailto:ana@example.com|ana@example.com>", ("12", "ana@example.com"), {}),
        ("<mailto:ana@example.com>", ("ana@example.com",), {}),
        ("asignar:<mailto:ana@example.com|ana@example.com>", (), {"asignar": "ana@example.com"}),
        ("--asignar <mailto:ana@example.com|ana@example.com> x", ("x",), {"asignar": "ana@example.com"}),
        ("see <http://desk.example.com|desk.example.com>", ("see", "desk.example.com"), {}),
        ("<https://x.test/?a=1&amp;b=2|https://x.test/?a=1&amp;b=2>", ("https://x.test/?a=1&b=2",), {}),
        ('note:"R&amp;D: a &lt; b" &amp;lt;', ("&lt;",), {"note": "R&D: a < b"}),
        ("to <@U0ANAGOMEZ|ana> in <#C0ALERTS|alerts>", ("to", "<@U0ANAGOMEZ|ana>", "in", "<#C0ALERTS|alerts>"), {}),
    ],
)
def test_words_options_and_quotes(text: str, words: tuple[str, ...], options: dict[str, str]) -> None:
    found = read_arguments(text, KNOWN)
    assert (found.words, found.options) == (words, options)


@given(st.text(max_size=200))
def test_nothing_that_is_typed_is_an_error(text: str) -> None:
    found = read_arguments(text, KNOWN)
    assert isinstance(found, Arguments) and all(isinstance(word, str) for word in found.words)
    assert set(found.options) <= set(KNOWN)


def test_the_first_word_and_the_rest() -> None:
    assert split_word("  CREATE  Disk full ") == ("create", "Disk full")
    assert split_word("") == ("", "")


def test_the_nearest_word() -> None:
    assert nearest("stauts", ["status", "search"]) == "status"
    assert nearest("xyz", ["status", "search"]) == ""


def test_people_that_are_named() -> None:
    assert mentioned("to <@U0ANAGOMEZ|ana> please") == "U0ANAGOMEZ"
    assert mentioned("@ana") == ""
