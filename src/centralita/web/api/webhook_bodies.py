"""What a test and a preview of a webhook are asked for: which event, by which settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from centralita.settings.webhooks import Webhook


class ChosenEvent(BaseModel):
    """Which event; nothing for an example of a type that the webhook subscribes to."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    event: Annotated[str, Field(max_length=100, description="Id of an event that has happened; it keeps its id.")] = ""
    type: Annotated[
        str, Field(max_length=200, description="Event type of an example; else one that it subscribes to.")
    ] = ""


class DraftBody(ChosenEvent):
    """Settings that need not be saved, and which event."""

    webhook: Webhook = Field(description="As the configuration file and the API say a webhook.")
