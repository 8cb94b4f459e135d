"""What a password has to be: long, and not what others would try first. Nothing about digits or signs, no expiry.

NIST SP 800-63B, 3.1.1: https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MIN_CHARACTERS = 12
MAX_BYTES = 1024
"""Longer ones would only cost time."""
SECURE_SCORE = 3
"""Of zxcvbn's 0 to 4: more than a hundred million guesses, beside the limits that sign-in has."""
_JUDGED_CHARACTERS = 72
"""What is behind them only makes it harder, and judging takes time."""
_KNOWN_WORDS = ("centralita", "contraseña", "contrasena", "servicio", "mesa", "ayuda", "soporte", "invgate", "slack")
"""What zxcvbn's English lists don't have, and people in front of this form think of."""


def normalised(password: str) -> str:
    """The form that is hashed: what looks the same is the same, whatever keyboard it comes from."""
    return unicodedata.normalize("NFKC", password)


def judge_password(password: str, about: Iterable[str] = ()) -> str:
    """What speaks against a new password, as a message id; "" for nothing. ``about``: the person's name and address."""
    text = normalised(password)
    if len(text) < MIN_CHARACTERS:
        return "password.too_short"
    if not fits(text):
        return "password.too_long"
    return "password.guessable" if _is_guessable(text, about) else ""


def fits(password: str) -> bool:
    """Whether it can be a password at all: nothing longer is ever hashed."""
    return len(normalised(password).encode("utf-8", "surrogatepass")) <= MAX_BYTES


def _is_guessable(text: str, about: Iterable[str]) -> bool:
    from zxcvbn import zxcvbn  # its word lists take longer to read than most commands to run

    own = [part for each in about for part in (each, *re.split(r"[\W_]+", each)) if len(part) > 2]
    judged: int = zxcvbn(text[:_JUDGED_CHARACTERS], user_inputs=[*own, *_KNOWN_WORDS])["score"]
    return judged < SECURE_SCORE
