"""What a receiver needs to verify one webhook's signatures, as a program in its language.

The programs stand beside as files that run as they are: ``standard`` for ``v1``, ``asymmetric`` for ``v1a``, ``hmac``
for a header of one's own, ``troubleshooting`` for the signature inside the body. What differs from one webhook to the
next is put in their places; the secret is an environment variable, and never in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from centralita.integrations.webhook.receiver import Receiver
from centralita.integrations.webhook.signatures import standard_secret

Language = Literal["python", "javascript", "php"]
SUFFIXES: Mapping[Language, str] = {"python": "py", "javascript": "mjs", "php": "php"}

_SECRET, _PUBLIC_KEY = "ERP_WEBHOOK_SECRET", "ERP_WEBHOOK_PUBLIC_KEY"
_OWN_TEXT: Mapping[Language, tuple[str, str]] = {
    "python": ('base64.b64decode(secret.removeprefix("whsec_"))', "secret.encode()"),
    "javascript": ('Buffer.from(secret.replace(/^whsec_/, ""), "base64")', "Buffer.from(secret)"),
    "php": ("base64_decode(preg_replace('/^whsec_/', '', $secret), true)", "$secret"),
}
"""How a key is had from a secret, and how from one that is no more than somebody's own text."""
_PLACE = re.compile(r'"@([A-Z]+)@"')


def snippet(receiver: Receiver, language: Language, now: float) -> str:
    """A program that verifies what ``receiver`` is sent at ``now``: exit code 0 for a genuine message on its standard
    input, with the headers in the environment. "" for a webhook that signs nothing."""
    secrets = receiver.secrets(now)
    if not secrets:
        return ""
    kind = _kind(receiver, secrets[0])
    name = re.sub(r"[^A-Z0-9]+", "_", receiver.name.upper()).strip("_")
    # No variable begins with a digit.
    prefix = f"{name}_" if name[:1].isalpha() else ""
    text = _text(f"{kind}.{SUFFIXES[language]}")
    if kind == "standard" and standard_secret(secrets[0]) != secrets[0].encode():
        text = text.replace(*_OWN_TEXT[language])
    text = text.replace(_SECRET, f"{prefix}WEBHOOK_SECRET").replace(_PUBLIC_KEY, f"{prefix}WEBHOOK_PUBLIC_KEY")
    signing = receiver.signing
    values = {
        "HEADER": signing.header.lower(),
        "ALGORITHM": signing.algorithm,
        "ENCODING": signing.encoding,
        "PREFIX": signing.prefix,
    }
    return _PLACE.sub(lambda found: _LITERALS[language](values[found[1]]), text)


def _kind(receiver: Receiver, newest: str) -> str:
    if receiver.signing.scheme == "hmac":
        return "hmac"
    if newest.startswith("whsk_"):
        return "asymmetric"
    return "troubleshooting" if receiver.format == "troubleshooting" else "standard"


@cache
def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _php(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


# JSON's escapes mean the same in JavaScript and in Python: no surrogate pair is left to be read apart.
_LITERALS: Mapping[Language, Callable[[str], str]] = {
    "python": lambda text: json.dumps(text, ensure_ascii=False),
    "javascript": lambda text: json.dumps(text, ensure_ascii=False),
    "php": _php,
}
