"""InvGate Assets: JSON:API v1 (``/public-api/...``) and v2 (``/public-api/v2/...``), as calls that raise ``Failed``.

Filters were seen to be ignored without a word: whatever is looked up is compared again here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from centralita.core.assets import Asset
from centralita.core.payload import find, tame_flag, tame_text
from centralita.core.people import Person
from centralita.integrations.invgate.client.reading import items, reference, whole
from centralita.integrations.invgate.client.session import Call, Failed, Session

PAGE = 100


class Page(msgspec.Struct, frozen=True):
    """A page of a list, and where the next one is ("" at the end). ``total`` is None when nobody says it."""

    items: tuple[Any, ...]
    next: str
    total: int | None = None


def assets(session: Session, page: str, last_user: str) -> Call[Page]:
    """A page of assets with their owners; ``page`` is "" for the first, else ``Page.next``; ``last_user`` the dotted
    path of the attribute that holds the last user."""
    first = {"page": 1, "page_size": PAGE, "include": "owner,status,device_model"}
    answer = yield from _page(session, "/public-api/assets-lite/", page, first)
    included = _included(answer)
    found = [_asset(item, included, last_user) for item in items(answer)]
    return Page(tuple(one for one in found if one.id), _next(session, answer), _total(answer))


def asset(session: Session, id_: str, last_user: str) -> Call[Asset | None]:
    """One asset, or None."""
    try:
        answer = yield from session.get(f"/public-api/assets-lite/{quote(id_, safe='')}/", {"include": "owner,status"})
    except Failed as failed:
        if failed.status == 404:
            return None
        raise
    document = answer.get("data") if isinstance(answer, dict) else None
    found = _asset(document, _included(answer), last_user) if isinstance(document, dict) else None
    return found if found is not None and found.id == id_ else None


def people(session: Session, page: str) -> Call[Page]:
    """A page of the people who may own assets."""
    answer = yield from _page(session, "/public-api/people/", page, {"page": 1, "page_size": PAGE})
    found = [_person(item) for item in items(answer)]
    return Page(tuple(one for one in found if one.id), _next(session, answer), _total(answer))


def person_by_email(session: Session, email: str) -> Call[Person | None]:
    """The one person who has this address; None for none and for several."""
    answer = yield from session.get("/public-api/people/", {"email": email, "page_size": PAGE})
    hits = [one for one in map(_person, items(answer)) if email.strip().lower() in one.emails]
    return hits[0] if len(hits) == 1 else None


def set_owner(session: Session, id_: str, owner: str) -> Call[None]:
    """``owner`` is a person's id; "" for nobody."""
    person = {"type": "Person", "id": owner} if owner else None
    document = {"type": "Asset", "id": id_, "attributes": {}, "relationships": {"owner": {"data": person}}}
    yield from session.send_json("PATCH", f"/public-api/assets-lite/{quote(id_, safe='')}/", {"data": document})


def _page(session: Session, path: str, page: str, first: Mapping[str, Any]) -> Call[Any]:
    return (yield from session.get(page or path, {} if page else first))


def _next(session: Session, answer: Any) -> str:
    """The next page's path and query; the host is ours whatever the link says, so that no token goes elsewhere."""
    link = tame_text(find(answer, "links.next"))
    parts = urlsplit(link)
    if not parts.path.startswith("/public-api/"):
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _total(answer: Any) -> int | None:
    for path in ("meta.pagination.count", "meta.count", "meta.total", "count"):
        if (value := find(answer, path)) is not None:
            return whole(value)
    return None


def _included(answer: Any) -> dict[tuple[str, str], dict[str, Any]]:
    listed = answer.get("included") if isinstance(answer, dict) else None
    return {(tame_text(one.get("type")).lower(), reference(one.get("id"))): one for one in items(listed or [])}


def _related(item: Mapping[str, Any], name: str, included: Mapping[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    """What a relationship leads to: as included, else its bare id; {} for nobody."""
    link = find(item, f"relationships.{name}.data")
    if not isinstance(link, dict) or not reference(link.get("id")):
        return {}
    return included.get((tame_text(link.get("type")).lower(), reference(link.get("id"))), link)


def _asset(item: Mapping[str, Any], included: Mapping[tuple[str, str], dict[str, Any]], last_user: str) -> Asset:
    said = item.get("attributes")
    attributes: dict[str, Any] = said if isinstance(said, dict) else {}
    owner = _related(item, "owner", included)
    status, model = _related(item, "status", included), _related(item, "device_model", included)
    tags = attributes.get("tags")
    return Asset(
        id=reference(item.get("id")),
        name=tame_text(attributes.get("name"), 200),
        serial=tame_text(attributes.get("serial"), 200),
        type=tame_text(attributes.get("asset_type") or find(model, "attributes.name"), 200),
        status=tame_text(find(status, "attributes.name") or attributes.get("status"), 200),
        tags=tuple(text for text in map(tame_text, tags) if text) if isinstance(tags, list) else (),
        last_user=tame_text(find(attributes, last_user) or find(item, last_user), 300),
        owner=_person(owner) if owner else None,
        reported_at=tame_text(attributes.get("reported_at"), 64),
    )


def _person(item: Mapping[str, Any]) -> Person:
    said = item.get("attributes")
    attributes: dict[str, Any] = {**item, **(said if isinstance(said, dict) else {})}
    names = (attributes.get("first_name") or attributes.get("name"), attributes.get("last_name"))
    active = tame_flag(attributes.get("is_active"))
    return Person(
        id=reference(item.get("id")),
        name=" ".join(text for text in (tame_text(part, 200) for part in names) if text),
        email=tame_text(attributes.get("email"), 254),
        username=tame_text(attributes.get("username"), 254),
        department=tame_text(attributes.get("department"), 200),
        disabled=active is False or tame_flag(attributes.get("is_disabled")) is True,
    )
