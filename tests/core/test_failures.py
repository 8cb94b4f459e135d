"""What counts as a failure, and what becomes of an issue."""

from __future__ import annotations

from typing import get_args

import pytest

from centralita.core.failures import (
    ACTIONS,
    STATES,
    TRANSITIONS,
    Happening,
    IllegalChange,
    is_failure,
    kind,
    next_state,
    parted,
)
from centralita.core.outcomes import Outcome
from centralita.core.shown_urls import shown_url


def test_one_that_was_resolved_opens_again_and_one_that_is_ignored_stays() -> None:
    after_failing = {state: next_state(state, "fail") for state in STATES}
    assert after_failing == {
        "open": "open",
        "acknowledged": "acknowledged",
        "resolved": "open",
        "ignored": "ignored",
    }
    assert set(get_args(Happening)) == {"fail", *ACTIONS}


@pytest.mark.parametrize(
    ("state", "happening"),
    [("open", "reopen"), ("resolved", "acknowledge"), ("ignored", "ignore"), ("resolved", "resolve"), ("x", "fail")],
)
def test_what_cannot_be_done(state: str, happening: str) -> None:
    assert (state, happening) not in TRANSITIONS
    with pytest.raises(IllegalChange):
        next_state(state, happening)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(state="delivered"), False),
        (Outcome(state="skipped", reason="webhook.removed"), False),
        (Outcome(state="retry", reason="http.status"), True),
        (Outcome(state="retry", reason="http.throttled", failure=False), False),
        (Outcome(state="dead", reason="net.blocked"), True),
        (Outcome(state="dead", reason="template.failed", failure=False), True),
    ],
)
def test_what_counts(outcome: Outcome, expected: bool) -> None:
    assert is_failure(outcome) is expected


def test_a_kind_is_the_reason_and_the_status() -> None:
    assert kind("http.status", 503) == "http.status 503"
    assert parted("http.status 503") == ("http.status", 503)
    assert kind("net.dns", 0) == "net.dns"
    assert parted("net.dns") == ("net.dns", 0)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.slack.com/services/T0/B0/s3cret", "https://hooks.slack.com/services/..."),
        ("https://ana:s3cret@erp.example.com:8443/hook?key=s3cret", "https://erp.example.com:8443/hook?..."),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("https://erp.example.com", "https://erp.example.com/"),
        ("mailto:desk@example.com", "mailto:desk@example.com"),
        ("HTTPS://Erp.Example.com//hook//s3cret#s3cret", "https://erp.example.com/hook/..."),
        ("https://erp.example.com?", "https://erp.example.com/"),
        ("https://erp.example.com:s3cret/", "..."),
        ("https://ana:s3cret pa55@erp.example.com/", "..."),
        ("//ana:s3cret@erp.example.com/", "..."),
        ("s3cret", "..."),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, expected: str) -> None:
    assert shown_url(url) == expected
