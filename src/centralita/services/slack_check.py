"""``slack check``: asks Slack about the app, the way its deliveries would, and says what is wrong and what to do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import msgspec

from centralita.integrations.slack import scopes
from centralita.integrations.slack.errors import BAD_CONTENT, MEANINGS
from centralita.integrations.slack.manifest import EVENTS_PATH
from centralita.integrations.slack.people import is_address
from centralita.integrations.slack.targets import part_target
from centralita.ports import HttpRequest
from centralita.services.hub import Hub
from centralita.services.slack_calls import Said, ask
from centralita.services.slack_channels import examine_channels
from centralita.services.slack_findings import Finding, State
from centralita.services.slack_installations import Installation, Tokens
from centralita.services.slack_setup import misplaced
from centralita.store import history
from centralita.store.database import Transaction

SKEW_WARN_S, SKEW_FAIL_S = 30.0, 300.0
SAMPLE = "ñ á 🚨 <&>"
_DEAD = 1000


async def check(hub: Hub) -> list[Finding]:
    """Everything, the app first, then each workspace. Changes nothing."""
    known = hub.workspaces
    found = [*_misplaced(known.provided)]
    if not known.listing():
        only = bool(hub.settings.slack.webhook_url)
        found.append(
            Finding(cause="token", state="warn" if only else "fail", id="webhook.only" if only else "token.none")
        )
    async for finding in _way_in(hub):
        found.append(finding)
    for installation in known.listing():
        found += [each async for each in _workspace(hub, installation)]
    found += _unknown_workspaces(hub)
    return [*found, *_limits(hub), *await hub.database.read(_content)]


def _misplaced(tokens: Tokens) -> Iterable[Finding]:
    for fault in misplaced(tokens):
        arguments = {"setting": f"slack.{fault.at}", "reason": f"reason:{fault.reason}"}
        yield Finding(cause="token", state="fail", id="token.kind", arguments=arguments)


# ---- one workspace


async def _workspace(hub: Hub, installation: Installation) -> AsyncIterator[Finding]:
    name = installation.domain or installation.team_id
    token = installation.tokens.bot_token
    if not token:
        ended = "token.ended" if installation.revoked_at is not None else "token.shut"
        yield Finding(cause="token", state="fail", id=ended, workspace=name)
        return
    who = await _ask(hub, token, "auth.test")
    name = name or who.text("team")
    for finding in (*_reached(hub, who), _token(who)):
        yield msgspec.structs.replace(finding, workspace=name)
    if who.reason:
        return
    for finding in (*_scopes(who), *_events(who)):
        yield msgspec.structs.replace(finding, workspace=name)
    for method in ("users.list", "usergroups.list"):
        if not who.scopes or who.scopes.issuperset(scopes.CALLS[method]):
            yield msgspec.structs.replace(_call(method, await _ask(hub, token, method, limit="1")), workspace=name)
    targets = _targets(hub, installation)
    for finding in await examine_channels(hub, token, who, targets):
        yield msgspec.structs.replace(finding, workspace=name)
    yield msgspec.structs.replace(_encoding(await _ask(hub, token, "api.test", sample=SAMPLE)), workspace=name)


async def _ask(hub: Hub, token: str, method: str, **arguments: str) -> Said:
    return await ask(hub.client, hub.settings.slack.api_url, token, method, arguments)


def _reached(hub: Hub, who: Said) -> Iterable[Finding]:
    if not who.reached:
        arguments = {"reason": f"reason:{who.reason}"}
        yield Finding(cause="network", state="fail", id="network.failed", arguments=arguments)
        return
    yield Finding(cause="network", state="ok", id="network.reached")
    try:
        theirs = parsedate_to_datetime(who.date).timestamp()
    except ValueError:
        return
    skew_s = abs(hub.clock.now() - theirs)
    state: State = "ok" if skew_s < SKEW_WARN_S else "warn" if skew_s < SKEW_FAIL_S else "fail"
    arguments = {"seconds": f"{skew_s:.0f}"}
    yield Finding(
        cause="network", state=state, id="clock.right" if state == "ok" else "clock.wrong", arguments=arguments
    )


def _token(who: Said) -> Finding:
    if who.reason:
        arguments = {"reason": f"reason:{who.reason}"}
        return Finding(cause="token", state="fail", id="token.refused", arguments=arguments)
    arguments = {"name": who.text("user"), "team": who.text("team")}
    return Finding(cause="token", state="ok", id="token.accepted", arguments=arguments)


def _scopes(who: Said) -> Iterable[Finding]:
    if not who.scopes:
        yield Finding(cause="scopes", state="warn", id="scope.unknown")
        return
    lacking = scopes.missing(who.scopes)
    for scope in lacking:
        arguments = {"scope": scope.name, "reason": f"msgid:{scope.reason}"}
        yield Finding(cause="scopes", state="fail", id="scope.missing", arguments=arguments)
    if not lacking:
        yield Finding(cause="scopes", state="ok", id="scope.all")


def _events(who: Said) -> Iterable[Finding]:
    for event in scopes.BOT_EVENTS if who.scopes else ():
        if event.scope and event.scope not in who.scopes:
            arguments = {"event": event.name, "scope": event.scope, "reason": f"msgid:{event.reason}"}
            yield Finding(cause="events", state="fail", id="events.lost", arguments=arguments)


def _call(method: str, said: Said) -> Finding:
    if said.reason in ("", "slack.ratelimited"):
        return Finding(cause="scopes", state="ok", id="call.works", arguments={"method": method})
    arguments = {"method": method, "reason": f"reason:{said.reason}"}
    return Finding(cause="scopes", state="fail", id="call.refused", arguments=arguments)


def _encoding(said: Said) -> Finding:
    if said.reason:
        arguments = {"reason": f"reason:{said.reason}"}
        return Finding(cause="encoding", state="ok", id="encoding.unknown", arguments=arguments)
    kept = said.part("args").get("sample") == SAMPLE
    return Finding(cause="encoding", state="ok" if kept else "fail", id="encoding.kept" if kept else "encoding.broken")


# ---- which channels


def named_targets(hub: Hub) -> list[str]:
    """Every channel that the rules and settings name, in their order, as written."""
    slack, routing = hub.settings.slack, hub.ruleset.routing
    named = [
        *(target for spec in hub.ruleset.specs if spec.enabled for target in (spec.channel, spec.fallback)),
        *routing.channel_mappings.values(),
        *(slack.incidents_channel, slack.changes_channel, slack.reports_channel, hub.settings.ops.channel),
    ]
    each = [target.strip() for one in named if one for target in ([one] if isinstance(one, str) else one)]
    return list(dict.fromkeys(target for target in each if not is_address(target)))


def _targets(hub: Hub, installation: Installation) -> dict[str, str]:
    """Of one workspace: channel there to target as written."""
    found = {}
    for target in named_targets(hub):
        workspace, channel = part_target(target)
        owner = hub.workspaces.find(workspace) if workspace else hub.workspaces.default
        if owner == installation:
            found[channel] = target
    return found


def _unknown_workspaces(hub: Hub) -> Iterable[Finding]:
    for target in named_targets(hub):
        workspace = part_target(target)[0]
        if workspace and hub.workspaces.find(workspace) is None:
            yield Finding(cause="channels", state="fail", id="channel.workspace", arguments={"channel": target})


# ---- how Slack reaches the hub


async def _way_in(hub: Hub) -> AsyncIterator[Finding]:
    yield Finding(cause="events", state="ok", id="events.unknown", arguments={"count": str(len(scopes.BOT_EVENTS))})
    if hub.settings.slack.mode == "http":
        yield await _by_http(hub)
        return
    if not hub.workspaces.app_tokens:
        yield Finding(cause="network", state="warn", id="socket.no_token")
    for token in hub.workspaces.app_tokens:
        yield await _by_socket(hub, token)


async def _by_socket(hub: Hub, token: str) -> Finding:
    said = await _ask(hub, token, "apps.connections.open")
    if said.reason:
        cause, id = ("token", "socket.refused") if said.reached else ("network", "network.failed")
        return Finding(cause=cause, state="fail", id=id, arguments={"reason": f"reason:{said.reason}"})
    # The address is good for one connection; here it is enough that its machine answers at all.
    parts = urlsplit(said.text("url"))
    scheme = "https" if parts.scheme == "wss" else "http"
    response = await hub.client.request(HttpRequest(url=f"{scheme}://{parts.netloc}/", method="GET", private=True))
    if response.status == 0:
        reason = response.reason or f"net.{response.error}"
        return Finding(cause="network", state="fail", id="socket.unreachable", arguments={"reason": f"reason:{reason}"})
    return Finding(cause="network", state="ok", id="socket.opens")


async def _by_http(hub: Hub) -> Finding:
    secret = next(iter(hub.workspaces.signing_secrets), "")
    base = (hub.settings.server.public_url or "").rstrip("/")
    if not secret:
        return Finding(cause="token", state="fail", id="http.no_secret")
    if not base:
        return Finding(cause="network", state="fail", id="http.no_url")
    url, challenge = base + EVENTS_PATH, secrets.token_hex(16)
    body = msgspec.json.encode({"type": "url_verification", "challenge": challenge, "token": ""})
    at = str(int(hub.clock.now()))
    signed = hmac.new(secret.encode(), b":".join((b"v0", at.encode(), body)), hashlib.sha256).hexdigest()
    headers = (
        ("content-type", "application/json"),
        ("x-slack-request-timestamp", at),
        ("x-slack-signature", f"v0={signed}"),
    )
    response = await hub.client.request(HttpRequest(url=url, headers=headers, body=body, private=True))
    if response.status == 200 and challenge.encode() in response.body:
        return Finding(cause="network", state="ok", id="http.reached", arguments={"url": url})
    reason = f"reason:{response.reason or f'net.{response.error}'}" if response.status == 0 else str(response.status)
    return Finding(cause="network", state="fail", id="http.unreachable", arguments={"url": url, "reason": reason})


# ---- what the hub knows itself


def _limits(hub: Hub) -> list[Finding]:
    now, methods = hub.clock.now(), _slack_methods(hub)
    held = [name for name in methods if methods[name] > now]
    if held:
        arguments = {"methods": ", ".join(sorted(held))}
        return [Finding(cause="limits", state="warn", id="limits.held", arguments=arguments)]
    return [Finding(cause="limits", state="ok", id="limits.free")]


def _slack_methods(hub: Hub) -> Mapping[str, float]:
    known = hub.destinations.kinds["slack"].buckets
    return {name: state.held_until for name, state in hub.buckets.snapshot().items() if name.partition("@")[0] in known}


def _content(tx: Transaction) -> list[Finding]:
    """What was given up because of what it says, among the newest dead letters that nobody has seen to."""
    spoilt = {
        f"slack.{error}" for error, meaning in MEANINGS.items() if meaning.state == "dead" and not meaning.failure
    }
    spoilt |= {f"slack.{error}" for error in BAD_CONTENT}
    dead = [letter.reason for letter in history.dead(tx, _DEAD) if letter.reason in spoilt]
    escaped = Finding(cause="markdown", state="ok", id="content.escaped")
    if dead:
        arguments = {"count": str(len(dead)), "reason": dead[-1]}
        return [escaped, Finding(cause="blocks", state="fail", id="content.refused", arguments=arguments)]
    return [escaped, Finding(cause="blocks", state="ok", id="content.fine")]
