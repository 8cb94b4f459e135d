"""The server that mail is handed in to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from centralita.i18n import N_
from centralita.settings import checks
from centralita.settings.section import OptionalSecret, OptionalText, Section


class Mail(Section):
    host: OptionalText = Field(default=None, description=N_("Mail server (SMTP); without one no mail is sent."))
    port: int = Field(default=587, ge=1, le=65535, description=N_("Its port: 587 for starttls, 465 for tls."))
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description=N_("starttls: TLS after the greeting, or nothing is sent; tls: from the start; none: never."),
    )
    username: str = Field(default="", description=N_("User at the mail server; empty for none."))
    password: OptionalSecret = Field(default=None, description=N_("The user's password."))
    sender: Annotated[OptionalText, AfterValidator(checks.optional_mail_sender)] = Field(
        default=None,
        description=N_("Address that mail comes from, perhaps with a name: Service desk <desk@example.com>."),
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Mail:
        if self.host and not self.sender:
            checks.refuse(N_("mail needs a sender."))
        if self.username and self.security == "none":
            checks.refuse(N_("a password is sent with starttls or tls only."))
        return self
