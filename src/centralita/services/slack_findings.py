"""What a check of Slack can find, in message ids with arguments, and the common issues that it explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services.wording import in_words

State = Literal["ok", "warn", "fail"]

FOUND: Mapping[str, str] = {
    "token.none": N_("There is no bot token, and no workspace is connected."),
    "token.ended": N_("Slack has ended the installation: the app was uninstalled, or its token revoked."),
    "token.shut": N_("This machine's key does not open the tokens."),
    "token.accepted": N_("Slack accepts the bot token: {name} in {team}."),
    "token.refused": N_("Slack refuses the bot token: {reason}"),
    "token.kind": N_("{setting}: {reason}"),
    "webhook.only": N_("Only an incoming webhook: no updates, threads, buttons or direct messages."),
    "network.reached": N_("Slack can be reached."),
    "network.failed": N_("Slack cannot be reached: {reason}"),
    "clock.right": N_("The clock is right to {seconds} s."),
    "clock.wrong": N_("The clock is {seconds} s away from Slack's."),
    "limits.free": N_("Slack holds nothing back."),
    "limits.held": N_("Slack asks for fewer calls of {methods}; the hub waits for as long as Slack says."),
    "scope.all": N_("The bot has all of its scopes."),
    "scope.missing": N_("The scope {scope} is missing: without it nobody can {reason}."),
    "scope.unknown": N_("Slack does not name the token's scopes."),
    "call.refused": N_("{method} is refused: {reason}"),
    "call.works": N_("{method} works."),
    "socket.opens": N_("Socket Mode can be opened."),
    "socket.no_token": N_("There is no app-level token: buttons, commands and events do not reach the hub."),
    "socket.refused": N_("Slack refuses Socket Mode: {reason}"),
    "socket.unreachable": N_("The machine that Slack names for Socket Mode cannot be reached: {reason}"),
    "http.no_secret": N_("There is no signing secret: every request of Slack's is refused."),
    "http.no_url": N_("server.public_url is missing or not https: Slack cannot reach the hub."),
    "http.reached": N_("{url} answers as Slack wants it."),
    "http.unreachable": N_("{url} does not answer as Slack wants it: {reason}"),
    "events.unknown": N_("Slack does not tell which events an app subscribes to. The manifest has {count}."),
    "events.lost": N_("{event} cannot come without the scope {scope}: nobody can {reason}."),
    "channel.there": N_("The app is in {channel}."),
    "channel.unknown": N_("Slack knows no channel {channel}, or it is private and the app is not in it."),
    "channel.outside": N_("The app is not in {channel}: it can post there, but hears nothing."),
    "channel.shut_out": N_("The app is not in {channel}: it cannot post there."),
    "channel.archived": N_("{channel} is archived."),
    "channel.workspace": N_("{channel}: the app is not installed in that workspace."),
    "content.fine": N_("Slack has refused no message for its content."),
    "content.refused": N_("{count} messages were given up because Slack refused their content: {reason}"),
    "content.escaped": N_("What comes from outside is escaped, and only what Slack's mrkdwn knows is written."),
    "encoding.kept": N_("Letters and emoji arrive as they were sent."),
    "encoding.broken": N_("Letters and emoji do not arrive as they were sent: something on the way changes them."),
    "encoding.unknown": N_("It cannot be told whether letters and emoji arrive: {reason}"),
}
"""Message id to a text with the finding's arguments."""

