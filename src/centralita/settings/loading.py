"""From a file, the environment and the command line's options to checked settings, or to everything that is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from centralita.core.access import ROLES
from centralita.i18n import N_
from centralita.settings import document, environment
from centralita.settings.document import Document
from centralita.settings.faults import explain
from centralita.settings.places import Keys, Notice, Place, SettingsError, dotted
from centralita.settings.schema import names_at, nearest_key
from centralita.settings.shape import Settings

_PATHS: tuple[Keys, ...] = (("data_dir",), ("server", "socket"), ("network", "ca_file"), ("logs", "file"))

_SEED_KEYS: tuple[tuple[Keys, Keys], ...] = (
    (("integrations", "slack", "notification_rules"), ("rules",)),
    (("integrations", "notification_rules"), ("rules",)),
    (("slack", "notification_rules"), ("rules",)),
    (("notification_rules",), ("rules",)),
    (("integrations", "slack", "formatting"), ("slack", "formatting")),
    (("integrations", "formatting"), ("slack", "formatting")),
    (("formatting",), ("slack", "formatting")),
    (("integrations", "slack"), ("slack",)),
)
"""The names of NopeSight's configuration, from the innermost outwards, and ours."""

_BY_ONE = ("rules", "webhooks")
_FOLLOWERS: Mapping[str, tuple[str, ...]] = {"permissions": ("dashboard",)}
"""Sections that name what another one defines."""

_LATER = ("workflows", "troubleshooting")
_NOT_OURS = ("bot_token_scopes", "user_token_scopes")


def load(path: Path | None, environ: Mapping[str, str], data_dir: Path | None = None) -> Settings:
    """The settings of the file ``path`` (None: no file), under ``environ``, under the option ``data_dir``.

    A relative path in the file starts at the file's directory, anywhere else at the current one. Raises SettingsError
    with everything that is wrong.
    """
    read = document.read(path, environ) if path else Document()
    if not read.problems or read.values:
        _translate(read)
        if path:
            _anchor_paths(read, path.absolute().parent)
        environment.overlay(read, environ)
        if data_dir:
            environment.put(read, ("data_dir",), str(data_dir), Place("--data"))
    settings, problems = _validate(read)
    if consistent := _sound(read, problems) if problems else settings:
        problems += _contradictions(consistent, read)
    if problems or settings is None:
        found = sorted(problems, key=lambda problem: (problem.place.line, problem.place.column))
        raise SettingsError(found, _sound(read, found))
    settings._places = read.places
    settings._notices = tuple(read.notices)
    return settings


def _translate(read: Document) -> None:
    """Gives the names of the seed's configuration ours, and takes out what has no effect."""
    for source, target in _SEED_KEYS:
        if not _present(read.values, source):
            continue
        inner = _at(read.values, source)
        if source == ("integrations", "slack") and isinstance(inner, dict) and _at(read.values, target) is not None:
            for key in list(inner):
                read.move((*source, key), (*target, key))
            if not inner:
                del read.values["integrations"]["slack"]
        else:
            read.move(source, target)
    if read.values.get("integrations") == {}:
        del read.values["integrations"]
    for section in ((), ("integrations",), ("slack",)):
        for key in (*_LATER, *_NOT_OURS):
            if _present(read.values, (*section, key)):
                del _at(read.values, section)[key]
                reason = N_("has no effect in this version.") if key in _LATER else N_("belongs to the app in Slack.")
                read.notices.append(Notice(read.places[(*section, key)], reason))
    if read.values.get("integrations") == {}:
        del read.values["integrations"]


def _at(values: Any, keys: Keys) -> Any:
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _present(values: dict[str, Any], keys: Keys) -> bool:
    holder = _at(values, keys[:-1])
    return isinstance(holder, dict) and keys[-1] in holder


def _anchor_paths(read: Document, directory: Path) -> None:
    for keys in _PATHS:
        written = _at(read.values, keys)
        if isinstance(written, str) and written:
            _at(read.values, keys[:-1])[keys[-1]] = str(directory / written)


def _validate(read: Document) -> tuple[Settings | None, list[Notice]]:
    problems = list(read.problems)
    said = {problem.place for problem in problems}
    try:
        return Settings.model_validate(read.values), problems
    except ValidationError as error:
        # Neither input nor context reaches a message except through _explain: a value may be a secret.
        for fault in error.errors(include_url=False, include_input=False):
            notice = _explain(tuple(fault["loc"]), fault["type"], fault.get("ctx", {}), read)
            if notice.place not in said:
                problems.append(notice)
    return None, problems


