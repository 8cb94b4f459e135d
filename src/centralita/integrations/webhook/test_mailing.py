"""A webhook that is a mailbox."""

from __future__ import annotations

import email
from email.policy import default

import pytest

from centralita.integrations.webhook.destination import WebhookDestination
from centralita.integrations.webhook.mailing import judge_reply
from centralita.integrations.webhook.receiver import Receiver
from centralita.integrations.webhook.test_destination import delivery
from centralita.ports import HttpResponse, MailRequest, Outcome

BOX = Receiver(name="guardia", url="mailto:guardia@example.com", mail_from="Mesa <mesa@example.com>", timeout_s=9.0)


def first_step(receiver: Receiver) -> MailRequest | Outcome:
    steps = WebhookDestination().perform(delivery(), {"receiver": receiver, "session": {}}, {}, 0.0)
    try:
        step = next(steps)
    except StopIteration as end:
        assert isinstance(end.value, Outcome)
        return end.value
    assert isinstance(step, MailRequest)
    return step


def test_the_mail() -> None:
    request = first_step(BOX)
    assert isinstance(request, MailRequest)
    assert (request.sender, request.recipient) == ("mesa@example.com", "guardia@example.com")
    assert (request.timeout_s, request.paced) == (9.0, True)
    mail = email.message_from_bytes(request.message, policy=default)
    assert (mail["From"], mail["To"]) == ("Mesa <mesa@example.com>", "guardia@example.com")
    assert "Impresora sin tóner" in str(mail["Subject"])
    assert "example.com" not in repr(request)


@pytest.mark.parametrize(
    ("url", "sender", "ends"),
    [
        ("mailto:guardia@example.com", "", ("retry", "mail.unconfigured")),
        ("mailto:a@b, c@d", "mesa@example.com", ("dead", "webhook.mail_address")),
        ("mailto:", "mesa@example.com", ("dead", "webhook.mail_address")),
    ],
)
def test_a_mail_that_cannot_be_written(url: str, sender: str, ends: tuple[str, str]) -> None:
    outcome = first_step(Receiver(name="guardia", url=url, mail_from=sender))
    assert isinstance(outcome, Outcome)
    assert (outcome.state, outcome.reason) == ends


@pytest.mark.parametrize(
    ("response", "state", "reason"),
    [
        (HttpResponse(status=250, detail="250 ok"), "delivered", ""),
        (HttpResponse(status=450, reason="mail.deferred"), "retry", "mail.deferred"),
        (HttpResponse(status=550, reason="mail.recipient_refused"), "dead", "mail.recipient_refused"),
        (HttpResponse(status=554, reason="mail.refused"), "dead", "mail.refused"),
        (HttpResponse(status=535, reason="mail.credentials"), "retry", "mail.credentials"),
        (HttpResponse(status=550, reason="mail.sender_refused"), "retry", "mail.sender_refused"),
        (HttpResponse(error="protocol", reason="mail.no_starttls"), "retry", "mail.no_starttls"),
        (HttpResponse(error="tls", reason="net.tls_expired"), "retry", "net.tls_expired"),
        (HttpResponse(error="timeout"), "retry", "net.timeout"),
        (HttpResponse(), "retry", "net.protocol"),
    ],
)
def test_what_a_reply_means(response: HttpResponse, state: str, reason: str) -> None:
    outcome = judge_reply(response)
    assert (outcome.state, outcome.reason) == (state, reason)
