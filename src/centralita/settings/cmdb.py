"""The settings of configuration items."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from centralita.i18n import N_
from centralita.settings.section import Section


class Cmdb(Section):
    schedule_s: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description=N_("How often to read the inventory of InvGate Assets into the CIs, in seconds; 0: when asked."),
    )
