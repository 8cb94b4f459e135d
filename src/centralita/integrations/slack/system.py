"""What the hub tells about itself: dead letters, breakers, sources that send what can't be accepted.

The data of a ``centralita.*`` event, all of it optional: ``lane``, ``reason`` (an id, and after a space what a person
should know of it), ``about`` (``{type, title}`` of the event that could not be delivered; its id is the ``cause``),
``more`` (how many like it were not told of), ``waiting`` (how many deliveries), ``retry_at`` (RFC 3339), ``source``
(a slug), ``count`` (of requests), ``last_error`` (as ``reason``), ``percent`` (of the time that a webhook may fail),
``since`` and ``disables_at`` (RFC 3339).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from centralita.core import payload
from centralita.core.lamps import FAILED, FLOWING, HELD
from centralita.core.mrkdwn import clean, safe_url
from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import Facts, page_of
from centralita.integrations.slack.messages import (
    Field,
    Link,
    Message,
    Moment,
    Paragraph,
)

REASONS: Mapping[str, str] = {
    "http.gone": N_("The receiver says that the address is gone for good (410)."),
    "http.redirect": N_("The receiver redirects; webhooks don't follow redirects. The new address has to be set."),
    "http.status": N_("The receiver answered with an error."),
    "http.throttled": N_("The receiver asks for fewer requests."),
    "invgate.author_unconfigured": N_("It is not said who writes into InvGate (invgate.service_desk.author)."),
    "invgate.credentials": N_("InvGate does not accept the credentials, or they lack a permission."),
    "invgate.not_found": N_("InvGate does not have it."),
    "invgate.outcome_unknown": N_("InvGate may have created it: look there before it is sent again."),
    "invgate.person_unknown": N_("InvGate knows nobody, or several people, by this address."),
    "invgate.refused": N_("InvGate refuses it."),
    "invgate.token_missing": N_("InvGate gives no access token."),
    "invgate.unconfigured": N_("InvGate is not configured (invgate.service_desk, invgate.assets)."),
    "invgate.unreadable": N_("InvGate's answer can't be read."),
    "invgate.value_missing": N_("InvGate needs a value that nobody gave."),
    "invgate.value_unknown": N_("InvGate does not know this value; those that it knows follow."),
    "approval.answered_elsewhere": N_("The approval was answered otherwise in InvGate."),
    "asset.changed": N_("Somebody changed the asset meanwhile; nothing was written."),
    "mail.credentials": N_("The mail server does not take the user or the password (mail.username)."),
    "mail.deferred": N_("The mail server says: not now."),
    "mail.no_login": N_("The mail server takes no user and password here."),
    "mail.no_starttls": N_("The mail server knows no STARTTLS; without TLS nothing is sent (mail.security)."),
    "mail.protocol": N_("What answers is no mail server."),
    "mail.recipient_refused": N_("The mail server refuses the recipient."),
    "mail.refused": N_("The mail server refuses the mail."),
    "mail.sender_refused": N_("The mail server refuses the sender (mail.sender)."),
    "mail.server_refused": N_("The mail server wants nothing of the hub."),
    "mail.unconfigured": N_("No mail server is configured (mail.host)."),
    "net.blocked": N_("The address is not allowed by the network policy (network.allow)."),
    "net.client_certificate": N_("The webhook's client certificate can't be used."),
    "net.connect_timeout": N_("The receiver did not accept the connection in time."),
    "net.dns": N_("The name of the receiver can't be resolved."),
    "net.dns_timeout": N_("The name of the receiver was not resolved in time."),
    "net.pool_timeout": N_("No connection to the receiver became free in time."),
    "net.protocol": N_("The receiver does not answer in HTTP."),
    "net.proxy": N_("The proxy (network.proxy) refuses to connect to the receiver."),
    "net.refused": N_("The receiver refuses the connection."),
    "net.reset": N_("The receiver dropped the connection."),
    "net.timeout": N_("The receiver did not answer in time."),
    "net.tls": N_("The receiver's certificate or TLS is not valid."),
    "net.tls_client": N_("The receiver does not accept the hub's client certificate, or demands one."),
    "net.tls_expired": N_("The receiver's certificate has expired."),
    "net.tls_hung_up": N_(
        "The receiver broke off the TLS handshake: it may demand a client certificate, or know only TLS before 1.2."
    ),
    "net.tls_name": N_("The receiver's certificate is for another name."),
    "net.tls_none": N_("The receiver does not speak TLS on this port."),
    "net.tls_not_yet_valid": N_("The receiver's certificate is not valid yet, or a clock is wrong."),
    "net.tls_self_signed": N_("The receiver's certificate is self-signed (network.ca_file can trust it)."),
    "net.tls_timeout": N_("The receiver did not finish the TLS handshake in time."),
    "net.tls_untrusted": N_("The receiver's certificate is of an authority that is not trusted (network.ca_file)."),
    "net.tls_version": N_("The receiver knows only TLS before 1.2."),
    "net.truncated": N_("The answer of the receiver was cut off."),
    "net.unreachable": N_("There is no way to the receiver's network."),
    "parser.failed": N_("The hub's own reader failed; the log has the details."),
    "source.gone": N_("The source is not configured any more."),
    "body.incomplete": N_("The body of the request did not arrive whole."),
    "header.duplicated": N_("A header that proves the sender came twice."),
    "secret.malformed": N_("The source's secret can't be used to verify."),
    "secret.unconfigured": N_("The source has no secret to verify with."),
    "signature.mismatch": N_("The signature or the secret is wrong."),
    "signature.missing": N_("The signature or the secret is missing."),
    "timestamp.malformed": N_("The time of the signature can't be read."),
    "timestamp.missing": N_("The time of the signature is missing."),
    "timestamp.stale": N_("The signature is too old, or a clock is wrong."),
    "slack.account_inactive": N_("The Slack app or its user was deactivated."),
    "slack.channel_not_found": N_("Slack does not know this channel, or the app is not in it."),
    "slack.forbidden_app": N_("Socket Mode is not switched on in the app at Slack."),
    "slack.invalid_auth": N_("Slack does not accept the token."),
    "slack.is_archived": N_("The Slack channel is archived."),
    "slack.missing_scope": N_("The Slack app lacks a permission (scope)."),
    "slack.not_allowed_token_type": N_("Slack wants another kind of token here."),
    "slack.not_in_channel": N_("The Slack app has to be invited to the channel."),
    "slack.ratelimited": N_("Slack asks for fewer messages."),
    "slack.restricted_action": N_("The workspace does not let the app post in this channel."),
    "slack.token_revoked": N_("The Slack bot token was revoked."),
    "slack.unconfigured": N_("Slack is not configured: neither a bot token nor an incoming webhook."),
    "slack.user_not_found": N_("This person is not in Slack under this address."),
    "slack.webhook_only": N_("With an incoming webhook only, nobody can be written to directly."),
    "webhook.failing": N_("Nothing has succeeded there for days; the hub has stopped sending."),
    "webhook.header": N_("A header of the webhook holds characters that HTTP does not allow."),
    "webhook.mail_address": N_("A mail address of the webhook can't be read."),
    "webhook.original_gone": N_("What the sender sent is not kept any more, or it never came from outside."),
    "webhook.template": N_("The webhook's template can't be filled in."),
    "webhook.template_json": N_("What the webhook's template writes is no JSON."),
    "webhook.unconfigured": N_("The webhook no longer exists or has no address."),
    "webhook.secret": N_("The webhook's secret can't be used to sign."),
    "webhook.token": N_("The authorization server gives no access token."),
}
DETAILS: Mapping[str, str] = {
    "address.benchmark": N_("an address for measurements"),
    "address.documentation": N_("an address for examples"),
    "address.link_local": N_("a link-local address"),
    "address.loopback": N_("the hub's own machine"),
    "address.metadata": N_("a cloud's metadata service"),
    "address.multicast": N_("a multicast address"),
    "address.private": N_("a private address"),
    "address.reserved": N_("a reserved address"),
    "address.scoped": N_("an address with a zone"),
    "address.shared": N_("an address of a provider's inner network"),
    "address.tunnel": N_("an address that leads through a tunnel"),
    "address.unreadable": N_("no readable address"),
    "address.unspecified": N_("no receiver's address"),
    "certificate.expired": N_("the certificate has expired"),
    "certificate.key_encrypted": N_("the key has a passphrase"),
    "certificate.key_mismatch": N_("the key is not the certificate's"),
    "certificate.key_missing": N_("the key is missing"),
    "certificate.key_unreadable": N_("the key can't be read"),
    "certificate.unreadable": N_("the certificate can't be read"),
    "url.characters": N_("the URL holds characters that have no place there"),
    "url.host": N_("the URL's host can be read in more than one way"),
    "url.metadata": N_("the name of a cloud's metadata service"),
    "url.plain_http": N_("http without TLS goes to allowed networks only"),
    "url.port": N_("other ports than 443 and 80 are for allowed networks only"),
    "url.scheme": N_("the URL is neither http:// nor https://"),
    "url.scope_id": N_("the URL's address has a zone"),
    "url.too_long": N_("the URL is too long"),
    "url.userinfo": N_("the URL holds a user name"),
}
"""The first word of a reason's detail."""


