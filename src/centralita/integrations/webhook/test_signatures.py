"""What we sign: the published vectors, rotation, and the HMAC headers that other receivers compare."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from centralita.core.signing import (
    PRESETS,
    HmacScheme,
    generate_key_pair,
    generate_secret,
    verify_hmac,
    verify_standard,
)
from centralita.integrations.webhook.receiver import Receiver, Signing, SigningKey
from centralita.integrations.webhook.signatures import MAX_KEYS, signature_headers

NOW = 1_763_806_000.9
ID, BODY = "evt_1", '{"título": "señal ✓"}'.encode()
OLD, NEW = generate_secret(b"o" * 24), generate_secret(b"n" * 24)


def receiver(*keys: SigningKey | str, **signing: str) -> Receiver:
    ready = tuple(key if isinstance(key, SigningKey) else SigningKey(key) for key in keys)
    return Receiver(name="erp", keys=ready, signing=Signing(**signing))  # type: ignore[arg-type]  # literals


def sent(hook: Receiver, now: float = NOW) -> dict[str, str]:
    return dict(signature_headers(hook, ID, BODY, now))


# --- Standard Webhooks -----------------------------------------------------------------------------------------------

# https://github.com/standard-webhooks/standard-webhooks, the tests of its libraries
VECTORS = [
    ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}',
     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}',
     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553,
     b'{"email":"test@example.com","username":"test_user"}', "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
    ("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
     "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}',
     "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="),
]  # fmt: skip


@pytest.mark.parametrize(("secret", "message_id", "at", "body", "signature"), VECTORS)
def test_the_published_vectors(secret: str, message_id: str, at: int, body: bytes, signature: str) -> None:
    headers = signature_headers(receiver(secret), message_id, body, at + 0.99)
    assert headers == (
        ("webhook-id", message_id),
        ("webhook-timestamp", str(at)),
        ("webhook-signature", signature),
    )


def test_all_that_are_valid_sign_in_one_header_the_newest_first() -> None:
    private, public = generate_key_pair(b"k" * 32)
    ended, ending = SigningKey(generate_secret(b"e" * 24), until=NOW), SigningKey(OLD, until=NOW + 60)
    headers = signature_headers(receiver(NEW, private, ending, ended), ID, BODY, NOW)
    assert len(headers) == 3
    versions = [each.split(",")[0] for each in dict(headers)["webhook-signature"].split(" ")]
    assert versions == ["v1", "v1a", "v1"]
    for known in (NEW, public, OLD):
        assert verify_standard(headers, BODY, [known.encode()], NOW) == ""
    assert verify_standard(headers, BODY, [ended.secret.encode()], NOW) == "signature.mismatch"


def test_a_key_signs_until_its_end_and_not_at_it() -> None:
    hook = receiver(NEW, SigningKey(OLD, until=NOW))
    assert sent(hook, NOW - 0.1)["webhook-signature"].count("v1,") == 2
    assert sent(hook, NOW)["webhook-signature"].count("v1,") == 1


def test_no_more_than_ten_sign() -> None:
    hook = receiver(*[generate_secret(bytes([number]) * 24) for number in range(MAX_KEYS + 5)])
    signatures = sent(hook)["webhook-signature"].split(" ")
    assert (MAX_KEYS, len(signatures)) == (10, 10)
    assert signatures[0] == sent(receiver(hook.keys[0]))["webhook-signature"]


def test_any_text_is_a_secret_by_its_bytes() -> None:
    secret = "contraseña de la mesa"
    as_standard = b"whsec_" + base64.b64encode(secret.encode())
    headers = signature_headers(receiver(secret), ID, BODY, NOW)
    assert verify_standard(headers, BODY, [as_standard], NOW) == ""


@pytest.mark.parametrize("scheme", ["standard", "hmac"])
@pytest.mark.parametrize("keys", [("",), (SigningKey(NEW, until=NOW),), (generate_key_pair(b"k" * 32)[1],)])
def test_what_should_be_signed_is_never_sent_unsigned(keys: tuple[SigningKey | str, ...], scheme: str) -> None:
    with pytest.raises(ValueError, match=r"secret\."):
        signature_headers(receiver(*keys, scheme=scheme), ID, BODY, NOW)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_%%%", "whpk_AAAA", "whsk_AAAA", " "])
def test_a_malformed_secret_does_not_sign(secret: str) -> None:
    with pytest.raises(ValueError, match=r"secret\."):
        signature_headers(receiver(secret), ID, BODY, NOW) if secret.strip() else signature_headers(
            receiver(secret, scheme="hmac"), ID, BODY, NOW
        )


def test_a_webhook_without_keys_says_id_and_time() -> None:
    assert sent(receiver()) == {"webhook-id": ID, "webhook-timestamp": "1763806000"}
    assert sent(receiver(scheme="hmac")) == {"webhook-id": ID, "webhook-timestamp": "1763806000"}


# --- HMAC in a header of the receiver's choice -----------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha1"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("prefix", ["", "sha256=", "v0="])
def test_an_hmac_is_what_a_receiver_computes(algorithm: str, encoding: str, prefix: str) -> None:
    hook = receiver("s3cret", scheme="hmac", header="X-Firma", algorithm=algorithm, encoding=encoding, prefix=prefix)
    digest = hmac.new(b"s3cret", BODY, getattr(hashlib, algorithm)).digest()
    text = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    headers = sent(hook)
    assert headers == {"webhook-id": ID, "webhook-timestamp": "1763806000", "X-Firma": prefix + text}
    scheme = HmacScheme(header="x-firma", algorithm=algorithm, encoding=encoding, prefix=prefix)  # type: ignore[arg-type]
    got = [(name.lower(), value) for name, value in headers.items()]
    assert verify_hmac(scheme, got, BODY, [b"s3cret"], NOW) == ""
    assert verify_hmac(scheme, got, BODY + b" ", [b"s3cret"], NOW) == "signature.mismatch"


def test_a_receiver_of_githubs_takes_it() -> None:
    hook = receiver(NEW, scheme="hmac", header="X-Hub-Signature-256", prefix="sha256=")
    got = [(name.lower(), value) for name, value in sent(hook).items()]
    # The secret as it is shown, prefix and all: such receivers don't decode it.
    assert verify_hmac(PRESETS["github"], got, BODY, [NEW.encode()], NOW) == ""


def test_only_the_newest_key_signs_where_there_is_room_for_one() -> None:
    both = sent(receiver(NEW, SigningKey(OLD, until=NOW + 60), scheme="hmac"))
    assert both == sent(receiver(NEW, scheme="hmac"))


@pytest.mark.parametrize("signing", [{"header": "X Bad"}, {"header": "Host"}, {"header": ""}, {"prefix": "a\r\nb: c"}])
def test_a_header_that_cannot_be_sent_signs_nothing(signing: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"scheme\."):
        signature_headers(receiver(NEW, scheme="hmac", **signing), ID, BODY, NOW)
