"""The certificate that the hub shows in the handshake, to receivers that demand one."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from centralita.net import Client, check_client_certificate, tls
from centralita.ports import HttpRequest, HttpResponse
from tests.net.servers import OK, Handler, read_request, receiver

AUTHORITY = trustme.CA()
STRANGER = trustme.CA()


def pem_of(certificate: trustme.LeafCert) -> str:
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    return (chain + certificate.private_key_pem.bytes()).decode()


HUB = pem_of(AUTHORITY.issue_cert("hub.example.com", common_name="hub"))
TWIN = pem_of(AUTHORITY.issue_cert("twin.example.com", common_name="twin"))
PAST = datetime.now(UTC) - timedelta(days=2)
EXPIRED = pem_of(AUTHORITY.issue_cert("hub.example.com", not_before=PAST - timedelta(days=1), not_after=PAST))
FOREIGN = pem_of(STRANGER.issue_cert("hub.example.com"))
CERTIFICATE = HUB.partition("-----BEGIN EC PRIVATE KEY")[0]
KEY = HUB.removeprefix(CERTIFICATE)


def encrypted(key: str) -> str:
    loaded = serialization.load_pem_private_key(key.encode(), None)
    protection = serialization.BestAvailableEncryption(b"passphrase")
    return loaded.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection).decode()


class Gate:
    """A receiver that lets nobody in without a certificate of its authority; notes whose it was, per connection."""

    def __init__(self, maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        self.shown: list[str] = []
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        AUTHORITY.issue_cert("hook.example.com").configure_cert(self.tls)
        AUTHORITY.configure_trust(self.tls)
        self.tls.verify_mode = ssl.CERT_REQUIRED
        self.tls.maximum_version = maximum

    @property
    def handler(self) -> Handler:
        async def handle(reader, writer):  # type: ignore[no-untyped-def]
            subject = dict(pair for (pair,) in writer.get_extra_info("peercert")["subject"])
            self.shown.append(subject.get("commonName", ""))
            while True:
                await read_request(reader)
                writer.write(OK)
                await writer.drain()

        return handle


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(path)
    return path


@pytest.fixture
async def client(ca_file: Path) -> AsyncIterator[Client]:
    async with Client(allow=["127.0.0.0/8"], ca_file=ca_file, lookup=lambda host: ["127.0.0.1"]) as made:
        yield made


async def ask(client: Client, port: int, certificate: str = "") -> HttpResponse:
    url = f"https://hook.example.com:{port}/"
    return await client.request(HttpRequest(url=url, body=b"{}", client_certificate=certificate))


async def test_each_certificate_has_connections_of_its_own(client: Client) -> None:
    gate = Gate()
    async with receiver(gate.handler, tls=gate.tls) as port:
        for certificate in (HUB, TWIN, HUB, TWIN):
            assert (await ask(client, port, certificate)).status == 200
        without = await ask(client, port)
    assert gate.shown == ["hub", "twin"]
    assert without.status == 0


@contextlib.contextmanager
def strict(gate: Gate) -> Iterator[int]:
    """A receiver whose TLS says why it ends a handshake, which asyncio's does not; answers one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            stream = gate.tls.wrap_socket(listener.accept()[0], True, do_handshake_on_connect=False)
            try:
                stream.do_handshake()
                gate.shown.append(str(stream.getpeercert()))
            except ssl.SSLError:
                pass
            with socket.socket(fileno=stream.detach()) as raw:
                while raw.recv(65536):  # closing over unread bytes would reset the connection, and lose what was said
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("maximum", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("certificate", ["", EXPIRED, FOREIGN])
async def test_a_receiver_that_wants_another_certificate_is_told_apart(
    client: Client, certificate: str, maximum: ssl.TLSVersion
) -> None:
    gate = Gate(maximum)
    with strict(gate) as port:
        response = await ask(client, port, certificate)
    # Before TLS 1.3 there was no word for "none was shown".
    silent = not certificate and maximum == ssl.TLSVersion.TLSv1_2
    assert (response.error, response.status) == ("tls", 0)
    assert response.reason == ("net.tls_hung_up" if silent else "net.tls_client")
    assert gate.shown == []


async def test_what_cannot_be_shown_is_not_sent_without(client: Client) -> None:
    gate = Gate()
    async with receiver(gate.handler, tls=gate.tls) as port:
        response = await ask(client, port, CERTIFICATE)
    assert (response.error, response.reason, response.sent) == ("tls", "net.client_certificate", False)
    assert response.detail == "certificate.key_missing"
    assert gate.shown == []


async def test_only_so_many_are_kept(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "MAX_IDENTITIES", 1)
    gate = Gate()
    async with receiver(gate.handler, tls=gate.tls) as port:
        for certificate in (HUB, HUB, TWIN, HUB):
            assert (await ask(client, port, certificate)).status == 200
    assert gate.shown == ["hub", "twin", "hub"]


@pytest.mark.parametrize(
    ("pem", "fault"),
    [
        (HUB, ""),
        (KEY + CERTIFICATE, ""),
        (EXPIRED, "certificate.expired"),
        ("", "certificate.unreadable"),
        ("hello", "certificate.unreadable"),
        (KEY, "certificate.unreadable"),
        (CERTIFICATE.replace("M", "N", 3), "certificate.unreadable"),
        (CERTIFICATE, "certificate.key_missing"),
        (CERTIFICATE + encrypted(KEY), "certificate.key_encrypted"),
        (CERTIFICATE + KEY.replace("M", "N", 1), "certificate.key_unreadable"),
        (CERTIFICATE + TWIN[TWIN.index("-----BEGIN EC") :], "certificate.key_mismatch"),
        (CERTIFICATE + "\x00ñ", "certificate.key_missing"),
    ],
)
def test_a_certificate_is_judged_before_it_is_kept(pem: str, fault: str) -> None:
    assert check_client_certificate(pem) == fault
    assert fault in ("", *tls.CERTIFICATE_FAULTS)


def test_no_file_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert check_client_certificate(HUB) == ""
    monkeypatch.delattr("os.memfd_create")
    assert check_client_certificate(HUB) == ""
    assert list(tmp_path.iterdir()) == []
