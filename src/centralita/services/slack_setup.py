"""Connecting a Slack workspace by its tokens, and disconnecting it.

Tokens are verified first and kept sealed; no answer, log or error ever holds one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from centralita.integrations.slack.scopes import Scope, missing
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.keys import KeyFault
from centralita.services.slack_calls import Said, ask
from centralita.services.slack_installations import Installation, Tokens, seal
from centralita.services.source_changes import InTheWay
from centralita.store import slack_installations
from centralita.store.database import Transaction
from centralita.store.slack_installations import InstallationRow

T = TypeVar("T")

_APP_OF = re.compile(r"xapp-\d-(A[A-Z0-9]{8,})-")
"""The app's id in an app-level token."""
_KINDS: Mapping[str, str] = {
    "xoxb-": "slack.is_bot_token",
    "xapp-": "slack.is_app_token",
    "xoxp-": "slack.is_user_token",
    "xoxe-": "slack.is_refresh_token",
    "xoxe.": "slack.is_refresh_token",
    "https": "slack.is_webhook_url",
}
"""What a text begins with to what it is, for whoever put it in the wrong place."""
_BEGINNINGS: Mapping[str, tuple[str, str]] = {
    "bot_token": ("xoxb-", "slack.not_bot_token"),
    "app_token": ("xapp-", "slack.not_app_token"),
}


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one thing that was given."""

    at: str
    """``bot_token``, ``app_token``, ``signing_secret``."""
    reason: str
    """A message id."""


class SlackRefused(Exception):
    """What was given does not do."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(", ".join(f"{fault.at}: {fault.reason}" for fault in faults))
        self.faults = tuple(faults)


class SlackUnavailable(Exception):
    """Slack could not be asked: a message id, and the rest of the reason."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace that was connected."""

    installation: Installation
    missing_scopes: tuple[Scope, ...]
    missing: tuple[str, ...]
    """Names of what was not given though the app needs it: ``app_token`` in Socket Mode, ``signing_secret`` in HTTP."""


def misplaced(tokens: Tokens) -> list[Fault]:
    """What can be seen without asking Slack: something in the wrong place."""
    faults = []
    for name, (beginning, otherwise) in _BEGINNINGS.items():
        value = getattr(tokens, name)
        if value and not value.startswith(beginning):
            faults.append(Fault(name, _KINDS.get(value[:5], otherwise)))
    if tokens.signing_secret[:5] in _KINDS:
        faults.append(Fault("signing_secret", _KINDS[tokens.signing_secret[:5]]))
    return faults


async def connect(hub: Hub, actor: str, tokens: Tokens) -> Connected:
    """Verifies the tokens, keeps them, and speaks to the workspace from now on.

    Raises SlackRefused, SlackUnavailable, InTheWay (the file provides that workspace; no key to seal with).
    """
    faults = misplaced(tokens)
    if faults:
        raise SlackRefused(faults)
    who = await _verified(hub, tokens.bot_token, "auth.test", "bot_token")
    if tokens.app_token:
        await _verified(hub, tokens.app_token, "apps.connections.open", "app_token")
    found = await describe(hub, tokens.bot_token, who)
    claimed = _APP_OF.match(tokens.app_token)
    if claimed and found.app_id and claimed[1] != found.app_id:
        raise SlackRefused([Fault("app_token", "slack.other_app")])
    return await keep(hub, actor, found, tokens)


async def _verified(hub: Hub, token: str, method: str, at: str) -> Said:
    said = await _ask(hub, token, method)
    if said.reason:
        raise SlackRefused([Fault(at, said.reason)])
    return said


async def _ask(hub: Hub, token: str, method: str, **arguments: str) -> Said:
    said = await ask(hub.client, hub.settings.slack.api_url, token, method, arguments)
    if not said.reached or said.reason == "slack.ratelimited":
        raise SlackUnavailable(said.reason, said.detail)
    return said


async def describe(hub: Hub, bot_token: str, who: Said) -> Installation:
    """The workspace of a token that ``auth.test`` has accepted. Raises SlackUnavailable."""
    team, bot = Said(), Said()
    if "team:read" in who.scopes or not who.scopes:
        team = await _ask(hub, bot_token, "team.info")
    if who.text("bot_id") and ("users:read" in who.scopes or not who.scopes):
        bot = await _ask(hub, bot_token, "bots.info", bot=who.text("bot_id"))
    enterprise = who.text("enterprise_id")
    return Installation(
        origin="database",
        tokens=Tokens(),
        team_id=who.text("team_id"),
        name=who.text("team"),
        domain=str(team.part("team").get("domain") or "") or _domain_of(who.text("url")),
        enterprise=enterprise,
        app_id=str(bot.part("bot").get("app_id") or ""),
        bot_user=who.text("user_id"),
        scopes=tuple(sorted(who.scopes)),
    )


