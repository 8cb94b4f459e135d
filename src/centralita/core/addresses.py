"""Which addresses and URLs the hub may be sent to by a user or a payload: the SSRF policy, as pure functions.

Everything that is not plainly public is refused, unless the operator listed its network (``network.allow``). A function
returns "" when it is fine, else a message id (``REASONS``). A URL with a host name can only be judged in part here:
whoever connects must look the name up, put *every* address through ``judge_target``, and connect to one of those.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), RFC 4291, RFC 5214 (ISATAP), RFC 3986,
RFC 5891 (IDNA 2008), WHATWG URL "ends in a number" for the shape of a numeric host.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

import idna
import msgspec

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = (443, 80)
"""Of public addresses. An address inside an allowed network may have any."""

METADATA_NAMES = frozenset(
    {
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.azure.internal",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.tencentyun.com",
    }
)

_IPV4_REFUSED = (
    ("0.0.0.0/8", "address.unspecified"),
    ("10.0.0.0/8", "address.private"),
    ("100.64.0.0/10", "address.shared"),
    ("127.0.0.0/8", "address.loopback"),
    ("168.63.129.16/32", "address.metadata"),  # Azure's, a public address that only a guest can reach
    ("169.254.0.0/16", "address.link_local"),
    ("172.16.0.0/12", "address.private"),
    ("192.0.0.0/24", "address.reserved"),
    ("192.0.2.0/24", "address.documentation"),
    ("192.31.196.0/24", "address.reserved"),
    ("192.52.193.0/24", "address.reserved"),
    ("192.88.99.0/24", "address.tunnel"),
    ("192.168.0.0/16", "address.private"),
    ("192.175.48.0/24", "address.reserved"),
    ("198.18.0.0/15", "address.benchmark"),
    ("198.51.100.0/24", "address.documentation"),
    ("203.0.113.0/24", "address.documentation"),
    ("224.0.0.0/4", "address.multicast"),
    ("240.0.0.0/4", "address.reserved"),
)
_IPV6_GLOBAL = IPv6Network("2000::/3")
_IPV6_REFUSED = (  # inside 2000::/3
    ("2001::/23", "address.reserved"),
    ("2001:db8::/32", "address.documentation"),
    ("2002::/16", "address.tunnel"),
    ("2620:4f:8000::/48", "address.reserved"),
    ("3fff::/20", "address.documentation"),
)
_IPV6_NAMED = (  # outside of it all is refused; these only get a better reason
    ("::/128", "address.unspecified"),
    ("::1/128", "address.loopback"),
    ("64:ff9b::/96", "address.tunnel"),
    ("fc00::/7", "address.private"),
    ("fe80::/10", "address.link_local"),
    ("ff00::/8", "address.multicast"),
)
_IPV4_TABLE = tuple(
    (int(net.network_address), int(net.netmask), reason)
    for net, reason in ((IPv4Network(text), reason) for text, reason in _IPV4_REFUSED)
)
_IPV6_TABLE = tuple((IPv6Network(text), reason) for text, reason in _IPV6_REFUSED)
_IPV6_NAMES = tuple((IPv6Network(text), reason) for text, reason in _IPV6_NAMED)
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)

REASONS = (
    "address.unreadable",
    "address.scoped",
    *sorted({reason for _, reason in (*_IPV4_REFUSED, *_IPV6_REFUSED, *_IPV6_NAMED)}),
    "url.characters",
    "url.too_long",
    "url.scheme",
    "url.userinfo",
    "url.host",
    "url.scope_id",
    "url.metadata",
    "url.port",
    "url.plain_http",
)


class UrlError(ValueError):
    """A URL that is refused by its shape; ``reason`` is a message id."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a URL points at, after one strict reading that everybody downstream shares."""

    scheme: Literal["http", "https"]
    host: str
    """ASCII, lower case; an address without brackets."""
    port: int
    address: Address | None
    """When the host is an address."""
    path: str
    """Path and query, as they were written; never empty, without fragment."""

    @property
    def url(self) -> str:
        """The URL again, normalised up to the path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return f"{self.scheme}://{host}{'' if self.port == default else f':{self.port}'}{self.path}"


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The networks of ``network.allow``. Raises ValueError for a text that is no CIDR or has host bits set."""
    return tuple(ip_network(text) for text in texts)


def judge(address: str | Address, allow: Sequence[Network] = ()) -> str:
    """ "" when the hub may connect to ``address``: it is public, or inside one of the networks ``allow``."""
    if isinstance(address, str):
        try:
            address = ip_address(address)
        except ValueError:
            return "address.unreadable"
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return "address.scoped"
        address = address.ipv4_mapped or address
    if _is_inside(address, allow):
        return ""
    return _judge_ipv4(address) if isinstance(address, IPv4Address) else _judge_ipv6(address)


