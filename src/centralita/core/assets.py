"""Assets as the inventory describes them, and who ought to own one: by whom it was used on enough days, if that is
certain and nobody has decided otherwise.

The rules keep what other tools got wrong from happening: an empty last user clears nothing, an owner that a person set
is not overwritten, of two assets with one serial neither is touched, and where it is not certain a person is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from centralita.core.people import Person
from centralita.core.usernames import Account, NoPerson, is_ignored, read_account


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of InvGate Assets; what it does not say is ""."""

    id: str
    name: str = ""
    serial: str = ""
    type: str = ""
    """The tool's own word: ``Laptop``."""
    status: str = ""
    tags: tuple[str, ...] = ()
    last_user: str = ""
    """Who logged in last, as the tool writes it: ``BIDCOM\\jperez``. "" also when nobody is logged in."""
    owner: Person | None = None
    """Of Assets, by its id there; None: nobody."""
    reported_at: str = ""
    """When it was last inventoried, as the tool writes it."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """When an asset's user becomes its owner."""

    sightings: int = 3
    """On how many days, of the last ``days``, the user must have been seen."""
    days: int = 7
    ignore: tuple[str, ...] = ()
    """Accounts that are nobody's, as patterns (``core.usernames.is_ignored``)."""
    domains: tuple[str, ...] = ()
    """Domains whose accounts are people, NetBIOS names and suffixes of principal names; () for any."""
    shared_users: int = 4
    """From how many different users in ``days`` an asset is taken for a shared one."""
    keep_existing: bool = False
    """Whether an owner that was there when an asset was first read counts as set by a person."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an asset from before."""

    known_owner: str | None = None
    """The owner's id at the last reading, or as we last set it ("": nobody); None: never read."""
    locked: bool = False
    shared: bool = False
    """A person said that it is nobody's own."""
    ignored: str = ""
    """The account about which a person said that it is to be left alone here."""


By = Literal["mapping", "email", "username", "service_desk", "directory"]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What looking an account up came to."""

    person: Person | None = None
    """Of Assets."""
    by: By = "username"
    reason: str = ""
    """Without a person: ``not_found, ambiguous, needs_mapping, disabled_person``."""
    candidates: tuple[str, ...] = ()
    """Who it may be, when that is not certain."""


LOOK_UP = "look_up"
CHANGE = "change"
REASONS = (
    "no_user", "unreadable", "several_users", "local_account", "system_account", "ignored_account", "foreign_domain",
    "locked", "shared_device", "already_owner", "too_few_sightings", "contested", "ambiguous", "needs_mapping",
    "not_found", "disabled_person", "duplicate_serial", "duplicate_name", "change_pending",
)  # fmt: skip
"""Why an asset's owner is not to change."""
CONFLICTS = frozenset({"contested", "ambiguous", "needs_mapping", "several_users"})
"""Reasons that only a person can resolve: they go to the queue."""
_SURE: Mapping[By, str] = {
    "mapping": "certain",
    "email": "certain",
    "directory": "certain",
    "username": "likely",
    "service_desk": "likely",
}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of one asset's owner, and why."""

    verdict: str
    """``change``, one of ``REASONS``, or ``look_up``: it depends on who the account is."""
    account: str = ""
    """``core.usernames.Account.key``."""
    owner: Person | None = None
    """Who it is to be."""
    sure: str = ""
    """``certain`` or ``likely``."""
    why: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """Arguments of the message id ``asset.<verdict>``."""
    lock: bool = False
    """The owner was set by a person meanwhile: it is to be locked."""


Seen = Mapping[str, int]
"""Account -> on how many days of the window it was seen on the asset."""


def account_of(asset: Asset, policy: Policy, newest: str = "") -> Account | NoPerson:
    """Whose asset it looks to be: its last user, else ``newest``, who was seen there last in the window.

    An empty last user (somebody logged off, an inventory that was only half done) says nothing.
    """
    read = read_account(asset.last_user, asset.name)
    if read == NoPerson("no_user") and newest:
        read = read_account(newest, asset.name)
    if isinstance(read, NoPerson):
        return read
    if is_ignored(read, policy.ignore):
        return NoPerson("ignored_account")
    known = {domain.strip().lower() for domain in policy.domains}
    if known and read.form == "domain" and read.domain not in known:
        return NoPerson("foreign_domain")
    return read


def set_by_hand(standing: Standing, owner_id: str, policy: Policy) -> bool:
    """Whether a person must have set the owner that the asset has now: it is neither what we read nor what we set."""
    if standing.known_owner is None:
        return policy.keep_existing and owner_id != ""
    return owner_id != standing.known_owner


