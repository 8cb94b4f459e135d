"""Assets and people as InvGate Assets (Insight) keeps them; and how both are found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        return [one for one in self.people.values() if not wanted or _all_equal(one, wanted)]

    def find_assets(self, wanted: Mapping[str, list[str]]) -> list[Asset]:
        """Those that pass every filter: ``serial, name, owner, owner__email, keyword, keyword_exact, owner_is_empty,
        status_ids, asset_types``; unknown names are ignored, as there."""
        found: Iterable[Asset] = self.assets.values()
        for name, values in wanted.items():
            found = [asset for asset in found if self._passes(asset, name, values)]
        return list(found)

    def _passes(self, asset: Asset, name: str, values: list[str]) -> bool:
        value = values[-1].casefold()
        if name in ("serial", "name"):
            return str(getattr(asset, name)).casefold() == value
        if name == "owner":
            return str(asset.owner_id or "") == value
        if name == "owner__email":
            owner = self.people.get(asset.owner_id or 0)
            return owner is not None and owner.email.casefold() == value
        if name == "owner_is_empty":
            return (asset.owner_id is None) == (value in ("1", "true"))
        if name in ("keyword", "keyword_exact"):
            texts = [asset.name.casefold(), asset.serial.casefold(), asset.inventory_id.casefold()]
            return value in texts if name == "keyword_exact" else any(value in text for text in texts)
        if name == "status_ids":
            return str(asset.status_id) in values
        return name != "asset_types" or asset.asset_type in values


def _all_equal(person: Person, wanted: Mapping[str, str]) -> bool:
    return all(str(getattr(person, name, "")).casefold() == value.casefold() for name, value in wanted.items())