def _domain_of(url: str) -> str:
    """``acme`` of ``https://acme.slack.com/``; "" for an address of another shape."""
    host = urlsplit(url).hostname or ""
    return host.removesuffix(".slack.com") if host.endswith(".slack.com") else ""


async def keep(
    hub: Hub, actor: str, found: Installation, tokens: Tokens, more: Mapping[str, str] | None = None
) -> Connected:
    """Keeps a workspace that Slack has vouched for; ``more`` for the audit log. Raises SlackUnavailable, InTheWay."""
    await _refuse_provided(hub, found)
    now = hub.clock.now()
    try:
        sealed = seal(hub.vault, found.team_id, tokens)
    except KeyFault as fault:
        raise InTheWay(fault.reason) from None

    def write(tx: Transaction) -> None:
        before = slack_installations.find(tx, found.team_id)
        row = InstallationRow(
            team_id=found.team_id,
            name=found.name,
            domain=found.domain,
            enterprise=found.enterprise,
            app_id=found.app_id,
            bot_user=found.bot_user,
            scopes=" ".join(found.scopes),
            sealed=sealed,
            installed_by=actor,
            # The first stays the default, also when it is installed anew.
            installed_at=now if before is None else before.installed_at,
        )
        slack_installations.put(tx, row)
        details = {"name": found.name, "domain": found.domain, "scopes": list(found.scopes), **(more or {})}
        record(tx, now, actor, "slack.connected", f"slack/{found.team_id}", details)

    await change(hub, write)
    kept = hub.workspaces.find(found.team_id)
    if kept is None:  # somebody has disconnected it in the meantime
        raise LookupError(found.team_id)
    slack = hub.settings.slack
    needed = {"app_token": slack.mode == "socket" and not hub.workspaces.app_tokens}
    needed["signing_secret"] = slack.mode == "http" and not hub.workspaces.signing_secrets
    return Connected(
        installation=kept,
        missing_scopes=missing(found.scopes) if found.scopes else (),
        missing=tuple(name for name, is_missing in needed.items() if is_missing),
    )


async def _refuse_provided(hub: Hub, found: Installation) -> None:
    token = hub.workspaces.provided.bot_token
    if token and (await _ask(hub, token, "auth.test")).text("team_id") == found.team_id:
        raise InTheWay("slack.provided", workspace=found.name or found.team_id)


async def disconnect(hub: Hub, actor: str, workspace: str) -> None:
    """Forgets a workspace and its tokens; at Slack the app stays. Raises LookupError, InTheWay."""
    known = hub.workspaces.find(workspace)
    if known is None:
        if not workspace and hub.workspaces.provided.bot_token:
            raise InTheWay("slack.provided", workspace="")
        raise LookupError(workspace)
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        slack_installations.remove(tx, known.team_id)
        details = {"name": known.name, "domain": known.domain}
        record(tx, now, actor, "slack.disconnected", f"slack/{known.team_id}", details)

    await change(hub, write)


async def end(hub: Hub, team_id: str, reason: str) -> bool:
    """Slack has ended an installation (``app_uninstalled``, ``tokens_revoked``): its tokens are gone. What is to be
    delivered there waits until it is installed again. False for one that is not known, or has ended before."""
    now = hub.clock.now()

    def write(tx: Transaction) -> bool:
        row = slack_installations.find(tx, team_id)
        if row is None or row.revoked_at is not None:
            return False
        slack_installations.put(tx, msgspec.structs.replace(row, sealed=None, revoked_at=now))
        record(tx, now, "slack", "slack.ended", f"slack/{team_id}", {"name": row.name, "reason": reason})
        return True

    return await change(hub, write)


async def change(hub: Hub, write: Callable[[Transaction], T]) -> T:
    """Writes, and has everybody who speaks to Slack know."""
    name = hub.ids.new()

    def whole(tx: Transaction) -> T:
        result = write(tx)
        slack_installations.set_version(tx, name)
        return result

    result = await hub.database.write(whole)
    await hub.workspaces.refresh()
    hub.deliverer.look()
    hub.database.notify()
    return result
