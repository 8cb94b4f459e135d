"""The SSRF policy: the addresses and spellings that got past others, and those that must not be refused."""

from __future__ import annotations

import ipaddress
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centralita.core.addresses import REASONS, UrlError, judge, judge_url, read_networks, read_url
from tests.net.hostile import MUST_BLOCK_ADDRESSES, MUST_PASS_ADDRESSES, MUST_REFUSE_HOSTS

LOOPBACK = read_networks(["127.0.0.0/8", "::1/128"])


@pytest.mark.parametrize("address", MUST_BLOCK_ADDRESSES)
def test_special_addresses_are_refused(address: str) -> None:
    assert judge(address) in REASONS
    host = f"[{address}]" if ":" in address else address
    assert judge_url(f"https://{host}/") in REASONS


@pytest.mark.parametrize("address", MUST_PASS_ADDRESSES)
def test_public_addresses_pass(address: str) -> None:
    assert judge(address) == ""
    host = f"[{address}]" if ":" in address else address
    assert judge_url(f"https://{host}/hook?x=1") == ""


@pytest.mark.parametrize("host", MUST_REFUSE_HOSTS)
def test_a_host_that_could_be_read_in_two_ways_is_refused(host: str) -> None:
    # Even if the operator allows everything: nobody can say what was meant.
    assert judge_url(f"https://{host}/", read_networks(["0.0.0.0/0", "::/0"])) in REASONS


SPECIAL_IPV4 = [  # https://www.iana.org/assignments/iana-ipv4-special-registry
    "0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.9/32", "192.0.0.10/32", "192.0.0.170/32", "192.0.0.171/32",
    "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.88.99.2/32", "192.168.0.0/16",
    "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32",
    "168.63.129.16/32", "224.0.0.0/4",
]  # fmt: skip


