"""Installing the app in a workspace by OAuth: somebody who may manages gives a link away, whoever opens it in time is
asked by Slack, and Slack's code becomes a bot token.

A link works for an hour, as often as it is opened. What it begins (a state) works for ten minutes, once, and only in
the browser that began it. Both are random and kept as hashes.
https://docs.slack.dev/authentication/installing-with-oauth
"""

from __future__ import annotations

import hashlib
import secrets
from urllib.parse import urlencode

import msgspec

from centralita.integrations.slack.manifest import REDIRECT_PATH
from centralita.integrations.slack.scopes import BOT_SCOPES
from centralita.services.access import Refused
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.slack_calls import ask
from centralita.services.slack_installations import Tokens
from centralita.services.slack_setup import Connected, Fault, SlackRefused, SlackUnavailable, describe, keep
from centralita.store import slack_installations
from centralita.store.database import Transaction

LINK_S, STATE_S = 3600.0, 600.0
INSTALL_PATH = "/slack/install"


class Begun(msgspec.Struct, frozen=True):
    """An installation under way."""

    url: str
    """Where Slack asks."""
    browser: str
    """A secret that the browser keeps: who comes back without it is somebody else."""


class GrantGone(Exception):
    """A link or state that has expired, was used, or never was."""


def _hash(*shown: str) -> str:
    return hashlib.sha256("\n".join(shown).encode("utf-8", "surrogatepass")).hexdigest()


def _base(hub: Hub) -> str:
    """Where browsers reach the hub. Raises Refused when something that OAuth needs is not configured."""
    slack, public_url = hub.settings.slack, hub.settings.server.public_url
    needed = {
        "slack.enabled": slack.enabled,
        "slack.client_id": slack.client_id,
        "slack.client_secret": slack.client_secret,
        "server.public_url": public_url,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing or not public_url:
        raise Refused("slack.oauth_unconfigured", settings=", ".join(missing))
    return public_url.rstrip("/")


async def make_link(hub: Hub, actor: str) -> tuple[str, float]:
    """A link that lets whoever has it install the app, and when it expires (seconds since 1970). Raises Refused."""
    base, key, now = _base(hub), secrets.token_urlsafe(32), hub.clock.now()

    def write(tx: Transaction) -> None:
        slack_installations.add_grant(tx, _hash(key), "link", actor, now + LINK_S, now)
        record(tx, now, actor, "slack.link_made", "slack", {"lives_s": LINK_S})

    await hub.database.write(write)
    return f"{base}{INSTALL_PATH}?{urlencode({'key': key})}", now + LINK_S


async def begin(hub: Hub, key: str) -> Begun:
    """Where to send the browser that opened a link. Raises GrantGone, Refused."""
    base, now = _base(hub), hub.clock.now()
    actor = await hub.database.read(lambda tx: slack_installations.grant_of(tx, _hash(key), "link", now))
    if actor is None:
        raise GrantGone
    state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    hashed, made_by = _hash(state, browser), actor
    await hub.database.write(lambda tx: slack_installations.add_grant(tx, hashed, "state", made_by, now + STATE_S, now))
    asked = {
        "client_id": hub.settings.slack.client_id or "",
        "scope": ",".join(one.name for one in BOT_SCOPES),
        "redirect_uri": base + REDIRECT_PATH,
        "state": state,
    }
    site = hub.settings.slack.api_url.rstrip("/").removesuffix("/api")
    return Begun(f"{site}/oauth/v2/authorize?{urlencode(asked)}", browser)


async def finish(hub: Hub, code: str, state: str, browser: str) -> Connected:
    """Makes Slack's ``code`` a connected workspace; "" for one that nobody got.

    Raises GrantGone, SlackRefused, SlackUnavailable, InTheWay, Refused.
    """
    base, now = _base(hub), hub.clock.now()
    actor = await hub.database.write(lambda tx: slack_installations.take_grant(tx, _hash(state, browser), "state", now))
    if actor is None:
        raise GrantGone
    if not code:
        raise SlackRefused([Fault("code", "slack.access_denied")])
    slack = hub.settings.slack
    given = {
        "client_id": slack.client_id or "",
        "client_secret": slack.client_secret.get_secret_value() if slack.client_secret else "",
        "code": code,
        "redirect_uri": base + REDIRECT_PATH,
    }
    said = await ask(hub.client, slack.api_url, "", "oauth.v2.access", given)
    if not said.reached:
        raise SlackUnavailable(said.reason, said.detail)
    if said.reason:
        raise SlackRefused([Fault("code", said.reason)])
    if not said.part("team") or said.answer.get("is_enterprise_install") is True:
        raise SlackRefused([Fault("code", "slack.whole_organisation")])
    return await _keep(hub, actor, said.text("access_token"), str(said.part("authed_user").get("id") or ""))


async def _keep(hub: Hub, actor: str, token: str, person: str) -> Connected:
    who = await ask(hub.client, hub.settings.slack.api_url, token, "auth.test")
    if who.reason:
        raise SlackUnavailable(who.reason, who.detail)
    found = await describe(hub, token, who)
    # The app's own token and secret are the same in every workspace: those that the hub has already.
    return await keep(hub, actor, found, Tokens(bot_token=token), {"slack_user": person})
