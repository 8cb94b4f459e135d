"""A webhook whose receiver is a mailbox (``mailto:``): the event as a mail, through the operator's server."""

from __future__ import annotations

from collections.abc import Generator
from email.utils import parseaddr

from centralita.integrations.webhook.formats.mail import render_mail
from centralita.integrations.webhook.formats.material import Material, Unrenderable
from centralita.integrations.webhook.receiver import Receiver
from centralita.ports import HttpResponse, MailRequest, Outcome

SCHEME = "mailto:"
_FINAL = frozenset({"mail.recipient_refused", "mail.refused"})
"""What a server says of one mail; anything else it says of itself or of the hub, and may take back."""


def mail_to(receiver: Receiver, material: Material) -> Generator[MailRequest, HttpResponse | None, Outcome]:
    """One mail. It has the same Message-ID on every attempt."""
    if not receiver.mail_from:
        return Outcome(state="retry", reason="mail.unconfigured")
    recipient = receiver.url.removeprefix(SCHEME)
    try:
        content = render_mail(material, receiver.mail_from, recipient)
    except Unrenderable as fault:
        return Outcome(state="dead", reason=fault.reason, detail=fault.detail, failure=False)
    response = yield MailRequest(
        sender=parseaddr(receiver.mail_from)[1], recipient=recipient, message=content, timeout_s=receiver.timeout_s
    )
    if response is None:
        raise TypeError("a request is answered with a response")
    return judge_reply(response)


def judge_reply(response: HttpResponse) -> Outcome:
    """What a mail server's answer means for the delivery (RFC 5321, 4.2.1)."""
    if 200 <= response.status < 300:
        return Outcome(state="delivered", detail=response.detail)
    reason = response.reason or f"net.{response.error or 'protocol'}"
    final = reason in _FINAL and response.status >= 500
    return Outcome(state="dead" if final else "retry", reason=reason, detail=response.detail)
