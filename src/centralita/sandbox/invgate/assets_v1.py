"""Assets, version 1: JSON:API documents (https://jsonapi.org/format/1.0/)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from centralita.sandbox.invgate import fleet as records
from centralita.sandbox.invgate.assets_paging import Refused, find_asset, find_person, take_page
from centralita.sandbox.invgate.endpoint import Reply, Visit
from centralita.sandbox.invgate.fleet import Asset, Fleet, Person
from centralita.sandbox.invgate.parameters import read_whole

JSON_API = "application/vnd.api+json"
_NOT_FILTERS = frozenset({"page", "page_size", "include", "per_page"})
_PERSON_FILTERS = frozenset({"email", "username", "name"})
_RELATED = ("owner", "status", "location", "device_model")


def _show_person(person: Person) -> dict[str, Any]:
    """A person as a JSON:API resource."""
    return {"type": "Person", "id": str(person.id), "attributes": person.attributes()}


def _show_asset(asset: Asset, last_user_path: str) -> dict[str, Any]:
    """An asset as a JSON:API resource."""
    owner = {"type": "Person", "id": str(asset.owner_id)} if asset.owner_id is not None else None
    return {
        "type": "Asset",
        "id": str(asset.id),
        "attributes": asset.attributes(last_user_path),
        "relationships": {
            "owner": {"data": owner},
            "status": {"data": {"type": "AssetStatus", "id": str(asset.status_id)}},
            "location": {"data": {"type": "Location", "id": str(asset.location_id)}},
            "device_model": {"data": {"type": "DeviceModel", "id": asset.device_model}},
        },
    }


def _included(fleet: Fleet, assets: Sequence[Asset], include: str) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def add(kind: str, key: str, attributes: Mapping[str, Any]) -> None:
        found[kind, key] = {"type": kind, "id": key, "attributes": dict(attributes)}

    wanted = {one for one in include.split(",") if one in _RELATED}
    for asset in assets:
        owner = fleet.people.get(asset.owner_id or 0)
        if "owner" in wanted and owner is not None:
            add("Person", str(owner.id), owner.attributes())
        if "status" in wanted:
            add("AssetStatus", str(asset.status_id), {"name": records.STATUSES[asset.status_id]})
        if "location" in wanted:
            add("Location", str(asset.location_id), {"name": records.LOCATIONS[asset.location_id]})
        if "device_model" in wanted:
            add("DeviceModel", asset.device_model, {"name": asset.device_model})
    return list(found.values())


def list_assets(visit: Visit) -> Reply:
    """``assets/`` and ``assets-lite/``, with the filters of ``fleet.FILTERS``."""
    fleet, switches = visit.backend.fleet, visit.backend.switches
    pairs = [(name, value) for name, value in visit.request.query.items() if name not in _NOT_FILTERS]
    wanted: dict[str, list[str]] = {}
    for name, value in [] if switches.ignore_filters else pairs:
        wanted.setdefault(name.removesuffix("[]"), []).extend(value.split(","))
    found = fleet.find_assets(wanted)
    page, following, before = take_page(visit, found, "page_size")
    return _document(visit, [_show_asset(one, switches.last_user_path) for one in page], page, following, before)


def _document(
    visit: Visit, data: list[dict[str, Any]], assets: Sequence[Asset], following: str | None, before: str | None
) -> Reply:
    body: dict[str, Any] = {"links": {"next": following, "prev": before}, "data": data}
    include = str(visit.query.get("include", ""))
    if include:
        body["included"] = _included(visit.backend.fleet, assets, include)
    return Reply(body, media=JSON_API)


def one_asset(visit: Visit) -> Reply:
    """``assets/{id}/`` and ``assets-lite/{id}/``."""
    asset = find_asset(visit)
    body: dict[str, Any] = {"data": _show_asset(asset, visit.backend.switches.last_user_path)}
    include = str(visit.query.get("include", ""))
    if include:
        body["included"] = _included(visit.backend.fleet, [asset], include)
    return Reply(body, media=JSON_API)


def list_people(visit: Visit) -> Reply:
    """``people/``, by ``email``, ``username`` or ``name``."""
    wanted = {name: str(value) for name, value in visit.query.items() if name in _PERSON_FILTERS}
    found = visit.backend.fleet.find_people({} if visit.backend.switches.ignore_filters else wanted)
    page, following, before = take_page(visit, found, "page_size")
    return _document(visit, [_show_person(one) for one in page], [], following, before)


def one_person(visit: Visit) -> Reply:
    """``people/{id}/``."""
    return Reply({"data": _show_person(find_person(visit))}, media=JSON_API)


def fixed(kind: str, names: Mapping[int, str]) -> Callable[[Visit], Reply]:
    """A list that is always the same."""

    def answer(visit: Visit) -> Reply:
        data = [{"type": kind, "id": str(key), "attributes": {"name": name}} for key, name in names.items()]
        return Reply({"links": {"next": None, "prev": None}, "data": data})

    return answer


def patch_asset(visit: Visit) -> Reply:
    """The owner, the name or the inventory id of an asset; needs the scope ``write``."""
    if visit.request.content_type != JSON_API:
        raise Refused(415, "unsupported_media_type", f'Unsupported media type "{visit.request.content_type}".')
    asset = find_asset(visit)
    data = visit.form.get("data")
    if not isinstance(data, dict):
        raise Refused(400, "parse_error", "Received document does not contain primary data")
    if data.get("type") != "Asset" or str(data.get("id")) != visit.about:
        raise Refused(409, "conflict", "The resource object's type or id is not that of the endpoint")
    attributes, relationships = data.get("attributes", {}), data.get("relationships", {})
    if not isinstance(attributes, dict) or not isinstance(relationships, dict):
        raise Refused(400, "parse_error", "attributes and relationships must be objects")
    owner_id = _new_owner(visit, relationships, asset)
    for name in ("name", "inventory_id"):
        if name in attributes:
            setattr(asset, name, str(attributes[name]))
    asset.owner_id = owner_id
    body = {"data": _show_asset(asset, visit.backend.switches.last_user_path)}
    return Reply(body, media=JSON_API, wrote=True)


def _new_owner(visit: Visit, relationships: Mapping[str, Any], asset: Asset) -> int | None:
    if "owner" not in relationships:
        return asset.owner_id
    match relationships["owner"]:
        case {"data": None}:
            return None
        case {"data": {"type": "Person", "id": person_id}}:
            found = visit.backend.fleet.people.get(read_whole(person_id) or 0)
            if found is not None:
                return found.id
    raise Refused(400, "does_not_exist", "Invalid owner - object does not exist.")
