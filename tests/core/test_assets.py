"""Who ought to own an asset: what changes an owner, and everything that must not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core import assets
from centralita.core.assets import Asset, Match, Policy, Standing, Verdict
from centralita.core.people import Person
from centralita.core.usernames import Account, NoPerson

ANA, LUIS = Person(id="1", name="Ana", email="ana@example.com"), Person(id="2", name="Luis", email="luis@example.com")
POLICY = Policy(ignore=("svc-*", "admin*"))
KEY = r"bidcom\ana"


def decide(
    *,
    last_user: str = r"BIDCOM\ana",
    owner: Person | None = LUIS,
    seen: dict[str, int] | None = None,
    newest: str = "",
    match: Match | None = Match(person=ANA),  # noqa: B008  # frozen
    policy: Policy = POLICY,
    **standing: Any,
) -> Verdict:
    asset = Asset(id="7", name="PC-01", last_user=last_user, owner=owner)
    account = assets.account_of(asset, policy, newest)
    return assets.decide_owner(asset, account, Standing(**standing), seen or {KEY: 3}, policy, match)


def test_who_was_seen_on_enough_days_becomes_the_owner() -> None:
    verdict = decide()
    assert (verdict.verdict, verdict.owner, verdict.account, verdict.sure) == ("change", ANA, KEY, "likely")
    assert verdict.why == {"user": KEY, "seen": 3, "days": 7, "by": "username"}


@pytest.mark.parametrize(
    ("by", "sure"),
    [("email", "certain"), ("directory", "certain"), ("mapping", "certain"), ("service_desk", "likely")],
)
def test_how_sure_it_is_follows_from_how_the_person_was_found(by: Any, sure: str) -> None:
    assert decide(match=Match(person=ANA, by=by)).sure == sure


def test_a_an_owner_that_a_person_set_is_not_overwritten() -> None:
    verdict = decide(known_owner="1")  # we knew Ana as its owner, and now it is Luis
    assert (verdict.verdict, verdict.lock) == ("locked", True)
    assert decide(known_owner="", owner=LUIS).verdict == "locked"  # it had none, and now it has one
    assert decide(known_owner="2", owner=None).verdict == "locked"  # somebody took the owner away
    assert decide(locked=True, known_owner="2").verdict == "locked"
    assert decide(known_owner="2").verdict == "change"


def test_owners_from_before_may_count_as_set_by_hand() -> None:
    keep = Policy(keep_existing=True)
    assert decide(policy=keep).verdict == "locked"
    assert decide(policy=keep, owner=None).verdict == "change"


@pytest.mark.parametrize("written", ["", "   ", "-", "N/A"])
def test_b_a_partial_inventory_wipes_nobody(written: str) -> None:
    verdict = decide(last_user=written, match=None)
    assert (verdict.verdict, verdict.owner) == ("no_user", None)


def test_d_an_empty_value_at_log_off_leaves_what_was_seen_before() -> None:
    assert decide(last_user="", newest=r"BIDCOM\ana").verdict == "change"
    assert decide(last_user="", newest=r"BIDCOM\ana", owner=ANA).verdict == "already_owner"


def test_f_serials_are_compared_as_they_are_meant_and_placeholders_not_at_all() -> None:
    assert assets.serial_key(" 5CD 1234 ") == assets.serial_key("5cd 1234") == "5cd 1234"
    for placeholder in ("", "To Be Filled By O.E.M.", "Default string", "0000000", "None", "System Serial Number"):
        assert assets.serial_key(placeholder) == ""


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"last_user": r".\ana"}, "local_account"),
        ({"last_user": r"PC-01\ana"}, "local_account"),
        ({"last_user": r"NT AUTHORITY\SYSTEM"}, "system_account"),
        ({"last_user": r"Window Manager\DWM-3"}, "system_account"),
        ({"last_user": r"Font Driver Host\UMFD-1"}, "system_account"),
        ({"last_user": r"BIDCOM\PC-01$"}, "system_account"),
        ({"last_user": r"BIDCOM\svc-backup"}, "ignored_account"),
        ({"last_user": r"BIDCOM\Administrador"}, "ignored_account"),
        ({"last_user": r"BIDCOM\a, BIDCOM\b"}, "several_users"),
        ({"policy": Policy(domains=("OTHER",))}, "foreign_domain"),
        ({"seen": {KEY: 2}}, "too_few_sightings"),
        ({"seen": {r"bidcom\luis": 7}}, "too_few_sightings"),
        ({"seen": {KEY: 3, r"bidcom\luis": 3}}, "contested"),
        ({"seen": {KEY: 5, "a": 1, "b": 1, "c": 1}}, "shared_device"),
        ({"shared": True}, "shared_device"),
        ({"ignored": KEY}, "ignored_account"),
        ({"owner": ANA}, "already_owner"),
        ({"match": Match(reason="not_found")}, "not_found"),
        ({"match": Match(reason="ambiguous", candidates=("Ana", "Ana B"))}, "ambiguous"),
        ({"match": Match(person=Person(id="1", disabled=True))}, "disabled_person"),
        ({"last_user": r"AzureAD\Ana", "seen": {r"azuread\ana": 3}, "match": Match(reason="needs_mapping")},
         "needs_mapping"),
        ({"match": None}, "look_up"),
    ],
)  # fmt: skip
def test_why_an_owner_does_not_change(changed: dict[str, Any], reason: str) -> None:
    verdict = decide(**changed)
    assert verdict.verdict == reason
    assert reason in (*assets.REASONS, assets.LOOK_UP)


def test_a_known_domain_is_known_in_any_case() -> None:
    assert decide(policy=Policy(domains=("Bidcom",))).verdict == "change"


def test_the_rival_may_have_been_there_on_fewer_days() -> None:
    assert decide(seen={KEY: 4, r"bidcom\luis": 3}).verdict == "change"


_seen = st.dictionaries(st.sampled_from([KEY, "a", "b", "c", "d"]), st.integers(1, 7))


@given(
    last_user=st.sampled_from(["", r"BIDCOM\ana", r".\ana", "svc-1", "x$", r"AzureAD\Ana", r"BIDCOM\a;b"]),
    owner=st.sampled_from([None, ANA, LUIS]),
    seen=_seen,
    known=st.sampled_from([None, "", "1", "2"]),
    locked=st.booleans(),
    shared=st.booleans(),
    match=st.sampled_from([None, Match(person=ANA), Match(reason="ambiguous"), Match(person=Person(id="9"))]),
)  # fmt: skip
def test_whatever_comes_together_a_change_is_always_justified(
    last_user: str,
    owner: Person | None,
    seen: dict[str, int],
    known: str | None,
    locked: bool,
    shared: bool,
    match: Match | None,
) -> None:
    asset = Asset(id="7", name="PC-01", last_user=last_user, owner=owner)
    account = assets.account_of(asset, POLICY)
    standing = Standing(known_owner=known, locked=locked, shared=shared)
    verdict = assets.decide_owner(asset, account, standing, seen, POLICY, match)
    if verdict.verdict != assets.CHANGE:
        return
    assert isinstance(account, Account) and not isinstance(account, NoPerson)
    assert verdict.owner == ANA and owner != ANA and not locked and not shared and not verdict.lock
    assert known in (None, owner.id if owner else "")
    assert seen[account.key] >= 3 and all(count < seen[account.key] for name, count in seen.items() if name != KEY)


def test_the_cap_is_a_share_of_what_was_seen_but_one_at_least() -> None:
    assert [assets.most_changes(seen, 5.0) for seen in (0, 1, 19, 40, 59, 1000)] == [1, 1, 1, 2, 2, 50]


def test_a_plan_is_applied_once_and_a_row_ends_where_its_delivery_ended() -> None:
    assert assets.next_plan_state("ready", "apply") == "applying"
    for state in ("reading", "failed", "applying", "applied", "reverting", "reverted"):
        assert assets.next_plan_state(state, "apply") is None
    assert assets.next_row_state("asked", "skipped") == "stale"
    assert assets.next_row_state("stale", "ask_back") is None
    assert assets.next_row_state("changed", "delivered") is None
