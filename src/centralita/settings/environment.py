"""What the environment says over the file: ``CENTRALITA_<SECTION>__<KEY>``, and the names that users already have.

An empty variable counts as not set. A value is text where the setting is text, else YAML: a number, ``true``, or a
whole list (``CENTRALITA_NETWORK__ALLOW='[10.0.0.0/8]'``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from centralita.i18n import N_
from centralita.settings.document import Document
from centralita.settings.places import Keys, Notice, Place, dotted
from centralita.settings.schema import is_text, kind_at, nearest_setting

PREFIX = "CENTRALITA_"

NAMES: Mapping[str, tuple[Keys, ...]] = {
    "SLACK_BOT_TOKEN": (("slack", "bot_token"),),
    "SLACK_APP_TOKEN": (("slack", "app_token"),),
    "SLACK_SIGNING_SECRET": (("slack", "signing_secret"),),
    "SLACK_WEBHOOK_URL": (("slack", "webhook_url"),),
    "SLACK_ALERTS_CHANNEL": (("slack", "channel_mappings", "high"), ("slack", "channel_mappings", "medium")),
    "SLACK_INCIDENTS_CHANNEL": (("slack", "channel_mappings", "critical"), ("slack", "incidents_channel")),
    "SLACK_CHANGES_CHANNEL": (("slack", "changes_channel"),),
    "SLACK_REPORTS_CHANNEL": (("slack", "reports_channel"),),
    "DATABASE_URL": (("database", "url"),),
    "WEBHOOK_SECRET": (("webhook_secret",),),
}
"""Names without our prefix; where both are set, ours wins."""

RESERVED = frozenset({"CENTRALITA_CONFIG", "CENTRALITA_DATA"})
"""Read by the command line, not here. ``CENTRALITA_TEST_*`` belongs to the tests."""


def overlay(document: Document, environ: Mapping[str, str]) -> None:
    """Puts what ``environ`` says over the values of ``document``."""
    for name, targets in NAMES.items():
        for keys in targets:
            if environ.get(name):
                put(document, keys, environ[name], Place(name, key=dotted(keys)))
    for name, keys, value in _ours(document, environ):
        put(document, keys, value, Place(name, key=dotted(keys)))


def put(document: Document, keys: Keys, value: Any, place: Place) -> None:
    """Sets one value, making the sections that lead to it. Where the file has something else than a section, it is left
    as it is, for the checks to complain."""
    holder = document.holder(keys)
    if holder is None:
        return
    holder[keys[-1]] = value
    for below in [path for path in document.places if path[: len(keys)] == keys]:
        del document.places[below]
    document.places[keys] = place


def _ours(document: Document, environ: Mapping[str, str]) -> Iterator[tuple[str, Keys, Any]]:
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in RESERVED or name.startswith("CENTRALITA_TEST_") or not environ[name]:
            continue
        keys: Keys = tuple(name.removeprefix(PREFIX).lower().split("__"))
        kind = kind_at(keys)
        if kind is None:
            known = nearest_setting(dotted(keys))
            near = PREFIX + known.replace(".", "__").upper()
            cure = N_("Did you mean {near}?") if known else ""
            document.problems.append(Notice(Place(name), N_("There is no such setting."), cure, {"near": near}))
        elif is_text(kind):
            yield name, keys, environ[name]
        else:
            try:
                yield name, keys, yaml.safe_load(environ[name])
            except yaml.YAMLError:
                reason = N_("has to be valid YAML.")
                document.problems.append(Notice(Place(name, key=dotted(keys)), reason))
