"""Strict bodies: what is read, what is refused and why, and that the fast way and the exact way agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from centralita.core import payload
from centralita.core.payload import MAX_DEPTH, PayloadError, decode, decode_trusted

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1, "b": [true, null, -0.5, "\\u00e1"]}', {"a": 1, "b": [True, None, -0.5, "á"]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b' \r\n\t{"a"\n:\t1} ', {"a": 1}),
        (b'{"a": "\\"b\\": 1", "c": "x :y"}', {"a": '"b": 1', "c": "x :y"}),
        (b'{"a": {"k": 1}, "b": {"k": 2}}', {"a": {"k": 1}, "b": {"k": 2}}),
        (b"[9223372036854775807, -9223372036854775808]", [2**63 - 1, -(2**63)]),
        (b"123456789012345678901234567890.5", 123456789012345678901234567890.5),
        (b"1e-400", 0.0),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\\\ud800"', "\\ud800"),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)),
        (b"null", None),
        (b'{"a": "x", "b": {"c": [1]}, "a": "x", "b": {"c": [1]}}', {"a": "x", "b": {"c": [1]}}),
    ],
)
def test_what_json_means(body: bytes, value: object) -> None:
    assert decode(body, JSON) == value
    assert decode_trusted(body, JSON) == value
    assert payload._exact_json(body.removeprefix(b"\xef\xbb\xbf")) == value


DEEPER = b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)
MIXED = b'{"a":[' * (MAX_DEPTH // 2) + b"{}" + b"]}" * (MAX_DEPTH // 2)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a": 1, "a": true}', "json.duplicate_key"),
        (b'{"a": 1, "a": 1.0}', "json.duplicate_key"),
        (b'{"a": 1, "a": 2, "a": 1}', "json.duplicate_key"),
        (b'{"a": 1, "\\u0061": 2}', "json.duplicate_key"),
        (b'{"x": [{"a": 1, "a" : 2, "b": "\\":"}]}', "json.duplicate_key"),
        (b'{"a" :1,"a" :2, "b": "x\\":"}', "json.duplicate_key"),
        (b"NaN", "json.number"),
        (b'{"a": Infinity}', "json.number"),
        (b"[-Infinity]", "json.number"),
        (b"1e400", "json.number"),
        (b"[-1E+400]", "json.number"),
        (b"9223372036854775808", "json.number"),
        (b'{"a": -9223372036854775809}', "json.number"),
        (b"[18446744073709551616]", "json.number"),
        (b"9" * 5_000, "json.number"),
        (b'["\\ud800"]', "json.surrogate"),
        (b'{"\\udfff": 1}', "json.surrogate"),
        (b'"\\ude00\\ud83d"', "json.surrogate"),
        (b'["\\u0000"]', "json.nul"),
        (b'{"a\\u0000b": 1}', "json.nul"),
        (b'"a\x00b"', "json.syntax"),
        (b'"\xff"', "text.utf8"),
        (b'"\xed\xa0\x80"', "text.utf8"),
        ('{"á": 1}'.encode("utf-16"), "text.utf8"),
        (DEEPER, "json.depth"),
        (MIXED, "json.depth"),
        (b"[" * 2**20, "json.depth"),
        (b'{"a":' * 100_000, "json.depth"),
        (b"", "json.syntax"),
        (b"{} {}", "json.syntax"),
        (b"[1,]", "json.syntax"),
        (b"{'a': 1}", "json.syntax"),
        (b"01", "json.syntax"),
        (b'"tab\there"', "json.syntax"),
    ],
)
def test_what_json_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(PayloadError) as caught:
        decode(body, JSON)
    assert caught.value.reason == reason


def test_a_refusal_says_where() -> None:
    with pytest.raises(PayloadError) as duplicate:
        decode(b'{"ticket": {"estado": 1, "estado": 2}}', JSON)
    assert duplicate.value.detail == "estado"
    with pytest.raises(PayloadError) as syntax:
        decode(b'{"a": 1,\n  oops}', JSON)
    assert syntax.value.detail == "2:3"


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        (b"a=1&b=%C3%A1+x&b=2&c=", FORM, {"a": "1", "b": ["á x", "2"], "c": ""}),
        (b"payload=%7B%22a%22%3A+1%7D", f"{FORM}; charset=UTF-8", {"a": 1}),
        (b"payload=hello", FORM, {"payload": "hello"}),
        (b"payload=%7B%7D&other=1", FORM, {"payload": "{}", "other": "1"}),
        (b'{"a": 1}', FORM, {"a": 1}),
        (b'{"a": 1}', "", {"a": 1}),
        (b" [1]", "text/plain; charset=utf-8", [1]),
        (b"[1]", "application/octet-stream", [1]),
        (b"1", "application/cloudevents+json; charset=utf-8", 1),
        (b"1", "Application/JSON", 1),
        (b'{"a": 1}', "application/x-json", {"a": 1}),
        (b'{"a": 1}', "application/xml", {"a": 1}),
        (b'--x\r\ncontent-disposition: form-data; name="data"\r\n\r\n{"a": 1}\r\n--x--', MULTIPART, {"a": 1}),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain\r\n\r\n\xc3\xa1\r\n\r\n'
            b'--x\r\nContent-Disposition: form-data; name="b"; filename="c"\r\n\r\n\r\n--x--\r\n',
            'multipart/form-data; charset=utf-8; boundary="x"',
            {"a": "á\r\n", "b": ""},
        ),
    ],
)
def test_what_the_content_type_means(body: bytes, content_type: str, value: object) -> None:
    assert decode(body, content_type) == value
    assert decode_trusted(body, content_type) == value


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"<a/>", "text/xml", "body.content_type"),
        (b"hello", "", "body.content_type"),
        (b"\x89PNG", "image/png", "body.content_type"),
        (b"--x\r\n", "multipart/form-data", "form.syntax"),
        (b"--x--", MULTIPART, "form.syntax"),
        (b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1', MULTIPART, "form.syntax"),
        (b"--x\r\ncontent-disposition: form-data\r\n\r\n1\r\n--x--", MULTIPART, "form.syntax"),
        (b'--x\r\ncontent-disposition: form-data; name="a"\r\n--x--', MULTIPART, "form.syntax"),
        (b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--', MULTIPART, "text.utf8"),
        (b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n\x00\r\n--x--', MULTIPART, "form.nul"),
        (b"--x\r\n" * 1_100 + b"--x--", MULTIPART, "form.syntax"),
        (b"  ", "", "body.empty"),
        (b"", FORM, "body.empty"),
        (b"&&", FORM, "form.syntax"),
        (b"a=%ff", FORM, "text.utf8"),
        (b"a=\xff", FORM, "text.utf8"),
        (b"a%00=1", FORM, "form.nul"),
        (b"a=%00", FORM, "form.nul"),
        (b"&".join(b"f%d=1" % i for i in range(1_001)), FORM, "form.syntax"),
        (b"payload=%7B%22a%22%3A1%2C%22a%22%3A2%7D", FORM, "json.duplicate_key"),
    ],
)
def test_what_else_is_refused(body: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(PayloadError) as caught:
        decode(body, content_type)
    assert caught.value.reason == reason


def outcome(read: Any, *arguments: object) -> object:
    """The value, or the PayloadError's type; any other exception fails the test."""
    try:
        return read(*arguments)
    except PayloadError:
        return PayloadError