@pytest.mark.parametrize("text", SPECIAL_IPV4)
def test_the_whole_of_each_special_network_and_no_more(text: str) -> None:
    network = ipaddress.ip_network(text)
    first, last = network[0], network[-1]
    for inside in (first, network[network.num_addresses // 2], last):
        assert judge(inside) in REASONS
        assert judge(f"::ffff:{inside}") in REASONS
    for outside in (int(first) - 1, int(last) + 1):
        if 0 <= outside < 2**32:
            neighbour = ipaddress.IPv4Address(outside)
            special = any(neighbour in ipaddress.ip_network(other) for other in SPECIAL_IPV4)
            assert (judge(neighbour) in REASONS) == special


def test_ipv6_is_what_is_globally_assigned() -> None:
    for address in ("2001:200::", "2400::1", "2620:4f:7fff::1", "2a00::1", "3ffe::1", "3fff:1000::1"):
        assert judge(address) == "", address
    for address in ("1fff::1", "4000::1", "2001:1ff::1", "2001::1", "2620:4f:8000::1", "2a00::5efe:7f00:1",
                    "2a00::200:5efe:a00:1", "2a00::0200:5efe:808:808"):  # fmt: skip
        assert judge(address) in REASONS, address
    assert judge("::ffff:8.8.8.8") == ""
    assert judge("2a00::1%eth0") == "address.scoped"
    assert judge("eight") == "address.unreadable"


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_nothing_that_the_standard_library_calls_private_passes(address: ipaddress.IPv4Address) -> None:
    if judge(address) == "":
        assert address.is_global
        assert not address.is_multicast


@settings(deadline=None)
@given(st.ip_addresses(v=6))
def test_the_same_for_ipv6(address: ipaddress.IPv6Address) -> None:
    if judge(address) == "":
        assert address.is_global
        assert not address.is_multicast


def test_an_allowed_network_opens_any_port_and_plain_http() -> None:
    for url in (
        "http://127.0.0.1:9999/x",
        "http://127.255.0.1/",
        "http://[::ffff:127.0.0.1]:8080/",
        "http://[::1]:81/",
    ):
        assert judge_url(url, LOOPBACK) == ""
        assert judge_url(url) in REASONS
    assert judge_url("http://10.0.0.1/", LOOPBACK) == "address.private"
    assert judge_url("http://sink:9999/", LOOPBACK) == ""  # may turn out to be inside
    assert judge_url("http://sink:9999/") == "url.port"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://example.com", ""),
        ("HTTPS://EXAMPLE.com:443?x=1#f", ""),
        ("https://my_service.example.com/", ""),
        ("https://mañana.example/", ""),
        ("https://xn--maana-pta.example/", ""),
        ("https://example.com:80/", ""),
        ("http://example.com/", "url.plain_http"),
        ("https://example.com:8443/", "url.port"),
        ("https://example.com:22/", "url.port"),
        ("https://example.com:0/", "url.port"),
        ("https://example.com:65536/", "url.port"),
        ("https://example.com:４４３/", "url.port"),
        ("https://example.com:/", "url.port"),
        ("https://example.com:443:443/", "url.port"),
        ("ftp://example.com/", "url.scheme"),
        ("file:///etc/passwd", "url.scheme"),
        ("http\u017f://example.com/", "url.scheme"),
        ("gopher://example.com/", "url.scheme"),
        ("//example.com/", "url.scheme"),
        ("https:/example.com/", "url.scheme"),
        ("", "url.scheme"),
        ("https://", "url.host"),
        ("https:///x", "url.host"),
        ("https://user@example.com/", "url.userinfo"),
        ("https://user:pass@example.com/", "url.userinfo"),
        ("https://1:2@[::1]:9876", "url.userinfo"),
        ("https://example.com@127.0.0.1/", "url.userinfo"),
        ("https://127.0.0.1#@example.com/", "address.loopback"),
        ("https://127.0.0.1?@example.com/", "address.loopback"),
        ("https://example.com\\@127.0.0.1/", "url.characters"),
        ("https://exam ple.com/", "url.characters"),
        ("https://example.com/\r\nHost: evil", "url.characters"),
        ("\thttps://example.com/", "url.characters"),
        ("https://example.com/\ud800", "url.characters"),
        ("https://[fe80::1%25eth0]/", "url.scope_id"),
        ("https://[2a00::1%eth0]/", "url.scope_id"),
        ("https://[2a00::1/", "url.host"),
        ("https://[v1.fe80]/", "url.host"),
        ("https://[2a00::1]x/", "url.host"),
        ("https://example.com./", "url.host"),
        ("https://-example.com/", "url.host"),
        ("https://example..com/", "url.host"),
        ("https://" + "a" * 64 + ".com/", "url.host"),
        ("https://%31%32%37.0.0.1/", "url.host"),
        ("https://metadata.google.internal/computeMetadata/v1/", "url.metadata"),
        ("https://METADATA.google.internal/", "url.metadata"),
        ("https://example.com/" + "a" * 4096, "url.too_long"),
    ],
)
def test_the_shape_of_urls(url: str, reason: str) -> None:
    assert judge_url(url) == reason


def test_plain_http_to_the_public_is_a_setting() -> None:
    assert judge_url("http://8.8.8.8/", plain_http=True) == ""
    assert judge_url("http://8.8.8.8/") == "url.plain_http"
    assert judge_url("http://127.0.0.1/", plain_http=True) == "address.loopback"
    assert judge_url("http://8.8.8.8:8080/", plain_http=True) == "url.port"


def test_a_target_is_written_back_as_one_url() -> None:
    for url, expected in (
        ("HTTPS://Example.COM?q=%2F#frag", "https://example.com/?q=%2F"),
        ("http://[2A00:0:0::1]:8080/a%20b", "http://[2a00::1]:8080/a%20b"),
        ("https://mañana.example:443/ñ", "https://xn--maana-pta.example/ñ"),
    ):
        assert read_url(url).url == expected
        assert read_url(expected) == read_url(url)


@settings(deadline=None)
@given(st.text(max_size=30).map(lambda text: f"https://{text}") | st.text(max_size=60))
def test_whatever_passes_is_read_alike_by_the_standard_library(url: str) -> None:
    try:
        target = read_url(url)
    except UrlError as error:
        assert error.reason in REASONS
        return
    again = urllib.parse.urlsplit(target.url)
    assert (again.scheme, again.hostname, again.username) == (target.scheme, target.host, None)
    assert (again.port or (443 if target.scheme == "https" else 80)) == target.port


def test_networks_are_read_strictly() -> None:
    with pytest.raises(ValueError, match="host bits"):
        read_networks(["127.0.0.1/8"])
