"""The part of BER that LDAP uses (ITU-T X.690, RFC 4511 section 5.1): definite lengths, one-byte tags."""

from __future__ import annotations

from collections.abc import Iterator

BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31


class BerError(ValueError):
    """The bytes are not BER, or more than we take."""


def element(tag: int, *content: bytes) -> bytes:
    """Tag, length, content."""
    body = b"".join(content)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A number that is not negative."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: str | bytes, tag: int = OCTETS) -> bytes:
    """A text in UTF-8, or bytes."""
    return element(tag, value.encode() if isinstance(value, str) else value)


def boolean(value: bool) -> bytes:
    """True or False."""
    return element(BOOLEAN, b"\xff" if value else b"\x00")


def header(data: bytes) -> tuple[int, int, int] | None:
    """(tag, bytes of the header, bytes of the content) of what begins with ``data``; None while it is too short to say.

    Raises BerError.
    """
    if len(data) < 2:
        return None
    tag, size = data[0], data[1]
    if size < 0x80:
        return tag, 2, size
    count = size & 0x7F
    if not 1 <= count <= 4:
        raise BerError("length")
    if len(data) < 2 + count:
        return None
    return tag, 2 + count, int.from_bytes(data[2 : 2 + count], "big")


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of what stands one after the other. Raises BerError."""
    while data:
        found = header(data)
        if found is None:
            raise BerError("header")
        tag, start, size = found
        if len(data) < start + size:
            raise BerError("content")
        yield tag, data[start : start + size]
        data = data[start + size :]


def take(parts: Iterator[tuple[int, bytes]]) -> tuple[int, bytes]:
    """The next of ``elements``. Raises BerError when there is none."""
    for part in parts:
        return part
    raise BerError("missing")


def number(content: bytes) -> int:
    """What an INTEGER or ENUMERATED holds. Raises BerError."""
    if not 1 <= len(content) <= 8:
        raise BerError("integer")
    return int.from_bytes(content, "big", signed=True)
