"""Which effects follow from an event, why a rule did or didn't match, and that the index only saves time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core import rule_index
from centralita.core.effects import Effect, Subject
from centralita.core.events import Event
from centralita.core.rules import (
    Decision,
    Routing,
    RulesError,
    Ruleset,
    RuleSpec,
    WebhookSpec,
    compile_rules,
    decide_effects,
    explain,
)
from centralita.core.subjects import project

ANA = {"name": "Ana Gómez", "email": "Ana@example.com"}
LUIS = {"name": "Luis Paredes", "email": "luis@example.com"}
MAPPINGS = {"critical": "#incidents", "high": "#alerts", "medium": "#alerts"}


def event(**said: Any) -> Event:
    defaults: dict[str, Any] = {"type": "ticket.created", "severity": "high", "subject": "ticket/1"}
    return Event(**{"id": "evt_1", "source": "invgate", "time": "2026-01-05T10:00:00Z", **defaults, **said})


def decide(ruleset: Ruleset, happened: Event, *before: Event) -> Decision:
    subject = None
    for each in (*before, happened):
        subject = project(subject, each)
    assert subject is not None
    return decide_effects(happened, ruleset, subject)


def told(decision: Decision) -> list[tuple[str, str]]:
    return [(effect.rule, effect.target) for effect in decision.effects]


def ruleset(*rules: RuleSpec, webhooks: tuple[WebhookSpec, ...] = (), **routing: Any) -> Ruleset:
    return compile_rules(rules, webhooks, Routing(**{"channel_mappings": MAPPINGS, **routing}))


CRITICAL = RuleSpec(
    name="Critical Infrastructure",
    condition="severity == 'critical' AND ci_type == 'server'",
    channel="#infrastructure-critical",
    mentions=["@oncall", "@infrastructure-team"],
)
SECURITY = RuleSpec(
    name="Security Events", condition="category == 'security'", channel="#security-alerts", mentions=["@security-team"]
)


def test_the_rules_of_the_guide() -> None:
    formatting = {"use_blocks": True, "thread_replies": True}
    rules = ruleset(CRITICAL, SECURITY, formatting=formatting)
    decision = decide(rules, event(severity="critical", category="security", data={"ci_type": "server"}))
    assert decision == Decision(
        effects=(
            Effect(
                rule="Critical Infrastructure",
                destination="slack",
                target="#infrastructure-critical",
                mentions=("@oncall", "@infrastructure-team"),
                formatting=formatting,
            ),
            Effect(
                rule="Security Events",
                destination="slack",
                target="#security-alerts",
                mentions=("@security-team",),
                formatting=formatting,
            ),
        ),
        matched=("Critical Infrastructure", "Security Events"),
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"severity": "critical"}, [("channel_mappings", "#incidents")]),
        ({"severity": "medium"}, [("channel_mappings", "#alerts")]),
        ({"severity": "low"}, []),
        ({"severity": None}, []),
        ({"severity": "low", "category": "change"}, [("channel_mappings", "#changes")]),
        ({"type": "centralita.delivery.dead", "severity": "high"}, []),
    ],
)
def test_without_a_rule_the_severity_decides(said: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert told(decide(ruleset(CRITICAL, changes_channel="#changes"), event(**said))) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # A rule that names a person only does not take the place of the channel.
        ([RuleSpec(name="a", dm="luis@example.com")], [("a", "luis@example.com"), ("channel_mappings", "#alerts")]),
        ([RuleSpec(name="a", channel="#x")], [("a", "#x")]),
        ([RuleSpec(name="a", channel=["#x", "#y", "#x"])], [("a", "#x"), ("a", "#y")]),
        ([RuleSpec(name="a", channel=["#x", "#y"]), RuleSpec(name="b", channel="#x")], [("a", "#x"), ("a", "#y")]),
        ([RuleSpec(name="a")], [("a", "#alerts")]),
        ([RuleSpec(name="a", channel="#x", stop=True), RuleSpec(name="b", channel="#y")], [("a", "#x")]),
        ([RuleSpec(name="a", dm=["luis@example.com"], stop=True)], [("a", "luis@example.com")]),
        ([RuleSpec(name="a", channel="#x", enabled=False), RuleSpec(name="b", channel="#y")], [("b", "#y")]),
        ([RuleSpec(name="a", channel="#x", stop=True, condition="severity == 'low'"), RuleSpec(name="b", channel="#y")],
         [("b", "#y")]),
        ([RuleSpec(name="a", webhook="erp")], [("a", "erp"), ("channel_mappings", "#alerts")]),
    ],
)  # fmt: skip
def test_rules_in_their_order(rules: list[RuleSpec], expected: list[tuple[str, str]]) -> None:
    erp = WebhookSpec(name="erp", types=[])
    assert told(decide(ruleset(*rules, webhooks=(erp,)), event())) == expected


def test_one_target_is_told_once_with_everybody_mentioned() -> None:
    rules = ruleset(
        RuleSpec(name="a", channel="#x", mentions=["@one", "@two"], formatting={"use_blocks": False}),
        RuleSpec(name="b", channel="#x", mentions=["@two", "@three"]),
    )
    decision = decide(rules, event())
    (effect,) = decision.effects
    assert (effect.rule, effect.mentions, effect.formatting) == ("a", ("@one", "@two", "@three"), {"use_blocks": False})
    assert decision.matched == ("a", "b")


def test_a_rule_without_a_target_and_a_severity_without_a_channel() -> None:
    decision = decide(ruleset(RuleSpec(name="a")), event(severity="low"))
    assert decision.effects == ()
    assert [(skipped.rule, skipped.reason) for skipped in decision.skipped] == [("a", "channel.unmapped")]


# --- People

TELL = RuleSpec(name="dm", dm=["requester", "agent", "approver"], fallback="#mesa")


def test_people_are_found_in_the_event_or_in_what_is_known_of_the_subject() -> None:
    before = event(data={"requester": ANA})
    decision = decide(ruleset(TELL, channel_mappings={}), event(data={"agent": LUIS}), before)
    assert [(effect.target, effect.audience, effect.fallback) for effect in decision.effects] == [
        ("ana@example.com", "requester", "#mesa"),
        ("luis@example.com", "agent", "#mesa"),
    ]
    assert [(skipped.target, skipped.reason) for skipped in decision.skipped] == [("approver", "person.no_email")]


@pytest.mark.parametrize(
    "person",
    [None, "ana@example.com", {}, {"email": None}, {"email": 7}, {"email": ""}, {"email": "no address"},
     {"email": "a@b@c"}, {"email": "ana@example.com\nbcc:x@y"}, {"email": "<ana@example.com>"}],
)  # fmt: skip
def test_whoever_has_no_address_is_skipped(person: object) -> None:
    decision = decide(ruleset(RuleSpec(name="dm", dm="agent"), channel_mappings={}), event(data={"agent": person}))
    assert decision.effects == ()
    assert decision.skipped[0].reason == "person.no_email"


def test_the_address_of_the_agent_before_is_not_used_for_the_new_one() -> None:
    rules = ruleset(RuleSpec(name="dm", dm="agent"), channel_mappings={})
    assert decide(rules, event(data={"agent": {"name": "Marta"}}), event(data={"agent": LUIS})).effects == ()
    old = Subject(source="invgate", subject="ticket/1", data={"agent": LUIS})
    assert decide_effects(event(data={"agent": {"name": "Marta"}}), rules, old).effects == ()
    assert (
        decide_effects(event(data={"agent": {"name": "Luis Paredes"}}), rules, old).effects[0].target == LUIS["email"]
    )


COMMENTS = [
    ({"text": "x"}, False),
    ({"text": "x", "visible_to_customer": False}, False),
    ({"text": "x", "visible_to_customer": "true"}, False),
    ({"text": "x", "visible_to_customer": 1}, False),
    ("x", False),
    ([1], False),
    ({"text": "x", "visible_to_customer": True}, True),
    (None, True),
    ({}, True),
    ("", True),
]


@pytest.mark.parametrize(("comment", "visible"), COMMENTS)
@pytest.mark.parametrize("wanted", ["requester", "ANA@example.com"])
def test_internal_comments_never_reach_the_requester(comment: object, visible: bool, wanted: str) -> None:
    rules = ruleset(RuleSpec(name="dm", dm=[wanted, "agent"], channel="#mesa"))
    decision = decide(rules, event(data={"requester": ANA, "agent": LUIS, "comment": comment}))
    audiences = {effect.audience: effect.target for effect in decision.effects}
    assert ("requester" in audiences) is visible
    assert (audiences["channel"], audiences["agent"]) == ("#mesa", "luis@example.com")
    assert [skipped.reason for skipped in decision.skipped] == ([] if visible else ["comment.internal"])


def test_who_a_written_address_is() -> None:
    rules = ruleset(RuleSpec(name="dm", dm=["luis@example.com", "boss@example.com"]), channel_mappings={})
    decision = decide(rules, event(data={"agent": LUIS}))
    assert [effect.audience for effect in decision.effects] == ["agent", "channel"]


# --- Outgoing webhooks


@pytest.mark.parametrize(
    ("webhook", "taken"),
    [
        (WebhookSpec(name="w"), True),
        (WebhookSpec(name="w", types=["ticket.*"]), True),
        (WebhookSpec(name="w", types=["ticket.created"]), True),
        (WebhookSpec(name="w", types=["sol.created"]), True),
        (WebhookSpec(name="w", types=["ticket.closed", "ticket.created"], condition="severity == 'high'"), True),
        (WebhookSpec(name="w", types=["ticket.created"], condition="severity == 'low'"), False),
        (WebhookSpec(name="w", types=["ticket.closed", "tick.*", "ticket.created.*"]), False),
        (WebhookSpec(name="w", types=[]), False),
        (WebhookSpec(name="w", enabled=False), False),
    ],
)
def test_subscriptions(webhook: WebhookSpec, taken: bool) -> None:
    rules = compile_rules([], [webhook], aliases={"sol.created": "ticket.created"})
    decision = decide(rules, event())
    assert told(decision) == ([("webhook:w", "w")] if taken else [])
    assert decision.matched == (("webhook:w",) if taken else ())


def test_a_rule_and_a_subscription_make_one_effect() -> None:
    rules = ruleset(RuleSpec(name="a", webhook=["erp", "off"]), webhooks=(
        WebhookSpec(name="erp"), WebhookSpec(name="off", enabled=False)), channel_mappings={})  # fmt: skip
    decision = decide(rules, event())
    assert told(decision) == [("a", "erp")]
    assert [(skipped.target, skipped.reason) for skipped in decision.skipped] == [("off", "webhook.disabled")]


# --- What the hub tells about itself

DEAD = "centralita.delivery.dead"


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        (f"type == '{DEAD}'", True),
        (f"type in ['{DEAD}', 'x.y'] AND severity == 'high'", True),
        (f"type == '{DEAD}' OR severity == 'high'", True),
        ("", False),
        ("severity == 'high'", False),
        ("type startswith 'centralita.'", False),
        ("type != 'x'", False),
        ("type == 'centralita.breaker.opened' OR severity == 'high'", False),
    ],
)
def test_the_hub_s_own_events_reach_only_who_names_them(condition: str, matches: bool) -> None:
    subscriptions = {"all": ["*"], "wild": ["centralita.*"], "exact": [DEAD]}
    webhooks = tuple(WebhookSpec(name=name, types=types) for name, types in subscriptions.items())
    rules = ruleset(RuleSpec(name="a", condition=condition, channel="#x"), webhooks=webhooks)
    expected = [("a", "#x")] if matches else []
    assert told(decide(rules, event(type=DEAD))) == [*expected, ("webhook:exact", "exact")]


@pytest.mark.parametrize(
    ("event_type", "told_ops"),
    [
        (DEAD, True),
        ("centralita.breaker.opened", True),
        ("centralita.breaker.closed", True),
        ("centralita.source.rejecting", True),
        ("centralita.started", False),
        ("ticket.created", False),
    ],
)
def test_ops(event_type: str, told_ops: bool) -> None:
    silence = RuleSpec(name="silence", condition=f"type == '{DEAD}'", channel="#x", stop=True)
    decision = decide(ruleset(silence, ops_channel="#ops", channel_mappings={}), event(type=event_type))
    assert (("ops", "#ops") in told(decision)) is told_ops
    assert all(effect.audience == "system" for effect in decision.effects if effect.rule == "ops")
    assert decide(ruleset(silence), event(type=event_type)).matched.count("ops") == 0


def test_a_chain_of_causes_ends() -> None:
    rules = ruleset(RuleSpec(name="a", channel="#x"), webhooks=(WebhookSpec(name="w"),))
    assert told(decide(rules, event(depth=8))) == [("a", "#x"), ("webhook:w", "w")]
    decision = decide(rules, event(depth=9))
    assert (decision.effects, decision.matched) == ((), ())
    assert decision.skipped[0].reason == "causation.too_deep"


# --- Why


def traces(rules: Ruleset, happened: Event) -> dict[str, tuple[bool, list[str]]]:
    found = explain(happened, rules, project(None, happened))
    return {trace.name: (trace.matched, [reason.id for reason in trace.why]) for trace in found}


def test_why_and_why_not() -> None:
    rules = ruleset(
        CRITICAL,
        RuleSpec(name="off", enabled=False),
        RuleSpec(name="all", channel="#x"),
        RuleSpec(name="last", condition="severity == 'high'", channel="#y", stop=True),
        RuleSpec(name="after"),
        webhooks=(
            WebhookSpec(name="a", types=["asset.*"]),
            WebhookSpec(name="b", condition="title exists"),
            WebhookSpec(name="c", enabled=False),
        ),
    )
    assert traces(rules, event()) == {
        "Critical Infrastructure": (False, ["condition.false", "condition.false"]),
        "off": (False, ["rule.disabled"]),
        "all": (True, ["rule.always"]),
        "last": (True, ["condition.true"]),
        "after": (False, ["rule.stopped"]),
        "webhook:a": (False, ["webhook.type_refused"]),
        "webhook:b": (False, ["webhook.type_taken", "condition.false"]),
        "webhook:c": (False, ["rule.disabled"]),
    }
    assert traces(ruleset(CRITICAL), event())["channel_mappings"] == (True, ["rule.built_in"])
    assert traces(ruleset(RuleSpec(name="a")), event(type=DEAD)) == {"a": (False, ["rule.type_not_named"])}
    assert traces(ruleset(RuleSpec(name="a")), event(depth=9)) == {"a": (False, ["causation.too_deep"])}


# --- What is wrong, and what is the same


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(RulesError) as caught:
        compile_rules(
            [
                RuleSpec(name="a", condition="severity = 'high'"),
                RuleSpec(name="a", dm=["boss"]),
                RuleSpec(name=" "),
                RuleSpec(name="ops"),
                RuleSpec(name="webhook:x", webhook="missing"),
            ],
            [WebhookSpec(name="w", types=["*.created"]), WebhookSpec(name="w", condition="vip"), WebhookSpec(name="")],
            Routing(channel_mappings={"urgent": "#x"}),
        )
    problems = [(problem.rule, problem.key, problem.id) for problem in caught.value.problems]
    assert problems == [
        ("a", "condition", "condition.slip"),
        ("a", "name", "rule.duplicate_name"),
        ("a", "dm", "rule.unknown_person"),
        (" ", "name", "rule.no_name"),
        ("ops", "name", "rule.reserved_name"),
        ("webhook:x", "name", "rule.reserved_name"),
        ("webhook:x", "webhook", "rule.unknown_webhook"),
        ("webhook:w", "types", "webhook.bad_type"),
        ("webhook:w", "name", "rule.duplicate_name"),
        ("webhook:w", "condition", "condition.needs_comparison"),
        ("webhook:", "name", "rule.no_name"),
        ("channel_mappings", "channel_mappings", "condition.unknown_severity"),
    ]
    first = caught.value.problems[0]
    assert (first.line, first.column, first.point) == (1, 10, "severity = 'high'\n         ^")


def test_same_rules_same_digest() -> None:
    one = ruleset(CRITICAL, SECURITY)
    assert one.digest == ruleset(CRITICAL, SECURITY).digest
    assert len(one.digest) == 64
    others = [
        ruleset(SECURITY, CRITICAL),
        ruleset(CRITICAL),
        ruleset(CRITICAL, msgspec.structs.replace(SECURITY, enabled=False)),
        ruleset(CRITICAL, SECURITY, ops_channel="#ops"),
        ruleset(CRITICAL, SECURITY, webhooks=(WebhookSpec(name="w"),)),
    ]
    assert len({one.digest, *(other.digest for other in others)}) == 6


def test_the_order_of_keys_is_no_difference() -> None:
    left = Routing(channel_mappings={"high": "#a", "low": "#b"})
    right = Routing(channel_mappings={"low": "#b", "high": "#a"})
    assert compile_rules([CRITICAL], routing=left).digest == compile_rules([CRITICAL], routing=right).digest


# --- The index

VALUES = st.sampled_from(["a", "ab", "abc", "", 1, 2.5, True, None])
COMPARISONS = st.one_of(
    st.builds(
        lambda path, value: f"{path} == {msgspec.json.encode(value).decode()}",
        st.sampled_from(["x", "y.z", "title"]),
        VALUES,
    ),
    st.builds(
        lambda path, values: f"{path} in {msgspec.json.encode(values).decode()}",
        st.sampled_from(["x", "y.z"]),
        st.lists(VALUES, max_size=3),
    ),
    st.builds(
        lambda path, test, value: f"{path} {test} '{value}'",
        st.sampled_from(["x", "title"]),
        st.sampled_from(["contains", "startswith", "endswith", "matches", "!="]),
        st.sampled_from(["a", "b", "bc", ""]),
    ),
    st.builds(
        lambda test, value: f"x {test} {value}", st.sampled_from(["<", "<=", ">", ">="]), st.integers(-1, 3)
    ),
)  # fmt: skip
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds(lambda one, two, word: f"({one} {word} {two})", inner, inner, st.sampled_from(["AND", "OR"]))
        | st.builds(lambda one: f"NOT {one}", inner)
    ),
    max_leaves=4,
)


@given(
    st.lists(CONDITIONS, min_size=1, max_size=40),
    VALUES | st.lists(VALUES, max_size=2),
    VALUES,
    st.sampled_from(["", "a", "abc"]),
)
def test_the_index_finds_what_trying_all_finds(conditions: list[str], x: object, z: object, title: str) -> None:
    specs = [RuleSpec(name=f"r{number}", condition=text, channel="#x") for number, text in enumerate(conditions)]
    rules = compile_rules(specs)
    happened = event(title=title, data={"x": x, "y": {"z": z}})
    expected = [rule.spec.name for rule in rules.rules if rule.condition.test(happened)]
    assert list(decide(rules, happened).matched) == expected
    candidates = rules.rule_index.candidates(happened)
    assert candidates == sorted(set(candidates))


def test_the_index_leaves_few_to_try() -> None:
    rules = compile_rules(
        [
            RuleSpec(name=f"r{number}", condition=condition.format(number), channel="#x")
            for number in range(200)
            for condition in ["host == 'h{}' AND type == 'ticket.created'"]
        ]
        + [RuleSpec(name=f"t{number}", condition=f"title contains 'token{number}.'") for number in range(200)]
        + [RuleSpec(name=f"n{number}", condition=f"load > {number}") for number in range(200)]
    )
    happened = event(title="see token7. and token19.", data={"host": "h3", "load": 2.5})
    assert rules.rule_index.candidates(happened) == [3, 207, 219, 400, 401, 402]


def test_text_that_the_patterns_cannot_be_searched_in_leaves_every_rule_possible() -> None:
    rules = compile_rules([RuleSpec(name=f"r{number}", condition=f"x contains 'é{number}'") for number in range(20)])
    assert rules.rule_index.candidates(event(data={"x": ["é3"]})) == list(range(20))
    assert rules.rule_index.candidates(event(data={"x": "\ud800é3"})) == [3]
    assert rules.rule_index.candidates(event(data={"x": 3})) == []


@pytest.mark.parametrize(
    ("condition", "load", "candidates"),
    [
        ("load > {0}", 4, [0, 1, 2, 3, 4]),
        ("load >= {0}", 4.0, [0, 1, 2, 3, 4]),
        ("{0} < load", 3.5, [0, 1, 2, 3]),
        ("load < {0}", 16, [16, 17, 18, 19]),
        ("load <= {0}", 18.5, [19]),
        # One of two bounds suffices: the looser one finds it.
        ("load > {0} OR load > 100", 2, [0, 1, 2]),
        ("load < {0} OR load < -100", 18, [18, 19]),
        ("load > {0} OR title exists", -1, list(range(20))),
        ("load > {0}", "4", []),
        ("load > {0}", None, []),
    ],
)
def test_bounds(condition: str, load: object, candidates: list[int]) -> None:
    rules = compile_rules([RuleSpec(name=f"r{number}", condition=condition.format(number)) for number in range(20)])
    assert rules.rule_index.candidates(event(data={"load": load})) == candidates


@pytest.mark.parametrize("condition", ["x == null", "x.y in [null, 'a']", "x == null AND type == 'ticket.created'"])
@pytest.mark.parametrize("data", [{}, {"x": None}, {"other": 1}])
def test_what_is_missing_is_found_by_null(condition: str, data: dict[str, Any]) -> None:
    rules = compile_rules([RuleSpec(name="a", condition=condition, channel="#x")])
    assert decide(rules, event(data=data)).matched == ("a",)


def test_too_many_patterns_to_search_at_once_lose_no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    specs = [RuleSpec(name=f"r{number}", condition=f"title contains 'token{number}.'") for number in range(300)]
    happened = event(title="see token7.", severity="low")
    found = compile_rules(specs)
    assert found.rule_index.candidates(happened) == [7]
    monkeypatch.setattr(rule_index, "PATTERN_MEMORY", 30_000)
    tried = compile_rules(specs)
    assert tried.rule_index.candidates(happened) == list(range(300))
    assert decide(tried, happened) == decide(found, happened)