def explain_reason(reason: str, locale: str) -> str:
    """A delivery's ``reason`` as a sentence; the id itself when we have no better words."""
    return _(REASONS[reason], locale) if reason in REASONS else reason


def explain_detail(detail: str, locale: str) -> str:
    """What a reason's detail says, its first word put in words where it is a message id."""
    word, _space, rest = detail.partition(" ")
    text = DETAILS.get(word) or REASONS.get(word)
    return f"{_(text, locale)} {explain_detail(rest, locale)}".rstrip() if text else detail


def is_system(facts: Facts) -> bool:
    """Whether the event is one of the hub's own."""
    return facts.type.startswith("centralita.") and facts.type in _KINDS


def render_system(facts: Facts, public_url: str) -> Message:
    """The message of one of the hub's own events."""
    return _KINDS[facts.type](facts, public_url)


def _text(facts: Facts, path: str) -> str:
    return clean(payload.text(facts.event.data, path, 1000))


def _count(facts: Facts, path: str) -> int:
    return payload.integer(facts.event.data, path) or 0


def _reason(facts: Facts, path: str = "reason") -> tuple[Paragraph, ...]:
    reason, _space, detail = _text(facts, path).partition(" ")
    sentence = explain_reason(reason, facts.locale)
    text = "\n".join(line for line in (sentence, explain_detail(detail, facts.locale)) if line)
    return (Paragraph(_("Reason", facts.locale), text),) if text else ()


