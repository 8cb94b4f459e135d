"""Who is who in Slack: the person of a direct message, and what ``@oncall`` means. Answers are remembered.

Remembered under ``slack:user:<address>``: ``{at, id, channel, locale}``, ``id`` "" for somebody who is not in Slack;
``slack:usergroups``: ``{at, handles: {handle: id}}``; ``slack:handle:<handle>``: ``{at, id}``. ``at`` is in seconds
since 1970.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from centralita.core import payload
from centralita.core.mrkdwn import clean, escape
from centralita.integrations.slack.api import Answer, Api, Calls, Ended, error_of
from centralita.integrations.slack.errors import GONE_PERSON, judge
from centralita.ports import Known, Remember

FOUND_TTL_S = 24 * 3600.0
MISSING_TTL_S = 3600.0
USER_PAGES, USERS_A_PAGE = 4, 40
"""How many people are searched for a handle: what fits into one burst of the method's limit."""

GROUPS_KEY = "slack:usergroups"
EVERYBODY = {"@channel": "<!channel>", "@here": "<!here>", "@everyone": "<!everyone>"}
_USER_ID = re.compile(r"<?@?([UW][A-Z0-9]{6,20})>?")
_GROUP_ID = re.compile(r"(?:<!subteam\^)?(S[A-Z0-9]{6,20})>?")
_TRANSIENT_ATTEMPTS = 3
"""So often a mention that can't be looked up just now holds its message back: a call to the one on duty that nobody
hears is worse than a minute's delay. After that it is written as text."""


class Person(msgspec.Struct, frozen=True):
    """Somebody in Slack. ``channel`` is the direct message's."""

    id: str
    channel: str
    locale: str


def is_address(target: str) -> bool:
    """Whether a target is somebody's e-mail address."""
    return "@" in target[1:] and not target.startswith("#")


def user_key(address: str) -> str:
    return f"slack:user:{address.strip().lower()}"


def find_person(api: Api, address: str, known: Known) -> Calls[Person | None]:
    """The person with an e-mail address, their direct message opened; None when there is nobody, or nobody any more."""
    key = user_key(address)
    remembered = _fresh(known.get(key), api.now)
    if remembered is not None and (remembered.get("channel") or not remembered.get("id")):
        return _person(remembered)
    answer = yield from api.call("users.lookupByEmail", {"email": address.strip()})
    user = payload.mapping(answer, "user")
    opened: Answer = {}
    if answer.get("ok") and not user.get("deleted"):
        opened = yield from api.call("conversations.open", {"users": payload.text(user, "id")})
    refused = error_of(answer) or (error_of(opened) if opened else "")
    if refused and refused not in GONE_PERSON:
        raise Ended(judge(refused))
    channel = payload.text(opened, "channel.id")
    record: dict[str, Any] = {"at": api.now, "id": "", "channel": "", "locale": ""}
    if channel:
        locale = yield from _locale_of(api, payload.text(user, "id"))
        record = {"at": api.now, "id": payload.text(user, "id"), "channel": channel, "locale": locale}
    yield Remember(key=key, value=record)
    return _person(record)


def _person(record: Mapping[str, Any]) -> Person | None:
    return Person(record["id"], record["channel"], record.get("locale", "")) if record.get("id") else None


def _locale_of(api: Api, user_id: str) -> Calls[str]:
    try:
        answer = yield from api.call("users.info", {"user": user_id, "include_locale": "true"})
    except Ended:
        return ""
    return payload.text(answer, "user.locale", 20)


def _fresh(record: Any, now: float) -> dict[str, Any] | None:
    if not isinstance(record, dict):
        return None
    ttl_s = FOUND_TTL_S if record.get("id") or record.get("handles") else MISSING_TTL_S
    return record if now - float(record.get("at", 0)) < ttl_s else None


def mention_keys(mentions: Sequence[str]) -> tuple[str, ...]:
    """What ``mention`` needs to know for these mentions."""
    keys = list[str]()
    for name in map(str.strip, mentions):
        if is_address(name):
            keys.append(user_key(name))
        elif name.lower() not in EVERYBODY and not _USER_ID.fullmatch(name) and not _GROUP_ID.fullmatch(name):
            keys += [GROUPS_KEY, _handle_key(name)]
    return tuple(dict.fromkeys(keys))