@given(st.binary(max_size=200), st.sampled_from([JSON, FORM, MULTIPART, "", "text/plain"]))
def test_arbitrary_bytes_raise_nothing_else(body: bytes, content_type: str) -> None:
    outcome(decode, body, content_type)
    outcome(decode_trusted, body, content_type)


FRAGMENTS = r"""{ } [ ] , : " \ \" \": "a" "b" "a":1 \u0000 \ud83d \ude00 é
    1 - e400 9223372036854775808 0.1 NaN true null""".split()
JSONISH = st.lists(st.sampled_from([*FRAGMENTS, " ", "\n", "\0"]), max_size=24).map("".join)


@given(JSONISH)
@example('{"a" :1,"a":2,"":"\\":"}')
def test_both_ways_agree_on_text_that_resembles_json(written: str) -> None:
    body = written.encode()
    assert repr(outcome(payload._strict_json, body)) == repr(outcome(payload._exact_json, body))


VALUES: st.SearchStrategy[object] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.sampled_from('ab":{ \\é'), max_size=4), inner, max_size=4)
    ),
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_whatever_is_written_is_read(value: object, ascii_only: bool, indent: int | None) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    assert decode(body, JSON) == value
    assert repr(decode(body, JSON)) == repr(payload._exact_json(body))


DATA: dict[str, Any] = {
    "a": {"b": " text ", "n": 7, "f": 7.0, "t": True, "list": [{"x": "1"}, "y"]},
    "dotted.key": "found",
    "nothing": None,
}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.b", "text"),
        ("a.n", "7"),
        ("a.f", "7"),
        ("a.t", ""),
        ("a.list", ""),
        ("a.list[0].x", "1"),
        ("a.list.1", "y"),
        ("a.list[9]", ""),
        ("a.list.x", ""),
        ("a.list.²", ""),
        ("a.b.c", ""),
        ("dotted.key", "found"),
        ("nothing", ""),
        ("", ""),
    ],
)
def test_text_at_a_path(path: str, text: str) -> None:
    assert payload.text(DATA, path) == text


@given(VALUES, st.text(st.sampled_from("ab.[]01"), max_size=8))
def test_accessors_never_raise(data: object, path: str) -> None:
    assert isinstance(payload.text(data, path), str)
    assert payload.integer(data, path) is None or isinstance(payload.integer(data, path), int)
    payload.number(data, path), payload.flag(data, path)
    assert isinstance(payload.items(data, path), list)
    assert isinstance(payload.mapping(data, path), dict)


@pytest.mark.parametrize(
    ("value", "integer", "number", "flag"),
    [
        ("12", 12, 12.0, False),
        (" -3 ", -3, -3.0, False),
        ("1", 1, 1.0, True),
        ("1.5", None, 1.5, False),
        (2.0, 2, 2.0, True),
        (0, 0, 0.0, False),
        ("sí", None, None, True),
        ("", None, None, None),
        ("１２", None, None, False),
        ("9" * 400, None, None, False),
        ("nan", None, None, False),
        (True, None, None, True),
        (None, None, None, None),
        ([], None, None, None),
        (2**63, None, 2.0**63, True),
    ],
)
def test_tamed(value: object, integer: int | None, number: float | None, flag: bool | None) -> None:
    assert payload.tame_int(value) == integer
    assert payload.tame_number(value) == number
    assert payload.tame_flag(value) == flag


def test_text_is_cut() -> None:
    assert payload.tame_text("abc def", 4) == "abc"
