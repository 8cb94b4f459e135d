"""Targets in other workspaces than the default one: ``acme/#alerts``, by a workspace's domain or id.

What is remembered of such a workspace (people, groups, channels) is kept apart under keys of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from centralita.integrations.slack.api import Calls, T
from centralita.integrations.slack.people import is_address
from centralita.ports import Delivery, HttpRequest, HttpResponse, Remember

_APART = ("slack:user:", "slack:handle:", "slack:usergroups", "slack:channel:", "slack:workspace")
"""Keys of what means something else in each workspace. A channel's id means the same everywhere."""


def part_target(target: str) -> tuple[str, str]:
    """The workspace in lower case, "" for the default one, and the channel or address there."""
    target = target.strip()
    workspace, slash, channel = target.partition("/")
    if is_address(target) or not slash or not workspace.strip() or not channel.strip():
        return "", target
    return workspace.strip().lower(), channel.strip()


def there(delivery: Delivery, channel: str) -> Delivery:
    """The delivery as it is performed inside of its workspace."""
    return msgspec.structs.replace(delivery, effect=msgspec.structs.replace(delivery.effect, target=channel))


def scoped(key: str, workspace: str) -> str:
    """The key of what is remembered in a workspace; as it is for the default one ("")."""
    prefix = next((prefix for prefix in _APART if key.startswith(prefix)), "") if workspace else ""
    return f"{prefix.removesuffix(':')}:{workspace}/{key.removeprefix(prefix)}" if prefix else key


def unscoped(known: Mapping[str, Any], keys: tuple[str, ...], workspace: str) -> Mapping[str, Any]:
    """What is known under ``keys``, as whoever works inside of the workspace calls them."""
    return {key: known[scoped(key, workspace)] for key in keys if scoped(key, workspace) in known}


def remembered_apart(calls: Calls[T], workspace: str) -> Calls[T]:
    """``calls``, which remember what they remember of the workspace apart."""
    answer: HttpResponse | None = None
    while True:
        try:
            step: HttpRequest | Remember = calls.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        if isinstance(step, Remember):
            step = msgspec.structs.replace(step, key=scoped(step.key, workspace))
        answer = yield step
