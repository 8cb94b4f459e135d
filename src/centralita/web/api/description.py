"""The API's description of itself: OpenAPI, and a page for people that loads nothing from anywhere else."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.responses import HTMLResponse

from centralita.i18n import gettext as _
from centralita.web.api.examples import illustrate
from centralita.web.api.once import Route
from centralita.web.api.problems import locale_of
from centralita.web.auth import PUBLIC, permission_of, requires

router = APIRouter(prefix="/api", route_class=Route, include_in_schema=False)

_STYLE = """
body { font: 14px/1.5 Inter, system-ui, sans-serif; color: #16202c; background: #fbfaf7; max-width: 60rem;
       margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2rem; border-bottom: 1px solid #e3dfd6 } code { font-family: ui-monospace, monospace }
dt { margin-top: 1rem } .method { color: #8a5a00; font-weight: 600 } .permission { color: #22619f } dd p { margin: 0 }
@media (prefers-color-scheme: dark) { body { color: #e8e6e1; background: #12171e } .method { color: #e0a83a }
       .permission { color: #6fb0ec } h2 { border-color: #2b3440 } a { color: #e0a83a } }
"""


def routes_of(app: Any) -> list[RouteContext]:
    """Every route of the API, whoever declared it."""
    return list(iter_route_contexts(app.routes))


@router.get("/openapi.json", dependencies=[requires(PUBLIC)])
async def openapi(request: Request) -> dict[str, Any]:
    """OpenAPI 3.1, with the permission of each operation as ``x-permission``."""
    description: dict[str, Any] = request.app.openapi()
    for route in routes_of(request.app):
        for method in sorted(route.methods or ()):
            operation = description["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                operation["x-permission"] = permission_of(route)
                operation["security"] = [{"bearer": []}]
    illustrate(description)
    schemes = description.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["bearer"] = {"type": "http", "scheme": "bearer", "description": "A token: ctl_..."}
    return description


@router.get("/docs", dependencies=[requires(PUBLIC)])
async def docs(request: Request) -> HTMLResponse:
    """Every operation on one page, made here: no script, nothing from another host."""
    locale = locale_of(request)
    by_tag: dict[str, list[str]] = {}
    for route in routes_of(request.app):
        if route.include_in_schema:
            by_tag.setdefault(str(route.tags[0]), []).append(_operation(route))
    sections = "".join(f"<h2>{escape(tag)}</h2><dl>{''.join(rows)}</dl>" for tag, rows in by_tag.items())
    said = _("Every request carries a token: {header}. Errors are application/problem+json.", locale)
    intro = escape(said).format(header="<code>Authorization: Bearer ctl_…</code>")
    title = escape(_("The API of Centralita", locale))
    html = (
        f'<!doctype html><html lang="{locale}"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f'<h1>{title}</h1><p>{intro} <a href="/api/openapi.json">OpenAPI</a></p>{sections}</html>'
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    return HTMLResponse(html, headers={"content-security-policy": policy, "x-content-type-options": "nosniff"})


def _operation(route: RouteContext) -> str:
    query = ", ".join(field.alias for field in route.dependant.query_params)
    more = f" <code>?{escape(query)}</code>" if query else ""
    method, path = "/".join(sorted(route.methods or ())), escape(route.path_format or "")
    return (
        f'<dt><span class="method">{method}</span> <code>{path}</code>{more}'
        f' <span class="permission">{escape(permission_of(route) or "")}</span></dt>'
        f"<dd><p>{escape(route.description)}</p></dd>"
    )