def _explain(keys: Keys, kind: str, context: Mapping[str, Any], read: Document) -> Notice:
    if keys and keys[-1] == "[key]":
        keys = keys[:-1]
    place = _place(keys, read)
    if kind == "extra_forbidden":
        near = nearest_key(str(keys[-1]), keys[:-1])
        if near:
            return Notice(place, N_("There is no such setting."), N_("Did you mean {near}?"), {"near": near})
        known = ", ".join(names_at(keys[:-1]))
        return Notice(place, N_("There is no such setting."), N_("There are: {known}."), {"known": known})
    reason, arguments = explain(keys, kind, context)
    return Notice(place, reason, arguments=arguments)


def _place(keys: Keys, read: Document) -> Place:
    """Where ``keys`` were written, else where the nearest section around them was."""
    for length in range(len(keys), -1, -1):
        if place := read.places.get(keys[:length]):
            return place if length else Place(place.origin, place.line, place.column, dotted(keys))
    return Place("", key=dotted(keys))


def _sound(read: Document, problems: Sequence[Notice]) -> Settings | None:
    """What is left without everything that ``problems`` are about, to look for more in it; None if that is nothing.

    Nothing may look wrong in it that follows from what was left out: so sections go as a whole, and rules and webhooks,
    which are judged one by one, lose single keys. They keep their places in the lists.
    """
    wrong = {problem.place for problem in problems}
    values = deepcopy(read.values)
    for keys in [keys for keys, place in read.places.items() if keys and place in wrong]:
        section = str(keys[0])
        entries = values.get(section)
        if section in _BY_ONE and len(keys) > 1 and isinstance(entries, list):
            _mend(entries, keys)
        else:
            values.pop(section, None)
        for follower in _FOLLOWERS.get(section, ()):
            values.pop(follower, None)
        if section == "webhooks" and isinstance(values.get("rules"), list):
            values["rules"] = [_without_webhook(rule) for rule in values["rules"]]
    try:
        settings = Settings.model_validate(values)
    except ValidationError:
        return None
    settings._places = read.places
    return settings


def _without_webhook(rule: Any) -> Any:
    return {key: value for key, value in rule.items() if key != "webhook"} if isinstance(rule, dict) else rule


def _mend(entries: list[Any], keys: Keys) -> None:
    """Takes the key that is wrong out of an entry, which has a name afterwards."""
    index = int(keys[1])
    if index >= len(entries):  # the environment gave a shorter list than the file
        return
    entry = entries[index] if isinstance(entries[index], dict) else {}
    if len(keys) > 2:
        entry.pop(keys[2], None)
    entry.setdefault("name", dotted(keys[:2]))
    entries[index] = entry


def _contradictions(settings: Settings, read: Document) -> list[Notice]:
    return [
        Notice(_place(keys, read), reason, arguments=arguments)
        for keys, reason, arguments in (*_repeated(settings), *_inconsistent(settings))
    ]


_Fault = tuple[Keys, str, dict[str, str]]


def _repeated(settings: Settings) -> Iterator[_Fault]:
    names = {
        ("sources", "slug"): [source.slug for source in settings.sources],
        ("rules", "name"): [rule.name for rule in settings.rules],
        ("webhooks", "name"): [webhook.name for webhook in settings.webhooks],
    }
    for (section, key), values in names.items():
        seen: Counter[str] = Counter()
        for index, value in enumerate(values):
            if seen[value]:
                yield (section, index, key), N_("is taken already: {name}."), {"name": value}
            seen[value] += 1


def _inconsistent(settings: Settings) -> Iterator[_Fault]:
    for index, webhook in enumerate(settings.webhooks):
        if webhook.secret and webhook.secrets:
            yield ("webhooks", index, "secret"), N_("has to be left out where secrets are given."), {}
    permissions = settings.permissions
    roles = tuple(dict.fromkeys((*ROLES, *permissions.roles)))  # a role that is not said anew is still there
    unknown, limit = N_("has to be one of {limit}."), ", ".join(roles)
    for person, role in permissions.user_mappings.items():
        if role not in roles:
            yield ("permissions", "user_mappings", person), unknown, {"limit": limit}
    if permissions.default and permissions.default not in roles:
        yield ("permissions", "default"), unknown, {"limit": limit}
    oidc = settings.dashboard.oidc
    for word, role in oidc.role_mappings.items():
        if role not in roles:
            yield ("dashboard", "oidc", "role_mappings", word), unknown, {"limit": limit}
    if oidc.default_role and oidc.default_role not in roles:
        yield ("dashboard", "oidc", "default_role"), unknown, {"limit": limit}
    if settings.network.ca_file and not settings.network.ca_file.is_file():
        yield ("network", "ca_file"), N_("There is no such file."), {}
