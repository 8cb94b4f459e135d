"""What receivers are given to verify with, run on what the hub really sends, and on what somebody else would send."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from centralita.core.signing import generate_key_pair, generate_secret
from centralita.integrations.webhook.destination import WebhookDestination
from centralita.integrations.webhook.receiver import Receiver, Signing, SigningKey
from centralita.integrations.webhook.snippets import SUFFIXES, Language, snippet
from centralita.integrations.webhook.test_destination import EVENT, config_with, delivery
from centralita.ports import HttpRequest

PROGRAMS = {"python": sys.executable, "javascript": "node", "php": "php"}
SECRET = generate_secret(b"a secret of thirty-two bytes long")
PRIVATE, PUBLIC = generate_key_pair(b"s" * 32)
HOSTILE = {
    "signature": "a" * 64,
    "text": '", "signature": "' + "b" * 64 + '", Ñandú 😀 \\ /',
    "n": [1.0, 1e30, {"b": 1, "a": 2}],
}
LANGUAGES = [
    "python",
    pytest.param("javascript", marks=pytest.mark.long),
    pytest.param("php", marks=pytest.mark.long),
]
SIGNINGS: dict[str, tuple[dict[str, Any], str, str]] = {
    "standard": ({"keys": (SigningKey(SECRET),)}, "ERP_WEBHOOK_SECRET", SECRET),
    "own text": ({"keys": (SigningKey("una clave ñ"),)}, "ERP_WEBHOOK_SECRET", "una clave ñ"),
    "key pair": ({"keys": (SigningKey(PRIVATE), SigningKey(SECRET))}, "ERP_WEBHOOK_PUBLIC_KEY", PUBLIC),
    "hmac": (
        {
            "keys": (SigningKey(SECRET),),
            "signing": Signing(scheme="hmac", header="X-Hub-Signature-256", prefix="sha256="),
        },
        "ERP_WEBHOOK_SECRET",
        SECRET,
    ),
    "hmac, base64": (
        {
            "keys": (SigningKey(SECRET),),
            "signing": Signing(scheme="hmac", algorithm="sha512", encoding="base64", prefix="\"'\\$x "),
        },
        "ERP_WEBHOOK_SECRET",
        SECRET,
    ),
    "inside": ({"keys": (SigningKey(SECRET),), "format": "troubleshooting"}, "ERP_WEBHOOK_SECRET", SECRET),
    "inside, own text": ({"keys": (SigningKey("una clave ñ"),), "format": "troubleshooting"}, "ERP_WEBHOOK_SECRET",
                         "una clave ñ"),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("signing", SIGNINGS)
def test_it_accepts_what_is_sent_and_nothing_else(signing: str, language: Language, tmp_path: Path) -> None:
    changes, variable, secret = SIGNINGS[signing]
    item = msgspec.structs.replace(delivery(), event=msgspec.structs.replace(EVENT, data=HOSTILE))
    request = next(WebhookDestination().perform(item, config_with(**changes), {}, time.time()))
    assert isinstance(request, HttpRequest)
    headers = {name.lower(): value for name, value in request.headers}
    code = snippet(Receiver(name="erp", **changes), language, 0.0)
    assert secret not in code and "@" not in code
    judge_snippet(language, code, {variable: secret}, headers, request.body, tmp_path)


def judge_snippet(
    language: Language, code: str, secret: dict[str, str], headers: dict[str, str], body: bytes, directory: Path
) -> None:
    """Runs a program on a genuine message, and on messages in which something was changed."""
    file = directory / f"verify.{SUFFIXES[language]}"
    file.write_text(code, encoding="utf-8")

    def accepts(headers: dict[str, str], body: bytes, secret: dict[str, str] = secret) -> bool:
        said = {name.upper().replace("-", "_"): value for name, value in headers.items()}
        done = subprocess.run(
            [PROGRAMS[language], str(file)], env={**said, **secret}, input=body, capture_output=True, check=False
        )
        assert done.returncode in (0, 1) and not done.stderr, done.stderr
        return done.returncode == 0

    assert accepts(headers, body)
    assert not accepts(headers, body.replace(b"Impresora", b"Impresorb").replace(b"4521", b"4522"))
    [(variable, key)] = secret.items()
    prefix = key[:6] if key.startswith("whsec_") else key[:5] if key.startswith("whpk_") else ""
    assert not accepts(headers, body, {variable: prefix + base64.b64encode(b"o" * 32).decode()})
    signature = next((name for name in headers if "signature" in name and name in code), "")
    if signature:
        assert not accepts({**headers, signature: ""}, body)
        assert not accepts({**headers, signature: headers[signature].swapcase()}, body)
    if "webhook-timestamp" in code:
        assert not accepts({**headers, "webhook-id": "evt_other"}, body)
        assert not accepts({**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}, body)
        assert accepts({**headers, signature: f"v1,AAAA v1a,AAAA {headers[signature]}"}, body)


def test_its_variable_is_named_after_the_webhook_and_is_one_in_every_shell() -> None:
    for name, variable in (("Mesa de ayuda", "MESA_DE_AYUDA_"), ("3 pisos", ""), ("ñ", ""), ("a\"'$(x)", "A_X_")):
        code = snippet(Receiver(name=name, keys=(SigningKey(SECRET),)), "python", 0.0)
        assert f'os.environ["{variable}WEBHOOK_SECRET"]' in code


def test_where_nothing_is_signed_there_is_nothing_to_verify() -> None:
    assert snippet(Receiver(name="erp"), "python", 0.0) == ""
    assert snippet(Receiver(name="erp", keys=(SigningKey(SECRET, until=5.0),)), "python", 6.0) == ""
