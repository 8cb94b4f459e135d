"""The Service Desk's API: ``/api/v1/<endpoint>`` by Basic or OAuth2, and ``/oauth/token``.

Errors are ``{error, status}`` with the HTTP status; what the Service Desk itself refuses to do is a 200 with
``{"status": "ERROR"}``. A parameter that is missing or of another type is a 428.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from centralita.sandbox.invgate import approvals_api, directory_api, incidents_api
from centralita.sandbox.invgate.asking import Asking, Calls
from centralita.sandbox.invgate.endpoint import Reply, Visit, serve_by
from centralita.sandbox.invgate.model import DeskError
from centralita.sandbox.invgate.parameters import ApiError, Parameters
from centralita.sandbox.invgate.tokens import (
    API_TOKEN,
    API_USER,
    CLIENT_ID,
    CLIENT_SECRET,
    read_basic,
    read_bearer,
    same,
)

CALLS: Calls = {**incidents_api.CALLS, **approvals_api.CALLS, **directory_api.CALLS}
ENDPOINTS = frozenset(endpoint for _, endpoint in CALLS)
SCOPES = frozenset(f"api.v1.{endpoint}:{method.lower()}" for method, endpoint in CALLS)
"""One to each call."""


def _perform(visit: Visit) -> Reply:
    try:
        if visit.broken is not None:
            raise visit.broken
        _authorize(visit)
        handler = CALLS.get((visit.method, visit.endpoint))
        if handler is None:
            known = visit.endpoint in ENDPOINTS
            raise ApiError(405 if known else 404, "Method not allowed" if known else "The endpoint does not exist")
        params = Parameters(_parameters(visit), visit.method)
        answer = handler(Asking(visit.backend.desk, params, visit.backend.switches))
        return Reply(answer, wrote=visit.method != "GET")
    except ApiError as error:
        return Reply({"error": str(error), "status": error.status}, error.status)
    except DeskError as error:
        return Reply({"status": "ERROR", "error": str(error), "info": str(error)})


def _parameters(visit: Visit) -> Mapping[str, Any]:
    if visit.method in ("GET", "DELETE") or (visit.method == "PUT" and visit.backend.switches.puts_in_query):
        return visit.query
    return {**visit.query, **visit.form}


def _authorize(visit: Visit) -> None:
    token = read_bearer(visit.authorization)
    if token:
        found = visit.backend.desk_tokens.find(token)
        if found is None:
            raise ApiError(401, "The access token is invalid or has expired")
        if f"api.v1.{visit.endpoint}:{visit.method.lower()}" not in found.scopes:
            raise ApiError(403, "The access token does not have the scope of this call")
    elif not visit.backend.switches.basic or not same(read_basic(visit.authorization), (API_USER, API_TOKEN)):
        raise ApiError(401, "Authentication failed")


def _give_token(visit: Visit) -> Reply:
    """RFC 6749: scopes that don't exist are an error; without any asked for, the token has none."""
    if visit.method != "POST":
        return Reply({"error": "invalid_request"}, 405)
    given = (str(visit.form.get("client_id", "")), str(visit.form.get("client_secret", "")))
    if not same(given, (CLIENT_ID, CLIENT_SECRET)) and not same(
        read_basic(visit.authorization), (CLIENT_ID, CLIENT_SECRET)
    ):
        return Reply({"error": "invalid_client"}, 401)
    if visit.form.get("grant_type") != "client_credentials":
        return Reply({"error": "unsupported_grant_type"}, 400)
    scopes = frozenset(str(visit.form.get("scope", "")).split())
    if not scopes <= SCOPES:
        return Reply({"error": "invalid_scope", "hint": f"Check the scope {min(scopes - SCOPES)}"}, 400)
    switches = visit.backend.switches
    granted = frozenset[str]() if switches.empty_scopes else scopes
    token = visit.backend.desk_tokens.give(granted, switches.token_ttl_s)
    return Reply({"token_type": "Bearer", "expires_in": switches.token_ttl_s, "access_token": token})


def routes() -> list[web.RouteDef]:
    """The Service Desk's routes."""
    return [
        web.route("*", "/api/v1/{endpoint}", serve_by(lambda one: (one.match_info["endpoint"], ""), _perform)),
        web.route("*", "/oauth/token", serve_by(lambda one: ("oauth/token", ""), _give_token)),
    ]
