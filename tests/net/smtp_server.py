"""A mail server (RFC 5321, 3207, 4954) that does as it is told, on a real socket."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass, field

from tests.net.servers import Handler


@dataclass
class Mail:
    sender: str
    recipient: str
    content: bytes
    user: str
    encrypted: bool


@dataclass
class SmtpServer:
    """``replies``: what it says instead of the usual to a step (``greeting, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA,
    content``); "" hangs up, "silence" says nothing for ever."""

    tls: ssl.SSLContext | None = None
    """For STARTTLS."""
    password: str = ""
    replies: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    """The commands that came in the clear, and those that came encrypted with a + in front."""
    mails: list[Mail] = field(default_factory=list)

    @property
    def handler(self) -> Handler:
        return self._serve

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = recipient = user = ""
        encrypted = writer.get_extra_info("sslcontext") is not None
        if not await self._reply(writer, "greeting", "220 mail.example.com"):
            return
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            verb, _space, rest = line.partition(" ")
            verb = verb.upper()
            self.said.append(("+" if encrypted else "") + line)
            if verb == "EHLO":
                offers = ["250-mail.example.com"]
                offers += ["250-STARTTLS"] if self.tls and not encrypted else []
                offers += ["250-AUTH PLAIN"] if self.password else []
                going = await self._reply(writer, verb, "\r\n".join([*offers, "250 SIZE 1000000"]))
            elif verb == "STARTTLS":
                going = await self._reply(writer, verb, "220 go ahead")
                if going and self.tls and verb not in self.replies:
                    await writer.start_tls(self.tls)
                    encrypted = True
            elif verb == "AUTH":
                _, user, given = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
                good = given == self.password
                going = await self._reply(writer, verb, "235 welcome" if good else "535 5.7.8 wrong")
            elif verb == "MAIL":
                sender = rest
                going = await self._reply(writer, verb, "250 ok")
            elif verb == "RCPT":
                recipient = rest
                going = await self._reply(writer, verb, "250 ok")
            elif verb == "DATA":
                going = await self._reply(writer, verb, "354 go on")
                if going and verb not in self.replies:
                    content = await reader.readuntil(b"\r\n.\r\n")
                    self.mails.append(Mail(sender, recipient, content[:-3], user, encrypted))
                    going = await self._reply(writer, "content", "250 2.0.0 kept as 42")
            else:
                going = await self._reply(writer, verb, "250 ok")
            if not going:
                return

    async def _reply(self, writer: asyncio.StreamWriter, step: str, usual: str) -> bool:
        """Whether the conversation goes on."""
        reply = self.replies.get(step, usual)
        if reply == "silence":
            return True
        if reply:
            writer.write(reply.encode() + b"\r\n")
            await writer.drain()
        return bool(reply)
