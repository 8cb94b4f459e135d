"""How a configuration item is found by what people remember of it: without accents, with typing errors, in part.

A CI is filed under the three-letter pieces (grams) of what it is known by, and under the whole words of what else is
said of it. A search takes those that share most of its own with the query, and ranks them by how near their words are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz

MOST_GRAMS = 60
"""Of a query; of what a CI is known by twice as many."""
MOST_WORDS = 40
GOOD = 72.0
"""From this score on a hit is what was looked for; below, it is a guess."""
POOR = 45.0
"""Below this score a hit is none."""
_NO_WORD = re.compile(r"[\W_]+")
_PREFIX_SCORE = 94.0


def fold(text: str) -> str:
    """``text`` as it is compared: without accents and case, every other character than a letter or digit a space.

    Unicode's compatibility decomposition (NFKD, UAX #15), so that full-width letters and ligatures are theirs, too.
    """
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    letters = "".join(mark for mark in bare if not unicodedata.combining(mark))
    return " ".join(_NO_WORD.sub(" ", letters).split())


def grams(folded: str, most: int = MOST_GRAMS) -> list[str]:
    """The pieces of three letters of each word, its ends filled up with spaces: ``ups`` is ``"  u", " up", "ups",
    "ps "``. In their order, each once, at most ``most``."""
    found: dict[str, None] = {}
    for word in folded.split():
        padded = f"  {word} "
        found.update(dict.fromkeys(padded[at : at + 3] for at in range(len(padded) - 2)))
    return list(found)[:most]


def whole(folded: str, most: int = MOST_WORDS) -> list[str]:
    """The words, each marked as a whole one."""
    return [f"={word}" for word in dict.fromkeys(folded.split())][:most]


def filed_under(known_by: Iterable[str], also: Iterable[str]) -> set[str]:
    """What a CI is filed under: the grams and words of what it is ``known_by`` (name, serial...), and the words of
    what else is said of it (type, owner, place...)."""
    names = fold(" ".join(known_by))
    return {*grams(names, 2 * MOST_GRAMS), *whole(f"{names} {fold(' '.join(also))}")}


def asked_for(query: str, words: Mapping[str, str]) -> list[str]:
    """What a query looks under. ``words`` are known ones (folded), each with the word that it is filed as: one that is
    nearly typed counts as typed (``imprsora``)."""
    folded = fold(query)
    near = [filed for word in folded.split() if (filed := _nearest(word, words))]
    return [*whole(f"{folded} {' '.join(near)}"), *grams(folded)]


def _nearest(word: str, words: Mapping[str, str]) -> str:
    if len(word) < 4:
        return words.get(word, "")
    best = max(words, key=lambda known: fuzz.ratio(word, known), default="")
    return words[best] if best and fuzz.ratio(word, best) >= 80 else ""


def score(query: str, name: str, known_by: str, also: str) -> float:
    """How near a CI is to a query, 0 to 100; all folded. Its name counts most, then what else it is known by."""
    asked = query.split()
    if not asked:
        return 0.0
    if query == name:
        return 100.0
    known, said = known_by.split(), also.split()
    each = [max(_nearness(word, known), 0.9 * _nearness(word, said)) for word in asked]
    together = fuzz.ratio(query.replace(" ", ""), name.replace(" ", ""))
    return min(99.0, max(sum(each) / len(each), together))


def _nearness(word: str, others: list[str]) -> float:
    best = 0.0
    for other in others:
        if word == other:
            return 100.0
        if len(word) > 1 and other.startswith(word):
            best = max(best, _PREFIX_SCORE)
        else:
            best = max(best, fuzz.ratio(word, other))
    return best
