"""Assets (Insight): ``/oauth2/token/``, v1 as JSON:API (https://jsonapi.org/format/1.0/) and v2 as plain records.

v1 answers ``application/vnd.api+json``, but its fixed lists and all of v2 ``application/json``: a client that offers
only one of them gets a 406 somewhere. Paths end with a slash; without it a GET is redirected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from centralita.sandbox.invgate import fleet as records
from centralita.sandbox.invgate.endpoint import JSON, Reply, Visit, serve_by
from centralita.sandbox.invgate.fleet import Asset, Fleet, Person
from centralita.sandbox.invgate.fleet_search import CriteriaError, search
from centralita.sandbox.invgate.tokens import CLIENT_ID, CLIENT_SECRET, read_basic, read_bearer, same

JSON_API = "application/vnd.api+json"
PAGE_SIZE, MOST_PER_PAGE = 20, 200
_NOT_FILTERS = frozenset({"page", "page_size", "include", "per_page"})
_PERSON_FILTERS = frozenset({"email", "username", "name"})
_RELATED = ("owner", "status", "location", "device_model")


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code = status, code


# The answers -----------------------------------------------------------------------------------------------------


def show_person(person: Person) -> dict[str, Any]:
    """A person as a JSON:API resource."""
    return {"type": "Person", "id": str(person.id), "attributes": person.attributes()}


def show_asset(asset: Asset, last_user_path: str) -> dict[str, Any]:
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


def _flat_person(person: Person, detail: bool) -> dict[str, Any]:
    facts = {"id": person.id, **person.attributes()}
    return facts if detail else {name: facts[name] for name in ("id", "name", "email", "is_deleted")}


def _flat_asset(asset: Asset, last_user_path: str) -> dict[str, Any]:
    related = {"owner": asset.owner_id, "status": asset.status_id, "location": asset.location_id}
    return {"id": asset.id, **asset.attributes(last_user_path), **related, "device_model": asset.device_model}


def _number(visit: Visit, name: str, default: int, most: int = 10**9) -> int:
    text = str(visit.query.get(name, default))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise Refused(404 if name == "page" else 400, "not_found", "Invalid page.")
    return min(int(text), most)


def _page(visit: Visit, found: Sequence[Any], size_name: str) -> tuple[Sequence[Any], str | None, str | None]:
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


# Version 1 -------------------------------------------------------------------------------------------------------


def _list_assets(visit: Visit) -> Reply:
    fleet, switches = visit.backend.fleet, visit.backend.switches
    pairs = [(name, value) for name, value in visit.request.query.items() if name not in _NOT_FILTERS]
    wanted: dict[str, list[str]] = {}
    for name, value in [] if switches.ignore_filters else pairs:
        wanted.setdefault(name.removesuffix("[]"), []).extend(value.split(","))
    found = fleet.find_assets(wanted)
    page, following, before = _page(visit, found, "page_size")
    return _document(visit, [show_asset(one, switches.last_user_path) for one in page], page, following, before)


def _document(
    visit: Visit, data: list[dict[str, Any]], assets: Sequence[Asset], following: str | None, before: str | None
) -> Reply:
    body: dict[str, Any] = {"links": {"next": following, "prev": before}, "data": data}
    include = str(visit.query.get("include", ""))
    if include:
        body["included"] = _included(visit.backend.fleet, assets, include)
    return Reply(body, media=JSON_API)


def _one_asset(visit: Visit) -> Reply:
    asset = _asset(visit)
    body: dict[str, Any] = {"data": show_asset(asset, visit.backend.switches.last_user_path)}
    include = str(visit.query.get("include", ""))
    if include:
        body["included"] = _included(visit.backend.fleet, [asset], include)
    return Reply(body, media=JSON_API)


def _asset(visit: Visit) -> Asset:
    found = visit.backend.fleet.assets.get(int(visit.about) if visit.about.isdigit() else 0)
    if found is None:
        raise Refused(404, "not_found", "Not found.")
    return found


def _list_people(visit: Visit) -> Reply:
    wanted = {name: str(value) for name, value in visit.query.items() if name in _PERSON_FILTERS}
    found = visit.backend.fleet.find_people({} if visit.backend.switches.ignore_filters else wanted)
    page, following, before = _page(visit, found, "page_size")
    return _document(visit, [show_person(one) for one in page], [], following, before)


def _one_person(visit: Visit) -> Reply:
    return Reply({"data": show_person(_person(visit))}, media=JSON_API)


def _person(visit: Visit) -> Person:
    found = visit.backend.fleet.people.get(int(visit.about) if visit.about.isdigit() else 0)
    if found is None:
        raise Refused(404, "not_found", "Not found.")
    return found


def _fixed(kind: str, names: Mapping[int, str]) -> Callable[[Visit], Reply]:
    def answer(visit: Visit) -> Reply:
        data = [{"type": kind, "id": str(key), "attributes": {"name": name}} for key, name in names.items()]
        return Reply({"links": {"next": None, "prev": None}, "data": data})

    return answer


def _patch_asset(visit: Visit) -> Reply:
    """The owner, the name or the inventory id of an asset; needs the scope ``write``."""
    if visit.request.content_type != JSON_API:
        raise Refused(415, "unsupported_media_type", f'Unsupported media type "{visit.request.content_type}".')
    asset = _asset(visit)
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
    body = {"data": show_asset(asset, visit.backend.switches.last_user_path)}
    return Reply(body, media=JSON_API, wrote=True)


def _new_owner(visit: Visit, relationships: Mapping[str, Any], asset: Asset) -> int | None:
    if "owner" not in relationships:
        return asset.owner_id
    match relationships["owner"]:
        case {"data": None}:
            return None
        case {"data": {"type": "Person", "id": person_id}} if str(person_id).isdigit():
            found = visit.backend.fleet.people.get(int(person_id))
            if found is not None:
                return found.id
    raise Refused(400, "does_not_exist", "Invalid owner - object does not exist.")


# Version 2 -------------------------------------------------------------------------------------------------------


def _list_flat(kind: str) -> Callable[[Visit], Reply]:
    def answer(visit: Visit) -> Reply:
        fleet, path = visit.backend.fleet, visit.backend.switches.last_user_path
        criteria = visit.query.get("criteria", {})
        try:
            if kind == "assets-lite":
                found: Sequence[Any] = search(fleet.assets.values(), criteria)
            else:
                found = search(fleet.people.values(), criteria)
        except CriteriaError as error:
            raise Refused(400, "invalid", str(error)) from None
        page, following, before = _page(visit, found, "per_page")
        if kind == "assets-lite":
            results = [_flat_asset(one, path) for one in page]
        else:
            results = [_flat_person(one, kind == "people/detail") for one in page]
        return Reply({"count": len(found), "next": following, "previous": before, "results": results})

    return answer


def _one_flat_asset(visit: Visit) -> Reply:
    return Reply(_flat_asset(_asset(visit), visit.backend.switches.last_user_path))


def _one_flat_person(visit: Visit) -> Reply:
    return Reply(_flat_person(_person(visit), detail=True))


_CALLS: Mapping[tuple[str, str, bool], tuple[Callable[[Visit], Reply], str]] = {
    ("GET", "assets", False): (_list_assets, JSON_API),
    ("GET", "assets", True): (_one_asset, JSON_API),
    ("GET", "assets-lite", False): (_list_assets, JSON_API),
    ("GET", "assets-lite", True): (_one_asset, JSON_API),
    ("PATCH", "assets-lite", True): (_patch_asset, JSON_API),
    ("GET", "people", False): (_list_people, JSON_API),
    ("GET", "people", True): (_one_person, JSON_API),
    ("GET", "asset-types", False): (_fixed("AssetType", records.TYPES), JSON),
    ("GET", "asset-status", False): (_fixed("AssetStatus", records.STATUSES), JSON),
    ("GET", "locations", False): (_fixed("Location", records.LOCATIONS), JSON),
    ("GET", "v2/assets-lite", False): (_list_flat("assets-lite"), JSON),
    ("GET", "v2/assets-lite", True): (_one_flat_asset, JSON),
    ("GET", "v2/people", False): (_list_flat("people"), JSON),
    ("GET", "v2/people/detail", False): (_list_flat("people/detail"), JSON),
    ("GET", "v2/people", True): (_one_flat_person, JSON),
}
"""(method, endpoint, with an id) -> what answers it, and the media type that it speaks."""


def _perform(visit: Visit) -> Reply:
    endpoint = visit.endpoint.removeprefix("public-api/")
    media = JSON if endpoint.startswith("v2/") else JSON_API
    try:
        if not visit.request.path.endswith("/"):
            return _redirected(visit)
        _authorize(visit)
        found = _CALLS.get((visit.method, endpoint, bool(visit.about)))
        if found is None:
            known = any(key[1:] == (endpoint, bool(visit.about)) for key in _CALLS)
            status, code = (405, "method_not_allowed") if known else (404, "not_found")
            raise Refused(status, code, "Not found." if status == 404 else f'Method "{visit.method}" not allowed.')
        handler, media = found
        if visit.backend.switches.strict_accept and not _accepts(visit.request.headers.get("Accept", ""), media):
            raise Refused(406, "not_acceptable", "Could not satisfy the request Accept header.")
        if visit.broken is not None:
            raise Refused(400, "parse_error", str(visit.broken))
        return handler(visit)
    except Refused as error:
        return _error(error, media)


def _error(error: Refused, media: str) -> Reply:
    if media == JSON:
        return Reply({"detail": str(error), "code": error.code}, error.status)
    one = {"status": str(error.status), "code": error.code, "detail": str(error), "source": {"pointer": "/data"}}
    return Reply({"errors": [one]}, error.status, JSON_API)


def _redirected(visit: Visit) -> Reply:
    if visit.method != "GET":
        raise Refused(404, "not_found", "Not found.")
    query = visit.request.rel_url.raw_query_string
    return Reply({}, 301, headers={"Location": f"{visit.request.path}/" + (f"?{query}" if query else "")})


def _accepts(header: str, media: str) -> bool:
    offered = {one.partition(";")[0].strip().lower() for one in header.split(",")}
    return bool(offered & {"", "*/*", "application/*", media})


def _authorize(visit: Visit) -> None:
    token = visit.backend.assets_tokens.find(read_bearer(visit.authorization))
    if token is None:
        raise Refused(401, "not_authenticated", "Authentication credentials were not provided.")
    needed = "read" if visit.method == "GET" else "write"
    if needed not in token.scopes:
        raise Refused(403, "permission_denied", "You do not have permission to perform this action.")


def _give_token(visit: Visit) -> Reply:
    """RFC 6749; without a scope asked for, the token has all that the client may have."""
    if visit.method != "POST":
        return Reply({"error": "invalid_request"}, 405)
    switches = visit.backend.switches
    in_body = (str(visit.form.get("client_id", "")), str(visit.form.get("client_secret", "")))
    wanted = (CLIENT_ID, CLIENT_SECRET)
    by_body = switches.credentials_in != "basic" and same(in_body, wanted)
    by_basic = switches.credentials_in != "body" and same(read_basic(visit.authorization), wanted)
    if not by_body and not by_basic:
        return Reply({"error": "invalid_client"}, 401)
    if visit.form.get("grant_type") != "client_credentials":
        return Reply({"error": "unsupported_grant_type"}, 400)
    may = frozenset(switches.assets_scopes.split())
    scopes = frozenset(str(visit.form.get("scope", "")).split()) or may
    if not scopes <= may:
        return Reply({"error": "invalid_scope"}, 400)
    token = visit.backend.assets_tokens.give(scopes, switches.token_ttl_s)
    facts = {"access_token": token, "expires_in": switches.token_ttl_s, "token_type": "Bearer"}
    return Reply({**facts, "scope": " ".join(sorted(scopes))})


def _named(request: web.Request) -> tuple[str, str]:
    """``/public-api/v2/people/17/`` is ``public-api/v2/people`` and ``17``."""
    parts = request.path.strip("/").split("/")
    about = parts.pop() if parts[-1].isdigit() else ""
    return "/".join(parts), about


def routes() -> list[web.RouteDef]:
    """The routes of Assets."""
    return [
        web.route("*", "/public-api/{tail:.+}", serve_by(_named, _perform)),
        web.route("*", "/oauth2/token/", serve_by(lambda one: ("oauth2/token", ""), _give_token)),
    ]
