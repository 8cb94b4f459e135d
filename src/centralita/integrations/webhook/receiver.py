"""A webhook as its destination needs it: everything that sending to it takes, and nothing about who subscribes."""

from __future__ import annotations

from typing import Any, Literal, cast

import msgspec

from centralita.core.lanes import LanePolicy
from centralita.core.webhook_formats import Format
from centralita.ports import Config

# There may be ten thousand of these, and none can be part of a cycle: the garbage collector leaves them alone.


class SigningKey(msgspec.Struct, frozen=True, gc=False):
    """A secret that signs."""

    secret: str
    until: float | None = None
    """Seconds since 1970: when it ends, for one that was replaced."""
    id: str = ""
    """By which people speak of it; "" for one that the configuration file gives."""

    def __repr__(self) -> str:
        return f"SigningKey(until={self.until})"


class Signing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """How requests are signed; ``settings.webhooks.Signing``."""

    scheme: Literal["standard", "hmac"] = "standard"
    header: str = "X-Signature"
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""


class Auth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the hub proves itself to the receiver; ``settings.webhooks.Auth``."""

    kind: Literal["basic", "bearer", "oauth2"]
    username: str = ""
    password: str = ""
    token: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""

    def __repr__(self) -> str:
        return f"Auth({self.kind})"


class Receiver(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """See above. Its repr tells no secret."""

    name: str
    url: str = ""
    """http(s), ``mailto:``, or "" for one that is polled."""
    format: Format = "standard"
    template: str = ""
    content_type: str = "application/json"
    keys: tuple[SigningKey, ...] = ()
    """The newest first; those that have ended sign nothing."""
    signing: Signing = Signing()
    headers: tuple[tuple[str, str], ...] = ()
    auth: Auth | None = None
    client_certificate: str = ""
    """PEM: certificate and key."""
    timeout_s: float = 15.0
    names: frozenset[str] = frozenset()
    """Other names of event types that it subscribed by."""
    aliases: dict[str, str] = {}
    """Our types to those of ``names`` that mean nothing else."""
    locale: str = "es"
    """Of what people read: the formats for chats and mail."""
    public_url: str = ""
    mail_from: str = ""
    policy: LanePolicy = LanePolicy()
    revision: int = 0
    """Of the webhook; 0 for one that the file provides."""
    state: Literal["there", "removed", "shut"] = "there"
    """``removed`` by a person; ``shut``: its secrets cannot be opened, so nothing is sent."""

    def __repr__(self) -> str:
        return f"Receiver({self.name})"

    def secrets(self, now: float) -> list[str]:
        """Those that sign at ``now``, the newest first."""
        return [key.secret for key in self.keys if key.until is None or key.until > now]


def receiver_of(config: Config) -> Receiver:
    """The receiver in a destination's configuration: ``{"receiver": Receiver, "session": {}}``, where ``session`` is
    the process's own memory of it (an access token)."""
    return cast(Receiver, config["receiver"])


def session_of(config: Config) -> dict[str, Any]:
    """What the process has learned of the receiver."""
    return cast(dict[str, Any], config["session"])
