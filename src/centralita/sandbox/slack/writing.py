"""What people type, as Slack keeps it and as it hands it on."""

from __future__ import annotations

import re

from centralita.sandbox.slack.workspace import Workspace

_NAME = re.compile(r"(?<![\w@])@([\w.-]*\w)")
_CHANNEL = re.compile(r"(?<![\w#])#([\w-]+)")


def typed(space: Workspace, text: str) -> str:
    """A message as Slack keeps it: escaped, with the people that it names as mentions."""
    people = {user.name: user.id for user in space.users.values()}

    def mention(found: re.Match[str]) -> str:
        return f"<@{people[found[1]]}>" if found[1] in people else found[0]

    return _NAME.sub(mention, text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def named(space: Workspace, text: str) -> str:
    """What follows a command that wants ``should_escape``: people and channels by their ids, ``<@U…|name>`` and
    ``<#C…|name>``. https://docs.slack.dev/interactivity/implementing-slash-commands"""
    people = {user.name: user.id for user in space.users.values()}
    channels = {one.name: one.id for one in space.conversations.values() if one.kind == "public_channel"}

    def person(found: re.Match[str]) -> str:
        return f"<@{people[found[1]]}|{found[1]}>" if found[1] in people else found[0]

    def channel(found: re.Match[str]) -> str:
        return f"<#{channels[found[1]]}|{found[1]}>" if found[1] in channels else found[0]

    return _CHANNEL.sub(channel, _NAME.sub(person, text))
