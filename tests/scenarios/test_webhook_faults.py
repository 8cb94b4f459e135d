"""Receivers that fail in every way that receivers do: what becomes of what they should have got. Rows 23 to 32."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from tests.net.servers import OK, answering, receiver
from tests.scenarios.conftest import WEBHOOK_SECRET
from tests.scenarios.judges import Reader, judge_intact
from tests.scenarios.virtual import VirtualHub, virtual_hub

pytestmark = pytest.mark.asyncio(loop_scope="module")

RETRY_AFTER = ("in_seconds", "for_ages", "at_a_date", "in_the_past", "negative", "no_number")
DRIPS = {"drip_head": "retry", "hang": "retry", "drip_body": "delivered"}
"""Ways to keep somebody waiting for an answer, and what the attempt comes to."""
DRIP_S = 5.0
AT_SINK: dict[str, dict[str, Any]] = {
    "near": {},
    "reset": {},
    **{mode: {"timeout_s": DRIP_S} for mode in DRIPS},
    "cut": {},
    "huge": {},
    "bomb": {},
    "loop": {},
    "inward": {},
    **{name: {"schedule_s": [300, 300]} for name in RETRY_AFTER},
}
NAMES: dict[str, dict[str, Any]] = {
    "nowhere": {},
    "slow": {"schedule_s": [0.05] * 8},  # enough for as long as its neighbour may take
    "flapping": {},
}
"""Webhooks whose receiver's name is looked up by the stub: NAME.receiver.example."""


class StubResolver:
    """Stands in for the operating system's: only ``*.receiver.example`` is its own."""

    def __init__(self) -> None:
        self.ask = socket.getaddrinfo
        self.answering = threading.Event()
        self.asked = {name: 0 for name in NAMES}

    def __call__(self, host: Any, *rest: Any, **options: Any) -> Any:
        name, dot, zone = str(host).partition(".")
        if dot + zone != ".receiver.example":
            return self.ask(host, *rest, **options)
        self.asked[name] += 1
        if name == "nowhere" or (name == "flapping" and self.asked[name] == 1):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if name == "slow":
            self.answering.wait(60)
        return self.ask("127.0.0.1", *rest, **options)


@pytest.fixture(scope="module")
def resolver() -> Iterator[StubResolver]:
    stub = StubResolver()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", stub)
        yield stub
        stub.answering.set()


@pytest.fixture(scope="module")
def silent(module_url: str) -> Iterator[socket.socket]:
    """A socket on a port of its own, on which nobody listens yet; another one for each database."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield made


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _receivers(authority: trustme.CA, directory: Path) -> dict[str, ssl.SSLContext]:
    """What each receiver by TLS shows, by the name of its webhook."""
    past = datetime.now(UTC) - timedelta(days=2)
    shown = {
        "trusted": authority.issue_cert("localhost"),
        "expired": authority.issue_cert("localhost", not_before=past - timedelta(days=1), not_after=past),
        "name": authority.issue_cert("other.example.com"),
        "untrusted": trustme.CA().issue_cert("localhost"),
    }
    contexts = {name: ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) for name in (*shown, "self_signed")}
    for name, certificate in shown.items():
        certificate.configure_cert(contexts[name])
    contexts["self_signed"].load_cert_chain(_self_signed(directory))
    return contexts


def _self_signed(directory: Path) -> Path:
    """A certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = directory / "self_signed.pem"
    file.write_bytes(secret + certificate.public_bytes(pem))
    return file


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    module_url: str,
    sink_url: str,
    authority: trustme.CA,
    resolver: StubResolver,
    silent: socket.socket,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[VirtualHub]:
    """One hub for all: every test has webhooks, and with them lanes, of its own."""
    directory = tmp_path_factory.mktemp("hub")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    hooks: list[dict[str, Any]] = [
        {"name": name, "url": f"{sink_url}/{name}", **facts} for name, facts in AT_SINK.items()
    ]
    port = sink_url.rpartition(":")[2]
    hooks += [
        {"name": name, "url": f"http://{name}.receiver.example:{port}/{name}", "timeout_s": 0.8, **facts}
        for name, facts in NAMES.items()
    ]
    refused = f"http://127.0.0.1:{silent.getsockname()[1]}/"
    hooks.append({"name": "refused", "url": refused, "schedule_s": [0.05, 3600]})
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(SinkControl(sink_url))
        for name, context in _receivers(authority, directory).items():
            secure = await stack.enter_async_context(receiver(answering(OK), context))
            hooks.append({"name": name, "url": f"https://localhost:{secure}/", "schedule_s": [0.05]})
        common = {"secret": WEBHOOK_SECRET, "schedule_s": [0.05, 0.1, 3600]}
        config = {"webhooks": [{**common, "types": [f"fault.{hook['name']}"], **hook} for hook in hooks]}
        network = {"network": {"ca_file": str(directory / "ca.pem")}}
        hub = await stack.enter_async_context(virtual_hub(directory, module_url, sink, config, network))
        yield hub
        await stack.aclose()
        assert judge_intact(Reader(module_url)) == []


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _well(world: VirtualHub) -> None:
    await world.sink.reset()


