"""Which addresses are of the public internet: what a URL may lead to that nobody has called internal.

`ipaddress.is_global` is not asked. It calls multicast and 6to4 public, and what it says of 192.0.0.0/24, 2001::/23,
2002::/16, 64:ff9b:1::/48 and of IPv4 wrapped in IPv6 changed with 3.11.10, 3.12.4 and 3.13. The lists below are the
same on each Python.

A NAT64 under a prefix of a network's own (RFC 6052, 2.2) looks like any other public IPv6 address and cannot be told.

Sources: https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry (read 2026-06);
RFC 6052 and RFC 8215 for NAT64, RFC 3056 for 6to4, RFC 5214 for ISATAP.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

REFUSED_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host, on this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a provider's NAT; one cloud has its metadata here
        "127.0.0.0/8",
        "168.63.129.16/32",  # looks public: Azure's own services for a virtual machine
        "169.254.0.0/16",  # link-local: metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # IETF protocols; one cloud has its metadata here
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, ended by RFC 7526
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved; broadcast
    )
)

GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that is given out to the internet. Outside of it: ::, ::1, IPv4-compatible, 64:ff9b:1::/48, private
(fc00::/7, metadata of some clouds), link-local, multicast."""

REFUSED_V6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocols: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)

MAPPED: Final = IPv6Network("::ffff:0:0/96")
NAT64: Final = IPv6Network("64:ff9b::/96")
SIX_TO_FOUR: Final = IPv6Network("2002::/16")
ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""The third quarter of an address that carries an IPv4 one in its last."""


def is_public(address: str | IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to one host of the public internet. What is no address does not."""
    try:
        # As text: a number would be taken for an address.
        parsed = ip_address(str(address))
    except ValueError:
        return False
    return _is_public_v4(parsed) if isinstance(parsed, IPv4Address) else _is_public_v6(parsed)


def _is_public_v4(address: IPv4Address) -> bool:
    return not any(address in network for network in REFUSED_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False  # a link of this machine
    if address in MAPPED or address in NAT64:
        return _is_public_v4(_quarter(address, 0))
    if address not in GLOBAL_UNICAST or any(address in network for network in REFUSED_V6):
        return False
    if address in SIX_TO_FOUR:
        return _is_public_v4(_quarter(address, 80))
    if int(address) >> 32 & 0xFFFF_FFFF in ISATAP:
        return _is_public_v4(_quarter(address, 0))
    return True


def _quarter(address: IPv6Address, bits_behind: int) -> IPv4Address:
    """The IPv4 address that stands in it, with so many bits behind it."""
    return IPv4Address(int(address) >> bits_behind & 0xFFFF_FFFF)
