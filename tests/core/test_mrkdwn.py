"""Slack's text: nothing that a stranger wrote becomes markup, and no cut breaks a character or an entity."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core import mrkdwn

TEXT = st.text(alphabet=st.one_of(st.sampled_from("&<>@!|\n *_👩🏽\u200d💻\u0301é"), st.characters()), max_size=400)


@given(TEXT)
def test_an_escaped_value_holds_no_control_character_of_slack(text: str) -> None:
    escaped = mrkdwn.escape(mrkdwn.clean(text))
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", escaped)
    assert not re.search(r"@(channel|here|everyone)\b", escaped)


@given(TEXT, st.integers(2, 300))
def test_a_cut_fits_and_is_a_beginning(text: str, limit: int) -> None:
    short = mrkdwn.cut(text, limit)
    assert mrkdwn.length(short) <= max(limit, 6)
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@given(TEXT, st.integers(10, 200), st.integers(1, 8))
def test_pieces_fit_and_lose_nothing_but_line_ends(text: str, limit: int, most: int) -> None:
    pieces, rest = mrkdwn.split(text, limit, most)
    assert len(pieces) <= most
    assert all(mrkdwn.length(piece) <= limit for piece in pieces)
    words = re.sub(r"\s", "", text)
    assert re.sub(r"\s", "", "".join(pieces) + rest) == words


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("one\ntwo\nthree", 8, ["one\ntwo", "three"]),
        ("one two three", 8, ["one two ", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("<<<<", 8, ["<<", "<<"]),
        ("ab👩‍💻cd", 5, ["ab", "👩‍💻", "cd"]),
        ("aaae\u0301b", 4, ["aaa", "e\u0301b"]),
    ],
)
def test_where_a_text_is_cut(text: str, limit: int, pieces: list[str]) -> None:
    assert mrkdwn.split(text, limit, 10)[0] == pieces


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://desk.test/a?b=c&d=%20#e", "https://desk.test/a?b=c&d=%20#e"),
        ("http://127.0.0.1:8420/x", "http://127.0.0.1:8420/x"),
        ("https://desk.test/a|b>c<d", "https://desk.test/a%7Cb%3Ec%3Cd"),
        ("javascript:alert(1)", ""),
        ("https://", ""),
        ("//desk.test", ""),
        ("https://desk.test/ x", ""),
        ("https://[::1", ""),
        ("https://desk.test/" + "a" * 2000, ""),
        (None, ""),
    ],
)
def test_safe_url(url: str | None, safe: str) -> None:
    assert mrkdwn.safe_url(url) == safe


def test_a_links_text_cannot_end_it() -> None:
    assert (
        mrkdwn.link("https://a.test/?x=1&y=2", "a>b|c<!here>") == "<https://a.test/?x=1&amp;y=2|a&gt;b¦c&lt;!here&gt;>"
    )
    assert mrkdwn.link("javascript:x", "a<b") == "a&lt;b"


def test_plain_text_keeps_its_characters_but_no_markup() -> None:
    assert mrkdwn.plain("a < b & <!channel> <@U1>") == "a < b & <\u2060!channel> <\u2060@U1>"


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2025-11-22T10:06:40Z", "<!date^1763806000^{date_short_pretty} {time}|2025-11-22 10:06 UTC>"),
        ("2025-11-22T07:06:40.5-03:00", "<!date^1763806000^{date_short_pretty} {time}|2025-11-22 10:06 UTC>"),
        ("yesterday <!here>", "yesterday &lt;!here&gt;"),
        ("", ""),
    ],
)
def test_moment(time: str, shown: str) -> None:
    assert mrkdwn.moment(time) == shown


def test_clean_takes_out_what_hides_or_turns_text() -> None:
    assert mrkdwn.clean("a\x00b\u202ec\r\nd\ud800") == "abc\nd"
    assert mrkdwn.clean(None) == ""
    assert mrkdwn.clean("@Channel @hereby @everyone") == "@\u2060Channel @hereby @\u2060everyone"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@U0ANA> mira <#C1|redes> <!here>", "@Ana Gómez mira #redes @here"),
        ("<@U0X|luis> <@U0Y>", "@luis @U0Y"),
        ("<https://desk.test/a?b=1&amp;c=2|el panel>", "el panel (https://desk.test/a?b=1&c=2)"),
        ("<https://desk.test> <mailto:a@b.c|a@b.c>", "https://desk.test a@b.c"),
        ("a &lt;b&gt; &amp;lt; c", "a <b> &lt; c"),
        ("<!subteam^S1|@redes>", "@redes"),
    ],
)
def test_markup_is_read_as_plain_text(written: str, read: str) -> None:
    assert mrkdwn.read(written, {"U0ANA": "Ana Gómez"}) == read
    assert mrkdwn.mentioned_people("<@U0ANA> <#C1> <@U1|x>") == ["U0ANA", "U1"]