def mention(api: Api, mentions: Sequence[str], known: Known, attempt: int) -> Calls[str]:
    """Slack markup that calls everybody in ``mentions``, in order; what can't be resolved stands there as plain text.

    Everybody at once (``@channel``, ``@here``) is called only by these words of the rule itself.
    """
    called = list[str]()
    groups: Mapping[str, str] | None = None
    for name in dict.fromkeys(name.strip() for name in mentions if name.strip()):
        if name.lower() in EVERYBODY:
            called.append(EVERYBODY[name.lower()])
        elif found := _USER_ID.fullmatch(name):
            called.append(f"<@{found[1]}>")
        elif found := _GROUP_ID.fullmatch(name):
            called.append(f"<!subteam^{found[1]}>")
        else:
            try:
                if is_address(name):
                    markup = yield from _mention_address(api, name, known)
                else:
                    groups = (yield from _groups(api, known)) if groups is None else groups
                    markup = yield from _mention_handle(api, name, groups, known)
            except Ended as ended:
                if ended.outcome.state == "retry" and attempt <= _TRANSIENT_ATTEMPTS:
                    raise
                markup = ""
            called.append(markup or escape(clean(name)))
    return " ".join(called)


def _mention_address(api: Api, address: str, known: Known) -> Calls[str]:
    remembered = _fresh(known.get(user_key(address)), api.now)
    if remembered is not None:
        return f"<@{remembered['id']}>" if remembered.get("id") else ""
    answer = yield from api.call("users.lookupByEmail", {"email": address})
    user_id = "" if payload.find(answer, "user.deleted") is True else payload.text(answer, "user.id")
    yield Remember(key=user_key(address), value={"at": api.now, "id": user_id, "channel": "", "locale": ""})
    return f"<@{user_id}>" if user_id else ""


def _groups(api: Api, known: Known) -> Calls[Mapping[str, str]]:
    """Every user group's handle and id; an older list when Slack gives none now."""
    record = known.get(GROUPS_KEY)
    fresh = _fresh(record, api.now)
    if fresh is not None:
        return payload.mapping(fresh, "handles")
    try:
        answer = yield from api.call("usergroups.list", {})
    except Ended:
        if isinstance(record, dict) and record.get("handles"):
            return payload.mapping(record, "handles")
        raise
    handles = {
        payload.text(group, "handle").lower(): payload.text(group, "id")
        for group in payload.items(answer, "usergroups")
        if not payload.integer(group, "date_delete")
    }
    yield Remember(key=GROUPS_KEY, value={"at": api.now, "handles": handles})
    return handles


def _handle_key(name: str) -> str:
    return f"slack:handle:{name.removeprefix('@').lower()}"


def _mention_handle(api: Api, name: str, groups: Mapping[str, str], known: Known) -> Calls[str]:
    handle = name.removeprefix("@").lower()
    if handle in groups:
        return f"<!subteam^{groups[handle]}>"
    remembered = _fresh(known.get(_handle_key(name)), api.now)
    if remembered is None:
        user_id = yield from _search_handle(api, handle)
        remembered = {"at": api.now, "id": user_id}
        yield Remember(key=_handle_key(name), value=remembered)
    return f"<@{remembered['id']}>" if remembered.get("id") else ""


def _search_handle(api: Api, handle: str) -> Calls[str]:
    cursor = ""
    for _page in range(USER_PAGES):
        arguments = {"limit": USERS_A_PAGE, **({"cursor": cursor} if cursor else {})}
        answer = yield from api.call("users.list", arguments)
        for user in payload.items(answer, "members"):
            names = {payload.text(user, path).lower() for path in ("name", "profile.display_name")}
            if handle in names and payload.find(user, "deleted") is not True:
                return payload.text(user, "id")
        cursor = payload.text(answer, "response_metadata.next_cursor")
        if not cursor:
            break
    return ""
