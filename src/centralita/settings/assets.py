"""The settings by which an asset's last user becomes its owner."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from centralita.i18n import N_
from centralita.settings.section import Count, Section, Text, Texts, listed

IGNORED = (
    "admin", "admin[-_.]*", "*[-_.]admin", "adm", "adm[-_.]*", "administrator", "administrador", "svc", "svc[-_.]*",
    "*[-_.]svc", "service[-_.]*", "servicio[-_.]*", "helpdesk*", "soporte*", "support", "support[-_.]*", "kiosk*",
    "kiosco*", "kiosko*", "guest", "invitado", "defaultaccount", "wdagutilityaccount", "test", "prueba",
)  # fmt: skip


class AssetOwners(Section):
    sightings: Count = Field(
        default=3, description=N_("On how many days a user must have been seen on an asset to become its owner.")
    )
    days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=7, description=N_("How many days back sightings count, today included.")
    )
    ignore: Texts = Field(
        default=IGNORED, description=N_("Accounts that are nobody's, as patterns: svc-*, BIDCOM\\kiosk*.")
    )
    domains: Annotated[tuple[Text, ...], BeforeValidator(listed)] = Field(
        default=(),
        description=N_("Domains whose accounts are people, such as BIDCOM and bidcom.local; empty: every domain."),
    )
    accounts: dict[Text, Text] = Field(
        default={}, description=N_("Whose an account is, by e-mail: {'AzureAD\\AnaPerez': ana@example.com}.")
    )
    shared_users: Annotated[int, Field(ge=0)] = Field(
        default=4,
        description=N_("From how many different users an asset is taken for a shared one; 0: never."),
    )
    keep_existing: bool = Field(
        default=False,
        description=N_("Whether the owners that assets have when they are first read stay until they are unlocked."),
    )
    cap_percent: Annotated[float, Field(gt=0, le=100)] = Field(
        default=5.0, description=N_("Largest share of the assets whose owner one run may change, in percent.")
    )
    max_age_s: Annotated[float, Field(gt=0)] = Field(
        default=86_400.0, description=N_("How old a plan may be when it is applied, in seconds.")
    )
    schedule_s: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description=N_("How often to plan by itself, in seconds; 0: only when asked.")
    )
    on_webhook: bool = Field(
        default=False, description=N_("Whether a webhook about an asset leads to a plan about that asset.")
    )
    mode: Literal["plan", "apply"] = Field(
        default="plan", description=N_("Whether plans that nobody asked for are also applied, within the cap.")
    )
    source: Text = Field(
        default="invgate", description=N_("Slug of the source whose asset ids are those of InvGate Assets.")
    )
    keep_days: Count = Field(default=90, description=N_("How long plans and sightings are kept."))
