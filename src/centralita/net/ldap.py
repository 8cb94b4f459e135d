"""Asks an LDAP directory (RFC 4511): a simple bind and one search, always inside TLS, its certificate always checked.

Of LDAP it is a small part that is needed here, and of the libraries the one that is maintained has to be compiled; so
the messages are made here. A filter is made of values, never of text, so nothing in a user name can change what it asks
(RFC 4515's escaping is for the textual form, which does not occur).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from centralita.net import ber
from centralita.net.ber import BerError

LDAP_PORT, LDAPS_PORT = 389, 636
MAX_MESSAGE_BYTES = 1024 * 1024
SUCCESS, SIZE_LIMIT_EXCEEDED, NO_SUCH_OBJECT, INVALID_CREDENTIALS = 0, 4, 32, 49
_START_TLS = "1.3.6.1.4.1.1466.20037"
_BIND, _BIND_DONE, _UNBIND = 0x60, 0x61, 0x42
_SEARCH, _ENTRY, _SEARCH_DONE = 0x63, 0x64, 0x65
_EXTENDED, _EXTENDED_DONE = 0x77, 0x78
_SIMPLE, _NAME = 0x80, 0x80
_AND, _EQUAL = 0xA0, 0xA3
_WHOLE_SUBTREE, _NEVER_DEREF = 2, 0


class LdapError(Exception):
    """The directory was not reached, or refused; ``reason`` is a message id, ``detail`` for a person."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class LdapServer:
    """Where to ask, and as whom. ``ldaps://`` is TLS from the start, ``ldap://`` by StartTLS, which is not optional."""

    url: str
    bind_dn: str
    password: str = field(repr=False)
    base_dn: str
    ca_file: Path | None = None
    """Trusted beside the system's."""
    timeout_s: float = 10.0


Entry = Mapping[str, Sequence[str]]
"""Attribute (lower case) -> its values; those that are no UTF-8 are left out."""


async def search(server: LdapServer, wanted: Mapping[str, str], attributes: Sequence[str]) -> Entry | None:
    """The one entry that has all the ``wanted`` values; None for none and for several. Raises LdapError."""
    if not server.password.strip():
        # RFC 4513, 5.1.2: such a bind succeeds for anybody, as nobody.
        raise LdapError("ldap.empty_password")
    try:
        async with asyncio.timeout(server.timeout_s):
            return await _ask(server, wanted, attributes)
    except TimeoutError:
        raise LdapError("ldap.timeout", _place(server)) from None
    except ssl.SSLCertVerificationError as fault:
        raise LdapError("ldap.certificate", fault.verify_message or str(fault.reason)) from None
    except (OSError, EOFError) as fault:
        raise LdapError(
            "ldap.unreachable", f"{_place(server)} {fault.strerror if isinstance(fault, OSError) else ''}".strip()
        ) from None
    except (BerError, StopIteration) as fault:
        raise LdapError("ldap.protocol", str(fault)) from None


def _place(server: LdapServer) -> str:
    return urlsplit(server.url).netloc


async def _ask(server: LdapServer, wanted: Mapping[str, str], attributes: Sequence[str]) -> Entry | None:
    parts = urlsplit(server.url)
    host, secure = parts.hostname or "", parts.scheme == "ldaps"
    sock = await _connect(host, parts.port or (LDAPS_PORT if secure else LDAP_PORT))
    try:
        if not secure:
            await _start_tls(sock)
        context = await asyncio.to_thread(_context, server.ca_file)
        reader, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=host)
    except BaseException:
        sock.close()
        raise
    try:
        await _bind(reader, writer, server)
        return await _search(reader, writer, server.base_dn, wanted, attributes)
    finally:
        with contextlib.suppress(OSError):
            writer.write(_message(3, ber.element(_UNBIND)))
            writer.close()
            await writer.wait_closed()


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


