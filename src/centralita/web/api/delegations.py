"""Delegations: who stands in for whom as an approver, and until when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from centralita.services import delegations
from centralita.services.delegations import StoredDelegation
from centralita.services.times import shown
from centralita.settings.approvals import begin_of, end_of
from centralita.web.api.approvals import Somebody, Who, done
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Page, number_cursor
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["approvals"])
Day = Annotated[str, StringConstraints(max_length=64)]


class DelegationView(BaseModel):
    """Somebody stands in for somebody."""

    id: int
    person: str
    delegate: str
    begins_at: str | None
    ends_at: str | None
    created_by: str


class DelegationBody(BaseModel):
    """`begins` (left out: now) and `ends` are days or RFC 3339; a last day is included. `person` left out: oneself."""

    model_config = ConfigDict(extra="forbid")
    delegate: Somebody
    ends: Day
    begins: Day = ""
    person: Who = ""

    def span(self, now: float) -> tuple[float, float]:
        """From when until when. Raises Problem 422."""
        try:
            return begin_of(self.begins) if self.begins else now, end_of(self.ends)
        except (ValueError, OverflowError):
            raise Problem(422, "time.unreadable") from None


def _view(stored: StoredDelegation) -> DelegationView:
    said = stored.delegation
    return DelegationView(
        id=stored.id,
        person=said.person.key,
        delegate=said.delegate.key,
        begins_at=shown(said.begins_at),
        ends_at=shown(said.ends_at),
        created_by=stored.created_by,
    )


@router.get("/delegations", dependencies=[requires("approval.read")])
async def list_delegations(request: Request) -> Page[DelegationView]:
    """Those that hold or will; those of the settings are in the settings."""
    return Page([_view(each) for each in await delegations.delegations(hub_of(request))])


@router.post("/delegations", dependencies=[requires("approval.decide")], status_code=201)
async def add_delegation(request: Request, body: DelegationBody) -> DelegationView:
    """Somebody stands in. For anybody but oneself it needs `approval.manage`."""
    begins_at, ends_at = body.span(hub_of(request).clock.now())
    principal = await principal_of(request)
    work = delegations.delegate(changing_hub(request), principal, body.person, body.delegate, begins_at, ends_at)
    return _view(await done(request, work))


@router.delete("/delegations/{number}", dependencies=[requires("approval.decide")], status_code=204)
async def end_delegation(request: Request, number: str) -> None:
    """Ends one now."""
    await done(
        request, delegations.undelegate(changing_hub(request), await principal_of(request), number_cursor(number))
    )