CURES: Mapping[str, str] = {
    "token.none": N_("Set SLACK_BOT_TOKEN, or: centralita slack connect"),
    "token.ended": N_("Install the app again: centralita slack connect, or centralita slack link"),
    "token.shut": N_("Give this machine the key that the others have, or connect it again."),
    "token.refused": N_("Copy the token anew from OAuth & Permissions; after scopes were added, reinstall the app."),
    "token.kind": N_("Put each token in its place."),
    "webhook.only": N_("Make an app: centralita slack manifest"),
    "network.failed": N_("Check the firewall, network.proxy and network.ca_file."),
    "clock.wrong": N_("Set the clock by NTP: Slack's requests are refused from 300 s on."),
    "limits.held": N_("Nothing: the queues go on by themselves."),
    "scope.missing": N_("Add it under OAuth & Permissions, Bot Token Scopes, and reinstall the app."),
    "call.refused": N_("Add the scope under OAuth & Permissions, Bot Token Scopes, and reinstall the app."),
    "socket.no_token": N_("Make one under Basic Information, App-Level Tokens, with connections:write."),
    "socket.refused": N_("Switch Socket Mode on in the app, and copy the app-level token anew."),
    "socket.unreachable": N_("Let WebSockets (port 443) out through the firewall."),
    "http.no_secret": N_("Set SLACK_SIGNING_SECRET: it stands under Basic Information."),
    "http.no_url": N_("Set server.public_url, or slack.mode: socket."),
    "http.unreachable": N_("Have {url} lead to this hub from the internet."),
    "events.unknown": N_("Compare under Event Subscriptions: centralita slack manifest"),
    "events.lost": N_("Add the scope, reinstall the app, and subscribe to the event."),
    "channel.unknown": N_("Create it, or type in it: /invite @{bot}"),
    "channel.outside": N_("Type in {channel}: /invite @{bot}"),
    "channel.shut_out": N_("Type in {channel}: /invite @{bot}"),
    "channel.archived": N_("Unarchive it, or name another channel in the configuration."),
    "channel.workspace": N_(
        "Connect it: centralita slack link. The default workspace's channels stand without a name."
    ),
    "content.refused": N_("See which: centralita delivery list-dead"),
    "encoding.broken": N_("Look for a proxy that rewrites requests; everything is sent as UTF-8."),
}
"""Message id to what can be done."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    cause: str
    """Of ``ISSUES``: what it would explain."""
    state: State
    id: str
    """Of ``FOUND`` and ``CURES``."""
    arguments: Mapping[str, str] = {}
    """A value that begins with ``msgid:`` is a text to be translated, with ``reason:`` a message id."""
    workspace: str = ""


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint that people come with, and what may be behind it."""

    name: str
    symptom: str
    causes: Mapping[str, str]
    """Name to text, the likeliest first."""
    solutions: Mapping[str, str]
    """For each cause."""


ISSUES: tuple[Issue, ...] = (
    Issue(
        name="connection_errors",
        symptom=N_("Bot appears offline"),
        causes={
            "token": N_("Invalid bot token"),
            "network": N_("Network connectivity"),
            "limits": N_("Rate limiting"),
        },
        solutions={
            "token": N_("Verify bot token"),
            "network": N_("Check firewall rules"),
            "limits": N_("Exponential backoff, and as long as Slack says: the hub does both"),
        },
    ),
    Issue(
        name="missing_messages",
        symptom=N_("Bot doesn't respond to commands"),
        causes={
            "events": N_("Missing event subscriptions"),
            "scopes": N_("Incorrect permissions"),
            "channels": N_("Bot not in channel"),
        },
        solutions={
            "events": N_("Check event subscriptions"),
            "scopes": N_("Verify OAuth scopes"),
            "channels": N_("Invite bot to channel"),
        },
    ),
    Issue(
        name="formatting_issues",
        symptom=N_("Messages appear broken"),
        causes={
            "blocks": N_("Invalid block JSON"),
            "markdown": N_("Unsupported markdown"),
            "encoding": N_("Character encoding"),
        },
        solutions={
            "blocks": N_("Validate block kit JSON: the hub posts a message as text when Slack refuses its blocks"),
            "markdown": N_("Use Slack's markdown subset"),
            "encoding": N_("Ensure UTF-8 encoding"),
        },
    ),
)
"""By the names under which people look for them."""


def said(finding: Finding, locale: str) -> str:
    """What was found, in words."""
    return _(FOUND[finding.id], locale).format(**_words(finding, locale))


def cure(finding: Finding, locale: str) -> str:
    """What can be done about it; "" for nothing."""
    if finding.state == "ok" and finding.id != "events.unknown":
        return ""
    text = CURES.get(finding.id, "")
    return _(text, locale).format(**_words(finding, locale)) if text else ""


def _words(finding: Finding, locale: str) -> dict[str, str]:
    return {name: _word(value, locale) for name, value in finding.arguments.items()}


def _word(value: str, locale: str) -> str:
    kind, colon, text = value.partition(":")
    if colon and kind == "msgid":
        return _(text, locale)
    return in_words(text, {}, locale) if colon and kind == "reason" else value


def worst(findings: Sequence[Finding]) -> State:
    """The gravest state among them; ``ok`` for none."""
    states = {finding.state for finding in findings}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"
