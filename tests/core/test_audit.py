"""The audit chain: every way of tampering is found, at the place where it happened."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centralita.core.audit import GENESIS, Entry, Fault, Head, Link, entry_hash, verify_chain


def chain(length: int) -> list[Link]:
    links: list[Link] = []
    previous = GENESIS
    for number in range(1, length + 1):
        entry = Entry(
            number=number,
            at=f"2026-11-22T10:00:{number:02}Z",
            actor="user:ana@example.com",
            action="token.created",
            subject=f"token/tok_{number}",
            details=json.dumps({"scopes": ["event.*"], "señal": "✓"}),
        )
        previous = entry_hash(previous, entry)
        links.append(Link(entry, previous))
    return links


def head_of(links: list[Link]) -> Head:
    return Head(links[-1].entry.number, links[-1].hash)


def test_a_chain_that_nobody_touched() -> None:
    links = chain(10)
    assert verify_chain([]) is None
    assert verify_chain(links) is None
    assert verify_chain(links, head_of(links)) is None
    assert verify_chain(chain(12), head_of(links)) is None  # it went on since


def test_the_hash_is_what_the_format_says() -> None:
    entry = chain(1)[0].entry
    fields = [entry.number, entry.at, entry.actor, entry.action, entry.subject, entry.details]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    assert entry_hash(GENESIS, entry) == hashlib.sha256(b"0" * 64 + b"\n" + text).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "user:eva@example.com"},
        {"action": "token.revoked"},
        {"subject": ""},
        {"details": "{}"},
        {"at": "2026-11-22T10:00:04.0Z"},
        # The same letters, moved across the border of two fields.
        {"actor": "user:ana@example.comtoken.", "action": "created"},
    ],
)
def test_an_edit_is_found(change: dict[str, str]) -> None:
    links = chain(10)
    links[3] = Link(msgspec.structs.replace(links[3].entry, **change), links[3].hash)
    assert verify_chain(links) == Fault("audit.edited", 4)
    # Its own hash made to fit: the next one gives it away.
    links[3] = Link(links[3].entry, entry_hash(links[2].hash, links[3].entry))
    assert verify_chain(links) == Fault("audit.edited", 5)


def test_a_deleted_entry_is_found_even_when_the_numbers_are_closed_up() -> None:
    links = chain(10)
    del links[4]
    assert verify_chain(links) == Fault("audit.gap", 5)
    closed = links[:4] + [
        Link(msgspec.structs.replace(link.entry, number=link.entry.number - 1), link.hash) for link in links[4:]
    ]
    assert verify_chain(closed) == Fault("audit.edited", 5)
    assert verify_chain(chain(10)[1:]) == Fault("audit.gap", 1)


def test_reordering_and_inserting_are_found() -> None:
    links = chain(10)
    links[2], links[3] = links[3], links[2]
    assert verify_chain(links) == Fault("audit.gap", 3)
    renumbered = [
        Link(msgspec.structs.replace(link.entry, number=number), link.hash) for number, link in enumerate(links, 1)
    ]
    assert verify_chain(renumbered) == Fault("audit.edited", 3)
    doubled = chain(10)
    doubled.insert(5, doubled[4])
    assert verify_chain(doubled) == Fault("audit.gap", 6)


def test_a_cut_tail_and_a_new_history_are_found_by_the_exported_head() -> None:
    links = chain(10)
    head = head_of(links)
    assert verify_chain(links[:7]) is None  # nothing inside the chain can tell
    assert verify_chain(links[:7], head) == Fault("audit.cut", 8)
    assert verify_chain([], head) == Fault("audit.cut", 1)
    forged: list[Link] = []
    previous = GENESIS
    for link in links:
        entry = msgspec.structs.replace(link.entry, actor="user:eva@example.com")
        previous = entry_hash(previous, entry)
        forged.append(Link(entry, previous))
    assert verify_chain(forged) is None
    assert verify_chain(forged, head) == Fault("audit.rewritten", 10)


@settings(deadline=None)
@given(
    st.integers(0, 9),
    st.sampled_from(["at", "actor", "action", "subject", "details", "hash"]),
    st.text(st.characters(codec="utf-8")),
)
def test_any_other_text_anywhere_is_found(place: int, field: str, text: str) -> None:
    links = chain(10)
    link = links[place]
    old = link.hash if field == "hash" else getattr(link.entry, field)
    if field == "hash":
        links[place] = Link(link.entry, text)
    else:
        links[place] = Link(msgspec.structs.replace(link.entry, **{field: text}), link.hash)
    assert verify_chain(links) == (None if old == text else Fault("audit.edited", place + 1))
