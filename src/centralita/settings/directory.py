"""The settings of the directories that know whose an account is: Active Directory by LDAP, and Entra."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from centralita.i18n import N_
from centralita.settings import checks
from centralita.settings.section import (
    HttpUrl,
    OptionalPath,
    OptionalSecret,
    OptionalText,
    Positive,
    Section,
    Text,
    listed,
)

Domains = Annotated[tuple[Text, ...], BeforeValidator(listed)]


def ldap_url(value: str | None) -> str | None:
    """``ldaps://HOST[:PORT]`` or ``ldap://HOST[:PORT]``."""
    parts = urlsplit(value or "")
    try:
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if value is not None and (parts.scheme not in ("ldap", "ldaps") or not parts.hostname or not port_is_fine):
        checks.refuse(N_("has to be ldaps://HOST or ldap://HOST."))
    return value


class Ldap(Section):
    url: Annotated[OptionalText, AfterValidator(ldap_url)] = Field(
        default=None,
        description=N_("ldaps://HOST, or ldap://HOST, which always uses StartTLS; the certificate is always checked."),
    )
    bind_dn: OptionalText = Field(
        default=None, description=N_("Account that may read: centralita@corp.example.com, or a distinguished name.")
    )
    password: OptionalSecret = Field(default=None, description=N_("Its password."))
    base_dn: OptionalText = Field(default=None, description=N_("Where people are: DC=corp,DC=example,DC=com."))
    domains: Domains = Field(
        default=(), description=N_("Domains that it answers for: CORP, corp.example.com; empty: every domain.")
    )
    ca_file: OptionalPath = Field(
        default=None, description=N_("Certificates (PEM) to trust beside the system's; else network.ca_file.")
    )
    timeout_s: Positive = Field(default=10.0, description=N_("Longest time that one look-up may take in all."))


class Entra(Section):
    tenant: OptionalText = Field(default=None, description=N_("Tenant id, or one of its domains."))
    client_id: OptionalText = Field(
        default=None, description=N_("Application (client) id, with the application permission User.Read.All.")
    )
    client_secret: OptionalSecret = Field(default=None, description=N_("Its client secret."))
    domains: Domains = Field(
        default=(), description=N_("Domains that it answers for: CORP, example.com; empty: every domain.")
    )
    login_url: HttpUrl = Field(
        default="https://login.microsoftonline.com",
        description=N_("Where tokens come from; others in national clouds."),
    )
    graph_url: HttpUrl = Field(
        default="https://graph.microsoft.com", description=N_("Microsoft Graph; another in national clouds.")
    )


class Directory(Section):
    ldap: Ldap = Field(default=Ldap(), description=N_("Active Directory, by LDAP."))
    entra: Entra = Field(default=Entra(), description=N_("Entra, by Microsoft Graph."))

    @model_validator(mode="after")
    def _is_whole(self) -> Directory:
        ldap, entra = self.ldap, self.entra
        if ldap.url and not (ldap.bind_dn and ldap.base_dn and ldap.password):
            raise ValueError("directory.ldap: bind_dn, password, base_dn")
        if ldap.password is not None and not ldap.password.get_secret_value().strip():
            raise ValueError("directory.ldap: password")
        if entra.tenant and not (entra.client_id and entra.client_secret):
            raise ValueError("directory.entra: client_id, client_secret")
        return self
