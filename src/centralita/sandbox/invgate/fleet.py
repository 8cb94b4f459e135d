"""Assets and people as InvGate Assets (Insight) keeps them; and how both are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Person:
    id: int
    name: str
    email: str
    username: str = ""
    position: str = ""
    department: str = ""
    person_type: str = "Internal"
    is_disabled: bool = False
    is_deleted: bool = False

    def attributes(self) -> dict[str, Any]:
        """The JSON:API attributes."""
        return {name: value for name, value in vars(self).items() if name != "id"}


@dataclass
class Asset:
    id: int
    name: str
    serial: str
    inventory_id: str
    reported_at: str
    """ISO 8601, UTC."""
    asset_type: str = "Computer"
    default_ip: str = ""
    device_model: str = ""
    last_user: str | None = ""
    """As the inventory agent reported it: any form of a user name, or none."""
    owner_id: int | None = None
    status_id: int = 2
    location_id: int = 1

    def attributes(self, last_user_path: str) -> dict[str, Any]:
        """The JSON:API attributes; the last user stands at the dotted path ``last_user_path``."""
        found: dict[str, Any] = {
            "name": self.name,
            "serial": self.serial,
            "inventory_id": self.inventory_id,
            "reported_at": self.reported_at,
            "asset_type": self.asset_type,
            "default_ip": self.default_ip,
        }
        place = found
        *above, last = last_user_path.split(".")
        for name in above:
            place = place.setdefault(name, {})
        place[last] = self.last_user
        return found


STATUSES: Mapping[int, str] = {1: "Merged", 2: "Active", 3: "In stock", 4: "Retired"}
LOCATIONS: Mapping[int, str] = {1: "Casa central", 2: "Sucursal Norte", 3: "Depósito"}
TYPES: Mapping[int, str] = {1: "Computer", 2: "Notebook", 3: "Kiosk"}


@dataclass
class Fleet:
    """Records by id, in the order of their ids."""

    people: dict[int, Person] = field(default_factory=dict)
    assets: dict[int, Asset] = field(default_factory=dict)

    def add_person(self, person: Person) -> None:
        self.people[person.id] = person

    def add_asset(self, asset: Asset) -> None:
        self.assets[asset.id] = asset

    def find_people(self, wanted: Mapping[str, str]) -> list[Person]:
        """Those whose attributes of these names are equal, without regard to case."""
        found: Iterable[Person] = self.people.values()
        for name, value in wanted.items():
            folded = value.casefold()
            found = [one for one in found if str(getattr(one, name, "")).casefold() == folded]
        return list(found)

    def find_assets(self, wanted: Mapping[str, list[str]]) -> list[Asset]:
        """Those that pass every filter of ``FILTERS``, where a filter may have several values; unknown names are
        ignored, as there."""
        found: Iterable[Asset] = self.assets.values()
        for name, values in wanted.items():
            if name in FILTERS:
                passes = FILTERS[name](self, [one.casefold() for one in values])
                found = [asset for asset in found if passes(asset)]
        return list(found)


Passes = Callable[[Asset], bool]


def _equal(name: str) -> Callable[[Fleet, list[str]], Passes]:
    def prepare(fleet: Fleet, values: list[str]) -> Passes:
        return lambda asset: str(getattr(asset, name)).casefold() in values

    return prepare


def _owned_by(fleet: Fleet, values: list[str]) -> Passes:
    owners = {one.id for one in fleet.people.values() if one.email.casefold() in values}
    return lambda asset: asset.owner_id in owners


def _ownerless(fleet: Fleet, values: list[str]) -> Passes:
    wanted = values[-1] in ("1", "true")
    return lambda asset: (asset.owner_id is None) == wanted


def _texts(asset: Asset) -> list[str]:
    return [asset.name.casefold(), asset.serial.casefold(), asset.inventory_id.casefold()]


FILTERS: Mapping[str, Callable[[Fleet, list[str]], Passes]] = {
    "serial": _equal("serial"),
    "name": _equal("name"),
    "owner": _equal("owner_id"),
    "owner__email": _owned_by,
    "owner_is_empty": _ownerless,
    "keyword": lambda fleet, values: lambda asset: any(values[-1] in text for text in _texts(asset)),
    "keyword_exact": lambda fleet, values: lambda asset: values[-1] in _texts(asset),
    "status_ids": _equal("status_id"),
    "asset_types": _equal("asset_type"),
}
"""Name in the query -> what prepares the test of an asset from the values, which come case-folded."""
