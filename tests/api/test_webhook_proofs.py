"""How a webhook proves the hub, as it is saved: what could never be sent is refused at once, by its key."""

from __future__ import annotations

from typing import Any

import trustme

from tests.api.conftest import Api

PATH = "/api/v1/webhooks"
AUTHORITY = trustme.CA()
LEAF = AUTHORITY.issue_cert("hub.example.com")
CERTIFICATE, KEY = LEAF.cert_chain_pems[0].bytes().decode(), LEAF.private_key_pem.bytes().decode()
OTHER_KEY = AUTHORITY.issue_cert("other.example.com").private_key_pem.bytes().decode()
HMAC = {"scheme": "hmac", "header": "X-Hub-Signature-256", "prefix": "sha256="}
BEARER = {"kind": "bearer", "token": "t0ken"}


SENDABLE: list[dict[str, Any]] = [
    {"signing": HMAC, "secret": "what the receiver gave"},
    {"client_certificate": CERTIFICATE + KEY},
    {"headers": {"Authorization": "ApiKey 42"}},
    {"auth": BEARER},
    {"auth": {"kind": "oauth2", "token_url": "https://id.example.com/t", "client_id": "a", "client_secret": "b"}},
]


async def test_what_can_be_sent_is_saved_and_shown_without_its_secrets(api: Api) -> None:
    for number, given in enumerate(SENDABLE):
        made = await api("POST", PATH, {"name": f"erp{number}", "url": "https://erp.example.com/hook", **given})
        assert made.status == 201, made.body
        shown = (await api("GET", f"{PATH}/erp{number}")).body.decode()
        for secret in ("what the receiver gave", "PRIVATE KEY", "ApiKey 42", "t0ken"):
            assert secret not in shown


UNSENDABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"client_certificate": CERTIFICATE}, "client_certificate", "certificate.key_missing"),
    ({"client_certificate": CERTIFICATE + OTHER_KEY}, "client_certificate", "certificate.key_mismatch"),
    ({"client_certificate": "s3cret"}, "client_certificate", "certificate.unreadable"),
    ({"auth": BEARER, "headers": {"Authorization": "ApiKey 42"}}, "headers.Authorization", "webhook.header_own"),
    ({"signing": HMAC, "headers": {"x-hub-signature-256": "1"}}, "headers.x-hub-signature-256",
     "webhook.header_own"),
    ({"signing": HMAC | {"header": "Webhook-Id"}}, "signing.header", "webhook.header_own"),
    ({"signing": HMAC, "secret": " "}, "secret", "webhook.secret_malformed"),
    ({"signing": HMAC, "scheme": "v1a"}, "secret", "webhook.secret_malformed"),
    ({"secret": "what the receiver gave"}, "secret", "webhook.secret_malformed"),
]  # fmt: skip


async def test_what_could_never_be_sent_is_refused_by_its_key(api: Api) -> None:
    for given, at, code in UNSENDABLE:
        reply = await api("POST", PATH, {"name": "billing", "url": "https://erp.example.com/hook", **given})
        assert reply.status == 422, reply.body
        assert [(error["at"], error["code"]) for error in reply.json()["errors"]] == [(at, code)]
        assert all(error["detail"] != code for error in reply.json()["errors"])
        assert "s3cret" not in reply.body.decode()


async def test_a_text_of_the_receivers_replaces_an_hmac_secret(api: Api) -> None:
    await api("POST", PATH, {"name": "billing", "url": "https://erp.example.com/hook", "signing": HMAC})
    assert (await api("POST", f"{PATH}/billing/secrets", {"secret": "another text"})).status == 201
    assert (await api("POST", f"{PATH}/billing/secrets", {"scheme": "v1a"})).status == 422
