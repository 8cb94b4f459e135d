"""Signatures: the published vectors in both directions, every way to get one wrong, and an independent verifier."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from centralita.core import credentials, signing
from centralita.core.signing import PRESETS, HmacScheme, sign_hmac, sign_standard, verify_hmac, verify_standard

PUBLIC_KEY = b"whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
PRIVATE_KEY = b"whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
SECRET = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
SIGNATURE_ED25519 = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="

VECTORS = [
    (SECRET, ID, AT, BODY, SIGNATURE),
    (SECRET.removeprefix(b"whsec_"), ID, AT, BODY, SIGNATURE),
    (
        b"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        1649367553,
        b'{"email":"test@example.com","username":"test_user"}',
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    ),
    (PRIVATE_KEY, ID, AT, BODY, SIGNATURE_ED25519),
]


def headers(signature: str = SIGNATURE, timestamp: str = str(AT), message_id: str = ID) -> tuple[tuple[str, str], ...]:
    return (("webhook-id", message_id), ("webhook-timestamp", timestamp), ("webhook-signature", signature))


@pytest.mark.parametrize(("secret", "message_id", "at", "body", "signature"), VECTORS)
def test_the_published_vectors_hold_in_both_directions(
    secret: bytes, message_id: str, at: int, body: bytes, signature: str
) -> None:
    assert sign_standard([secret], message_id, at, body) == signature
    assert verify_standard(headers(signature, str(at), message_id), body, [secret], at) == ""
    assert verify_standard(headers(signature, str(at), message_id), body + b" ", [secret], at) == "signature.mismatch"


def test_an_asymmetric_signature_verifies_by_the_public_key_only_as_what_it_is() -> None:
    assert verify_standard(headers(SIGNATURE_ED25519), BODY, [PUBLIC_KEY], AT) == ""
    assert verify_standard(headers(SIGNATURE_ED25519.replace("v1a", "v1")), BODY, [PUBLIC_KEY], AT) != ""
    # A public key is public: it must never serve as an HMAC key.
    key = base64.b64decode(PUBLIC_KEY.removeprefix(b"whpk_"))
    mac = hmac.digest(key, f"{ID}.{AT}.".encode() + BODY, "sha256")
    forged = "v1," + base64.b64encode(mac).decode()
    assert verify_standard(headers(forged), BODY, [PUBLIC_KEY], AT) == "signature.mismatch"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed_once_and_not_empty(name: str) -> None:
    missing = [pair for pair in headers() if pair[0] != name]
    assert verify_standard(missing, BODY, [SECRET], AT).endswith(".missing")
    assert verify_standard([*missing, (name, "")], BODY, [SECRET], AT).endswith(".missing")
    same = next(pair for pair in headers() if pair[0] == name)
    assert verify_standard([*headers(), same], BODY, [SECRET], AT) == "header.duplicated"


@pytest.mark.parametrize(
    "secrets",
    [[], [b""], [b"   "], [b"whsec_"], [b"whpk_"], [b"whsk_"], [b"whsec_!!!!"], [b"whpk_AAAA"], [b"whsec_\xff"]],
)
def test_without_a_usable_secret_it_fails_closed(secrets: list[bytes]) -> None:
    for key in (b"", b" ", b"   ", b"whsec_"):
        forged = "v1," + base64.b64encode(hmac.digest(key, f"{ID}.{AT}.".encode() + BODY, "sha256")).decode()
        assert verify_standard(headers(forged), BODY, secrets, AT) in ("secret.unconfigured", "secret.malformed")
    with pytest.raises(ValueError, match=r"secret\."):
        sign_standard(secrets, ID, AT, BODY)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (AT - 300, ""),
        (AT + 300, ""),
        (AT - 301, "timestamp.stale"),
        (AT + 301, "timestamp.stale"),
        (AT + 300.5, "timestamp.stale"),
        (0, "timestamp.stale"),
    ],
)
def test_the_tolerance_is_five_minutes_both_ways(now: float, reason: str) -> None:
    assert verify_standard(headers(), BODY, [SECRET], now) == reason


@pytest.mark.parametrize(
    "timestamp",
    [
        "hello",
        "1614265330.0",
        "+1614265330",
        " 1614265330",
        "1e9",
        "-1",
        "１６１４２６５３３０",
        "١٦١٤٢٦٥٣٣٠",
        "9" * 400,
    ],
)
def test_a_timestamp_is_ascii_digits_even_when_it_is_signed(timestamp: str) -> None:
    content = f"{ID}.{timestamp}.".encode() + BODY
    key = base64.b64decode(SECRET.removeprefix(b"whsec_"))
    signed = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    assert verify_standard(headers(signed, timestamp), BODY, [SECRET], AT) == "timestamp.malformed"


@pytest.mark.parametrize(
    "signature",
    [
        SIGNATURE[:-1],
        SIGNATURE[:5],
        "v1,",
        "v1",
        ",",
        SIGNATURE.removeprefix("v1,"),
        SIGNATURE.replace("v1", "v2"),
        SIGNATURE.replace("v1", "V1"),
        SIGNATURE.lower(),
        SIGNATURE + "=",
        SIGNATURE.replace(",", ", "),
        SIGNATURE[:-2] + "F=",
        "v1," + "\xe9" * 44,
        "v1a," + "A" * 10_000,
        "v1a," + base64.b64encode(bytes(64)).decode(),
    ],
)
def test_a_bad_or_partial_signature_is_a_mismatch(signature: str) -> None:
    assert verify_standard(headers(signature), BODY, [SECRET, PUBLIC_KEY], AT) == "signature.mismatch"


def test_an_ed25519_signature_has_one_spelling() -> None:
    twisted = SIGNATURE_ED25519[:-3] + "h=="  # the same bytes, were trailing bits ignored
    assert base64.b64decode(twisted[4:]) == base64.b64decode(SIGNATURE_ED25519[4:])
    assert verify_standard(headers(twisted), BODY, [PUBLIC_KEY], AT) == "signature.mismatch"


def test_one_valid_signature_among_others_is_enough() -> None:
    several = f"v1,AAAA v2,{SIGNATURE[3:]} {SIGNATURE_ED25519} {SIGNATURE}"
    assert verify_standard(headers(several), BODY, [SECRET], AT) == ""
    assert verify_standard(headers(several), BODY, [PUBLIC_KEY], AT) == ""
    assert verify_standard(headers(several.removesuffix(f" {SIGNATURE}")), BODY, [SECRET], AT) == "signature.mismatch"


def test_a_rotation_signs_with_both_and_accepts_either() -> None:
    new = signing.generate_secret(bytes(range(24))).encode()
    both = sign_standard([new, SECRET], ID, AT, BODY)
    assert both.count("v1,") == 2
    for known in ([new], [SECRET], [b"", SECRET], [b"whsec_!", SECRET]):
        assert verify_standard(headers(both), BODY, known, AT) == ""
    assert verify_standard(headers(sign_standard([new], ID, AT, BODY)), BODY, [SECRET], AT) == "signature.mismatch"


def test_a_thousand_signatures_are_not_worth_a_look() -> None:
    many = " ".join([SIGNATURE] * 1000)
    assert verify_standard(headers(many), BODY, [SECRET], AT) == "signature.too_many"


def test_a_secret_may_lack_its_padding_as_in_the_reference_library() -> None:
    secret = b"whsec_" + base64.b64encode(bytes(range(32)))
    bare = secret.rstrip(b"=")
    assert bare != secret
    assert sign_standard([bare], ID, AT, BODY) == sign_standard([secret], ID, AT, BODY)
    assert signing.parse_key(secret + b"=") is None


def test_the_independent_verifier_agrees_in_both_directions() -> None:
    secret = signing.generate_secret(bytes(range(32)))
    now = int(time.time())
    body = '{"título": "señal ✓"}'
    ours = dict(signing.standard_headers([secret.encode()], "msg_1", now, body.encode()))
    Webhook(secret).verify(body, ours)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + " ", ours)
    theirs = Webhook(secret).sign("msg_1", datetime.fromtimestamp(now, UTC), body)
    assert verify_standard(headers(theirs, str(now), "msg_1"), body.encode(), [secret.encode()], now) == ""


def test_generated_keys_are_well_formed_and_demand_enough_randomness() -> None:
    assert len(base64.b64decode(signing.generate_secret(bytes(32)).removeprefix("whsec_"))) == 32
    for wrong in (b"", bytes(23), bytes(65)):
        with pytest.raises(ValueError, match="24 to 64"):
            signing.generate_secret(wrong)
    private, public = signing.generate_key_pair(bytes(range(32)))
    signed = sign_standard([private.encode()], ID, AT, BODY)
    assert verify_standard(headers(signed), BODY, [public.encode()], AT) == ""
    assert verify_standard(headers(signed), BODY, [PUBLIC_KEY], AT) == "signature.mismatch"
    with pytest.raises(ValueError, match="32"):
        signing.generate_key_pair(bytes(31))


def test_a_key_does_not_show_itself() -> None:
    key = signing.parse_key(SECRET)
    assert key is not None
    assert repr(key) == "Key(hmac)"


# --- HMAC in a header ------------------------------------------------------------------------------------------------

HMAC_SECRET = b"it's a secret to everybody"


def test_known_values_of_senders() -> None:
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    github = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    got = [("x-hub-signature-256", github)]
    assert verify_hmac(PRESETS["github"], got, b"Hello, World!", [b"It's a Secret to Everybody"], 0) == ""
    # https://docs.slack.dev/authentication/verifying-requests-from-slack
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    slack = [
        ("x-slack-request-timestamp", "1531420618"),
        ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
    ]
    secret = b"8f742231b10e8888abcd99yyyzzz85a5"
    assert verify_hmac(PRESETS["slack"], slack, body, [secret], 1531420618) == ""
    assert verify_hmac(PRESETS["slack"], slack, body, [secret], 1531420618 + 301) == "timestamp.stale"


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_signs_what_it_verifies_and_nothing_else(name: str) -> None:
    scheme = PRESETS[name]
    assert signing.check_scheme(scheme) == []
    at = str(AT) if "{timestamp}" in scheme.content else ""
    signed = sign_hmac(scheme, HMAC_SECRET, BODY, at)
    assert verify_hmac(scheme, signed, BODY, [b"old", HMAC_SECRET], AT) == ""
    assert verify_hmac(scheme, signed, BODY + b" ", [HMAC_SECRET], AT) == "signature.mismatch"
    assert verify_hmac(scheme, signed, BODY, [b"old"], AT) == "signature.mismatch"
    assert verify_hmac(scheme, (*signed, *signed), BODY, [HMAC_SECRET], AT) == "header.duplicated"
    assert verify_hmac(scheme, [], BODY, [HMAC_SECRET], AT) == "signature.missing"
    for closed in ([], [b""], [b" \n"]):
        assert verify_hmac(scheme, sign_with_empty(scheme, at), BODY, closed, AT) == "secret.unconfigured"
    value = dict(signed)[scheme.header]
    for bad in (value[:-1], value + "0", value[:-1] + ("0" if value[-1] != "0" else "1"), "é" * 64, "\u4e2d", "="):
        forged = [(key, bad if key == scheme.header else text) for key, text in signed]
        assert verify_hmac(scheme, forged, BODY, [HMAC_SECRET], AT) != ""


def sign_with_empty(scheme: HmacScheme, at: str) -> tuple[tuple[str, str], ...]:
    content = scheme.content.replace("{timestamp}", at).replace("{body}", BODY.decode()).encode()
    digest = hmac.digest(b"", content, scheme.algorithm)
    text = base64.b64encode(digest).decode() if scheme.encoding == "base64" else digest.hex()
    return ((scheme.header, scheme.prefix + text), (scheme.timestamp_header or "x", at))


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_every_algorithm_and_encoding_against_hashlib(algorithm: str, encoding: str) -> None:
    scheme = HmacScheme(header="x-sig", algorithm=algorithm, encoding=encoding)  # type: ignore[arg-type]
    digest = hmac.new(HMAC_SECRET, BODY, getattr(hashlib, algorithm)).digest()
    text = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    assert verify_hmac(scheme, [("x-sig", text)], BODY, [HMAC_SECRET], 0) == ""
    upper = verify_hmac(scheme, [("x-sig", text.upper())], BODY, [HMAC_SECRET], 0)
    assert upper == ("" if encoding == "hex" else "signature.mismatch")


def test_a_list_holds_several_signatures_and_the_time() -> None:
    stripe = PRESETS["stripe"]
    ((header, value),) = sign_hmac(stripe, HMAC_SECRET, BODY, str(AT))
    assert value.startswith(f"t={AT},v1=")
    for text, reason in (
        (value.replace("v1=", "v1=00,v0=11, v1="), ""),
        (value.replace(f"t={AT}", f"t={AT + 1}"), "signature.mismatch"),
        (value.replace(f"t={AT},", ""), "timestamp.missing"),
        (f"t={AT},{value}", "timestamp.malformed"),
        (f"t={AT}", "signature.mismatch"),
        (",".join([value] * 100), "signature.too_many"),
    ):
        assert verify_hmac(stripe, [(header, text)], BODY, [HMAC_SECRET], AT) == reason
    assert verify_hmac(stripe, [(header, value)], BODY, [HMAC_SECRET], AT + 301) == "timestamp.stale"


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        ("2021-02-25T15:02:10Z", ""),
        ("2021-02-25T12:02:10.5-03:00", ""),
        ("1614265330000", ""),
        ("2021-02-25T15:10:10Z", "timestamp.stale"),
        ("2021-02-25", "timestamp.malformed"),
        ("2021-13-25T15:02:10Z", "timestamp.malformed"),
        ("2021-02-25T15:02:10", "timestamp.malformed"),
        ("0001-01-01T00:00:00+23:59", "timestamp.malformed"),
        ("１６１４２６５３３０", "timestamp.malformed"),
        ("", "timestamp.missing"),
    ],
)
def test_times_are_read_strictly(timestamp: str, reason: str) -> None:
    zendesk = PRESETS["zendesk"]
    assert verify_hmac(zendesk, sign_hmac(zendesk, HMAC_SECRET, BODY, timestamp), BODY, [HMAC_SECRET], AT) == reason


def test_an_id_can_be_signed() -> None:
    scheme = HmacScheme(header="x-sig", content="{id}:{body}", id_header="x-id")
    signed = sign_hmac(scheme, HMAC_SECRET, BODY, message_id="42")
    assert verify_hmac(scheme, signed, BODY, [HMAC_SECRET], 0) == ""
    assert verify_hmac(scheme, [signed[0], ("x-id", "43")], BODY, [HMAC_SECRET], 0) == "signature.mismatch"
    assert verify_hmac(scheme, [signed[0]], BODY, [HMAC_SECRET], 0) == "id.missing"


@pytest.mark.parametrize(
    ("scheme", "fault"),
    [
        (HmacScheme(header=""), "scheme.header_missing"),
        (HmacScheme(header="x", content="constant"), "scheme.content_without_body"),
        (HmacScheme(header="x", content="{body}{url}"), "scheme.content_unreadable"),
        (HmacScheme(header="x", content="{timestamp}{body}"), "scheme.timestamp_unnamed"),
        (HmacScheme(header="x", timestamp_header="t"), "scheme.timestamp_unsigned"),
        (HmacScheme(header="x", content="{id}{body}"), "scheme.id_unnamed"),
        (
            HmacScheme(header="x", content="{timestamp}{body}", timestamp_prefix="t="),
            "scheme.timestamp_without_separator",
        ),
    ],
)
def test_a_scheme_that_would_verify_nothing_is_refused(scheme: HmacScheme, fault: str) -> None:
    assert fault in signing.check_scheme(scheme)
    assert verify_hmac(scheme, [("x", "anything")], BODY, [HMAC_SECRET], 0) == "scheme.invalid"
    with pytest.raises(ValueError, match=r"scheme\.invalid"):
        sign_hmac(scheme, HMAC_SECRET, BODY)


# --- Shared secrets --------------------------------------------------------------------------------------------------


def basic(text: str) -> list[tuple[str, str]]:
    return [("authorization", "Basic " + base64.b64encode(text.encode()).decode())]


def test_shared_secrets_match_exactly() -> None:
    assert credentials.verify_bearer([("authorization", "bearer s3cret")], [b"old", b"s3cret"]) == ""
    assert credentials.verify_basic(basic("ana:pass:word"), [b"ana:pass:word"]) == ""
    assert credentials.verify_header([("x-token", "s3cret")], "x-token", [b"s3cret"]) == ""
    assert credentials.verify_header([("x-token", "Ã±")], "x-token", ["ñ".encode()]) == ""  # UTF-8 seen as latin-1
    assert credentials.verify_key("s3cret", [b"s3cret"]) == ""


@pytest.mark.parametrize("given", ["s3cre", "s3crett", "S3CRET", "s3cret ", "\u4e2d", "\ud800"])
def test_anything_else_does_not_match(given: str) -> None:
    assert credentials.verify_bearer([("authorization", f"Bearer x{given}")], [b"s3cret"]) == "credential.mismatch"
    assert credentials.verify_header([("x-token", given)], "x-token", [b"s3cret"]) == "credential.mismatch"
    assert credentials.verify_key(given, [b"s3cret"]) == "credential.mismatch"


@pytest.mark.parametrize("secrets", [[], [b""], [b" "]])
def test_an_empty_secret_matches_nothing(secrets: list[bytes]) -> None:
    for blank in ("", " "):
        assert credentials.verify_bearer([("authorization", f"Bearer {blank}")], secrets) == "secret.unconfigured"
        assert credentials.verify_basic(basic(blank), secrets) == "secret.unconfigured"
        assert credentials.verify_header([("x", blank)], "x", secrets) == "secret.unconfigured"
        assert credentials.verify_key(blank, secrets) == "secret.unconfigured"
    assert credentials.verify_basic(basic(":"), [b":"]) == "secret.unconfigured"


def test_a_missing_or_doubled_header_is_named() -> None:
    authorization = [("authorization", "Bearer s3cret")]
    assert credentials.verify_bearer(authorization * 2, [b"s3cret"]) == "header.duplicated"
    assert credentials.verify_basic(authorization, [b"a:b"]) == "credential.missing"
    assert credentials.verify_bearer([], [b"s3cret"]) == "credential.missing"
    assert credentials.verify_header([("x", "a"), ("x", "s3cret")], "x", [b"s3cret"]) == "header.duplicated"
    assert credentials.verify_basic([("authorization", "Basic %%%")], [b"a:b"]) == "credential.mismatch"
    assert credentials.verify_key("", [b"s3cret"]) == "credential.missing"


@settings(deadline=None)
@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "authorization", "x-sig"]),
            st.text(max_size=40) | st.sampled_from([str(AT), SIGNATURE, "Basic x"]),
        ),
        max_size=6,
    ),
    body=st.binary(max_size=64),
    secrets=st.lists(st.binary(max_size=40) | st.sampled_from([b"whpk_", b"whsec_AAAA"]), max_size=3),
    now=st.floats(),
)
def test_no_request_makes_a_verifier_raise(
    pairs: list[tuple[str, str]], body: bytes, secrets: list[bytes], now: float
) -> None:
    assert verify_standard(pairs, body, secrets, now) in signing.REASONS
    for scheme in (HmacScheme(header="x-sig"), PRESETS["stripe"], HmacScheme(header="x-sig", encoding="base64")):
        assert verify_hmac(scheme, pairs, body, secrets, now) in signing.REASONS
    assert credentials.verify_bearer(pairs, secrets) in ("", *credentials.REASONS)
    assert credentials.verify_basic(pairs, secrets) in ("", *credentials.REASONS)
