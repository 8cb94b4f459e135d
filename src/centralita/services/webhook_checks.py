"""What can be wrong with a webhook beyond the shape of its settings, and what is only odd about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from pydantic import ValidationError

from centralita.core.headers import judge_header
from centralita.core.rule_specs import webhook_problems
from centralita.integrations import registry
from centralita.integrations.webhook.formats.template import check_template
from centralita.net import check_client_certificate
from centralita.services import announcements
from centralita.services.hub import Hub
from centralita.services.rules import aliases
from centralita.services.webhook_catalogue import spec_of
from centralita.services.webhook_keys import is_usable
from centralita.settings.faults import faults_of
from centralita.settings.webhooks import Webhook


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong: the setting (with dots), a message id and its arguments."""

    at: str
    reason: str
    arguments: Mapping[str, str] = {}


class WebhookFaulty(Exception):
    """The settings of a webhook are wrong; ``faults`` holds everything that is."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.at}: {fault.reason}" for fault in faults))
        self.faults = tuple(faults)


OWN_HEADERS = frozenset({"content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature"})
"""What the hub says itself with each request."""


TAKEN_NAMES = frozenset({"bulk", "new", "preview", "statistics", "test"})
"""What stands in the API's and the dashboard's paths where a name could."""


def read(given: Mapping[str, Any]) -> Webhook:
    """A webhook as it is given. Raises WebhookFaulty."""
    try:
        return Webhook.model_validate(given)
    except ValidationError as error:
        raise WebhookFaulty([Fault(*fault) for fault in faults_of(error)]) from None


def check(hub: Hub, hook: Webhook) -> None:
    """Raises WebhookFaulty with everything that is wrong with a webhook whose shape is right."""
    faults = [*_name(hook), *subscription_faults(hook), *_addresses(hub, hook), *_message(hook), *_proofs(hook)]
    if faults:
        raise WebhookFaulty(faults)


def warnings(hook: Webhook) -> list[Fault]:
    """What is odd about a webhook, and yet no fault: event types that nothing declares."""
    known = {**registry.event_types(), **announcements.TYPES}
    names = {*known, *aliases()}
    return [
        Fault("types", "webhook.type_unknown", {"type": name})
        for name in hook.types
        if name != "*" and not any(each == name or _is_below(each, name) for each in names)
    ]


def _is_below(name: str, pattern: str) -> bool:
    return pattern.endswith(".*") and name.startswith(pattern[:-1])


def _name(hook: Webhook) -> Iterator[Fault]:
    # It stands in paths and in the keys of lanes.
    if not hook.name.isprintable() or "/" in hook.name or hook.name != hook.name.strip() or hook.name in (".", ".."):
        yield Fault("name", "webhook.name_invalid")
    if hook.name in TAKEN_NAMES:
        yield Fault("name", "webhook.name_taken", {"name": hook.name})


def subscription_faults(hook: Webhook) -> Iterator[Fault]:
    """What is wrong with whom it subscribes to."""
    for problem in webhook_problems(spec_of(hook)):
        yield Fault(problem.key, problem.id, {name: str(value) for name, value in problem.arguments.items()})
    if not hook.types:
        yield Fault("types", "webhook.no_types")


def _addresses(hub: Hub, hook: Webhook) -> Iterator[Fault]:
    token_url = hook.auth.token_url if hook.auth is not None else None
    for at, url in (("url", hook.url), ("auth.token_url", token_url or "")):
        if url and not url.startswith("mailto:"):
            # The port and an address can be judged now; where a name leads to, each time that something is sent.
            reason = hub.client.judge(url)
            if reason:
                yield Fault(at, reason)
    if hook.url.startswith("mailto:") != (hook.format == "mail") and hook.url:
        yield Fault("format", "webhook.mail_or_not")


def _message(hook: Webhook) -> Iterator[Fault]:
    if hook.format == "template" or hook.template:
        for fault in check_template(hook.template, hook.content_type):
            yield Fault("template", fault.message_id, {"line": str(fault.line), "detail": fault.detail})
    own = OWN_HEADERS | ({"authorization"} if hook.auth is not None else frozenset())
    own |= {hook.signing.header.lower()} if hook.signing.scheme == "hmac" else frozenset()
    for name, value in hook.headers.items():
        if name.lower() in own:
            yield Fault(f"headers.{name}", "webhook.header_own", {"name": name})
        elif reason := judge_header(name, value.get_secret_value()):
            yield Fault(f"headers.{name}", reason, {"name": name})


def _proofs(hook: Webhook) -> Iterator[Fault]:
    for at, secret in (("secret", hook.secret), *(("secrets", each) for each in hook.secrets)):
        if secret is not None and not is_usable(secret.get_secret_value(), hook.signing.scheme):
            yield Fault(at, "webhook.secret_malformed")
    if hook.secret and hook.secrets:
        yield Fault("secret", "webhook.secret_or_secrets")
    if hook.signing.scheme == "hmac" and hook.signing.header.lower() in {*OWN_HEADERS, "authorization"}:
        yield Fault("signing.header", "webhook.header_own", {"name": hook.signing.header})
    if hook.auth is not None:
        needed = {"basic": ("username",), "bearer": ("token",), "oauth2": ("token_url", "client_id", "client_secret")}
        for name in needed[hook.auth.kind]:
            if not getattr(hook.auth, name):
                yield Fault(f"auth.{name}", "webhook.auth_missing", {"name": name})
    if hook.client_certificate is not None:
        reason = check_client_certificate(hook.client_certificate.get_secret_value())
        if reason:
            yield Fault("client_certificate", reason)
