"""Whose try it is, and how long the next has to wait."""

from __future__ import annotations

import pytest

from centralita.core.sign_in import FORGOTTEN_S, FREE_TRIES, LONGEST_WAIT_S, client_address, keys, retry_after_s, wait_s

PROXIES = ("127.0.0.1/32", "10.0.0.0/8", "fd00::/8")


def test_waits_double_up_to_the_longest() -> None:
    for kind, free in FREE_TRIES.items():
        assert [wait_s(f"{kind}:x", free + n) for n in range(-1, 7)] == [0, 15, 30, 60, 120, 240, 480, 900]
        assert wait_s(f"{kind}:x", 10**6) == LONGEST_WAIT_S < FORGOTTEN_S


def test_the_longest_wait_counts() -> None:
    counted = {"account:x": (10, 100.0), "address:y": (52, 100.0)}
    assert retry_after_s(counted, 110.0) == 50.0
    assert retry_after_s(counted, 500.0) == 0.0
    assert retry_after_s({}, 0.0) == 0.0


def test_a_clock_that_was_set_back_makes_nobody_wait_longer() -> None:
    assert retry_after_s({"address:y": (0, 10**7)}, 100.0) == 0.0
    assert retry_after_s({"account:x": (10, 10**7)}, 100.0) == 15.0


def test_strangers_share_the_account_and_who_is_known_has_a_count_of_their_own() -> None:
    here, there = keys("7", "203.0.113.7", False), keys("7", "198.51.100.9", False)
    assert here[0] == there[0] and here[1] != there[1]
    (known,) = keys("7", "203.0.113.7", True)
    assert known.startswith("place:") and known not in (*here, *there)
    assert "203.0.113.7" not in "".join((*here, known))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("", "", True),
    ],
)
def test_what_one_sender_has_counts_as_one(one: str, other: str, same: bool) -> None:
    assert (keys("x", one, False)[1] == keys("x", other, False)[1]) is same


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.9", "203.0.113.7"),  # no proxy of ours: it may say what it likes
        ("127.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.9", "198.51.100.9"),  # what is left of it was sent along
        ("127.0.0.1", "1.2.3.4, 198.51.100.9, 10.0.0.3", "198.51.100.9"),
        ("127.0.0.1", "198.51.100.9, nonsense", "127.0.0.1"),
        ("127.0.0.1", "nonsense, 10.0.0.3", "10.0.0.3"),
        ("127.0.0.1", "10.0.0.4, 10.0.0.3", "10.0.0.4"),
        ("fd00::1", "2001:DB8::1", "2001:db8::1"),
        ("", "198.51.100.9", ""),
    ],
)
def test_only_trusted_proxies_say_who_asks(peer: str, forwarded: str, client: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == client
    assert client_address(peer, forwarded, ()) == peer
