"""The fields of a body whose author chose their names: by our names, from the first of the paths where each may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from centralita.core.payload import find, tame_flag, tame_text
from centralita.core.source_settings import Check

Paths = Mapping[str, tuple[str, ...]]
"""Our name of a field to the dotted paths where it is looked for, the first that holds something readable."""


class Fields:
    """The fields of a body by our names, and which of the sender's names each came from."""

    def __init__(self, body: Mapping[str, Any], paths: Paths) -> None:
        self._body, self._paths = body, paths
        self._read: dict[str, str] = {}
        self._unreadable: dict[str, str] = {}
        self._empty: set[str] = set()

    def text(self, name: str) -> str:
        """The field as text, from the first of its paths that holds a text or a number."""
        for path in self._paths[name]:
            value = find(self._body, path)
            if text := tame_text(value):
                self._read[name] = path
                return text
            if value in (None, "", [], {}):
                self._empty.add(path)
            else:
                self._unreadable[name] = path
        return ""

    def value(self, name: str) -> object:
        """The field as it came, from the first of its paths that holds something; it stays among the sender's own."""
        found = (find(self._body, path) for path in self._paths[name])
        return next((value for value in found if value not in (None, "")), None)

    def flag(self, name: str) -> bool:
        """Whether the sender said yes, in any of the usual ways."""
        said = next((path for path in self._paths[name] if tame_flag(find(self._body, path)) is not None), "")
        if not said:
            return False
        self._read[name] = said
        return tame_flag(find(self._body, said)) is True

    def is_unreadable(self, name: str) -> bool:
        """Whether the sender said something there that was no text."""
        return name in self._unreadable and name not in self._read

    def give_back(self, name: str) -> None:
        """The field was not understood: it stays under the sender's name."""
        self._read.pop(name, None)

    def refuse(self, name: str) -> None:
        """The field is not to be used: it goes to ``extra``."""
        if name in self._read:
            self._unreadable[name] = self._read.pop(name)

    def rest(self) -> dict[str, Any]:
        """What the sender said beyond the fields that were read; what could not be read is under ``extra``."""
        read, refused = set(self._read.values()), set(self._unreadable.values())
        extra = {name: value for name, value in self._body.items() if name in refused - read}
        left = {name: value for name, value in self._body.items() if name not in refused | read | self._empty}
        return {**left, "extra": extra} if extra else left


def mapped(defaults: Paths, own: object) -> Paths:
    """``defaults`` with the fields that the setting ``own`` (our name to a path, or to several) places elsewhere."""
    if not isinstance(own, Mapping):
        return defaults
    return {**defaults, **{str(name): _as_paths(value) for name, value in own.items() if name in defaults}}


def _as_paths(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list | tuple) else [value]
    return tuple(path for path in listed if isinstance(path, str) and path)


def map_check(known: Paths) -> Check:
    """A map from our names, which are those of ``known``, to a path or a list of paths."""

    def check(value: object) -> Iterator[tuple[str, str]]:
        if not isinstance(value, Mapping):
            yield "", "setting.type"
            return
        for name, paths in value.items():
            if name not in known:
                yield str(name), "setting.unknown"
            elif not _as_paths(paths) or len(_as_paths(paths)) != (
                len(paths) if isinstance(paths, list | tuple) else 1
            ):
                yield str(name), "setting.type"

    return check
