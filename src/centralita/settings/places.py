"""Where a value was written, and what is to be said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from centralita.i18n import gettext as _

if TYPE_CHECKING:
    from centralita.settings.shape import Settings

Keys = tuple[str | int, ...]
"""Keys and indices from the top: ``("rules", 0, "channel")``."""


def dotted(path: Keys) -> str:
    """``rules[0].channel``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True)
class Place:
    """A position in the file, or the name of an environment variable or option."""

    origin: str
    """Path of the file, or the name of the variable."""
    line: int = 0
    """From 1; 0 where there are no lines."""
    column: int = 0
    key: str = ""
    """The key as it was written there, which an older name may make differ from ours."""

    def __str__(self) -> str:
        return f"{self.origin}:{self.line}:{self.column}" if self.line else self.origin


@dataclass(frozen=True)
class Notice:
    """Something to say about a value: where, what (an English msgid with its arguments), and what to do about it."""

    place: Place
    reason: str
    cure: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)

    def text(self, locale: str) -> str:
        """One line: ``centralita.yaml:3:5: slack.bot_tokn: no such setting. Did you mean bot_token?``"""
        said = [_(part, locale).format(**self.arguments) for part in (self.reason, self.cure) if part]
        return ": ".join(part for part in (str(self.place), self.place.key, " ".join(said)) if part)


class SettingsError(Exception):
    """The configuration is wrong; ``problems`` holds everything that is, not only the first."""

    def __init__(self, problems: Sequence[Notice], sound: Settings | None = None) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)
        self.sound = sound
        """What is left without what is wrong, in which others may find more; never to run with. None: nothing is."""

    def text(self, locale: str) -> str:
        """One line for each problem, in the order of the file."""
        return "\n".join(problem.text(locale) for problem in self.problems)

    def __str__(self) -> str:
        return self.text("en")
