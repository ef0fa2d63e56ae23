"""Which addresses are of the public internet: what a URL may lead to that nobody has called internal.

`ipaddress.is_global` alone is not it: it differs between Python versions (multicast and some IETF blocks since 3.12.4,
2024-05), calls an IPv4 address public that is only wrapped into a public-looking IPv6 one, and knows no NAT64. What
is listed here is refused whatever it says.
Sources: the IANA special-purpose address registries (read 2026-06); RFC 6052 and RFC 8215 for NAT64.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

REFUSED_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that is given out to the internet."""

REFUSED_V6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocols: Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "3fff::/20",
    )
)
NAT64: Final = IPv6Network("64:ff9b::/96")
SIX_TO_FOUR: Final = IPv6Network("2002::/16")
ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)
"""The third quarter of an address that carries an IPv4 one in its last."""


def is_public(address: str | IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to one host of the public internet. What is no address does not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _is_public_v4(parsed) if isinstance(parsed, IPv4Address) else _is_public_v6(parsed)


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in network for network in REFUSED_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return _is_public_v4(address.ipv4_mapped)
    if address in NAT64:
        return _is_public_v4(_last_quarter(address))
    if address not in GLOBAL_UNICAST or any(address in network for network in REFUSED_V6):
        return False
    if address in SIX_TO_FOUR:
        return _is_public_v4(IPv4Address(int(address) >> 80 & 0xFFFF_FFFF))
    if int(address) >> 32 & 0xFFFF_FFFF in ISATAP:
        return _is_public_v4(_last_quarter(address))
    return address.is_global


def _last_quarter(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF)
