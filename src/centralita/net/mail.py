"""Sends mail through the operator's own server (RFC 5321; RFC 3207 for STARTTLS, RFC 4954 for the password).

The server stands in the configuration file, so the policy for addresses does not apply to it. Each mail has a
connection of its own; whatever the server does, it is over when ``timeout_s`` is; and where TLS was asked for, nothing
is said without it.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Literal

import msgspec
from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected

from centralita.net.faults import Fault, classify_os_error, classify_tls
from centralita.ports import HttpResponse, MailRequest

Stage = Literal["connect", "greeting", "tls", "login", "sender", "recipient", "content"]
_REFUSED: Mapping[Stage, str] = {
    "connect": "mail.server_refused",
    "greeting": "mail.server_refused",
    "tls": "mail.no_starttls",
    "login": "mail.credentials",
    "sender": "mail.sender_refused",
    "recipient": "mail.recipient_refused",
    "content": "mail.refused",
}
"""Message id of a refusal for good (5xx); one for now (4xx) is ``mail.deferred`` wherever it comes."""
_MISSING: Mapping[Stage, str] = {"tls": "mail.no_starttls", "login": "mail.no_login"}
"""What a server can't do at all."""
_KEPT = 1000
"""Characters of a reply."""
_ADDRESS = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,64}@[A-Za-z0-9._:\[\]-]{1,255}")
"""Without < and >, which end it; a server says the rest."""
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\uffff]+")


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed in."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = ""
    ca_file: str | Path | None = None
    """Certificates to trust beside the system's."""

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


class Mailer:
    """Hands mail in. Raises OSError or ssl.SSLError (``ca_file``) when made."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._tls = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if server.ca_file is not None:
            self._tls.load_verify_locations(cafile=server.ca_file)

    async def send(self, mail: MailRequest) -> HttpResponse:
        """The server's last reply as a response, its code as the status and its text as the body; for a refusal with a
        ``reason``. Only cancellation raises."""
        started_at = perf_counter()
        if not (_ADDRESS.fullmatch(mail.sender) and _ADDRESS.fullmatch(mail.recipient)):
            return HttpResponse(error="protocol", reason="webhook.mail_address", sent=False)
        conversation = _Conversation(self._server, self._tls)
        fault, status, text = Fault("", ""), 0, ""
        try:
            async with asyncio.timeout(mail.timeout_s):
                status, text = await conversation.hold(mail)
        except SMTPResponseException as refusal:
            status, text = refusal.code, refusal.message
            fault = _refusal(status, conversation.stage)
        except Exception as raised:  # a server must not be able to raise through us, whatever it thought of
            fault = _classify(raised, conversation.stage, self._server.host)
        finally:
            conversation.close()
        elapsed_ms = (perf_counter() - started_at) * 1000
        said = _UNPRINTABLE.sub(" ", text)[:_KEPT]
        return HttpResponse(
            status=0 if fault.error else status,
            body=said.encode(),
            elapsed_ms=elapsed_ms,
            timings={"total": elapsed_ms},
            error=fault.error,
            detail=fault.detail or f"{status} {said}".rstrip(),
            reason=fault.reason,
            sent=conversation.stage == "content",
        )


class _Conversation:
    """One connection, and how far it came."""

    def __init__(self, server: MailServer, tls: ssl.SSLContext) -> None:
        self._server = server
        self.stage: Stage = "connect"
        self._smtp = SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=False,  # a step of its own here
            tls_context=tls,
            local_hostname=_own_name(),
            timeout=None,
        )

    async def hold(self, mail: MailRequest) -> tuple[int, str]:
        """All of it; the reply to the mail itself."""
        smtp, server = self._smtp, self._server
        await smtp.connect()
        self.stage = "greeting"
        await smtp.ehlo()
        if server.security == "starttls":
            self.stage = "tls"
            await smtp.starttls()
        if server.username:
            self.stage = "login"
            await smtp.login(server.username, server.password)
        self.stage = "sender"
        await smtp.mail(mail.sender)
        self.stage = "recipient"
        await smtp.rcpt(mail.recipient)
        self.stage = "content"
        reply = await smtp.data(mail.message)
        return reply.code, reply.message

    def close(self) -> None:
        """Without a goodbye, whose answer nobody needs."""
        self._smtp.close()


def _own_name() -> str:
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]+", name) else "localhost"


def _refusal(status: int, stage: Stage) -> Fault:
    if 500 <= status < 600:
        return Fault("", "", _REFUSED[stage])
    return Fault("", "", "mail.deferred") if 400 <= status < 500 else Fault("protocol", stage, "mail.protocol")


def _classify(raised: Exception, stage: Stage, host: str) -> Fault:
    """What kept the conversation from its end; without a word of what was said."""
    if isinstance(raised, TimeoutError):
        if stage == "tls":
            return Fault("connect_timeout", stage, "net.tls_timeout")
        return Fault("connect_timeout" if stage == "connect" else "timeout", stage)
    cause = raised.__cause__ or raised
    if isinstance(cause, ssl.SSLError):
        return classify_tls(cause)
    if isinstance(cause, socket.gaierror):
        return Fault("dns", f"{host}: {cause.strerror}")
    if isinstance(cause, SMTPServerDisconnected | ConnectionResetError):
        return Fault("reset", stage)
    if isinstance(cause, OSError):
        # Several addresses that all refuse are one error without a number.
        return classify_os_error(cause) if cause.errno else Fault("refused", type(cause).__name__)
    if isinstance(cause, SMTPException) and stage in _MISSING:
        return Fault("protocol", stage, _MISSING[stage])
    return Fault("protocol", stage, "mail.protocol")
