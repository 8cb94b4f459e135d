"""The settings of the dashboard: how long people stay signed in, and the identity provider that vouches for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from centralita.i18n import N_
from centralita.settings import checks
from centralita.settings.section import OptionalSecret, OptionalText, Positive, Section, Text, Texts, listed


class Oidc(Section):
    issuer: Annotated[OptionalText, AfterValidator(checks.optional_http_url)] = Field(
        default=None,
        description=N_("Address of the identity provider, as its tokens name it; without it people use passwords."),
    )
    client_id: OptionalText = Field(default=None, description=N_("Client id that the provider gave the hub."))
    client_secret: OptionalSecret = Field(
        default=None, description=N_("Client secret that belongs to client_id; none for a public client.")
    )
    name: Text = Field(default="SSO", description=N_("Name of the provider on the button of the sign-in page."))
    scopes: Annotated[tuple[Text, ...], BeforeValidator(listed)] = Field(
        default=("openid", "email", "profile"), description=N_("What the provider is asked for.")
    )
    allowed_domains: Texts = Field(
        default=(),
        description=N_("Domains of verified e-mail addresses that may come in: example.com; empty: all that it knows."),
    )
    create_users: bool = Field(
        default=False, description=N_("Whether somebody whom the hub does not know gets an account.")
    )
    default_role: OptionalText = Field(
        default=None, description=N_("Role of a new account when no role_mappings fit; without it there is none.")
    )
    role_claim: OptionalText = Field(
        default=None,
        description=N_("Claim that decides about the role each time, as a dotted path: groups, realm_access.roles."),
    )
    role_mappings: dict[Text, Text] = Field(
        default={}, description=N_("Role of each value of role_claim; the first that fits counts.")
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Oidc:
        if self.issuer and not self.client_id:
            raise ValueError("dashboard.oidc: client_id")
        if self.issuer and "openid" not in self.scopes:
            raise ValueError("dashboard.oidc: scopes: openid")
        return self


class Dashboard(Section):
    session_idle_s: Positive = Field(
        default=12 * 3600.0, description=N_("After how long without a request somebody has to sign in again.")
    )
    session_s: Positive = Field(
        default=14 * 86_400.0, description=N_("After how long somebody has to sign in again in any case.")
    )
    oidc: Oidc = Field(default=Oidc(), description=N_("Sign-in by OpenID Connect."))