def _fields(facts: Facts, *fields: tuple[str, str]) -> tuple[Field, ...]:
    return tuple(Field(label, value) for label, value in fields if value)


def _waiting(facts: Facts) -> str:
    waiting = _count(facts, "waiting")
    text = ngettext("{n} message waits, none is lost.", "{n} messages wait, none is lost.", waiting, facts.locale)
    return text.format(n=waiting) if waiting else _("Nothing is lost.", facts.locale)


def _dead(facts: Facts, public_url: str) -> Message:
    locale = facts.locale
    title = _text(facts, "about.title") or _text(facts, "about.type") or facts.title
    more = _count(facts, "more")
    lead = _("Somebody has to cure the cause and send it again.", locale)
    if more:
        lead += " " + ngettext("{n} more could not be delivered.", "{n} more could not be delivered.", more, locale)
    return Message(
        emoji="✉️",
        headline=_("Not delivered: {title}", locale).format(title=title),
        lead=lead.format(n=more),
        fields=_fields(
            facts,
            (_("Lane", locale), _text(facts, "lane")),
            (_("Type", locale), _text(facts, "about.type")),
        ),
        paragraphs=_reason(facts),
        links=_page(facts, public_url, facts.event.cause),
        notes=(Moment(facts.event.time),),
        colour=FAILED,
    )


def _opened(facts: Facts, public_url: str) -> Message:
    locale, retry_at = facts.locale, _text(facts, "retry_at")
    fields = [*_fields(facts, (_("Lane", locale), _text(facts, "lane")))]
    if retry_at:
        fields.append(Field(_("Next try", locale), Moment(retry_at)))
    return Message(
        emoji="⏸️",
        headline=_("{lane} is held", locale).format(lane=_text(facts, "lane") or facts.title),
        lead=_waiting(facts),
        fields=tuple(fields),
        paragraphs=_reason(facts),
        links=_page(facts, public_url, ""),
        notes=(Moment(facts.event.time),),
        colour=HELD,
    )


