"""Payloads as nobody documents them: examples with values of other types, of other sizes and in other places, and with
bytes that are no JSON. Everything follows from the generator's seed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any
from urllib.parse import quote_plus

from centralita.integrations.registry import Fixture

TEXTS = (
    *("", " ", "\n", "null", "true", "0", "-1", "1e9", "NaN", "[]", "{}", '"', "\\", "a\tb\r\nc", "\x7f\x1b[31m"),
    *("{{ title }}", "{% for i in (1..9) %}", "{$MACRO}", "${HOME}", "%s%n", "../../etc/passwd", "<script>x</script>"),
    *("<p>a<b>c", "&lt;p&gt;", "<a " * 40, "<!--", "javascript:alert(1)", "https://", "https://[::1", "http://a@b/c"),
    *("https://x.example/" + "a" * 3_000, "HTTPS://X.EXAMPLE:99999/", "2026-13-45T99:99:99Z", "0001-01-01T00:00:00Z"),
    *(
        "9999-12-31T23:59:59.999999999-23:59",
        "1763805600000000000",
        "\u202egnp.exe",
        "\u200b",
        "e\u0301" * 50,
        "ﬃ",
        "İ",
    ),
    *(
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\ufeff",
        "\ue000",
        "\uffff",
        "١٢٣",
        "½",
        "centralita.x",
        "*",
        "a.b.c",
    ),
)
NUMBERS = (0, -0.0, 1, -1, 7, 1.5, 1e300, -1e-300, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 1763805600, 1763805600123)
NAMES = ("id", "type", "event", "title", "severity", "status", "url", "time", "data", "ticket", "alerts", "0", "")
BROKEN = (
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b"\\u0000", b"\\ud800", b"\\x", b'"', b"{", b"}", b"[", b"]", b","),
    *(b":", b"NaN", b"-Infinity", b"1e999", b"9" * 30, b"'", b"/**/", b"\xef\xbb\xbf", b"%", b"%zz", b"&", b"=", b"+"),
)


def mutants(fixtures: Sequence[Fixture], random: Random, count: int) -> Iterator[tuple[Fixture, bytes]]:
    """``count`` bodies, each with the example that it was made of."""
    for _ in range(count):
        fixture = random.choice(fixtures)
        body = fixture.body
        if random.random() < 0.75:
            body = _encoded(_changed(fixture, random), fixture, random)
        if random.random() < 0.35:
            body = random.choice(_BYTES)(body, random)
        yield fixture, body


# --- Values


def _changed(fixture: Fixture, random: Random) -> Any:
    value: Any = _fields(fixture) if _is_form(fixture) else json.loads(fixture.body)
    if random.random() < 0.1:
        return _value(random, 0)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        value = _at_some_place(value, random)
    return value


def _at_some_place(value: Any, random: Random) -> Any:
    if not isinstance(value, dict | list) or not value or random.random() < 0.12:
        return random.choice(_VALUES)(value, random)
    if isinstance(value, list):
        place = random.randrange(len(value))
        return [*value[:place], _at_some_place(value[place], random), *value[place + 1 :]]
    name = random.choice(list(value))
    fate = random.random()
    if fate < 0.1:
        return {other: item for other, item in value.items() if other != name}
    if fate < 0.15:
        return {(random.choice(NAMES) if other == name else other): item for other, item in value.items()}
    return {**value, name: _at_some_place(value[name], random)}


def _value(random: Random, depth: int) -> Any:
    """Any JSON."""
    kind = random.randrange(5 if depth < 4 else 3)
    if kind < 3:
        return (random.choice(TEXTS), random.choice(NUMBERS), random.choice((None, True, False)))[kind]
    if kind == 3:
        return [_value(random, depth + 1) for _ in range(random.randrange(4))]
    return {random.choice(NAMES): _value(random, depth + 1) for _ in range(random.randrange(4))}


def _nested(value: Any, random: Random) -> Any:
    for _ in range(random.choice((3, 30, 70, 400))):
        value = [value] if random.random() < 0.5 else {random.choice(NAMES): value}
    return value


def _huge(value: Any, random: Random) -> Any:
    text = random.choice(TEXTS) or "a"
    size = random.choice((300, 5_000, 5_000, 70_000))
    return random.choice(
        (text * (size // len(text)), [value] * (size // 400), dict.fromkeys(map(str, range(size // 50))))
    )


_VALUES: tuple[Callable[[Any, Random], Any], ...] = (
    *[lambda value, random: None] * 3,
    *[lambda value, random: random.choice(TEXTS)] * 5,
    *[lambda value, random: random.choice(NUMBERS)] * 3,
    lambda value, random: random.random() < 0.5,
    lambda value, random: [value],
    lambda value, random: {random.choice(NAMES): value},
    lambda value, random: value if isinstance(value, str) else json.dumps(value),
    lambda value, random: list(value) if isinstance(value, dict | list | str) else [],
    lambda value, random: {str(place): item for place, item in enumerate(value)} if isinstance(value, list) else {},
    lambda value, random: _value(random, 0),
    _nested,
    _huge,
)


# --- Bytes


def _is_form(fixture: Fixture) -> bool:
    return fixture.content_type == "application/x-www-form-urlencoded"


def _fields(fixture: Fixture) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(fixture.body.decode()))


def _encoded(value: Any, fixture: Fixture, random: Random) -> bytes:
    if _is_form(fixture) and isinstance(value, dict):
        texts = {name: item if isinstance(item, str) else json.dumps(item) for name, item in value.items()}
        return "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in texts.items()).encode()
    written = json.dumps(value, ensure_ascii=random.random() < 0.5, indent=random.choice((None, None, 1)))
    return written.encode("utf-8", "surrogatepass")


def _twice(body: bytes, random: Random) -> bytes:
    """With a key of one of its objects a second time."""
    opened = [place for place, byte in enumerate(body) if byte == ord("{")]
    if not opened:
        return body
    place = random.choice(opened) + 1
    name = body[place:].partition(b":")[0].strip() or b'"id"'
    return body[:place] + name + b":" + random.choice((b"null", b"{}", b'"x"')) + b"," + body[place:]


def _broken(body: bytes, random: Random) -> bytes:
    place = random.randrange(len(body) + 1)
    return body[:place] + random.choice(BROKEN) + body[place + random.choice((0, 0, 1, 5)) :]


def _flipped(body: bytes, random: Random) -> bytes:
    changed = bytearray(body)
    for _ in range(random.choice((1, 1, 4))):
        if changed:
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


_BYTES: tuple[Callable[[bytes, Random], bytes], ...] = (
    lambda body, random: body[: random.randrange(len(body) + 1)],
    lambda body, random: body[random.randrange(len(body) + 1) :],
    lambda body, random: body + body,
    lambda body, random: body.decode("utf-8", "replace").encode("utf-16"),
    lambda body, random: random.randbytes(random.randrange(200)),
    _twice,
    _broken,
    _broken,
    _flipped,
)
