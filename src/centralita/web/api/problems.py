"""Errors as ``application/problem+json`` (RFC 9457), in the language of the request, everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from centralita.core.conditions import ConditionError
from centralita.core.rules import RuleProblem, RulesError
from centralita.i18n import N_, best_locale
from centralita.i18n import gettext as _
from centralita.services.access import NameTaken, Refused
from centralita.services.asset_plans import AssetsRefused
from centralita.services.cis import CiRefused
from centralita.services.invgate import InvGateUnavailable
from centralita.services.replays import NotFound
from centralita.services.slack_setup import SlackRefused, SlackUnavailable
from centralita.services.source_changes import Faulty, InTheWay
from centralita.services.webhook_checks import WebhookFaulty
from centralita.services.webhook_statistics import WindowRefused
from centralita.services.wording import in_words
from centralita.settings.faults import explain
from centralita.store.database import StoreUnavailable

log = structlog.get_logger(__name__)

_TITLES: Mapping[int, str] = {
    400: N_("The request can't be understood."),
    401: N_("A valid token is needed."),
    403: N_("The token does not allow this."),
    404: N_("There is no such thing."),
    405: N_("This address does not take that method."),
    409: N_("Something else is in the way."),
    413: N_("The body is too long."),
    422: N_("Something in the request is wrong."),
    500: N_("The hub failed; the log says where."),
    502: N_("Another system does not answer as it should."),
    503: N_("The database does not answer. Try again."),
}


class Problem(Exception):
    """An answer other than success. ``code`` is a message id, ``detail`` what a person reads."""

    def __init__(self, status: int, code: str = "", detail: str = "", **more: Any) -> None:
        super().__init__(code or detail or str(status))
        self.status, self.code, self.detail, self.more = status, code, detail, more


def locale_of(request: Request) -> str:
    """The request's language: the first of ``Accept-Language`` that we speak, else the hub's."""
    accepted = [part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    own = request.state.hub.settings.locale
    return best_locale([*accepted, own] if any(accepted) else [own])


def answer(request: Request, status: int, code: str = "", detail: str = "", **more: Any) -> Response:
    """A problem as a response. Every member of ``more`` that is not empty is added."""
    locale = locale_of(request)
    title = _TITLES.get(status)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _(title, locale) if title else HTTPStatus(status).phrase,
        "status": status,
    }
    body |= {name: value for name, value in {"code": code, "detail": detail, **more}.items() if value}
    headers = {"cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if status == 503:
        headers["retry-after"] = "2"
    return Response(msgspec.json.encode(body), status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Answers every failure of ``app`` with a problem."""
    handlers: Mapping[Any, Any] = {
        Problem: _problem,
        HTTPException: _http,
        RequestValidationError: _invalid,
        NotFound: _not_found,
        LookupError: _not_found,
        Refused: _refused,
        NameTaken: _name_taken,
        WindowRefused: _window_refused,
        AssetsRefused: _assets_refused,
        CiRefused: _ci_refused,
        InvGateUnavailable: _unreachable,
        SlackRefused: _slack_refused,
        SlackUnavailable: _unreachable,
        InTheWay: _in_the_way,
        Faulty: _faulty,
        WebhookFaulty: _webhook_faulty,
        RulesError: _rules,
        ConditionError: _condition,
        msgspec.ValidationError: _shape,
        StoreUnavailable: _unavailable,
        Exception: _failed,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _problem(request: Request, fault: Problem) -> Response:
    return answer(request, fault.status, fault.code, fault.detail, **fault.more)


async def _http(request: Request, fault: HTTPException) -> Response:
    response = answer(request, fault.status_code)
    response.headers.update(fault.headers or {})
    return response


async def _invalid(request: Request, fault: RequestValidationError) -> Response:
    # What was sent is not repeated: it may hold a secret.
    locale, errors = locale_of(request), []
    for error in fault.errors():
        keys = tuple(part for part in error["loc"] if part not in ("body", "[key]"))
        reason, arguments = explain(keys or error["loc"], error["type"], error.get("ctx", {}))
        at = ".".join(map(str, keys))
        errors.append({"at": at, "code": error["type"], "detail": in_words(reason, arguments, locale)})
    return answer(request, 422, "request.invalid", errors=errors)


async def _not_found(request: Request, fault: Exception) -> Response:
    return answer(request, 404, "not_found", str(fault.args[0])[:200] if fault.args else "")


async def _refused(request: Request, fault: Refused) -> Response:
    status = 403 if fault.reason.endswith(".beyond_maker") else 422
    return answer(request, status, fault.reason, in_words(fault.reason, fault.arguments, locale_of(request)))


async def _name_taken(request: Request, fault: NameTaken) -> Response:
    return answer(request, 409, "name.taken", _("This name is taken.", locale_of(request)))


async def _in_the_way(request: Request, fault: InTheWay) -> Response:
    return answer(request, 409, fault.reason, in_words(fault.reason, fault.arguments, locale_of(request)))


async def _faulty(request: Request, fault: Faulty) -> Response:
    parted = [(path, reason) for path, _colon, reason in (each.rpartition(": ") for each in fault.faults)]
    errors = [{"at": at, "code": code, "detail": in_words(code, {}, locale_of(request))} for at, code in parted]
    return answer(request, 422, "source.faulty", errors=errors)


async def _webhook_faulty(request: Request, fault: WebhookFaulty) -> Response:
    locale = locale_of(request)
    errors = [
        {"at": each.at, "code": each.reason, "detail": in_words(each.reason, each.arguments, locale)}
        for each in fault.faults
    ]
    return answer(request, 422, "webhook.faulty", errors=errors)


async def _window_refused(request: Request, fault: WindowRefused) -> Response:
    return answer(request, 422, fault.reason, in_words(fault.reason, fault.arguments, locale_of(request)))


async def _assets_refused(request: Request, fault: AssetsRefused) -> Response:
    return answer(request, 409, fault.reason, in_words(fault.reason, fault.arguments, locale_of(request)))


async def _ci_refused(request: Request, fault: CiRefused) -> Response:
    return answer(request, 409, fault.reason, in_words(fault.reason, fault.arguments, locale_of(request)))


async def _slack_refused(request: Request, fault: SlackRefused) -> Response:
    locale = locale_of(request)
    errors = [
        {"at": each.at, "code": each.reason, "detail": in_words(each.reason, {}, locale)} for each in fault.faults
    ]
    return answer(request, 422, "slack.refused", errors=errors)


async def _unreachable(request: Request, fault: InvGateUnavailable | SlackUnavailable) -> Response:
    said = f"{in_words(fault.reason, {}, locale_of(request))} {fault.detail}".strip()
    return answer(request, 502, fault.reason, said)


def told(problem: RuleProblem, locale: str) -> dict[str, Any]:
    """A rule's problem as the API tells it."""
    return {
        "rule": problem.rule,
        "key": problem.key,
        "code": problem.id,
        "detail": in_words(problem.id, problem.arguments, locale),
        "line": problem.line,
        "column": problem.column,
        "point": problem.point,
    }


async def _rules(request: Request, fault: RulesError) -> Response:
    locale = locale_of(request)
    return answer(request, 422, "rules.invalid", problems=[told(problem, locale) for problem in fault.problems])


async def _condition(request: Request, fault: ConditionError) -> Response:
    text = in_words(fault.message_id, fault.arguments, locale_of(request))
    return answer(request, 422, fault.message_id, text, line=fault.line, column=fault.column, point=fault.point())


async def _shape(request: Request, fault: msgspec.ValidationError) -> Response:
    return answer(request, 422, "request.invalid", str(fault))


async def _unavailable(request: Request, fault: StoreUnavailable) -> Response:
    log.warning("api.store_unavailable", reason=fault.reason)
    return answer(request, 503, "store.outcome_unknown" if fault.outcome_unknown else "store.unavailable")


async def _failed(request: Request, fault: Exception) -> Response:
    log.error("api.failed", path=request.url.path, exc_info=fault)
    return answer(request, 500, "internal")
