"""Mail through a real server on a real socket: that it arrives, and what is told when it does not."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from centralita.net.mail import Mailer, MailServer
from centralita.ports import HttpResponse, MailRequest
from tests.net.servers import OK, answering, closed_port, receiver
from tests.net.smtp_server import SmtpServer

AUTHORITY = trustme.CA()
MESSAGE = b"Subject: hola\r\n\r\n.dots\r\n..\r\nse\xc3\xb1al\r\n"


def context(certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    (certificate or AUTHORITY.issue_cert("localhost", "127.0.0.1")).configure_cert(made)
    return made


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(path)
    return path


async def send(port: int, timeout_s: float = 15.0, **server: object) -> HttpResponse:
    mailer = Mailer(MailServer(**({"host": "127.0.0.1", "port": port} | server)))  # type: ignore[arg-type]
    mail = MailRequest(sender="desk@example.com", recipient="ana@example.com", message=MESSAGE, timeout_s=timeout_s)
    return await mailer.send(mail)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_it_arrives_encrypted_and_with_a_password(ca_file: Path, security: str) -> None:
    server = SmtpServer(tls=context() if security == "starttls" else None, password="s3cret ñ")
    async with receiver(server.handler, tls=context() if security == "tls" else None) as port:
        response = await send(port, security=security, username="desk", password="s3cret ñ", ca_file=ca_file)
    assert (response.status, response.error, response.reason, response.sent) == (250, "", "", True)
    assert response.body == b"2.0.0 kept as 42"
    (mail,) = server.mails
    assert (mail.sender, mail.recipient) == ("FROM:<desk@example.com>", "TO:<ana@example.com>")
    assert (mail.user, mail.encrypted) == ("desk", True)
    assert mail.content == MESSAGE.replace(b"\r\n.", b"\r\n..")
    clear = [line.split()[0] for line in server.said if not line.startswith("+")]
    assert clear == (["EHLO", "STARTTLS"] if security == "starttls" else [])


async def test_without_tls_when_the_operator_says_so() -> None:
    server = SmtpServer()
    async with receiver(server.handler) as port:
        assert (await send(port, security="none")).status == 250
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("step", "reply", "status", "reason", "sent"),
    [
        ("greeting", "421 4.3.2 busy", 421, "mail.deferred", False),
        ("greeting", "554 5.7.1 no", 554, "mail.server_refused", False),
        ("EHLO", "421 busy", 421, "mail.deferred", False),
        ("MAIL", "451 4.3.0 later", 451, "mail.deferred", False),
        ("MAIL", "550 5.7.1 not you", 550, "mail.sender_refused", False),
        ("RCPT", "450 4.2.1 greylisted", 450, "mail.deferred", False),
        ("RCPT", "550 5.1.1 nobody of that name", 550, "mail.recipient_refused", False),
        ("DATA", "451 later", 451, "mail.deferred", True),
        ("DATA", "554 no", 554, "mail.refused", True),
        ("content", "452 4.2.2 full", 452, "mail.deferred", True),
        ("content", "554 5.7.1 spam", 554, "mail.refused", True),
    ],
)
async def test_what_a_server_refuses(step: str, reply: str, status: int, reason: str, sent: bool) -> None:
    server = SmtpServer(replies={step: reply})
    async with receiver(server.handler) as port:
        response = await send(port, security="none")
    assert (response.status, response.error, response.reason, response.sent) == (status, "", reason, sent)
    assert response.detail == reply


async def test_a_wrong_password_is_told_and_not_repeated(ca_file: Path) -> None:
    server = SmtpServer(tls=context(), password="right")
    async with receiver(server.handler) as port:
        response = await send(port, username="desk", password="s3cret", ca_file=ca_file)
    assert (response.status, response.reason, response.sent) == (535, "mail.credentials", False)
    assert "s3cret" not in repr(response) + repr(MailServer(host="h", port=1, password="s3cret"))
    assert server.mails == []


async def test_nothing_is_said_without_tls_where_tls_was_asked_for(ca_file: Path) -> None:
    for replies, reason in ({}, "mail.no_starttls"), ({"STARTTLS": "501 no"}, "mail.no_starttls"):
        server = SmtpServer(tls=context() if replies else None, password="s3cret", replies=replies)
        async with receiver(server.handler) as port:
            response = await send(port, username="desk", password="s3cret", ca_file=ca_file)
        assert (response.reason, response.sent) == (reason, False)
        assert {line.split()[0] for line in server.said} <= {"EHLO", "STARTTLS"}


async def test_a_server_that_takes_no_password() -> None:
    async with receiver(SmtpServer().handler) as port:
        response = await send(port, security="none", username="desk", password="s3cret")
    assert (response.status, response.error, response.reason) == (0, "protocol", "mail.no_login")


async def test_bad_certificates_are_named(ca_file: Path) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    cases = [
        (AUTHORITY.issue_cert("127.0.0.1", not_before=past - timedelta(days=1), not_after=past), "net.tls_expired"),
        (AUTHORITY.issue_cert("other.example.com"), "net.tls_name"),
        (trustme.CA().issue_cert("127.0.0.1"), "net.tls_untrusted"),
    ]
    for certificate, reason in cases:
        for security in ("starttls", "tls"):
            server = SmtpServer(tls=context(certificate))
            async with receiver(server.handler, tls=context(certificate) if security == "tls" else None) as port:
                response = await send(port, security=security, ca_file=ca_file)
            assert (response.error, response.reason, response.sent) == ("tls", reason, False)
            assert server.mails == []


@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "content"])
async def test_a_server_that_falls_silent_or_hangs_up(step: str) -> None:
    for reply, error in ("silence", "timeout"), ("", "reset"):
        server = SmtpServer(replies={step: reply})
        async with receiver(server.handler) as port:
            response = await send(port, timeout_s=0.2 if reply else 15.0, security="none")
        found = "timeout" if response.error == "connect_timeout" else response.error
        assert (found, response.status, response.sent) == (error, 0, step in ("DATA", "content"))


async def test_a_server_that_is_none_or_not_there() -> None:
    async with receiver(answering(OK)) as port:
        assert (await send(port, timeout_s=0.2, security="none")).error == "connect_timeout"  # each waits for the other
    async with receiver(SmtpServer(replies={"greeting": "HTTP/1.1 400 Bad Request"}).handler) as port:
        response = await send(port, security="none")
        assert (response.error, response.reason, response.status) == ("protocol", "mail.protocol", 0)
    assert (await send(closed_port(), security="none")).error == "refused"
    assert (await send(closed_port(), host="localhost", security="none")).error == "refused"


async def test_a_server_whose_name_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_args: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", nowhere)
    response = await send(25, host="mail.example.com", security="none")
    assert (response.error, response.detail, response.sent) == (
        "dns", "mail.example.com: Name or service not known", False,
    )  # fmt: skip


async def test_an_address_cannot_add_a_command() -> None:
    server = SmtpServer()
    async with receiver(server.handler) as port:
        mailer = Mailer(MailServer(host="127.0.0.1", port=port, security="none"))
        for recipient in ("a@b>\r\nRCPT TO:<evil@example.com", "a@b\nDATA", "a@b> X<", "ñ@b", "a", ""):
            mail = MailRequest(sender="desk@example.com", recipient=recipient, message=MESSAGE)
            response = await mailer.send(mail)
            assert (response.error, response.reason) == ("protocol", "webhook.mail_address")
    assert server.said == []
