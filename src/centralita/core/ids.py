"""ULIDs (https://github.com/ulid/spec): 48 bits of time in ms, 80 of randomness, 26 letters of Crockford's base 32.

Sorting by id is sorting by time, so an index on ids grows at its end, and the day that a row belongs to can be read off
its id.
"""

from __future__ import annotations

import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS = re.compile(f"[0-7][{_ALPHABET}]{{25}}")
_AS_BASE_32 = str.maketrans(_ALPHABET, "0123456789ABCDEFGHIJKLMNOPQRSTUV")  # what int(..., 32) reads
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
    letters = identifier.split("_", 2)[1] if "_" in identifier else identifier
    if _LETTERS.fullmatch(letters) is None:
        raise ValueError(identifier)
    return int(letters[:10].translate(_AS_BASE_32), 32)


def day(identifier: str) -> int:
    """The day (days since 1970-01-01, UTC) of an id: the partition of its row. Raises ValueError as ``time_ms``."""
    return time_ms(identifier) // _DAY_MS
