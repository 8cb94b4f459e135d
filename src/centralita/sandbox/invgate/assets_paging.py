"""How a request to Assets names what it wants: a record by its id, or a page of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from centralita.sandbox.invgate.endpoint import Visit
from centralita.sandbox.invgate.fleet import Asset, Person
from centralita.sandbox.invgate.parameters import read_whole

PAGE_SIZE, MOST_PER_PAGE = 20, 200


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code = status, code


def find_asset(visit: Visit) -> Asset:
    """The asset of the path. Raises Refused 404."""
    found = visit.backend.fleet.assets.get(read_whole(visit.about) or 0)
    if found is None:
        raise Refused(404, "not_found", "Not found.")
    return found


def find_person(visit: Visit) -> Person:
    """The person of the path. Raises Refused 404."""
    found = visit.backend.fleet.people.get(read_whole(visit.about) or 0)
    if found is None:
        raise Refused(404, "not_found", "Not found.")
    return found


def _number(visit: Visit, name: str, default: int, most: int = 10**9) -> int:
    number = read_whole(visit.query.get(name, default))
    if not number:
        raise Refused(404 if name == "page" else 400, "not_found", "Invalid page.")
    return min(number, most)


def take_page(visit: Visit, found: Sequence[Any], size_name: str) -> tuple[Sequence[Any], str | None, str | None]:
    """The records of the page that was asked for, and the addresses of the next page and the one before."""
    size, number = _number(visit, size_name, PAGE_SIZE, MOST_PER_PAGE), _number(visit, "page", 1)
    start = (number - 1) * size
    if number > 1 and start >= len(found):
        raise Refused(404, "not_found", "Invalid page.")

    def address(other: int) -> str:
        pairs = [(name, value) for name, value in visit.request.query.items() if name != "page"]
        here = f"{visit.request.scheme}://{visit.request.host}{visit.request.path}"
        return f"{here}?{urlencode([*pairs, ('page', str(other))])}"

    following = address(number + 1) if start + size < len(found) else None
    return found[start : start + size], following, address(number - 1) if number > 1 else None
