"""The formats of outgoing webhooks, by their names in the configuration file, the API and the command line."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal[
    "standard",
    "cloudevents",
    "cloudevents-binary",
    "cmms",
    "troubleshooting",
    "botmaker",
    "raw",
    "slack",
    "teams",
    "discord",
    "mail",
    "template",
]
FORMATS: tuple[str, ...] = get_args(Format)