def decide_owner(
    asset: Asset,
    account: Account | NoPerson,
    standing: Standing,
    seen: Seen,
    policy: Policy,
    match: Match | None,
) -> Verdict:
    """What is to become of the asset's owner. ``match`` None: who the account is has not been asked yet."""
    owner_id = asset.owner.id if asset.owner is not None else ""
    by_hand = not standing.locked and set_by_hand(standing, owner_id, policy)
    if isinstance(account, NoPerson):
        return Verdict(verdict=account.reason, why={"user": asset.last_user}, lock=by_hand)
    key = account.key
    reason, why = _against(key, standing, seen, policy, by_hand)
    found = match.person if match is not None else None
    if found is not None and found.id == owner_id:
        return Verdict(verdict="already_owner", account=key, owner=found, lock=by_hand)
    if reason:
        return Verdict(verdict=reason, account=key, owner=found, why={"user": key, **why}, lock=by_hand)
    if match is None:
        return Verdict(verdict=LOOK_UP, account=key)
    if found is None or found.disabled:
        refused = match.reason or "disabled_person"
        why = {"user": key, "candidates": list(match.candidates)} if match.candidates else {"user": key}
        return Verdict(verdict=refused, account=key, why=why)
    said = {"user": key, "seen": seen.get(key, 0), "days": policy.days, "by": match.by}
    return Verdict(verdict=CHANGE, account=key, owner=found, sure=_SURE[match.by], why=said)


def _against(key: str, standing: Standing, seen: Seen, policy: Policy, by_hand: bool) -> tuple[str, Mapping[str, Any]]:
    """What speaks against a change, whoever the account is."""
    count = seen.get(key, 0)
    rival = max((name for name in seen if name != key), key=lambda name: (seen[name], name), default="")
    if standing.locked or by_hand:
        return "locked", {}
    if standing.shared or (policy.shared_users and len(seen) >= policy.shared_users):
        return "shared_device", {"users": len(seen)}
    if standing.ignored == key:
        return "ignored_account", {}
    if count < policy.sightings:
        return "too_few_sightings", {"seen": count, "needed": policy.sightings, "days": policy.days}
    if rival and seen[rival] >= count:
        return "contested", {"seen": count, "rival": rival, "rival_seen": seen[rival]}
    return "", {}


# ---- a plan and its rows ---------------------------------------------------------------------------------------------

PLAN_STEPS: Mapping[tuple[str, str], str] = {
    ("reading", "finish"): "ready",
    ("reading", "fail"): "failed",
    ("ready", "apply"): "applying",
    ("applying", "end"): "applied",
    ("applied", "revert"): "reverting",
    ("reverting", "end"): "reverted",
    ("reverted", "revert"): "reverting",
}
"""A plan is applied once; what could not be put back may be tried again."""

ROW_STEPS: Mapping[tuple[str, str], str] = {
    ("planned", "ask"): "asked",
    ("asked", "delivered"): "changed",
    ("asked", "skipped"): "stale",
    ("asked", "dead"): "failed",
    ("failed", "delivered"): "changed",
    ("failed", "skipped"): "stale",
    ("changed", "ask_back"): "asked_back",
    ("asked_back", "delivered"): "reverted",
    ("asked_back", "skipped"): "overtaken",
    ("asked_back", "dead"): "not_reverted",
    ("not_reverted", "delivered"): "reverted",
    ("not_reverted", "skipped"): "overtaken",
    ("not_reverted", "try_again"): "changed",
}
"""Of a row whose verdict is ``change``. ``stale``, ``overtaken``: the owner was no longer who it had to be. What was
given up may be sent again, and is told as it ends then."""


def next_plan_state(state: str, step: str) -> str | None:
    """The state after a step; None when a plan in that state does not take it."""
    return PLAN_STEPS.get((state, step))


def next_row_state(state: str, step: str) -> str | None:
    """The state after a step; None when a row in that state does not take it."""
    return ROW_STEPS.get((state, step))


def most_changes(seen: int, percent: float) -> int:
    """How many owners one run may change of ``seen`` assets: the share, rounded down, but one at least."""
    return max(1, int(seen * percent / 100))


_PLACEHOLDERS = frozenset(
    {"", "0", "none", "n/a", "na", "null", "unknown", "default string", "system serial number", "not specified",
     "not available", "to be filled by o.e.m.", "to be filled by o.e.m", "o.e.m.", "xxxxxxx", "123456789", "0123456789"}
)  # fmt: skip


def serial_key(serial: str) -> str:
    """A serial as it is compared; "" for the placeholders that makers leave in its place."""
    key = " ".join(serial.split()).lower()
    return "" if key in _PLACEHOLDERS or set(key) <= {"0", "-", " ", "."} else key
