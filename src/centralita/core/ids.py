"""ULIDs (https://github.com/ulid/spec): 48 bits of time in ms, 80 of randomness, 26 letters of Crockford's base 32.

Sorting by id is sorting by time, so an index on ids grows at its end, and the day that a row belongs to can be read off
its id.
"""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_DAY_MS = 86_400_000


def ulid(time_ms: int, random_80: int) -> str:
    """The ULID of a time in ms since 1970 and 80 random bits."""
    number = (time_ms << 80) | random_80
    # Two letters a step: half the divisions on the hot path.
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def time_ms(identifier: str) -> int:
    """The time in ms since 1970 inside a ULID, with or without a prefix (``rcp_``) and a suffix (``_1``).

    Raises ValueError when there is no ULID in it.
    """
    letters = identifier.split("_")[1] if "_" in identifier else identifier
    if len(letters) != 26 or any(letter not in _VALUE for letter in letters):
        raise ValueError(identifier)
    value = 0
    for letter in letters[:10]:
        value = value * 32 + _VALUE[letter]
    return value


def day(identifier: str) -> int:
    """The day (days since 1970-01-01, UTC) of an id: the partition of its row. Raises ValueError as ``time_ms``."""
    return time_ms(identifier) // _DAY_MS
