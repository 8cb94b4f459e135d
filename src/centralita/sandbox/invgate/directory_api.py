"""People, groups, help desks and fixed lists by the Service Desk's API (releases.invgate.com/service-desk/api)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from centralita.sandbox.invgate.asking import Asking, Calls, Handler, as_map, take_page
from centralita.sandbox.invgate.model import PRIORITIES, SOURCES, STATUSES, TYPES, DeskError, Group, User
from centralita.sandbox.invgate.parameters import Parameters

USERS_PER_PAGE = 10
MOST_CATEGORIES = 500
_SEARCHED = ("username", "email", "phone", "phones", "mobile", "mobile_phone", "office_phone", "employee_number")
_FIELD_OF = {"phones": "phone", "mobile_phone": "mobile", "office_phone": "phone"}


def _visible(users: Iterable[User], params: Parameters) -> list[User]:
    everybody = params.flag("include_disabled")
    return [one for one in users if everybody or not (one.is_disabled or one.is_deleted)]


def get_user(asking: Asking) -> Any:
    """``user``: one person, ``false`` when there is none (a disabled one only with ``include_disabled``)."""
    found = asking.desk.users.get(asking.params.number("id"))
    shown = _visible([found] if found else [], asking.params)
    return shown[0].as_json() if shown else False


def get_user_by(asking: Asking) -> Any:
    """``user.by``: by exact address or user name, ``false`` when there is none."""
    params = asking.params
    if not params.has("email") and not params.has("username"):
        raise DeskError("Either email or username is required")
    for user in _visible(asking.desk.users.values(), params):
        if all(_equals(user, name, params) for name in ("email", "username") if params.has(name)):
            return user.as_json()
    return False


def _equals(user: User, name: str, params: Parameters) -> bool:
    return str(getattr(user, name)).casefold() == params.text(name).casefold()


def get_users(asking: Asking) -> Any:
    """``users``: everybody, or those of ``ids``."""
    wanted = asking.params.numbers("ids")
    known = asking.desk.users
    users = [known[one] for one in wanted if one in known] if asking.params.has("ids") else list(known.values())
    return asking.records(one.as_json() for one in _visible(users, asking.params))


def find_users(asking: Asking) -> Any:
    """``users.by``: ten a page, as a map by id; a field contains the text unless ``exact_match``."""
    params = asking.params
    wanted = {name: params.text(name).casefold() for name in _SEARCHED if params.has(name)}
    if not wanted:
        raise DeskError("At least one search parameter is required")
    exact = params.flag("exact_match")
    found = {user.id: user for user in _visible(asking.desk.users.values(), params) if _matches(user, wanted, exact)}
    page, key = take_page(asking, sorted(found), USERS_PER_PAGE)
    return {"data": as_map({one: found[one].as_json() for one in page}), "next_page_key": key}


def _matches(user: User, wanted: Mapping[str, str], exact: bool) -> bool:
    for name, text in wanted.items():
        value = str(getattr(user, _FIELD_OF.get(name, name))).casefold()
        if value != text if exact else text not in value:
            return False
    return True


def groups_of_users(asking: Asking) -> Any:
    """``users.groups``: per person, with maps of groups and help desks."""
    asking.params.require("ids")
    known = asking.desk.users
    return asking.records(
        {
            "id": user.id,
            "username": user.username,
            "email": user.email,
            "groups": _groups_with(asking.desk.groups, user.id),
            "helpdesks": _groups_with(asking.desk.helpdesks, user.id),
            "companies": [],
            "locations": [],
            "groups_observed": [],
            "helpdesks_observed": [],
            "companies_observed": [],
            "locations_observed": [],
        }
        for user in (known[one] for one in asking.params.numbers("ids") if one in known)
    )


def _groups_with(groups: Mapping[int, Group], user_id: int) -> Any:
    return as_map({one.id: {"id": one.id, "name": one.name} for one in groups.values() if user_id in one.member_ids})


def get_groups(asking: Asking) -> Any:
    """``groups``: all, or by id or name."""
    found = _chosen(asking.desk.groups, asking.params)
    return asking.records({"id": one.id, "name": one.name, "total": len(one.member_ids)} for one in found)


def users_of_group(asking: Asking) -> Any:
    """``groups.users``: who is in one."""
    group_id = asking.params.number("id")
    group = asking.desk.groups.get(group_id)
    if group is None:
        raise DeskError(f"The group {group_id} does not exist")
    users = [asking.desk.users[one] for one in group.member_ids]
    return asking.records(
        {"id": one.id, "name": one.full_name, "username": one.username, "email": one.email} for one in users
    )


def get_helpdesks(asking: Asking) -> Any:
    """``helpdesks``: all, or by id or name."""
    return asking.records(_helpdesk(one) for one in _chosen(asking.desk.helpdesks, asking.params))


def _helpdesk(one: Group) -> dict[str, Any]:
    facts = {"id": one.id, "name": one.name, "parent_id": one.parent_id}
    return {**facts, "status_id": 1, "engine_id": 1, "total_members": len(one.member_ids)}


def get_levels(asking: Asking) -> Any:
    """``levels``: one to each help desk, with its members."""
    return asking.records(_level(one) for one in asking.desk.helpdesks.values())


def _level(one: Group) -> dict[str, Any]:
    facts = {"id": 1000 + one.id, "parent_id": one.id, "level_order": 1, "type_id": 2, "status_id": 1, "engine_id": 1}
    return {**facts, "members_ids": one.member_ids, "total_members": len(one.member_ids)}


def get_helpdesks_and_levels(asking: Asking) -> Any:
    """``helpdesksandlevels``."""
    desks = asking.desk.helpdesks.values()
    return asking.records([*(_helpdesk(one) for one in desks), *(_level(one) for one in desks)])


def _chosen(groups: Mapping[int, Group], params: Parameters) -> list[Group]:
    wanted_id, wanted_name = params.maybe_number("id"), params.text("name")
    return [
        one
        for one in groups.values()
        if (wanted_id is None or one.id == wanted_id) and (not wanted_name or one.name == wanted_name)
    ]


def get_categories(asking: Asking) -> Any:
    """``categories``: by ``page`` and ``page_size`` (20, at most 500), ``id`` or ``search``."""
    params = asking.params
    wanted_id, search = params.maybe_number("id"), params.text("search").casefold()
    found = [
        {"id": one.id, "name": one.name, "parent_category_id": one.parent_category_id}
        for one in asking.desk.categories.values()
        if (wanted_id is None or one.id == wanted_id) and search in one.name.casefold()
    ]
    size = min(params.maybe_number("page_size") or 20, MOST_CATEGORIES)
    start = ((params.maybe_number("page") or 1) - 1) * size
    return asking.records(found[start : start + size])


def _listing(names: Mapping[int, str]) -> Handler:
    def answer(asking: Asking) -> Any:
        wanted = asking.params.maybe_number("id")
        return asking.records(
            {"id": key, "name": name} for key, name in names.items() if wanted is None or key == wanted
        )

    return answer


def get_triggers(asking: Asking) -> Any:
    """``triggers``: none; webhooks go out by the rules of the control API."""
    return asking.records([])


CALLS: Calls = {
    ("GET", "user"): get_user,
    ("GET", "user.by"): get_user_by,
    ("GET", "users"): get_users,
    ("GET", "users.by"): find_users,
    ("GET", "users.groups"): groups_of_users,
    ("GET", "groups"): get_groups,
    ("GET", "groups.users"): users_of_group,
    ("GET", "helpdesks"): get_helpdesks,
    ("GET", "levels"): get_levels,
    ("GET", "helpdesksandlevels"): get_helpdesks_and_levels,
    ("GET", "categories"): get_categories,
    ("GET", "incident.attributes.category"): get_categories,
    ("GET", "incident.attributes.status"): _listing(STATUSES),
    ("GET", "incident.attributes.priority"): _listing(PRIORITIES),
    ("GET", "incident.attributes.type"): _listing(TYPES),
    ("GET", "incident.attributes.source"): _listing(SOURCES),
    ("GET", "triggers"): get_triggers,
    ("GET", "triggers.executions"): get_triggers,
    ("GET", "sd.version"): lambda asking: {"version": "v8.15.13"},
}