def _closed(facts: Facts, public_url: str) -> Message:
    lane = _text(facts, "lane") or facts.title
    return Message(
        emoji="✅",
        headline=_("{lane} flows again", facts.locale).format(lane=lane),
        lead=_waiting(facts) if _count(facts, "waiting") else "",
        links=_page(facts, public_url, ""),
        notes=(Moment(facts.event.time),),
        colour=FLOWING,
    )


def _failing(facts: Facts, public_url: str) -> Message:
    locale, since, disables_at = facts.locale, _text(facts, "since"), _text(facts, "disables_at")
    fields = [*_fields(facts, (_("Lane", locale), _text(facts, "lane")))]
    if since:
        fields.append(Field(_("No success since", locale), Moment(since)))
    if disables_at:
        fields.append(Field(_("The hub stops sending", locale), Moment(disables_at)))
    return Message(
        emoji="⚠️",
        headline=_("{lane} keeps failing", locale).format(lane=_text(facts, "lane") or facts.title),
        lead=_("{percent} % of the time after which the hub stops sending is over.", locale).format(
            percent=_count(facts, "percent")
        ),
        fields=tuple(fields),
        paragraphs=_reason(facts),
        links=_page(facts, public_url, ""),
        notes=(Moment(facts.event.time),),
        colour=FAILED,
    )


def _disabled(facts: Facts, public_url: str) -> Message:
    locale = facts.locale
    gone = _text(facts, "reason").startswith("http.gone")
    return Message(
        emoji="🛑",
        headline=_("{lane} was stopped", locale).format(lane=_text(facts, "lane") or facts.title),
        lead=f"{_waiting(facts)} {_('When the receiver is well: webhook resume.', locale)}",
        fields=_fields(facts, (_("Lane", locale), _text(facts, "lane"))),
        paragraphs=_reason(facts) if gone else (*_reason(facts), *_reason(facts, "last_error")),
        links=_page(facts, public_url, ""),
        notes=(Moment(facts.event.time),),
        colour=FAILED,
    )


def _rejecting(facts: Facts, public_url: str) -> Message:
    locale, count = facts.locale, _count(facts, "count")
    source = _text(facts, "source") or facts.title
    lead = ngettext("{n} request was rejected.", "{n} requests were rejected.", count, locale).format(n=count)
    return Message(
        emoji="🚫",
        headline=_("What {source} sends is rejected", locale).format(source=source),
        lead=f"{lead if count else ''} {_('Its secret or its setup has to be checked.', locale)}".strip(),
        paragraphs=_reason(facts),
        links=_page(facts, public_url, ""),
        notes=(Moment(facts.event.time),),
        colour=HELD,
    )


def _unparsed(facts: Facts, public_url: str) -> Message:
    locale, more = facts.locale, _count(facts, "more")
    source = _text(facts, "source") or facts.title
    lead = _("It is kept: once the cause is cured it can be read again (event replay).", locale)
    if more:
        lead += " " + ngettext("{n} more could not be read.", "{n} more could not be read.", more, locale)
    return Message(
        emoji="❓",
        headline=_("What {source} sent could not be understood", locale).format(source=source),
        lead=lead.format(n=more),
        fields=_fields(facts, (_("Receipt", locale), _text(facts, "receipt"))),
        paragraphs=_reason(facts),
        links=_page(facts, public_url, ""),
        notes=(Moment(facts.event.time),),
        colour=FAILED,
    )


def _page(facts: Facts, public_url: str, event_id: str) -> tuple[Link, ...]:
    page = page_of(public_url, event_id or facts.event.id)
    return (Link(_("View details", facts.locale), page),) if safe_url(page) else ()


_KINDS: Mapping[str, Callable[[Facts, str], Message]] = {
    "centralita.delivery.dead": _dead,
    "centralita.breaker.opened": _opened,
    "centralita.breaker.closed": _closed,
    "centralita.webhook.failing": _failing,
    "centralita.webhook.disabled": _disabled,
    "centralita.source.rejecting": _rejecting,
    "centralita.receipt.unparsed": _unparsed,
}
