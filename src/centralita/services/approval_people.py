"""Who approvers are, when all that is known of them is their id in InvGate."""

from __future__ import annotations

from collections.abc import Iterable

from centralita.core.approvers import Approver, StageSpec, people_of
from centralita.services.hub import Hub


def nameless(stages: Iterable[StageSpec]) -> list[str]:
    """The ids of those whose address nobody knows yet."""
    return sorted({person.id for person in people_of(stages) if person.id and not person.email})


async def look_up(hub: Hub, ids: Iterable[str]) -> tuple[list[Approver], list[Approver]]:
    """Those that InvGate knows, with name and address; and those who are disabled there, or gone.

    Raises InvGateUnavailable. Without an InvGate nobody is known.
    """
    known: list[Approver] = []
    gone: list[Approver] = []
    if hub.invgate is None or not hub.invgate.has_desk:
        return known, gone
    for id_ in ids:
        person = await hub.invgate.user(id_)
        if person is None or person.disabled:
            gone.append(Approver(id=id_))
        else:
            known.append(Approver(id=id_, name=person.name, email=person.email.strip().lower()))
    return known, gone