async def _connect(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    fault: OSError = OSError(None, "no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, address)
            return sock
        except OSError as refused:
            fault = refused
            sock.close()
        except BaseException:
            sock.close()
            raise
    raise fault


async def _start_tls(sock: socket.socket) -> None:
    """On the bare socket, byte by byte: what somebody slips in behind the answer would else be taken for the server's
    words inside TLS."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, _message(1, ber.element(_EXTENDED, ber.octets(_START_TLS, _NAME))))
    data = b""
    while (found := ber.header(data)) is None or len(data) < found[1] + found[2]:
        wanted = 1 if found is None else found[1] + found[2] - len(data)
        if len(data) + wanted > MAX_MESSAGE_BYTES:
            raise BerError("message")
        more = await loop.sock_recv(sock, wanted)
        if not more:
            raise EOFError
        data += more
        if data[0] != ber.SEQUENCE:
            raise BerError("message")
    tag, content = _operation(ber.take(ber.elements(data))[1], 1)
    code, said = _result(content)
    if tag != _EXTENDED_DONE or code != SUCCESS:
        raise LdapError("ldap.no_start_tls", said or str(code))


async def _bind(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: LdapServer) -> None:
    request = (ber.integer(3), ber.octets(server.bind_dn), ber.octets(server.password, _SIMPLE))
    writer.write(_message(1, ber.element(_BIND, *request)))
    tag, content = _operation(await _read(reader), 1)
    code, said = _result(content)
    if tag != _BIND_DONE or code != SUCCESS:
        reason = "ldap.credentials" if code == INVALID_CREDENTIALS else "ldap.refused"
        raise LdapError(reason, said if reason == "ldap.refused" else "")


async def _search(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    base_dn: str,
    wanted: Mapping[str, str],
    attributes: Sequence[str],
) -> Entry | None:
    tests = [ber.element(_EQUAL, ber.octets(name), ber.octets(value)) for name, value in wanted.items()]
    request = (
        ber.octets(base_dn),
        ber.integer(_WHOLE_SUBTREE, ber.ENUMERATED),
        ber.integer(_NEVER_DEREF, ber.ENUMERATED),
        ber.integer(2),  # a second one says that it is not the only one
        ber.integer(0),
        ber.boolean(False),
        ber.element(_AND, *tests),
        ber.element(ber.SEQUENCE, *(ber.octets(name) for name in attributes)),
    )
    writer.write(_message(2, ber.element(_SEARCH, *request)))
    found: list[Entry] = []
    while True:
        tag, content = _operation(await _read(reader), 2)
        if tag == _ENTRY:
            found.append(_entry(content))
        elif tag == _SEARCH_DONE:
            code, said = _result(content)
            if code not in (SUCCESS, SIZE_LIMIT_EXCEEDED, NO_SUCH_OBJECT):
                raise LdapError("ldap.refused", said or str(code))
            return found[0] if len(found) == 1 and code == SUCCESS else None


def _message(number: int, operation: bytes) -> bytes:
    return ber.element(ber.SEQUENCE, ber.integer(number), operation)


async def _read(reader: asyncio.StreamReader) -> bytes:
    """The content of the next message."""
    data = await reader.readexactly(2)
    while (found := ber.header(data)) is None:
        data += await reader.readexactly(1)
    if found[0] != ber.SEQUENCE or found[2] > MAX_MESSAGE_BYTES:
        raise BerError("message")
    return await reader.readexactly(found[2])


def _operation(content: bytes, number: int) -> tuple[int, bytes]:
    """The tag and content of the answer to message ``number``."""
    parts = ber.elements(content)
    tag, told = ber.take(parts)
    if tag != ber.INTEGER or ber.number(told) != number:
        raise BerError("message id")
    return ber.take(parts)


def _result(content: bytes) -> tuple[int, str]:
    """Code and what it says (RFC 4511, 4.1.9)."""
    parts: Iterator[tuple[int, bytes]] = ber.elements(content)
    code = ber.number(ber.take(parts)[1])
    ber.take(parts)
    return code, ber.take(parts)[1].decode("utf-8", "replace")[:300]


def _entry(content: bytes) -> Entry:
    parts = ber.elements(content)
    ber.take(parts)
    found: dict[str, list[str]] = {}
    for _tag, attribute in ber.elements(ber.take(parts)[1]):
        inside = ber.elements(attribute)
        name, values = ber.take(inside)[1], ber.take(inside)[1]
        texts = found.setdefault(name.decode("utf-8", "replace").lower(), [])
        for _value_tag, value in ber.elements(values):
            with contextlib.suppress(UnicodeDecodeError):
                texts.append(value.decode())
    return found
