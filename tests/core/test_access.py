"""Who may do what: the table, the seed's block in its own words, scopes, tokens; and that doubt means no."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from centralita.core import access
from centralita.core.access import BUILT_IN, PERMISSIONS, PolicyError, allowed, read_policy, scopes_allow

SEED = """
roles:
  admin:
    commands: ["*"]
    actions: ["*"]
  operator:
    commands: ["status", "search", "report"]
    actions: ["acknowledge", "comment", "assign"]
  viewer:
    commands: ["status", "search"]
    actions: ["view"]
user_mappings:
  "U12345678": "admin"
  "U87654321": "operator"
default: "viewer"
"""


def test_each_role_has_all_that_the_lesser_one_has() -> None:
    viewer, operator, admin = (BUILT_IN.roles[role] for role in ("viewer", "operator", "admin"))
    assert viewer < operator < admin == set(PERMISSIONS)


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        ("event.read", "admin operator viewer"),
        ("rule.read", "admin operator viewer"),
        ("metrics.read", "admin operator viewer"),
        ("event.replay", "admin operator"),
        ("delivery.replay", "admin operator"),
        ("lane.manage", "admin operator"),
        ("doctor.run", "admin operator"),
        ("rule.manage", "admin"),
        ("source.manage", "admin"),
        ("webhook.manage", "admin"),
        ("token.manage", "admin"),
        ("user.manage", "admin"),
        ("audit.read", "admin"),
    ],
)
def test_the_table(permission: str, roles: str) -> None:
    assert {role for role in access.ROLES if allowed(role, permission)} == set(roles.split())


@pytest.mark.parametrize("role", ["", "root", "Admin", "admin ", "*"])
def test_whoever_has_no_role_may_do_nothing(role: str) -> None:
    assert not any(allowed(role, permission) for permission in PERMISSIONS)


@pytest.mark.parametrize("permission", ["", "*", "event.*", "event", "event.delete", "EVENT.READ"])
def test_what_is_not_in_the_table_nobody_may_do(permission: str) -> None:
    assert not any(allowed(role, permission) for role in access.ROLES)
    assert not scopes_allow(["*", permission], permission)


def test_the_seed_s_block_means_the_built_in_roles() -> None:
    policy = read_policy(yaml.safe_load(SEED))
    assert policy.roles == BUILT_IN.roles
    assert policy.role_of("U12345678") == "admin"
    assert policy.role_of("U87654321") == "operator"
    assert policy.role_of("U00000000") == "viewer"


def test_words_take_away_as_well_as_give() -> None:
    policy = read_policy({"roles": {"operator": {"commands": ["status"], "actions": []}}})
    assert allowed("operator", "event.read", policy)
    assert not allowed("operator", "ticket.comment", policy)
    assert not allowed("operator", "report.read", policy)
    assert allowed("operator", "event.replay", policy)  # no word speaks of it
    assert allowed("admin", "token.manage", policy)
    assert allowed("viewer", "ticket.read", policy)


def test_a_new_role_has_what_its_words_say_and_nothing_else() -> None:
    policy = read_policy({"roles": {"dispatch": {"commands": ["search"], "actions": ["assign", "event.replay"]}}})
    assert policy.roles["dispatch"] == {"event.read", "ticket.read", "ticket.assign", "event.replay"}
    stars = read_policy({"roles": {"chat": {"commands": ["*", "*"]}, "boss": {"commands": ["*"], "actions": ["*"]}}})
    assert stars.roles["boss"] == set(PERMISSIONS)
    assert stars.roles["chat"] == set().union(*access.COMMANDS.values())


def test_words_that_the_guide_lacks_give_and_take_nothing_away() -> None:
    policy = read_policy({"roles": {"operator": {"commands": ["status"]}, "duty": {"actions": ["approve", "resolve"]}}})
    assert allowed("operator", "approval.decide", policy)
    assert allowed("operator", "incident.manage", policy)
    assert policy.roles["duty"] == access.ACTIONS["approve"] | access.ACTIONS["resolve"]


def test_people_are_known_by_slack_id_or_e_mail() -> None:
    policy = read_policy({"user_mappings": {"Ana@Example.com": "operator", "U1": "admin"}})
    assert policy.role_of("ana@example.COM") == "operator"
    assert policy.role_of("U2", "ana@example.com") == "operator"
    assert policy.role_of("u1") == ""
    assert policy.role_of() == ""


@pytest.mark.parametrize(
    ("block", "path"),
    [
        ({"roles": {"x": {"commands": ["fly"]}}}, "permissions.roles.x.commands"),
        ({"roles": {"x": {"actions": ["events.*"]}}}, "permissions.roles.x.actions"),
        ({"roles": {"x": {"commands": "*"}}}, "permissions.roles.x.commands"),
        ({"roles": {"x": {"commands": [7]}}}, "permissions.roles.x.commands"),
        ({"roles": {"x": {"commands": [["*"]]}}}, "permissions.roles.x.commands"),
        ({"roles": {"x": ["*"]}}, "permissions.roles.x"),
        ({"roles": {"x": {"permissions": ["*"]}}}, "permissions.roles.x"),
        ({"roles": ["admin"]}, "permissions.roles"),
        ({"user_mappings": {"U1": "root"}}, "permissions.user_mappings.U1"),
        ({"user_mappings": {"U1": None}}, "permissions.user_mappings.U1"),
        ({"default": "root"}, "permissions.default"),
        ({"defaults": "admin"}, "permissions.defaults"),
    ],
)
def test_a_block_that_means_nothing_is_an_error_with_its_place(block: dict[str, object], path: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(block)
    assert [fault[0] for fault in caught.value.faults] == [path]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy({"roles": {"x": {"commands": ["fly", "swim"]}}, "default": "y", "z": 1})
    assert len(caught.value.faults) == 4


def test_scopes_are_names_or_wildcards() -> None:
    assert scopes_allow(["event.read"], "event.read")
    assert scopes_allow(["event.*"], "event.replay")
    assert scopes_allow(["*"], "token.manage")
    assert not scopes_allow([], "event.read")
    assert not scopes_allow(["event.read"], "event.replay")
    assert not scopes_allow(["event"], "event.read")
    assert not scopes_allow(["even*", "e.*", ".*", "event.r*", "**"], "event.read")
    assert access.unknown_scopes(["event.*", "events.*", "event.read", "", ".*"]) == ["events.*", "", ".*"]
    assert access.expand(["event.*"]) == {"event.read", "event.replay"}


@settings(deadline=None)
@given(st.lists(st.text(max_size=12)), st.sampled_from(sorted(PERMISSIONS)))
def test_no_scope_but_its_own_grants_a_permission(scopes: list[str], permission: str) -> None:
    granting = {permission, permission.split(".")[0] + ".*", "*"}
    assert scopes_allow(scopes, permission) == bool(granting & set(scopes))


def test_tokens_have_one_shape_and_are_stored_hashed() -> None:
    token = access.new_token(bytes(range(32)))
    assert access.is_token(token)
    assert len(token) == 47
    assert access.new_token(b"\xff" * 32) != access.new_token(b"\xff" * 31 + b"\xfe")
    assert access.new_token(bytes(32)) == "ctl_" + "0" * 43
    assert len(access.hash_token(token)) == 64
    assert token not in access.hash_token(token)
    for other in ("", "ctl_", token + "\n", token[:-1], token + "x", token.replace("ctl_", "CTL_"), "ctl_" + "é" * 43):
        assert not access.is_token(other)
    with pytest.raises(ValueError, match="32"):
        access.new_token(bytes(16))


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_a_token_keeps_all_of_its_randomness(random_bytes: bytes) -> None:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = 0
    for letter in access.new_token(random_bytes).removeprefix("ctl_"):
        number = number * 62 + digits.index(letter)
    assert number == int.from_bytes(random_bytes, "big")


def test_the_webhooks_screen_is_a_permission_of_its_own() -> None:
    everything_else = [name for name in PERMISSIONS if not name.startswith("webhook.")]
    policy = read_policy({"roles": {"other": {"commands": everything_else}, "hooks": {"commands": ["webhook.*"]}}})
    assert policy.roles["other"] == frozenset(everything_else)
    assert policy.roles["hooks"] == {"webhook.read", "webhook.manage", "webhook.poll"}
