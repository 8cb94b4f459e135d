"""auth.test, team.info, users.*, usergroups.list: who is who."""

from __future__ import annotations

from typing import Any

from centralita.sandbox.slack.caller import Answer, Caller
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.workspace import User, Workspace


def auth_test(call: Caller) -> Answer:
    """auth.test: whose token this is."""
    return {
        "ok": True,
        "url": f"{call.base_url}/",
        "team": call.workspace.name,
        "user": call.bot.name,
        "team_id": call.workspace.team_id,
        "user_id": call.bot.user_id,
        "bot_id": call.bot.id,
        "is_enterprise_install": False,
    }


def team_info(call: Caller) -> Answer:
    """team.info."""
    space = call.workspace
    team = {
        "id": space.team_id,
        "name": space.name,
        "domain": space.domain,
        "email_domain": "example.com",
        "url": f"{call.base_url}/",
        "icon": {"image_default": True},
    }
    return {"ok": True, "team": team}


def users_info(call: Caller) -> Answer:
    """users.info."""
    user = call.workspace.users.get(call.args.text("user"))
    if user is None:
        raise Refusal("user_not_found")
    return {"ok": True, "user": describe(call, user)}


def users_list(call: Caller) -> Answer:
    """users.list."""
    people = list(call.workspace.users.values())
    page, metadata = call.page(people, len(people) or 1, 1000)
    return {"ok": True, "members": [describe(call, user) for user in page], "response_metadata": metadata}


def users_lookup_by_email(call: Caller) -> Answer:
    """users.lookupByEmail: an address that nobody active has is ``users_not_found``."""
    call.args.require("email")
    wanted = call.args.text("email").strip().casefold()
    for user in call.workspace.users.values():
        if user.email and user.email.casefold() == wanted and not user.deleted:
            return {"ok": True, "user": describe(call, user)}
    raise Refusal("users_not_found")


def users_profile_get(call: Caller) -> Answer:
    """users.profile.get."""
    user = call.workspace.users.get(call.args.text("user", call.bot.user_id))
    if user is None:
        raise Refusal("user_not_found")
    return {"ok": True, "profile": describe(call, user)["profile"]}


def bots_info(call: Caller) -> Answer:
    """bots.info."""
    wanted = call.args.text("bot", call.bot.id)
    bot = next((one for one in call.workspace.bots.values() if one.id == wanted), None)
    if bot is None:
        raise Refusal("bot_not_found")
    shown = {"id": bot.id, "deleted": False, "name": bot.name, "updated": 0, "app_id": bot.app_id}
    return {"ok": True, "bot": shown | {"user_id": bot.user_id, "icons": {}}}


def usergroup_members(call: Caller) -> Answer:
    """usergroups.users.list."""
    call.args.require("usergroup")
    group = call.workspace.usergroups.get(call.args.text("usergroup"))
    if group is None or (group.disabled and not call.args.flag("include_disabled")):
        raise Refusal("no_such_subteam")
    return {"ok": True, "users": list(group.users)}


def usergroups_list(call: Caller) -> Answer:
    """usergroups.list."""
    groups = []
    for group in call.workspace.usergroups.values():
        if group.disabled and not call.args.flag("include_disabled"):
            continue
        shape: dict[str, Any] = {
            "id": group.id,
            "team_id": call.workspace.team_id,
            "is_usergroup": True,
            "name": group.name,
            "handle": group.handle,
            "description": "",
            "is_external": False,
            "date_delete": int(group.disabled),
            "prefs": {"channels": [], "groups": []},
        }
        if call.args.flag("include_users"):
            shape["users"] = list(group.users)
        if call.args.flag("include_count"):
            shape["user_count"] = len(group.users)
        groups.append(shape)
    return {"ok": True, "usergroups": groups}


def describe(call: Caller, user: User) -> dict[str, Any]:
    """A user as Slack describes one to this bot: the address only with ``users:read.email``, the locale on request."""
    email, locale = "users:read.email" in call.bot.scopes, call.args.flag("include_locale")
    return describe_user(call.workspace, user, email=email, locale=locale)


def describe_user(space: Workspace, user: User, *, email: bool, locale: bool) -> dict[str, Any]:
    """A user, with what is asked for."""
    profile: dict[str, Any] = {
        "title": user.title,
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "team": space.team_id,
    }
    if user.email and email:
        profile["email"] = user.email
    shape: dict[str, Any] = {
        "id": user.id,
        "team_id": space.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": user.tz,
        "tz_offset": user.tz_offset_s,
        "profile": profile,
        "is_admin": user.is_admin,
        "is_owner": user.is_admin,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_restricted": False,
        "updated": 0,
    }
    if locale:
        shape["locale"] = user.locale
    return shape
