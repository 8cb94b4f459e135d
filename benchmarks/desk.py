"""What a service desk gathers beside its events: approvals, incidents, configuration items, assets, failures in groups,
people and tokens; and one event that went everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from centralita.core import ids
from centralita.core.approvals import FINAL, Approval, Stage, State
from centralita.core.approvers import Approver
from centralita.core.cis import Ci, Facts
from centralita.core.incidents import Incident
from centralita.store import approvals, bulk, cis, incidents, schema
from centralita.store.database import Transaction

APPROVALS, WAITING_EVERY = 20_000, 100
"""One in so many waits for an answer; the others are over."""
INCIDENTS, OPEN_EVERY, SAID = 5_000, 100, 60
"""Lines of the newest one's timeline."""
ITEMS, ASSETS, IN_DOUBT_EVERY = 5_000, 20_000, 1_000
ISSUES_EACH, PEOPLE = 20, 200
_DAY_S = 86_400
_OVER: tuple[State, ...] = tuple(sorted(FINAL))


def gather(tx: Transaction, now: float, days: int) -> None:
    """Writes all of it, spread over ``days`` until ``now``."""
    for approval in _approvals(now, days):
        approvals.add(tx, approval)
    _incidents(tx, now, days)
    cis.save(tx, [(None, _item(number, now)) for number in range(ITEMS)])
    bulk.insert(tx, schema.assets, list(_assets(now)))
    bulk.insert(tx, schema.users, list(_people(now)))
    bulk.insert(tx, schema.tokens, list(_tokens(now)))


def _at(number: int, of: int, now: float, days: int) -> float:
    return now - (of - number) * days * _DAY_S / of


def _approvals(now: float, days: int) -> Iterator[Approval]:
    for number in range(APPROVALS):
        at = _at(number, APPROVALS, now, days)
        person = Approver(name=f"Person {number % PEOPLE}", email=f"p{number % PEOPLE}@example.com")
        id_ = f"apr_{ids.ulid(int(at * 1000), number)}"
        yield Approval(
            id=id_,
            topic=id_,
            state="open" if number % WAITING_EVERY == 0 else _OVER[number % len(_OVER)],
            title=f"A laptop for the {number}th",
            justification="The old one does not start any more. " * 3,
            requester=Approver(name="Somebody", email="somebody@example.com"),
            source="invgate",
            subject=f"ticket/{number}",
            stages=(Stage(approvers=(person,)),),
            created_at=at,
            updated_at=at,
        )


def _incidents(tx: Transaction, now: float, days: int) -> None:
    for number in range(1, INCIDENTS + 1):
        at = _at(number, INCIDENTS, now, days)
        made = Incident(
            title=f"Printer {number} does not answer",
            priority="medium",
            state="open" if number % OPEN_EVERY == 0 else "resolved",
            created_at=at,
            updated_at=at,
        )
        last = incidents.add(tx, made).number
    for number in range(SAID):
        said = incidents.Entry(at=now - SAID + number, kind="comment", who="p1", text="It still does not. " * 5)
        incidents.append(tx, last, said)


def _item(number: int, now: float) -> Ci:
    said = Facts(name=f"server-{number:05}", type="server", status="active")
    return Ci(
        id=f"ci_{number:05}", source="nopesight", external_id=str(number), said=said, created_at=now, updated_at=now
    )


def _assets(now: float) -> Iterator[dict[str, Any]]:
    for number in range(ASSETS):
        yield {
            "id": f"asset-{number:06}", "name": f"notebook-{number}", "serial_key": f"sn{number}",
            "name_key": f"notebook-{number}", "conflict": "asset.two_owners" if number % IN_DOUBT_EVERY == 0 else "",
            "read_at": now,
        }  # fmt: skip


def issues(lanes: dict[str, int], now: float) -> Iterator[dict[str, Any]]:
    """Rows of failures in groups, of webhooks by their lanes."""
    for webhook, lane in lanes.items():
        for number in range(ISSUES_EACH):
            yield {
                "lane_id": lane, "webhook": webhook, "key": f"http {500 + number}",
                "state": "open" if number % 4 == 0 else "resolved", "count": (number * 7919 + lane * 31) % 5_000,
                "first_at": now - 20 * _DAY_S, "last_at": now - number * 60, "event_id": "evt_none",
                "delivery_id": number + 1, "attempt": "att_0_1_1",
            }  # fmt: skip


def _people(now: float) -> Iterator[dict[str, Any]]:
    for number in range(PEOPLE):
        yield {"name": f"p{number}", "email": f"p{number}@example.com", "role": "viewer", "created_at": now}


def _tokens(now: float) -> Iterator[dict[str, Any]]:
    for number in range(PEOPLE):
        yield {
            "name": f"t{number}", "hash": number.to_bytes(32, "big"), "prefix": f"cen_{number:03}",
            "scopes": "event.read", "created_by": f"user:p{number}", "created_at": now,
        }  # fmt: skip
