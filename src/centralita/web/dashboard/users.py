"""People and their roles; their page with how they get in and where they are signed in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ValidationError

from centralita.i18n import LOCALES, N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import access, sessions, sign_in
from centralita.services.access import NameTaken, Refused, UserRow
from centralita.services.hub import Hub
from centralita.services.replays import NotFound
from centralita.services.times import shown
from centralita.services.wording import in_words
from centralita.settings.faults import faults_of
from centralita.store import users as stored
from centralita.web.api.users import UserBody, UserChange
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import needs, person_of, secure
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render

router = APIRouter()

PAGE = 50
_DIGITS = 18
_FIELDS = ("name", "role", "email", "slack_id", "locale")


@router.get("/users", dependencies=[needs("user.manage")])
async def show(request: Request, after: int = Query(default=0, ge=0, lt=10**_DIGITS)) -> Response:
    """In the order in which they were added, and the form for another."""
    return await _list(request, Form(), after)


@router.post("/users", dependencies=[needs("user.manage")])
async def add(request: Request) -> Response:
    """Adds a person; their page offers the link by which they set a password."""
    form, person = await forms.read(request), await person_of(request)
    language = locale(request, person)
    values = _checked(form, UserBody, {name: form.get(name) for name in _FIELDS}, language)
    if values is not None:
        try:
            made = await access.add_user(hub_of(request), person.principal, values)
            return redirect(request, _address(made.name), Flash(N_("{name} was added."), {"name": made.name}))
        except NameTaken:
            form.fault("name", _("This name is taken.", language))
        except Refused as refused:
            form.fault("role", in_words(refused.reason, refused.arguments, language))
    return await _list(request, form, 0, 422)


@router.get("/users/{name}", dependencies=[needs("user.manage")])
async def detail(request: Request, name: str) -> Response:
    """One person."""
    return await _page(request, await _known(hub_of(request), name), Form())


@router.post("/users/{name}", dependencies=[needs("user.manage")])
async def change(request: Request, name: str) -> Response:
    """Changes role, addresses and language."""
    form, person, hub = await forms.read(request), await person_of(request), hub_of(request)
    user, language = await _known(hub, name), locale(request, person)
    values = _checked(form, UserChange, {key: form.get(key) for key in _FIELDS[1:]}, language)
    if values is not None:
        try:
            await access.change_user(hub, person.principal, user.name, values)
            return redirect(request, _address(user.name), Flash(N_("Saved.")))
        except Refused as refused:
            form.fault("role", in_words(refused.reason, refused.arguments, language))
    return await _page(request, user, form, 422)


@router.post("/users/{name}/enabled", dependencies=[needs("user.manage")])
async def enable(request: Request, name: str) -> Response:
    """Takes somebody's access away, or gives it back; nobody's own."""
    form, person, hub = await forms.read(request), await person_of(request), hub_of(request)
    user, enabled = await _known(hub, name), form.get("enabled") == "yes"
    if user.id == person.user.id:
        return redirect(request, _address(name), Flash(N_("Nobody does this to themselves."), lamp="held"))
    try:
        await access.change_user(hub, person.principal, user.name, {"enabled": enabled})
    except Refused as refused:
        return await _refused(request, user, refused)
    undo = "" if enabled else f"{_address(name)}/enable"
    text = N_("{name} may come in again.") if enabled else N_("{name} is disabled, and signed out everywhere.")
    return redirect(request, _address(name), Flash(text, {"name": name}, undo=undo))


@router.post("/users/{name}/enable", dependencies=[needs("user.manage")])
async def give_back(request: Request, name: str) -> Response:
    """Takes a disabling back."""
    person, user = await person_of(request), await _known(hub_of(request), name)
    try:
        await access.change_user(hub_of(request), person.principal, user.name, {"enabled": True})
    except Refused as refused:
        return await _refused(request, user, refused)
    return redirect(request, _address(name), Flash(N_("{name} may come in again."), {"name": name}))


@router.post("/users/{name}/invitation", dependencies=[needs("user.manage")])
async def invite(request: Request, name: str) -> Response:
    """Shows a link, this once: it is kept nowhere that a page could read it from."""
    person, user = await person_of(request), await _known(hub_of(request), name)
    try:
        made = await sign_in.invite(hub_of(request), person.principal, user.name)
    except Refused as refused:
        return await _refused(request, user, refused)
    url = made.url if made is not None else ""
    if url.startswith("/"):
        url = f"{'https' if secure(request) else 'http'}://{request.url.netloc}{url}"
    return await _page(request, user, Form(), link=url)


@router.post("/users/{name}/sign-out", dependencies=[needs("user.manage")])
async def sign_out(request: Request, name: str) -> Response:
    """Signs somebody out everywhere."""
    person, user = await person_of(request), await _known(hub_of(request), name)
    try:
        ended = await sessions.end_all(hub_of(request), person.principal, user.name)
    except Refused as refused:
        return await _refused(request, user, refused)
    return redirect(request, _address(name), Flash(N_("Sessions ended: {count}"), {"count": str(ended or 0)}))


async def _known(hub: Hub, name: str) -> UserRow:
    user = await hub.database.read(lambda tx: stored.by_name(tx, name))
    if user is None:
        raise NotFound(name[:100])
    return user


def _address(name: str) -> str:
    return f"/users/{quote(name, safe='')}"


def _checked(form: Form, model: type[BaseModel], values: dict[str, str], language: str) -> dict[str, Any] | None:
    """The values as the API takes them; None with the faults at their fields."""
    try:
        return model.model_validate(values).model_dump(exclude_none=True)
    except ValidationError as error:
        for key, reason, arguments in faults_of(error):
            form.fault(key, in_words(reason, arguments, language))
    return None


async def _refused(request: Request, user: UserRow, refused: Refused) -> Response:
    form, language = Form(), locale(request, await person_of(request))
    form.fault("", in_words(refused.reason, refused.arguments, language))
    return await _page(request, user, form, 403)


def _choices(hub: Hub, language: str) -> dict[str, Any]:
    """What the forms offer."""
    names = {"en": "English", "es": "Español"}
    return {
        "roles": [(role, role) for role in access.policy_of(hub).roles],
        "locales": [("", _("as the browser says", language)), *((each, names[each]) for each in LOCALES)],
    }


async def _list(request: Request, form: Form, after: int, status: int = 200) -> Response:
    hub, language = hub_of(request), locale(request, await person_of(request))
    rows = await access.list_users(hub, PAGE + 1, after)
    said = ngettext("{n} person has an account.", "{n} people have an account.", len(rows), language)
    more = _("More than {n} people have an account.", language)
    sentence = said.format(n=len(rows)) if len(rows) <= PAGE and not after else more.format(n=PAGE)
    page = await page_of(request, title=_("Users", language), section="users", sentence=sentence)
    roles = access.policy_of(hub).roles
    least = min(roles, key=lambda role: len(roles[role]), default="")
    return await render(
        request,
        "users.html",
        page,
        status=status,
        form=Form(values={"role": least, **form.values}, faults=form.faults),
        rows=rows[:PAGE],
        first="/users" if after else "",
        next=f"/users?after={rows[PAGE - 1].id}" if len(rows) > PAGE else "",
        **_choices(hub, language),
    )


async def _page(request: Request, user: UserRow, form: Form, status: int = 200, link: str = "") -> Response:
    person, hub = await person_of(request), hub_of(request)
    language = locale(request, person)
    mine = {name: getattr(user, name) for name in _FIELDS}
    rows = await sessions.list_sessions(hub, user.name) or []
    page = await page_of(request, title=user.name, section="users")
    return await render(
        request,
        "user.html",
        page,
        status=status,
        form=Form(values={**mine, **form.values}, faults=form.faults),
        user=user,
        added=shown(user.created_at),
        effective=access.role_of(access.policy_of(hub), user),
        own=user.id == person.user.id,
        address=_address(user.name),
        rows=[(row, shown(row.created_at), shown(row.seen_at)) for row in rows],
        link=link,
        made=[(row, shown(row.expires_at), shown(row.last_used_at)) for row in await access.tokens_of(hub, user)]
        if page.may("token.manage")
        else [],
        **_choices(hub, language),
    )
