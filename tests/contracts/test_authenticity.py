"""No request is believed that its sender did not prove: not with one bit changed, not without a secret."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core import credentials, signing
from centralita.integrations import registry
from centralita.ports import RawRequest, Verdict
from tests.contracts.kinds import (
    BODY_IS_SIGNED,
    NOW,
    SCHEMES,
    SOURCE_KINDS,
    Scheme,
    example,
    receipt_of,
    request_of,
    tried,
)

REASONS = {*signing.REASONS, *credentials.REASONS}


def judged(scheme: Scheme, request: RawRequest, *secrets: bytes, now: float = NOW) -> Verdict:
    return scheme.integration.verify(request, secrets, now, scheme.effective)


def flips(scheme: Scheme, request: RawRequest) -> Iterator[RawRequest]:
    """The request with one bit changed in each byte of what proves it."""
    unsigned = example(scheme.kind).headers
    for place, (name, value) in enumerate(request.headers):
        if name in unsigned:
            continue
        for at in range(len(value)):
            changed = value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
            headers = (*request.headers[:place], (name, changed), *request.headers[place + 1 :])
            yield msgspec.structs.replace(request, headers=headers)
    for at in range(len(request.key)):
        yield msgspec.structs.replace(
            request, key=request.key[:at] + chr(ord(request.key[at]) ^ 1) + request.key[at + 1 :]
        )
    if scheme.auth in BODY_IS_SIGNED:
        for at in range(len(request.body)):
            body = bytearray(request.body)
            body[at] ^= 1
            yield msgspec.structs.replace(request, body=bytes(body))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_signed_request_is_believed(scheme: Scheme) -> None:
    verdict = judged(scheme, request_of(scheme), scheme.secret)
    assert verdict.ok, verdict.reason
    assert judged(scheme, request_of(scheme), b"another", scheme.secret).ok, "a rotation has two secrets"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_flipped_bit_is_not_believed(scheme: Scheme) -> None:
    tried = 0
    for request in flips(scheme, request_of(scheme)):
        verdict = judged(scheme, request, scheme.secret)
        assert not verdict.ok
        assert verdict.reason in REASONS
        assert verdict.dedupe_key == ""
        tried += 1
    assert tried >= len(scheme.secret)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("secrets", [(), (b"",), (b"  ", b"\n")])
def test_without_a_secret_nothing_is_believed(scheme: Scheme, secrets: tuple[bytes, ...]) -> None:
    for request in (request_of(scheme), RawRequest(method="POST", query="", headers=(), body=b"{}")):
        assert judged(scheme, request, *secrets).reason == "secret.unconfigured"
    assert "secrets: secret.unconfigured" in scheme.integration.check(scheme.effective, secrets)
    with pytest.raises(ValueError, match="secret"):
        registry.signed(scheme.kind, example(scheme.kind), secrets[:0], scheme.settings, NOW)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_another_secret_a_missing_proof_and_a_proof_given_twice_are_not_believed(scheme: Scheme) -> None:
    request = request_of(scheme)
    added = [header for header in request.headers if header[0] not in example(scheme.kind).headers]
    other = scheme.secret[:-2] + b"zz"
    assert not judged(scheme, request, other).ok
    bare = msgspec.structs.replace(request, headers=(), key="", body=example(scheme.kind).body)
    assert not judged(scheme, bare, scheme.secret).ok
    for header in added:
        without = tuple(kept for kept in request.headers if kept != header)
        assert not judged(scheme, msgspec.structs.replace(request, headers=without), scheme.secret).ok
        twice = (*request.headers, header)
        assert not judged(scheme, msgspec.structs.replace(request, headers=twice), scheme.secret).ok


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_signed_time_may_not_be_off(scheme: Scheme) -> None:
    request = request_of(scheme)
    is_timed = any(value.startswith(str(int(NOW))) or f"t={int(NOW)}" in value for _, value in request.headers)
    at_most_s = scheme.tolerance_s - 1
    for off_s, stale in ((at_most_s, False), (-at_most_s, False), (at_most_s + 2, True), (-at_most_s - 2, True)):
        verdict = judged(scheme, request, scheme.secret, now=NOW + off_s)
        assert verdict.reason == ("timestamp.stale" if is_timed and stale else "")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("kind", SOURCE_KINDS)
@tried(100)
@given(st.data())
def test_wrong_settings_are_named_and_never_open_the_door(kind: str, data: st.DataObject) -> None:
    source = registry.source(kind)
    choices = {field.name: field.choices for field in source.fields}
    drawn = data.draw(st.dictionaries(st.sampled_from([*choices, "nonsense"]), JUNK, max_size=5))
    wanted = data.draw(st.sets(st.sampled_from(sorted(choices))))
    drawn |= {name: data.draw(st.sampled_from(known)) for name, known in choices.items() if known and name in wanted}
    found = source.check(drawn, [b"x"])
    assert ("nonsense: setting.unknown" in found) == ("nonsense" in drawn)
    assert {fault.rpartition(": ")[2] for fault in found} <= set(registry.FAULTS)
    request = RawRequest(
        method="POST",
        query="",
        headers=(("authorization", "Bearer wrong"), ("x-sig", "00"), ("ce-specversion", "1.0")),
        body=b"{}",
    )
    assert not source.verify(request, [b"right"], NOW, drawn).ok
    fixture = example(kind)
    assert source.parse(receipt_of(fixture), drawn)
