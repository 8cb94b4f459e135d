"""What a call of the Service Desk's API is given, and how its answers are written."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

import msgspec

from centralita.sandbox.invgate.desk import Desk
from centralita.sandbox.invgate.model import Comment, Incident
from centralita.sandbox.invgate.parameters import ApiError, Parameters
from centralita.sandbox.invgate.switches import Switches

OK = {"status": "OK"}


@dataclass
class Asking:
    """One call."""

    desk: Desk
    params: Parameters
    switches: Switches

    def records(self, found: Iterable[Mapping[str, Any]], key: str = "id") -> Any:
        """A list of records as this installation answers it: a list, or a map by id (``[]`` when it is empty)."""
        listed = list(found)
        if not self.switches.maps_for_lists:
            return listed
        return as_map({one[key]: one for one in listed})

    def date(self, seconds: int | None) -> int | str | None:
        """In the format that ``date_format`` asks for, by default the epoch."""
        wanted = self.params.text("date_format", "epoch")
        if wanted not in ("epoch", "iso8601"):
            raise ApiError(428, "date_format must be epoch or iso8601")
        if seconds is None or wanted == "epoch":
            return seconds
        return datetime.fromtimestamp(seconds, UTC).isoformat()

    def prose(self, html: str) -> str:
        """HTML, with its entities resolved if the call asks for that."""
        names = ("decoded_special_characters", "decoded_special_character")
        return unescape(html) if any(self.params.flag(name) for name in names) else html

    def incident(self, incident: Incident) -> dict[str, Any]:
        """A ticket as the API shows it, with its comments if the call asks for them."""
        shown = {
            "id": incident.id,
            "pretty_id": incident.pretty_id,
            "title": incident.title,
            "description": self.prose(incident.description),
            "status_id": incident.status_id,
            "priority_id": incident.priority_id,
            "type_id": incident.type_id,
            "category_id": incident.category_id,
            "source_id": incident.source_id,
            "user_id": incident.user_id,
            "creator_id": incident.creator_id,
            "assigned_id": incident.assigned_id,
            "assigned_group_id": incident.assigned_group_id,
            "location_id": incident.location_id,
            "created_at": self.date(incident.created_at),
            "last_update": self.date(incident.last_update),
            "date_ocurred": self.date(incident.date_ocurred),
            "solved_at": self.date(incident.solved_at),
            "closed_at": self.date(incident.closed_at),
            "closed_reason": incident.closed_reason,
            "rating": incident.rating,
            "process_id": incident.process_id,
            "sla_incident_first_reply": incident.sla_incident_first_reply,
            "sla_incident_resolution": incident.sla_incident_resolution,
            "attachments": incident.attachments,
            "custom_fields": as_map(incident.custom_fields),
        }
        if self.params.flag("comments"):
            # Here 0 or 1, in incident.comment true or false.
            numbers = [self.comment(one) for one in incident.comments]
            shown["comments"] = [{**one, "customer_visible": int(one["customer_visible"])} for one in numbers]
        return shown

    def comment(self, comment: Comment) -> dict[str, Any]:
        """A comment as ``incident.comment`` shows it."""
        return {
            "id": comment.id,
            "incident_id": comment.incident_id,
            "author_id": comment.author_id,
            "message": self.prose(comment.message),
            "msg_num": comment.msg_num,
            "is_solution": comment.is_solution,
            "customer_visible": comment.customer_visible,
            "created_at": self.date(comment.created_at),
            "attached_files": [],
            "reference": None,
        }


Handler = Callable[[Asking], Any]
Calls = Mapping[tuple[str, str], Handler]
"""(method, endpoint) -> what answers it. Raises ApiError, or DeskError for what is answered 200 ``status: ERROR``."""


def as_map(found: Mapping[Any, Any]) -> Any:
    """A map as PHP writes it: keys are text, and an empty one is a list."""
    return {str(key): value for key, value in found.items()} if found else []


def take_page(asking: Asking, ids: list[int], default: int | None = None) -> tuple[list[int], str | None]:
    """The page of ``ids`` (ascending) that ``limit`` and ``page_key`` ask for, and the key of the next one."""
    after = _read_key(asking.params.text("page_key"))
    limit = asking.params.maybe_number("limit") or default
    rest = [one for one in ids if one > after]
    page = rest[:limit] if limit else rest
    more = len(page) < len(rest)
    key = base64.b64encode(msgspec.json.encode({"last_id": page[-1]})).decode() if more else None
    return page, key


def _read_key(key: str) -> int:
    if not key:
        return 0
    try:
        return msgspec.json.decode(base64.b64decode(key, validate=True), type=dict[str, int])["last_id"]
    except (ValueError, KeyError):
        raise ApiError(428, "The parameter page_key is invalid") from None
