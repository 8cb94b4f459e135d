"""What differs between one installation of InvGate and the next, and where public sources disagree: one switch each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args, get_type_hints

_OTHER_ATTRIBUTES = ("name", "serial", "inventory_id", "reported_at", "asset_type", "default_ip")


@dataclass
class Switches:
    """How this installation behaves."""

    approval_key: Literal["both", "approval_id", "request_id"] = "both"
    """By which id ``incident.approval.accept``, ``.reject`` and ``.cancel`` want to be told the approval."""
    empty_scopes: bool = False
    """The Service Desk's OAuth2 tokens come without any scope, whatever was asked for: every call answers 403."""
    basic: bool = True
    """Whether the Service Desk accepts user name and API token."""
    puts_in_query: bool = False
    """PUT reads its parameters from the query only; in the body they are missing (428)."""
    maps_for_lists: bool = False
    """The Service Desk answers its lists of records as maps by id."""
    ignore_filters: bool = False
    """Assets v1 ignores every filter of a list, without a word."""
    strict_accept: bool = True
    """Assets answers 406 when ``Accept`` does not name the one media type that an endpoint speaks."""
    credentials_in: Literal["both", "body", "basic"] = "both"
    """Where Assets' token endpoint takes the client's id and secret."""
    token_ttl_s: int = 3600
    """How long an OAuth2 token is good, for tokens given out from now on."""
    assets_scopes: str = "read write"
    """What the OAuth2 client of Assets may have, separated by spaces."""
    last_user_path: str = "last_logged_user"
    """Where, below an asset's attributes, the last logged-in user stands: a dotted path."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def changed(self, wish: Mapping[str, Any]) -> Switches:
        """With other positions. Raises ValueError with a sentence."""
        hints = get_type_hints(Switches)
        for name, value in wish.items():
            if name not in hints:
                raise ValueError(f"there is no switch {name}")
            choices = get_args(hints[name])
            if choices and value not in choices:
                raise ValueError(f"{name} must be one of: {', '.join(choices)}")
            if not choices and type(value) is not hints[name]:
                raise ValueError(f"{name} has the wrong type")
        path = wish.get("last_user_path", self.last_user_path)
        if not all(path.split(".")) or path.split(".")[0] in _OTHER_ATTRIBUTES:
            raise ValueError("last_user_path must be names with dots between them, and not begin with another's name")
        return Switches(**{**self.as_json(), **wish})
