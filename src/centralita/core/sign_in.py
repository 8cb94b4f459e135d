"""How sign-in slows down whoever guesses, without shutting out those who may come in.

Failures are counted for the address that they come from, and for the account: for the account where its person has
signed in before apart from everywhere else, so that strangers who guess make only strangers wait.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network

LONGEST_WAIT_S = 900.0
FORGOTTEN_S = 3600.0
"""After so long without a failure nothing is counted any more; longer than a wait, or waiting would be enough."""
FREE_TRIES: Mapping[str, int] = {"account": 10, "place": 10, "address": 50}
"""What may fail before there is a wait, by the word that a key begins with."""
FIRST_WAIT_S = 15.0


def wait_s(key: str, failures: int) -> float:
    """Seconds from the last failure to the next try: none at first, then twice as long each time."""
    beyond = failures - FREE_TRIES[key.partition(":")[0]]
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(beyond, 30)) if beyond >= 0 else 0.0


def retry_after_s(counted: Mapping[str, tuple[int, float]], now: float) -> float:
    """Seconds until the next try is heard, by (failures, when the last was) of each key; 0 for now."""
    # A last one that lies ahead was before the clock was set back: nobody waits longer for that.
    waits = [wait_s(key, failures) - max(0.0, now - last_at) for key, (failures, last_at) in counted.items()]
    return max(0.0, *waits) if waits else 0.0


def keys(account: str, address: str, known_there: bool) -> tuple[str, ...]:
    """What a try is counted for. ``account``: its number, or what was typed; ``known_there``: whether the account's
    person has signed in from ``address`` before."""
    # Hashed: people type their password into the wrong field, and an address says where somebody lives.
    place = _digest(network_of(address))
    if known_there:
        return (f"place:{_digest(account)}:{place}",)
    return (f"account:{_digest(account)}", f"address:{place}")


def network_of(address: str) -> str:
    """What one sender has: an IPv4 address, of IPv6 a /64; anything else as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped is not None else str(IPv6Network((parsed, 64), strict=False))
    return str(parsed)


def client_address(peer: str, forwarded_for: str, proxies: Iterable[str]) -> str:
    """Who asks: the peer, or whom a trusted proxy (networks in CIDR notation) says that it asks for.

    ``forwarded_for`` is the header ``X-Forwarded-For``; what is left of the first address that is no proxy of ours
    was written by whoever asks.
    """
    trusted, found = tuple(proxies), peer
    for hop in reversed(forwarded_for.split(",")):
        if not is_proxy(found, trusted):
            break
        try:
            found = str(ip_address(hop.strip()))
        except ValueError:
            break
    return found


def is_proxy(address: str, proxies: Iterable[str]) -> bool:
    """Whether an address is of one of these networks (CIDR notation)."""
    try:
        asked = ip_address(address)
    except ValueError:
        return False
    return any(asked in ip_network(proxy) for proxy in proxies)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