async def test_a_receiver_that_resets_is_tried_again(world: VirtualHub) -> None:
    """Row 23."""
    await world.sink.answer(AnswerPlan(path="/reset", mode="drop", count=2))
    events = await world.post("reset")
    assert [(state, spent) for _, state, _, spent in await world.done("reset")] == [("delivered", 3)]
    assert [reason for _, _, reason, _, _ in world.attempts("reset")] == ["net.reset", "net.reset", ""]
    arrivals = await world.sink.received()
    assert len(arrivals) == 3
    assert world.judge("reset", events, arrivals) == []


async def test_a_receiver_that_refuses_is_tried_again_with_jitter(world: VirtualHub, silent: socket.socket) -> None:
    """Row 23."""
    await world.post("refused")
    tried = await world.attempted("refused", 2)
    assert {reason for _, _, reason, _, _ in tried} == {"net.refused"}
    [(_, _, spent, due_at)] = world.pending("refused")
    assert spent == 2
    assert 3600 * 0.8 <= due_at - tried[1][0] and due_at - world.clock.now() <= 3600 * 1.2
    arrived: list[bytes] = []
    server = await asyncio.start_server(answering(OK, arrived), sock=silent.dup())
    async with server:
        world.skip_to(due_at)
        assert [end[1:] for end in await world.done("refused")] == [("delivered", "", 3)]
    assert len(arrived) == 1


async def test_an_answer_that_drips_is_given_up_at_its_total_deadline(world: VirtualHub) -> None:
    """Row 24: every byte comes in time, the whole does not. A receiver that has said 200 has answered for the request,
    however its body ends. Nobody else waits for any of them."""
    events = {}
    for mode in DRIPS:
        await world.sink.answer(AnswerPlan(path=f"/{mode}", mode=mode, bytes_per_s=5, body="x" * 1000, count=1))
        events[mode] = await world.post(mode)
    await world.sink.wait_for(len(DRIPS))
    before = len(world.ended("near"))
    await world.post("near")
    await world.done("near", before + 1)
    assert [world.attempts(mode) for mode in DRIPS] == [[]] * len(DRIPS), "the neighbour was served meanwhile"
    for mode, outcome in DRIPS.items():
        await world.done(mode)
        tried = world.attempts(mode)
        assert (tried[0][1], tried[0][4]) == (outcome, "timeout")
        assert len(tried) == (1 if outcome == "delivered" else 2)
        assert world.judge(mode, events[mode], await world.sink.received()) == []


async def test_an_answer_that_breaks_off_is_an_answer(world: VirtualHub) -> None:
    """Row 25: the receiver has said 200; that its body never came whole makes no second delivery."""
    await world.sink.answer(AnswerPlan(path="/cut", mode="truncate", size=100))
    events = await world.post("cut")
    assert [end[1] for end in await world.done("cut")] == ["delivered"]
    assert [(outcome, error) for _, outcome, _, _, error in world.attempts("cut")] == [("delivered", "truncated")]
    assert len(await world.sink.received()) == 1
    assert world.judge("cut", events, await world.sink.received()) == []


@pytest.mark.parametrize(("name", "mode", "start"), [("huge", "huge", bytes(4)), ("bomb", "gzip_bomb", b"\x1f\x8b")])
async def test_of_a_huge_answer_64_kib_are_read_and_nothing_is_unpacked(
    world: VirtualHub, name: str, mode: str, start: bytes
) -> None:
    """Row 26: a gigabyte, plain and packed."""
    before = _resident_bytes()
    await world.sink.answer(AnswerPlan(path=f"/{name}", mode=mode))
    await world.post(name)
    assert [end[1] for end in await world.done(name)] == ["delivered"]
    sql = "select a.response from attempts a join lanes l on l.id = a.lane_id where l.key = ?"
    kept = bytes(world.reader.value(sql, f"webhook:{name}"))
    assert len(kept) == 65_536
    assert kept.startswith(start)
    assert _resident_bytes() - before < 50_000_000


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("name", "location"), [("loop", "/loop"), ("inward", "/canary")])
async def test_a_redirect_is_a_failure_and_is_not_followed(world: VirtualHub, name: str, location: str) -> None:
    """Row 27: in a circle, and to this very machine."""
    target = f"{world.sink.url}{location}"
    await world.sink.answer(AnswerPlan(path=f"/{name}", status=302, headers={"location": target}, count=1))
    events = await world.post(name)
    await world.done(name)
    assert [reason for _, _, reason, _, _ in world.attempts(name)] == ["http.redirect", ""]
    arrivals = await world.sink.received()
    assert [arrival.path for arrival in arrivals] == [f"/{name}"] * 2, "the retry, and no hop"
    assert world.judge(name, events, arrivals) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("expired", "expired"),
        ("name", "localhost"),
        ("untrusted", "issuer"),
        ("self_signed", "self-signed"),
    ],
)
async def test_a_bad_certificate_is_a_failure_whose_reason_names_it(world: VirtualHub, name: str, words: str) -> None:
    """Row 28."""
    await world.post(name)
    assert [end[1:] for end in await world.done(name)] == [("dead", f"net.tls_{name}", 2)]
    details = [detail for _, _, _, detail, _ in world.attempts(name)]
    assert len(details) == 2
    assert all(words in detail for detail in details), details


