"""What is to be done at the sender: out of the integration's own page, and when its requests are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from centralita.core.curl import curl
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations import registry
from centralita.services.source_changes import Handover

_HEADINGS = {"es": "## Español", "en": "## English"}
_STEP = re.compile(r"(\d+)\. ")
_ADDRESS = re.compile(r"https://desk\.example\.com/in/[\w-]+(?:/<[^>]*>)?")
_OUR_FILE = "centralita.yaml"

CURES: Mapping[str, str] = {
    "credential.mismatch": N_("Enter the secret at the sender again, whole and without blanks around it."),
    "credential.missing": N_("The sender has to send the secret with each request, where this source expects it."),
    "header.duplicated": N_("Let the sender, or the proxy in front of us, send that header once."),
    "id.missing": N_("The sender, or the proxy in front of us, leaves out a header that is signed along."),
    "request.compressed": N_("Switch compression off at the sender, or in the proxy in front of us."),
    "request.method": N_("Set the sender's method to POST."),
    "source.unknown": N_("Enter the address at the sender again, as it was printed."),
    "request.path": N_("Enter the address at the sender again, as it was printed."),
    "request.too_long": N_("Let the sender send less, or raise receive.max_body_bytes."),
    "secret.unconfigured": N_("Give the source a secret: centralita source rotate {slug}"),
    "secret.malformed": N_("Give the source another secret: centralita source rotate {slug}"),
    "scheme.invalid": N_("Correct the source's settings: centralita source edit {slug} --set KEY=VALUE"),
    "signature.mismatch": N_(
        "Enter the secret at the sender again, whole; a proxy in front of us must not change the body."
    ),
    "signature.missing": N_("Switch signing on at the sender, with this source's secret."),
    "signature.too_many": N_("Let the sender sign with fewer secrets."),
    "timestamp.malformed": N_("The sender's time has another form: compare the source's settings with its page."),
    "timestamp.missing": N_("The sender, or the proxy in front of us, leaves out the header with the time."),
    "timestamp.stale": N_("Let NTP set the sender's clock and this one."),
    "body.content_type": N_("Let the sender send JSON, with Content-Type: application/json."),
    "body.empty": N_("The sender's template is empty: give it a body."),
    "json.syntax": N_("Correct the sender's template: a quote inside a field has to be escaped."),
}
"""Why a request was refused, to what to do about it."""


def instructions(kind: str, address: str, locale: str) -> list[str]:
    """What is to be done at a sender of ``kind`` (which may be a preset's name), line by line; [] when nothing is
    written of it."""
    integration, _settings = registry.configured(kind, {})
    text = registry.readme(integration.kind).read_text(encoding="utf-8")
    return steps(text, address, locale) if kind == integration.kind else section(text, kind, address, locale)


def trial(kind: str, given: Handover, locale: str) -> str:
    """A line for a terminal that sends a first event by hand; "" where that takes more than a secret, or where only
    the sender knows the bodies."""
    proofs = {"bearer": [("Authorization", f"Bearer {given.secret}")], "key": []}
    if kind != "generic" or given.proof not in proofs:
        return ""
    body = {"title": _("A first event, sent by hand", locale), "severity": "medium"}
    return curl(given.address, proofs[given.proof], [("Content-Type", "application/json")], msgspec.json.encode(body))


def steps(page: str, address: str, locale: str) -> list[str]:
    """The numbered steps of an integration's page, in the reader's language and with the source's own address.

    Those about our own file are left out: this source is not in it. [] when the page has none.
    """
    items: list[list[str]] = []
    for line in _listed(page, locale):
        if _STEP.match(line):
            items.append([])
        items[-1].append(line)
    ours = [item for item in items if _OUR_FILE not in item[0]]
    for number, item in enumerate(ours, 1):
        item[0] = _STEP.sub(f"{number}. ", item[0], count=1)
    return [_ADDRESS.sub(address, line) for item in ours for line in item]


def section(page: str, preset: str, address: str, locale: str) -> list[str]:
    """What the generic source's page says of a preset's sender, as ``steps``; [] when it says nothing of its own."""
    found: list[str] = []
    inside = spoken = False
    for line in page.splitlines():
        if line.startswith("## "):
            spoken, inside = line.strip() == _HEADINGS[locale], False
        elif line.startswith("### "):
            inside = spoken and _plain(line).startswith(_plain(preset))
        elif inside:
            found.append(_ADDRESS.sub(address, line))
    return found[1:] if found and not found[0] else found


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _listed(page: str, locale: str) -> Iterator[str]:
    """The lines of the first numbered list below the language's heading."""
    lines = iter(page.splitlines())
    for line in lines:
        if line.strip() == _HEADINGS[locale]:
            break
    inside = False
    for line in lines:
        if line.startswith("## ") or (inside and line and not line.startswith((" ", *"0123456789"))):
            return
        inside = inside or bool(_STEP.match(line))
        if inside:
            yield line
