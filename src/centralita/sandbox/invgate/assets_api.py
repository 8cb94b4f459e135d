"""Assets (Insight): ``/oauth2/token/``, v1 as JSON:API (https://jsonapi.org/format/1.0/) and v2 as plain records.

v1 answers ``application/vnd.api+json``, but its fixed lists and all of v2 ``application/json``: a client that offers
only one of them gets a 406 somewhere. Paths end with a slash; without it a GET is redirected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from centralita.sandbox.invgate import assets_v1 as v1
from centralita.sandbox.invgate import assets_v2 as v2
from centralita.sandbox.invgate import fleet as records
from centralita.sandbox.invgate.assets_paging import Refused
from centralita.sandbox.invgate.assets_v1 import JSON_API
from centralita.sandbox.invgate.endpoint import JSON, Reply, Visit, serve_by
from centralita.sandbox.invgate.tokens import CLIENT_ID, CLIENT_SECRET, read_basic, read_bearer, same

_CALLS: Mapping[tuple[str, str, bool], tuple[Callable[[Visit], Reply], str]] = {
    ("GET", "assets", False): (v1.list_assets, JSON_API),
    ("GET", "assets", True): (v1.one_asset, JSON_API),
    ("GET", "assets-lite", False): (v1.list_assets, JSON_API),
    ("GET", "assets-lite", True): (v1.one_asset, JSON_API),
    ("PATCH", "assets-lite", True): (v1.patch_asset, JSON_API),
    ("GET", "people", False): (v1.list_people, JSON_API),
    ("GET", "people", True): (v1.one_person, JSON_API),
    ("GET", "asset-types", False): (v1.fixed("AssetType", records.TYPES), JSON),
    ("GET", "asset-status", False): (v1.fixed("AssetStatus", records.STATUSES), JSON),
    ("GET", "locations", False): (v1.fixed("Location", records.LOCATIONS), JSON),
    ("GET", "v2/assets-lite", False): (v2.list_assets, JSON),
    ("GET", "v2/assets-lite", True): (v2.one_asset, JSON),
    ("GET", "v2/people", False): (v2.list_people, JSON),
    ("GET", "v2/people/detail", False): (v2.list_people_in_detail, JSON),
    ("GET", "v2/people", True): (v2.one_person, JSON),
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
