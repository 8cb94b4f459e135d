"""Assets, version 2: plain records, ``{count, next, previous, results}``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from centralita.sandbox.invgate.assets_paging import Refused, find_asset, find_person, take_page
from centralita.sandbox.invgate.endpoint import Reply, Visit
from centralita.sandbox.invgate.fleet import Asset, Person
from centralita.sandbox.invgate.fleet_search import CriteriaError, search

Record = TypeVar("Record")


def _flat_person(person: Person, detail: bool) -> dict[str, Any]:
    facts = {"id": person.id, **person.attributes()}
    return facts if detail else {name: facts[name] for name in ("id", "name", "email", "is_deleted")}


def _flat_asset(asset: Asset, last_user_path: str) -> dict[str, Any]:
    related = {"owner": asset.owner_id, "status": asset.status_id, "location": asset.location_id}
    return {"id": asset.id, **asset.attributes(last_user_path), **related, "device_model": asset.device_model}


def list_assets(visit: Visit) -> Reply:
    """``v2/assets-lite/``."""
    path = visit.backend.switches.last_user_path
    return _listed(visit, visit.backend.fleet.assets.values(), lambda one: _flat_asset(one, path))


def list_people(visit: Visit) -> Reply:
    """``v2/people/``."""
    return _listed(visit, visit.backend.fleet.people.values(), lambda one: _flat_person(one, detail=False))


def list_people_in_detail(visit: Visit) -> Reply:
    """``v2/people/detail/``."""
    return _listed(visit, visit.backend.fleet.people.values(), lambda one: _flat_person(one, detail=True))


def _listed(visit: Visit, records: Iterable[Record], show: Callable[[Record], dict[str, Any]]) -> Reply:
    try:
        found = search(records, visit.query.get("criteria", {}))
    except CriteriaError as error:
        raise Refused(400, "invalid", str(error)) from None
    page, following, before = take_page(visit, found, "per_page")
    results = [show(one) for one in page]
    return Reply({"count": len(found), "next": following, "previous": before, "results": results})


def one_asset(visit: Visit) -> Reply:
    """``v2/assets-lite/{id}/``."""
    return Reply(_flat_asset(find_asset(visit), visit.backend.switches.last_user_path))


def one_person(visit: Visit) -> Reply:
    """``v2/people/{id}/``."""
    return Reply(_flat_person(find_person(visit), detail=True))