def judge_target(target: Target, address: Address, allow: Sequence[Network] = (), *, plain_http: bool = False) -> str:
    """Judges one of the addresses that ``target`` leads to, and the port and scheme that go with it."""
    reason = judge(address, allow)
    if reason or is_allowed(address, allow):
        return reason
    return _judge_public(target, plain_http)


def judge_url(url: str, allow: Sequence[Network] = (), *, plain_http: bool = False) -> str:
    """Judges as much of a URL as can be known without a look-up; for settings and forms.

    ``plain_http`` permits http to public addresses. A host name is given the benefit of the doubt as to port and scheme
    if there is an allowed network that it may be in.
    """
    try:
        target = read_url(url)
    except UrlError as error:
        return error.reason
    if target.address is not None:
        return judge_target(target, target.address, allow, plain_http=plain_http)
    return "" if allow else _judge_public(target, plain_http)


def is_allowed(address: Address, allow: Sequence[Network]) -> bool:
    """Whether the operator listed the network of ``address``."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return _is_inside(mapped or address, allow)


def read_url(url: str) -> Target:
    """Takes a URL apart. Raises UrlError for every shape that different readers could read differently.

    Only http and https; no user name; no control characters, blanks or backslashes; a host that is a name of letters,
    digits, ``-`` and ``_`` (an international one is converted), a dotted quad in its one canonical spelling, or an
    IPv6 address without scope; none of the names under which clouds hand out credentials.
    """
    if len(url) > _MAX_URL:
        raise UrlError("url.too_long")
    if _FORBIDDEN.search(url):
        raise UrlError("url.characters")
    match = _URL.fullmatch(url)
    if match is None:
        raise UrlError("url.scheme")
    scheme: Literal["http", "https"] = "https" if match["scheme"].lower() == "https" else "http"
    path = match["path"]
    host, port, address = _read_authority(match["authority"], 443 if scheme == "https" else 80)
    return Target(
        scheme=scheme, host=host, port=port, address=address, path=path if path.startswith("/") else f"/{path}"
    )


@lru_cache(4096)  # many webhooks lead to few hosts
def _read_authority(authority: str, default_port: int) -> tuple[str, int, Address | None]:
    if "@" in authority:
        raise UrlError("url.userinfo")
    host, port = _split_port(authority, default_port)
    if host.startswith("["):
        ipv6 = _read_ipv6(host)
        return str(ipv6), port, ipv6
    host = _read_name(host)
    if _NUMERIC_END.search(host):
        return host, port, _read_ipv4(host)
    if host in METADATA_NAMES:
        raise UrlError("url.metadata")
    return host, port, None


_MAX_URL = 4096
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff\ud800-\udfff]")
_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<path>[^#]*)(?:#.*)?", re.IGNORECASE | re.ASCII)
_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMERIC_END = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_PORT = re.compile(r"[0-9]{1,5}")


def _split_port(authority: str, default: int) -> tuple[str, int]:
    closing = authority.find("]") if authority.startswith("[") else -1
    if closing < 0 and authority.startswith("["):
        raise UrlError("url.host")
    colon = authority.find(":", closing + 1)
    if colon < 0:
        return authority, default
    digits = authority[colon + 1 :]
    if not _PORT.fullmatch(digits) or not 1 <= int(digits) <= 65535:
        raise UrlError("url.port")
    return authority[:colon], int(digits)


def _read_name(host: str) -> str:
    name = host.lower()
    if not name.isascii():
        # Other readers take these for dots, and circled or full-width digits for digits: IDNA 2008 knows neither.
        if _DOTS.search(name):
            raise UrlError("url.host")
        try:
            name = idna.encode(name).decode()
        except idna.IDNAError:
            raise UrlError("url.host") from None
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise UrlError("url.host")
    return name


def _read_ipv4(host: str) -> IPv4Address:
    try:
        return IPv4Address(host)
    except ValueError:
        raise UrlError("url.host") from None


def _read_ipv6(host: str) -> IPv6Address:
    if "%" in host:
        raise UrlError("url.scope_id")
    try:
        return IPv6Address(host[1:-1] if host.endswith("]") else "")
    except ValueError:
        raise UrlError("url.host") from None


def _judge_public(target: Target, plain_http: bool) -> str:
    if target.port not in PORTS:
        return "url.port"
    return "url.plain_http" if target.scheme == "http" and not plain_http else ""


def _is_inside(address: Address, allow: Sequence[Network]) -> bool:
    return any(address in network for network in allow)


def _judge_ipv4(address: IPv4Address) -> str:
    number = int(address)
    return next((reason for network, mask, reason in _IPV4_TABLE if number & mask == network), "")


def _judge_ipv6(address: IPv6Address) -> str:
    if address not in _IPV6_GLOBAL:
        return next((reason for network, reason in _IPV6_NAMES if address in network), "address.reserved")
    # An interface identifier of 0:5efe or 200:5efe and an IPv4 address makes a router tunnel to that address.
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return "address.tunnel"
    return next((reason for network, reason in _IPV6_TABLE if address in network), "")
