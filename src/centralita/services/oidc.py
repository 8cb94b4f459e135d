"""Signing in by an identity provider: OpenID Connect, Authorization Code with PKCE.

What was begun is sealed into a cookie, so that it ends in the browser in which it began, at any process of the hub, and
nobody has to remember those that never come back.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from centralita.core.identities import Identity, is_of_domains, read_identity, role_by_claim
from centralita.core.secrets import SecretError
from centralita.services.access import Refused, UserRow, policy_of
from centralita.services.attempts import HttpClient
from centralita.services.audit import record
from centralita.services.clock import SystemClock
from centralita.services.hub import Hub
from centralita.services.identity_provider import IdentityProvider, ProviderFault, ProviderSettings
from centralita.services.sessions import Opened, SignInRefused, open_session, person_with
from centralita.settings import Settings
from centralita.store import sessions, users
from centralita.store.database import Transaction
from centralita.store.users import NameTaken

log = structlog.get_logger(__name__)

CALLBACK_PATH = "/oidc/callback"
BEGUN_S = 600.0
_PLACE = "oidc/begun"
_MOST_OF_ONE_NAME = 100


@dataclass(frozen=True)
class Begun:
    """A sign-in under way."""

    url: str
    """Where the provider asks."""
    browser_cookie: str = field(repr=False)
    """Sealed, for this browser; ``finish`` wants it back within ten minutes."""


class _State(msgspec.Struct):
    state: str
    nonce: str
    verifier: str
    begun_at: float
    return_to: str


def provider_of(settings: Settings, client: HttpClient, clock: SystemClock) -> IdentityProvider | None:
    """Who is asked; None when nobody is configured."""
    oidc, public_url = settings.dashboard.oidc, settings.server.public_url
    if not oidc.issuer or not oidc.client_id:
        return None
    asked = ProviderSettings(
        issuer=oidc.issuer,
        client_id=oidc.client_id,
        client_secret=oidc.client_secret.get_secret_value() if oidc.client_secret else "",
        scopes=oidc.scopes,
        redirect_uri=(public_url or "").rstrip("/") + CALLBACK_PATH,
    )
    return IdentityProvider(asked, client, clock)


def _provider(hub: Hub) -> IdentityProvider:
    missing = [] if hub.settings.server.public_url else ["server.public_url"]
    if hub.identity_provider is None:
        missing.append("dashboard.oidc")
    if missing or hub.identity_provider is None:
        raise Refused("oidc.unconfigured", settings=", ".join(missing))
    return hub.identity_provider


async def begin(hub: Hub, return_to: str = "") -> Begun:
    """Where to send the browser, and what it is to keep. Raises Refused, SignInRefused."""
    provider = _provider(hub)
    begun = _State(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        begun_at=hub.clock.now(),
        return_to=return_to,
    )
    try:
        url = await provider.authorization_url(begun.state, begun.nonce, begun.verifier)
    except ProviderFault as fault:
        raise _refusal(fault) from None
    return Begun(url, hub.vault.seal_struct(begun, _PLACE).decode())


async def finish(hub: Hub, query: Mapping[str, str], cookie: str, user_agent: str, address: str) -> Opened:
    """Opens a session for whom the provider sends back. ``query``: of the address that the browser was sent to.

    Raises Refused, SignInRefused.
    """
    provider, begun = _provider(hub), _opened_state(hub, cookie)
    if not hmac.compare_digest(query.get("state", "").encode(), begun.state.encode()):
        raise SignInRefused("oidc.stale")
    try:
        if not await provider.issuer_said(query.get("iss", "")):
            raise SignInRefused("oidc.untrusted")
        if query.get("error") or not query.get("code"):
            log.info("oidc.denied", error=query.get("error", "")[:100])
            raise SignInRefused("oidc.denied")
        claims = await provider.redeem(query["code"], begun.nonce, begun.verifier)
    except ProviderFault as fault:
        raise _refusal(fault) from None
    identity = read_identity(provider.settings.issuer, claims)
    try:
        opened = await _open(hub, identity, user_agent, address)
    except NameTaken:  # somebody came in as the same at the same moment: they are known now
        opened = await _open(hub, identity, user_agent, address)
    return Opened(opened.token, opened.person, begun.return_to)


def _opened_state(hub: Hub, cookie: str) -> _State:
    try:
        begun = hub.vault.unseal_struct(cookie.encode(), _PLACE, _State)
    except (SecretError, ValueError, msgspec.DecodeError):
        raise SignInRefused("oidc.stale") from None
    if not 0 <= hub.clock.now() - begun.begun_at < BEGUN_S:
        raise SignInRefused("oidc.stale")
    return begun


def _refusal(fault: ProviderFault) -> SignInRefused:
    log.warning("oidc.failed", reason=fault.reason, detail=fault.detail)
    return SignInRefused(fault.reason, fault.retry_after_s)


# ---- whose account it is


async def _open(hub: Hub, identity: Identity, user_agent: str, address: str) -> Opened:
    def write(tx: Transaction) -> Opened | str:
        user = _account(tx, hub, identity)
        if isinstance(user, str):
            details = {"reason": user, "identity": identity.key, "email": identity.email, "address": address[:100]}
            record(tx, hub.clock.now(), "system", "sign_in.refused", "", details)
            return user
        token, row = open_session(tx, hub, user, "oidc", user_agent, address)
        return Opened(token, person_with(policy_of(hub), user, row.id))

    opened = await hub.database.write(write)
    if isinstance(opened, str):
        raise SignInRefused(opened)
    return opened


def _account(tx: Transaction, hub: Hub, identity: Identity) -> UserRow | str:
    """Whose they are: by their identity, else by their verified address, else a new one. Else why not."""
    oidc = hub.settings.dashboard.oidc
    if not is_of_domains(identity, oidc.allowed_domains):
        return "oidc.domain"
    known, role = users.of_identity(tx, identity.key), ""
    if oidc.role_claim:
        role = role_by_claim(identity, oidc.role_claim, oidc.role_mappings) or oidc.default_role or ""
        if role not in policy_of(hub).roles:
            if known is not None:  # nor do they have it where they are signed in
                sessions.end_all(tx, known.id, hub.clock.now())
            return "oidc.no_role"
    if known is None and identity.email:
        same = users.by_emails(tx, [identity.email])
        if len(same) > 1 or any(each.oidc_subject for each in same):
            return "oidc.ambiguous"
        known = same[0] if same else None
    if known is None:
        return _new(tx, hub, identity, role or oidc.default_role or "")
    if not known.enabled:
        return "oidc.disabled"
    return _changed(tx, hub, known, {"oidc_subject": identity.key, **({"role": role} if role else {})})


def _changed(tx: Transaction, hub: Hub, user: UserRow, wanted: Mapping[str, str]) -> UserRow:
    before = {name: getattr(user, name) for name, value in wanted.items() if getattr(user, name) != value}
    if not before:
        return user
    after = {name: wanted[name] for name in before}
    changed, now = users.change(tx, user.id, after), hub.clock.now()
    details: dict[str, Any] = {"before": before, "after": after}
    if "role" in after:
        details["sessions_ended"] = sessions.end_all(tx, user.id, now)
    record(tx, now, "system", "user.changed", f"user/{user.name}", details)
    return changed


def _new(tx: Transaction, hub: Hub, identity: Identity, role: str) -> UserRow | str:
    if not hub.settings.dashboard.oidc.create_users:
        return "oidc.unknown_person"
    if role not in policy_of(hub).roles:
        return "oidc.no_role"
    names = [identity.name, *(f"{identity.name}-{n}" for n in range(2, _MOST_OF_ONE_NAME))]
    name = next((each for each in names if users.by_name(tx, each) is None), None)
    if name is None:
        return "oidc.ambiguous"
    values = {"name": name, "email": identity.email, "role": role, "oidc_subject": identity.key}
    made = users.add(tx, {**values, "created_at": hub.clock.now()})
    record(tx, hub.clock.now(), "system", "user.added", f"user/{name}", {"after": values})
    return made
