"""What a service says in its own way, as HTTP would say it: so that one rule judges all answers."""

from __future__ import annotations

import math
import re

import msgspec

from centralita.core.payload import find
from centralita.core.webhook_formats import Format
from centralita.ports import HttpResponse

_TEAMS_FAILED = re.compile(rb"^\s*\"?(?:Webhook message delivery failed|Microsoft Teams endpoint returned HTTP error)")
_TEAMS_STATUS = re.compile(rb"HTTP error (\d{3})")


def in_terms_of_http(format: Format, response: HttpResponse) -> HttpResponse:
    """``response`` with the status and the ``Retry-After`` that it means.

    Discord tells how long to wait in the body, to the millisecond; the connectors of Teams answer 200 to what they
    could not deliver, and say so in the text.
    """
    if format == "discord" and response.status == 429:
        wait_s = _discord_wait_s(response.body)
        if wait_s is not None:
            return msgspec.structs.replace(response, headers=(("retry-after", str(wait_s)), *response.headers))
    if format == "teams" and response.status == 200 and _TEAMS_FAILED.search(response.body):
        found = _TEAMS_STATUS.search(response.body)
        return msgspec.structs.replace(response, status=int(found[1]) if found else 502)
    return response


def _discord_wait_s(body: bytes) -> int | None:
    try:
        said = find(msgspec.json.decode(body), "retry_after")
    except ValueError:
        return None
    is_number = isinstance(said, int | float) and not isinstance(said, bool) and math.isfinite(said) and said >= 0
    return math.ceil(said) if is_number and isinstance(said, int | float) else None
