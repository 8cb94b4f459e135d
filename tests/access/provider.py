"""An OpenID provider on a real socket: Authlib's own authorization server, which can be told to lie."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, request
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "hub", "only for tests/+%"
ANA = {"sub": "u-1", "email": "Ana@example.com", "email_verified": True, "preferred_username": "ana.g"}


class _Client(ClientMixin):
    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret, CLIENT_SECRET)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return bool(response_type == "code")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class _Code(AuthorizationCodeMixin):
    def __init__(self, payload: Any, person: dict[str, Any]) -> None:
        self.person, self.redirect_uri, self.scope = person, payload.redirect_uri, payload.scope
        self.nonce = payload.data.get("nonce")
        self.code_challenge = payload.data.get("code_challenge")
        self.code_challenge_method = payload.data.get("code_challenge_method")

    def get_redirect_uri(self) -> str:
        return str(self.redirect_uri)

    def get_scope(self) -> str:
        return str(self.scope)

    def get_nonce(self) -> Any:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@cache
def made_key(name: str) -> RSAKey:
    """A key, made once: that takes long."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


class Provider:
    """What it believes, and how it lies."""

    def __init__(self, redirect_uri: str) -> None:
        self.client = _Client(redirect_uri)
        self.person: dict[str, Any] = dict(ANA)
        self.key = made_key("k1")
        self.issuer = ""
        self.described = 0
        """How often it was asked about itself."""
        self.is_away = False
        self.codes: dict[str, _Code] = {}
        self.claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        """Changes what an ID token says."""
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        """Makes the token of the claims."""
        self.metadata: dict[str, Any] = {}
        """What is said differently of itself."""
        self.user_info: dict[str, Any] | None = None
        """What only the userinfo endpoint says."""

    def signed(self, claims: dict[str, Any]) -> str:
        """As it should be."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key, ["RS256"])

    def unsigned(self, claims: dict[str, Any]) -> str:
        """With ``alg: none``."""
        parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."

    def signed_by_secret(self, claims: dict[str, Any]) -> str:
        """By what the client knows, too."""
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET.ljust(32)), ["HS256"])

    def signed_by_stranger(self, claims: dict[str, Any]) -> str:
        """By a key of somebody else under the same name."""
        other = made_key("another")
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, other, ["RS256"])


def _grants(provider: Provider) -> tuple[Any, Any]:
    class Grant(AuthorizationCodeGrant):
        def save_authorization_code(self, code: str, asked: Any) -> None:
            provider.codes[code] = _Code(asked.payload, asked.user)

        def query_authorization_code(self, code: str, client: Any) -> Any:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Any) -> None:
            provider.codes = {code: kept for code, kept in provider.codes.items() if kept is not authorization_code}

        def authenticate_user(self, authorization_code: Any) -> Any:
            return authorization_code.person

    class Tokens(OpenIDCode):
        def exists_nonce(self, nonce: str, asked: Any) -> bool:
            return False

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            return {"iss": provider.issuer, "aud": CLIENT_ID}

        def get_client_algorithm(self, client: Any) -> str:
            return "RS256"

        def get_encode_header(self, client: Any) -> dict[str, Any]:
            return {"alg": "RS256", "kid": provider.key.kid}

        def resolve_client_private_key(self, client: Any) -> Any:
            return provider.key

        def generate_user_info(self, user: Any, scope: str) -> Any:
            return UserInfo(user)

        def process_token(self, grant: Any, response: Any) -> Any:
            token = super().process_token(grant, response)
            honest = jwt.decode(token["id_token"], provider.key, algorithms=["RS256"]).claims
            token["id_token"] = provider.sign(provider.claims(dict(honest)))
            return token

    return Grant, Tokens


def _application(provider: Provider) -> Flask:
    app = Flask(__name__)
    server = AuthorizationServer(app, lambda client_id: provider.client, lambda token, asked: None)
    grant, tokens = _grants(provider)
    server.register_grant(grant, [CodeChallenge(required=True), tokens(require_nonce=True)])

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Any:
        provider.described += 1
        if provider.is_away:
            return jsonify({"error": "temporarily_unavailable"}), 503
        said = {"issuer": provider.issuer, "response_types_supported": ["code"]}
        for name, path in (("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("jwks_uri", "keys")):
            said[name] = f"{provider.issuer}/{path}"
        if provider.user_info is not None:
            said["userinfo_endpoint"] = f"{provider.issuer}/userinfo"
        return jsonify({**said, **provider.metadata})

    @app.get("/keys")
    def keys() -> Any:
        odd = [{"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}, {"kty": "quantum"}, "?"]
        return jsonify({"keys": [*odd, *KeySet([provider.key]).as_dict(private=False)["keys"]]})

    @app.get("/authorize")
    def authorize() -> Any:
        # Whoever comes here is ``person``, and agrees.
        granted = server.get_consent_grant(end_user=provider.person)
        return server.create_authorization_response(request, grant_user=provider.person, grant=granted)

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    @app.get("/userinfo")
    def userinfo() -> Any:
        assert request.headers["authorization"].startswith("Bearer ")
        return jsonify(provider.user_info)

    return app


@contextmanager
def served(redirect_uri: str) -> Iterator[Provider]:
    """A provider that answers."""
    provider = Provider(redirect_uri)
    server = make_server("127.0.0.1", 0, _application(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