async def test_a_certificate_of_the_authority_that_was_named_is_good(world: VirtualHub) -> None:
    """Row 28: so that the others fail by their own fault."""
    await world.post("trusted")
    assert [end[1:] for end in await world.done("trusted")] == [("delivered", "", 1)]


async def test_a_name_that_nobody_knows_is_tried_again(world: VirtualHub) -> None:
    """Row 29: NXDOMAIN may be an accident; the delivery keeps its schedule."""
    await world.post("nowhere")
    tried = await world.attempted("nowhere", 3)
    assert {(reason, detail) for _, _, reason, detail, _ in tried} == {
        ("net.dns", "nowhere.receiver.example: Name or service not known")
    }
    [(_, state, spent, due_at)] = world.pending("nowhere")
    assert (state, spent) == ("due", 3)
    world.skip_to(due_at)
    assert [end[1:] for end in await world.done("nowhere")] == [("dead", "net.dns", 4)]


async def test_a_name_that_comes_and_goes_arrives_by_the_retry(world: VirtualHub, resolver: StubResolver) -> None:
    """Row 29."""
    resolver.asked["flapping"] = 0
    events = await world.post("flapping")
    assert [end[1:] for end in await world.done("flapping")] == [("delivered", "", 2)]
    assert world.judge("flapping", events, await world.sink.received()) == []


async def test_a_slow_name_server_holds_up_nobody_else(world: VirtualHub, resolver: StubResolver) -> None:
    """Row 29."""
    resolver.answering.clear()
    events = await world.post("slow")
    before = len(world.ended("near"))
    await world.post("near", [""] * 20)
    await world.done("near", before + 20)
    [first, *_] = await world.attempted("slow", 1)
    assert first[2:4] == ("net.dns_timeout", "timeout")
    resolver.answering.set()
    await world.done("slow")
    assert world.judge("slow", events, await world.sink.received()) == []


@pytest.mark.parametrize(
    ("name", "status", "wish", "least_s", "most_s", "spent"),
    [
        ("in_seconds", 429, "120", 120, 120, 0),
        ("for_ages", 503, "99999999999", 3600, 3600, 1),
        ("at_a_date", 503, "date +1000", 998, 1000, 1),
        ("negative", 429, "-5", 60, 60, 0),
        ("no_number", 503, "soon", 300 * 0.8, 300 * 1.2, 1),
    ],
)
async def test_retry_after_is_honoured_and_capped(
    world: VirtualHub, name: str, status: int, wish: str, least_s: float, most_s: float, spent: int
) -> None:
    """Row 30: nonsense is as good as nothing, and nobody can send us away for a year."""
    began_at = world.clock.now()
    if wish.startswith("date"):
        wish = _http_date(began_at + float(wish.split()[1]))
    await world.sink.answer(AnswerPlan(path=f"/{name}", status=status, headers={"retry-after": wish}, count=1))
    events = await world.post(name)
    await world.attempted(name, 1)
    [(_, state, counted, due_at)] = world.pending(name)
    assert (state, counted) == ("due", spent)
    again_at = max(due_at, world.lane(name).held_until)
    assert least_s <= again_at - began_at and again_at - world.clock.now() <= most_s
    world.skip_to(again_at)
    assert [end[1] for end in await world.done(name)] == ["delivered"]
    assert world.judge(name, events, await world.sink.received()) == []


async def test_a_retry_after_in_the_past_is_a_second(world: VirtualHub) -> None:
    """Row 30, which is over sooner than somebody looks."""
    headers = {"retry-after": _http_date(world.clock.now() - 1000)}
    await world.sink.answer(AnswerPlan(path="/in_the_past", status=429, headers=headers, count=1))
    events = await world.post("in_the_past")
    assert [end[1:] for end in await world.done("in_the_past")] == [("delivered", "", 1)], "the refused one is free"
    first, second = world.attempts("in_the_past")
    assert second[0] - first[0] >= 0.9
    assert world.judge("in_the_past", events, await world.sink.received()) == []


def _http_date(at: float) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC), usegmt=True)
