"""An OpenID provider as the hub asks it: discovery, the code's exchange, and the ID token's proof.

OpenID Connect Core 1.0 (3.1: code flow), Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (issuer in the answer).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet

from centralita.core.payload import PayloadError, decode
from centralita.ports import HttpRequest
from centralita.services.attempts import HttpClient
from centralita.services.clock import SystemClock

DISCOVERY_PATH = "/.well-known/openid-configuration"
KEPT_S = 3600.0
"""So long what the provider says of itself is taken for true."""
FAILED_GAP_S = 5.0
"""After it failed to describe itself, so long nobody asks again: each asker could wait ``TIMEOUT_S`` for the same."""
KEYS_GAP_S = 60.0
"""Keys are asked for again at most this often when a token names one that is not known."""
LEEWAY_S = 60
TIMEOUT_S = 10.0
MAX_BYTES = 1_048_576
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""Signatures that only the provider can make: never ``none``, and none by the client's secret."""


class ProviderFault(Exception):
    """The provider did not answer, or not what can be trusted: a message id, what the log may say, and for how many
    seconds the provider is not asked again (0: the next who wants to know asks)."""

    def __init__(self, reason: str, detail: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason, self.detail, self.retry_after_s = reason, detail, retry_after_s


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to ask, as whom."""

    issuer: str
    client_id: str
    client_secret: str = ""
    scopes: tuple[str, ...] = ("openid",)
    redirect_uri: str = ""

    def __repr__(self) -> str:
        return f"ProviderSettings({self.issuer})"


class IdentityProvider:
    """One provider. Every request goes through the hub's own client, with its policy."""

    def __init__(self, settings: ProviderSettings, client: HttpClient, clock: SystemClock) -> None:
        self.settings = settings
        self._client, self._clock = client, clock
        self._metadata: Mapping[str, Any] = {}
        self._metadata_at = self._keys_at = self._failed_at = float("-inf")
        self._failure: ProviderFault | None = None
        self._describing = asyncio.Lock()
        self._keys = KeySet([])

    async def authorization_url(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to be asked. Raises ProviderFault."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        metadata, asked = await self._described(), self.settings
        url: str = prepare_grant_uri(
            metadata["authorization_endpoint"],
            asked.client_id,
            "code",
            redirect_uri=asked.redirect_uri,
            scope=list(asked.scopes),
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return url

    async def issuer_said(self, issuer: str) -> bool:
        """Whether an answer's ``iss`` ("" for none) is this provider's, as far as it says one. Raises ProviderFault."""
        metadata = await self._described()
        if not issuer:
            return not metadata.get("authorization_response_iss_parameter_supported")
        return issuer == self.settings.issuer

    async def redeem(self, code: str, nonce: str, verifier: str) -> Mapping[str, Any]:
        """The verified claims about the person whom ``code`` is for. Raises ProviderFault."""
        metadata = await self._described()
        answer = await self._tokens(metadata, code, verifier)
        claims = dict(await self._verified(metadata, answer, nonce))
        if metadata.get("userinfo_endpoint") and "email" not in claims:
            # Whether an address is verified says only who says the address.
            claims.pop("email_verified", None)
            claims = {**await self._user_info(metadata, answer, claims["sub"]), **claims}
        return claims

    async def _described(self) -> Mapping[str, Any]:
        """What it says of itself: one asks at a time, and whoever waited takes the answer, or the failure."""
        async with self._describing:
            if self._clock.now() - self._metadata_at < KEPT_S:
                return self._metadata
            wait_s = FAILED_GAP_S - (self._clock.now() - self._failed_at)
            if self._failure is not None and wait_s > 0:
                raise ProviderFault(self._failure.reason, self._failure.detail, wait_s)
            try:
                self._metadata, self._failure = await self._description(), None
            except ProviderFault as fault:
                self._failure, self._failed_at = fault, self._clock.now()
                raise ProviderFault(fault.reason, fault.detail, FAILED_GAP_S) from None
            self._metadata_at = self._clock.now()
            return self._metadata

    async def _description(self) -> Mapping[str, Any]:
        issuer = self.settings.issuer
        found = await self._json(HttpRequest(url=issuer.rstrip("/") + DISCOVERY_PATH, method="GET"))
        if found.get("issuer") != issuer:
            raise ProviderFault("oidc.other_issuer", str(found.get("issuer"))[:200])
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(found.get(name), str):
                raise ProviderFault("oidc.unusable", name)
        return found

    async def _tokens(self, metadata: Mapping[str, Any], code: str, verifier: str) -> Mapping[str, Any]:
        from authlib.oauth2.auth import ClientAuth
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        asked, method = self.settings, "none"
        client_id, secret = asked.client_id, asked.client_secret
        if secret:
            known = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            method = "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        if method == "client_secret_basic":
            client_id, secret = quote(client_id, safe=""), quote(secret, safe="")  # RFC 6749, 2.3.1
        body = prepare_token_request(
            "authorization_code", redirect_uri=asked.redirect_uri, code=code, code_verifier=verifier
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        url, headers, body = ClientAuth(client_id, secret, method).prepare(
            "POST", metadata["token_endpoint"], headers, body
        )
        request = HttpRequest(url=url, headers=tuple(headers.items()), body=body.encode())
        return await self._json(request)

    async def _verified(self, metadata: Mapping[str, Any], answer: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        from authlib.oidc.core import CodeIDToken

        id_token = answer.get("id_token")
        if not isinstance(id_token, str):
            raise ProviderFault("oidc.unusable", "id_token")
        issuer, client_id = self.settings.issuer, self.settings.client_id
        try:
            token = await self._signed(metadata, id_token)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
                {"nonce": nonce, "client_id": client_id, "access_token": answer.get("access_token")},
            )
            claims.validate(now=int(self._clock.now()), leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError) as fault:
            raise ProviderFault("oidc.untrusted", f"{type(fault).__name__}: {fault}"[:200]) from None
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise ProviderFault("oidc.untrusted", "sub")
        return dict(claims)

    async def _signed(self, metadata: Mapping[str, Any], id_token: str) -> jwt.Token:
        """Verified by the keys that are known, else by those that the provider has now."""
        now = self._clock.now()
        if now - self._keys_at > KEPT_S:
            await self._fetch_keys(metadata)
        try:
            return jwt.decode(id_token, self._keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            if now - self._keys_at < KEYS_GAP_S:
                raise
        await self._fetch_keys(metadata)
        return jwt.decode(id_token, self._keys, algorithms=ALGORITHMS)

    async def _fetch_keys(self, metadata: Mapping[str, Any]) -> None:
        found = await self._json(HttpRequest(url=metadata["jwks_uri"], method="GET"))
        keys = []
        for each in found.get("keys") or ():
            # A provider may have keys for other things, and of kinds that nobody here knows.
            if isinstance(each, dict) and each.get("use", "sig") == "sig" and each.get("kty") in ("RSA", "EC", "OKP"):
                try:
                    keys.append(JWKRegistry.import_key(each))
                except (JoseError, ValueError, TypeError, KeyError):
                    continue
        self._keys, self._keys_at = KeySet(keys), self._clock.now()

    async def _user_info(self, metadata: Mapping[str, Any], answer: Mapping[str, Any], sub: str) -> Mapping[str, Any]:
        headers = (("Authorization", f"Bearer {answer.get('access_token')}"), ("Accept", "application/json"))
        found = await self._json(HttpRequest(url=metadata["userinfo_endpoint"], method="GET", headers=headers))
        if found.get("sub") != sub:
            raise ProviderFault("oidc.untrusted", "userinfo")
        return found

    async def _json(self, request: HttpRequest) -> Mapping[str, Any]:
        given = msgspec.structs.replace(request, timeout_s=TIMEOUT_S, max_response_bytes=MAX_BYTES, private=True)
        response = await self._client.request(given)
        if response.error or not response.status:
            raise ProviderFault("oidc.unreachable", f"{response.error} {response.detail}".strip()[:200])
        try:
            said = decode(response.body, "application/json")
        except PayloadError:
            said = None
        if response.status != 200 or not isinstance(said, dict):
            error = str(said.get("error", ""))[:100] if isinstance(said, dict) else ""
            raise ProviderFault("oidc.refused", f"{response.status} {error}".strip())
        return said
