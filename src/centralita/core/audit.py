"""The audit log's hash chain: each entry's hash covers its content and the hash before it.

Whoever edits, deletes, inserts or reorders entries breaks the chain from there on. Whoever cuts its tail, or computes
all hashes anew, is found by a head that was exported earlier and kept elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

import msgspec

GENESIS = "0" * 64
"""Hash before the first entry."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did."""

    number: int
    """From 1, without gaps."""
    at: str
    """RFC 3339, UTC; text, so that no database rounds it."""
    actor: str
    """``user:ana@example.com``, ``token:<id>``, ``local:<name>``, ``system``."""
    action: str
    """Past tense with dots: ``token.created``."""
    subject: str = ""
    """What it was done to: ``token/tok_1``."""
    details: str = "{}"
    """Before and after as JSON text; kept as text, because a database that understands JSON also rewrites it."""


class Link(msgspec.Struct, frozen=True):
    """An entry and the hash that is stored with it."""

    entry: Entry
    hash: str


class Head(msgspec.Struct, frozen=True):
    """How far a chain went and where it stood: what ``audit export-head`` prints."""

    number: int
    hash: str


class Fault(msgspec.Struct, frozen=True):
    """The first thing that is wrong with a chain."""

    reason: str
    """``audit.gap`` (deleted, inserted, reordered), ``audit.edited``, ``audit.cut``, ``audit.rewritten``."""
    number: int
    """Of the entry at which it shows; for a cut tail the first one that is missing."""


def canonical(entry: Entry) -> bytes:
    """The bytes that are hashed: a JSON list, so that no text can run over into the next field. Part of the format."""
    fields: list[Any] = [entry.number, entry.at, entry.actor, entry.action, entry.subject, entry.details]
    return msgspec.json.encode(fields)


def entry_hash(previous_hash: str, entry: Entry) -> str:
    """SHA-256 over the previous hash and the entry, hex."""
    return hashlib.sha256(previous_hash.encode() + b"\n" + canonical(entry)).hexdigest()


def verify_chain(links: Iterable[Link], head: Head | None = None) -> Fault | None:
    """Walks a chain from its first entry, in the order of the numbers; None when nothing is wrong.

    ``head`` is one that was exported earlier: the chain must still contain it.
    """
    previous = GENESIS
    expected = 1
    for link in links:
        if link.entry.number != expected:
            return Fault("audit.gap", expected)
        previous = entry_hash(previous, link.entry)
        if not hmac.compare_digest(previous.encode(), link.hash.encode("utf-8", "surrogatepass")):
            return Fault("audit.edited", expected)
        if head is not None and head.number == expected and head.hash != previous:
            return Fault("audit.rewritten", expected)
        expected += 1
    if head is not None and head.number >= expected:
        return Fault("audit.cut", expected)
    return None
