"""An outgoing webhook, as the file, the API and the command line say it: one definition for all three."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr

from centralita.core.webhook_formats import Format
from centralita.i18n import N_
from centralita.settings import checks
from centralita.settings.section import (
    Count,
    HeaderName,
    HeaderValue,
    OptionalSecret,
    OptionalText,
    Positive,
    Secrets,
    Section,
    Text,
    Texts,
)


class Signing(Section):
    """How requests are signed with the webhook's secrets."""

    scheme: Literal["standard", "hmac"] = Field(
        default="standard",
        description=N_("standard: the three headers of Standard Webhooks; hmac: one header with an HMAC of the body."),
    )
    header: HeaderName = Field(default="X-Signature", description=N_("Header of the HMAC."))
    algorithm: Literal["sha256", "sha512", "sha1"] = Field(default="sha256", description=N_("Hash of the HMAC."))
    encoding: Literal["hex", "base64"] = Field(default="hex", description=N_("How the HMAC is written."))
    prefix: str = Field(default="", max_length=50, description=N_("Text before the HMAC, such as sha256=."))


class Auth(Section):
    """How the hub proves itself to the receiver, beside the signature."""

    kind: Literal["basic", "bearer", "oauth2"] = Field(
        description=N_("basic: user and password; bearer: a token; oauth2: client credentials (RFC 6749, 4.4).")
    )
    username: str = Field(default="", description=N_("User, for basic."))
    password: OptionalSecret = Field(default=None, description=N_("Password, for basic."))
    token: OptionalSecret = Field(default=None, description=N_("Token, for bearer."))
    token_url: Annotated[OptionalText, AfterValidator(checks.optional_http_url)] = Field(
        default=None, description=N_("Where the token is had, for oauth2.")
    )
    client_id: str = Field(default="", description=N_("Client, for oauth2."))
    client_secret: OptionalSecret = Field(default=None, description=N_("Secret of the client, for oauth2."))
    scope: str = Field(default="", description=N_("Scope to ask for, for oauth2."))


class Webhook(Section):
    name: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description=N_("Name that people see, unique; it stays when the rest changes.")
    )
    description: str = Field(default="", max_length=1000, description=N_("What it is for."))
    url: Annotated[str, AfterValidator(checks.receiver_url)] = Field(
        default="",
        repr=False,
        description=N_("Where events are posted to; mailto:ADDRESS for mail; empty: they are fetched by polling."),
    )
    types: Texts = Field(
        default=("*",), description=N_("Event types that it gets; ticket.* stands for all about tickets.")
    )
    condition: str = Field(default="", description=N_("Which of those events it gets; empty for all."))
    channels: Texts = Field(
        default=(),
        description=N_("Only events of these sources, channels of a chat or Slack channels; empty for all."),
    )
    enabled: bool = Field(default=True, description=N_("Whether it is sent anything."))
    format: Format = Field(default="standard", description=N_("What the receiver gets."))
    template: str = Field(
        default="", max_length=65_536, description=N_("Liquid that writes the body, for the format template.")
    )
    content_type: Annotated[str, AfterValidator(checks.content_type)] = Field(
        default="application/json", description=N_("Content type of what the template writes.")
    )
    secret: OptionalSecret = Field(default=None, description=N_("Signing secret (whsec_...); else webhook_secret."))
    secrets: Secrets = Field(
        default=(),
        max_length=10,
        description=N_("Signing secrets while one is being replaced; instead of secret."),
    )
    signing: Signing = Field(default=Signing(), description=N_("How requests are signed."))
    headers: dict[HeaderName, HeaderValue] = Field(default={}, description=N_("Headers sent with each request."))
    auth: Auth | None = Field(default=None, description=N_("How the hub proves itself to the receiver."))
    client_certificate: OptionalSecret = Field(
        default=None, description=N_("Certificate and key (PEM) that the hub shows in the TLS handshake.")
    )
    timeout_s: float = Field(
        default=15.0, gt=0, le=300, description=N_("Longest time that one attempt may take in all.")
    )
    slow_s: Positive = Field(
        default=2.0, description=N_("A delivery that takes longer counts as slow in the statistics.")
    )
    rate_per_s: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description=N_("Requests a second, sustained; 0 for no limit.")
    )
    burst: Count = Field(default=1, description=N_("Requests that it may get at once before rate_per_s applies."))
    in_flight: Count = Field(default=16, description=N_("Most requests under way at once."))
    schedule_s: tuple[Positive, ...] = Field(
        default=(5, 300, 1800, 7200, 18000, 36000, 36000),
        max_length=50,
        description=N_("Waits between attempts, before it is a dead letter."),
    )
    disable_after_days: float = Field(
        default=5.0,
        ge=0,
        allow_inf_nan=False,
        description=N_("After how many days without a success the hub stops sending by itself; 0: never."),
    )
    order: Literal["subject", "strict", "none"] = Field(
        default="subject", description=N_("Whether events keep their order: per subject, all of them, or not.")
    )
    on_dead: Literal["continue", "hold"] = Field(
        default="continue", description=N_("What a dead letter means for those behind it: they go on, or they wait.")
    )

    @property
    def signing_secrets(self) -> tuple[SecretStr, ...]:
        """All that are valid, the newest first; empty when it has none of its own."""
        return self.secrets or ((self.secret,) if self.secret else ())


SECRETS = ("url", "secret", "secrets", "headers", "client_certificate")
"""Fields that are secret as a whole; ``url`` because an incoming webhook's address is one."""
AUTH_SECRETS = ("password", "token", "client_secret")


def parted(hook: Webhook) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of a webhook may be seen, and what is secret: two mappings for ``joined``."""
    plain = hook.model_dump(mode="json", exclude={*SECRETS, "name", "enabled"})
    hidden: dict[str, Any] = {
        "url": hook.url,
        "headers": {name: value.get_secret_value() for name, value in hook.headers.items()},
        "client_certificate": _bare(hook.client_certificate),
    }
    if hook.auth is not None:
        hidden["auth"] = {name: _bare(getattr(hook.auth, name)) for name in AUTH_SECRETS}
        plain["auth"] = {name: value for name, value in plain["auth"].items() if name not in AUTH_SECRETS}
    return plain, hidden


def joined(name: str, enabled: bool, plain: Mapping[str, Any], hidden: Mapping[str, Any]) -> Webhook:
    """The webhook of what ``parted`` gave, without its signing secrets. Raises pydantic's ValidationError."""
    given = {**plain, **hidden, "name": name, "enabled": enabled}
    if plain.get("auth"):
        given["auth"] = {**plain["auth"], **(hidden.get("auth") or {})}
    return Webhook.model_validate(given)


def _bare(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


__all__ = ["AUTH_SECRETS", "SECRETS", "Auth", "Signing", "Text", "Webhook", "joined", "parted"]
