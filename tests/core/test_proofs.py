"""One proof to sign and to verify with, whichever way a source is set to; the ways themselves are in test_signing."""

from __future__ import annotations

import pytest

from centralita.core import source_settings
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.core.signing import PRESETS
from centralita.ports import RawRequest

NOW = 1763805991.0
SECRET = b"desk:c0rrect-horse"


def request_with(headers: dict[str, str], key: str = "") -> RawRequest:
    return RawRequest(method="POST", query="", headers=tuple(headers.items()), body=b'{"a":1}', key=key)


@pytest.mark.parametrize("auth", ["hmac", "bearer", "basic", "header"])
def test_what_is_signed_is_believed_and_nothing_else_is(auth: str) -> None:
    proof = Proof(auth=auth, header="x-secret", scheme=PRESETS["github"])
    headers = sign_proof(proof, b'{"a":1}', {"x-event": "push"}, SECRET, NOW)
    assert headers["x-event"] == "push"
    assert verify_proof(proof, request_with(headers), [SECRET], NOW) == ""
    assert verify_proof(proof, request_with(headers), [b"desk:other"], NOW) != ""
    assert verify_proof(proof, request_with({}), [SECRET], NOW) != ""


def test_the_key_stands_in_the_address() -> None:
    proof = Proof(auth="key")
    assert sign_proof(proof, b"{}", {"a": "b"}, SECRET, NOW) == {"a": "b"}
    assert verify_proof(proof, request_with({}, key=SECRET.decode()), [SECRET], NOW) == ""
    assert verify_proof(proof, request_with({}), [SECRET], NOW) == "credential.missing"


@pytest.mark.parametrize(
    "proof", [Proof(auth="trust"), Proof(auth=""), Proof(auth="header"), Proof(auth="hmac")], ids=str
)
def test_a_way_that_can_not_prove_anything_is_never_believed(proof: Proof) -> None:
    assert verify_proof(proof, request_with({"": "desk:c0rrect-horse"}), [SECRET], NOW) == "scheme.invalid"
    with pytest.raises(ValueError, match=r"scheme\.invalid"):
        sign_proof(proof, b"{}", {}, SECRET, NOW)


def test_settings_come_before_the_sender_s_defaults() -> None:
    assert proof_of({}, "hmac", header="X-Token").auth == "hmac"
    assert proof_of({}, "hmac", header="X-Token").header == "x-token"
    assert proof_of({"auth": "header", "header": "X-Own"}, "hmac", header="X-Token").header == "x-own"
    assert proof_of({"auth": ["bearer"]}, "hmac").auth == "hmac"


def test_a_secret_has_the_form_that_its_proof_needs() -> None:
    assert source_settings.secret_faults([b" "], "basic") == ["secrets: secret.unconfigured"]
    assert source_settings.secret_faults([b"no-colon"], "basic") == ["secrets: secret.malformed"]
    assert source_settings.secret_faults([b"whsec_!"], "standard") == ["secrets: secret.malformed"]
    assert source_settings.secret_faults([b"anything"], ["basic"]) == []
