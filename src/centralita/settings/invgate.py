"""The settings of the InvGate instance that the hub works with: Service Desk (tickets, approvals) and Assets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from centralita.i18n import N_
from centralita.settings import checks
from centralita.settings.section import Count, OptionalSecret, OptionalText, Positive, Section, Text


class ServiceDesk(Section):
    url: Annotated[OptionalText, AfterValidator(checks.optional_http_url)] = Field(
        default=None, description=N_("Address of Service Desk: https://INSTANCE.sd.cloud.invgate.net")
    )
    username: Text = Field(default="api", description=N_("User of the API, for Basic authentication."))
    token: OptionalSecret = Field(default=None, description=N_("Token of the API, for Basic authentication."))
    client_id: OptionalText = Field(default=None, description=N_("OAuth2 client, instead of username and token."))
    client_secret: OptionalSecret = Field(default=None, description=N_("Secret of the OAuth2 client."))
    author: OptionalText = Field(
        default=None,
        description=N_("E-mail or id of the InvGate user who writes what nobody else is known to have written."),
    )
    approval_key: Literal["approval_id", "request_id"] = Field(
        default="approval_id", description=N_("Which id this installation takes to accept or reject an approval.")
    )
    amount_field: OptionalText = Field(
        default=None, description=N_("Uid of the custom field that holds an amount, for approvals.rules.")
    )
    source: Text = Field(
        default="invgate", description=N_("Slug of the source that stands for it, for what a poll finds.")
    )
    poll_s: float = Field(
        default=300.0, ge=0, description=N_("How often to look for what no webhook told, in seconds; 0: never.")
    )


class Assets(Section):
    url: Annotated[OptionalText, AfterValidator(checks.optional_http_url)] = Field(
        default=None, description=N_("Address of Assets: https://INSTANCE.is.cloud.invgate.net")
    )
    client_id: OptionalText = Field(default=None, description=N_("OAuth2 client."))
    client_secret: OptionalSecret = Field(default=None, description=N_("Secret of the OAuth2 client."))
    last_user: Text = Field(
        default="last_logged_user", description=N_("Dotted path of an asset's attribute that holds the last user.")
    )


class Invgate(Section):
    service_desk: ServiceDesk = Field(default=ServiceDesk(), description=N_("Tickets and approvals."))
    assets: Assets = Field(default=Assets(), description=N_("The inventory."))
    rate_per_s: Positive = Field(default=5.0, description=N_("Requests a second to each of them, sustained."))
    burst: Count = Field(default=10, description=N_("Requests at once before rate_per_s applies."))
    timeout_s: Positive = Field(default=20.0, description=N_("Longest time that one request may take in all."))

    @model_validator(mode="after")
    def _has_credentials(self) -> Invgate:
        desk, assets = self.service_desk, self.assets
        if desk.url and not (desk.token or (desk.client_id and desk.client_secret)):
            raise ValueError("invgate.service_desk: token, or client_id and client_secret")
        if assets.url and not (assets.client_id and assets.client_secret):
            raise ValueError("invgate.assets: client_id, client_secret")
        return self
