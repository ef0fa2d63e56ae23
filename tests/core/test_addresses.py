"""Public addresses: the same ones on each Python, however an IPv4 address is wrapped."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from partnerhook.core.addresses import REFUSED_V4, is_public

PUBLIC_V4 = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1"]
PUBLIC_V4 += ["192.0.1.1", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15", "11.0.0.0", "9.9.9.9"]
PUBLIC_V6 = ["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001:80b::200e", "2001:200::1"]

PRIVATE_V4 = {
    "unspecified": "0.0.0.0",
    "this network": "0.1.2.3",
    "loopback": "127.0.0.1",
    "the whole of loopback": "127.255.255.254",
    "private 10": "10.0.0.1",
    "private 172.16": "172.16.0.1",
    "the end of private 172.16": "172.31.255.255",
    "private 192.168": "192.168.1.1",
    "carrier NAT": "100.64.0.1",
    "metadata in carrier NAT": "100.100.100.200",
    "the end of carrier NAT": "100.127.255.255",
    "link-local": "169.254.0.1",
    "metadata": "169.254.169.254",
    "metadata of containers": "169.254.170.2",
    "wire server": "168.63.129.16",
    "IETF protocols": "192.0.0.1",
    "port control anycast": "192.0.0.9",
    "metadata in IETF protocols": "192.0.0.192",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "6to4 relay": "192.88.99.1",
    "benchmarks": "198.18.0.1",
    "the end of benchmarks": "198.19.255.255",
    "multicast": "224.0.0.1",
    "multicast that is called global": "233.252.1.1",
    "the end of multicast": "239.255.255.255",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
}
PRIVATE_V6 = {
    "unspecified": "::",
    "loopback": "::1",
    "IPv4-compatible": "::8.8.8.8",
    "IPv4-compatible loopback": "::127.0.0.1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped loopback in hexadecimal": "::ffff:7f00:1",
    "mapped metadata": "::ffff:169.254.169.254",
    "translated": "::ffff:0:127.0.0.1",
    "NAT64 loopback": "64:ff9b::127.0.0.1",
    "NAT64 metadata": "64:ff9b::a9fe:a9fe",
    "NAT64 of a network's own": "64:ff9b:1::8.8.8.8",
    "beside NAT64": "64:ff9b:0:1::8.8.8.8",
    "6to4 loopback": "2002:7f00:1::",
    "6to4 metadata": "2002:a9fe:a9fe::1",
    "6to4 private": "2002:c0a8:101::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "Teredo server": "2001::8.8.8.8",
    "ISATAP private": "2606:4700::5efe:10.0.0.1",
    "ISATAP private, unique": "2606:4700::200:5efe:192.168.0.1",
    "ORCHID": "2001:20::1",
    "benchmarks": "2001:2::1",
    "anycast of IETF protocols": "2001:1::1",
    "documentation": "2001:db8::1",
    "documentation 2": "3fff::1",
    "private": "fc00::1",
    "metadata": "fd00:ec2::254",
    "metadata 2": "fd20:ce::254",
    "link-local": "fe80::1",
    "link-local of an interface": "fe80::1%eth0",
    "link-local metadata": "fe80::a9fe:a9fe",
    "public with a zone": "2606:4700:4700::1111%1",
    "site-local": "fec0::1",
    "multicast": "ff02::1",
    "global multicast": "ff0e::1",
    "discard": "100::1",
    "segment routing": "5f00::1",
    "not given out": "4000::1",
}


@pytest.mark.parametrize("address", [*PUBLIC_V4, *PUBLIC_V6])
def test_an_address_of_the_internet_is_public(address: str):
    """As text and as what `ipaddress` makes of it."""
    assert is_public(address)
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", [*PRIVATE_V4.values(), *PRIVATE_V6.values()], ids=[*PRIVATE_V4, *PRIVATE_V6])
def test_all_others_are_not(address: str):
    """Private, special, reserved, and what looks public and leads to one of these."""
    assert not is_public(address)
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("wrapped", ["::ffff:{}", "64:ff9b::{}", "2606:4700::5efe:{}", "2606:4700::200:5efe:{}"])
def test_a_wrapped_address_is_as_public_as_what_is_in_it(wrapped: str):
    """IPv4-mapped, NAT64, ISATAP."""
    assert all(is_public(wrapped.format(address)) for address in PUBLIC_V4)
    assert not any(is_public(wrapped.format(address)) for address in PRIVATE_V4.values())


def test_6to4_is_as_public_as_its_gateway():
    """The IPv4 address stands behind 2002."""
    gateways = {address: IPv6Address(0x2002 << 112 | int(IPv4Address(address)) << 80 | 1) for address in PUBLIC_V4}

    assert all(is_public(gateway) for gateway in gateways.values())
    assert not any(
        is_public(IPv6Address(0x2002 << 112 | int(IPv4Address(address)) << 80 | 1)) for address in PRIVATE_V4.values()
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "2130706433",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
        "8.8.8.8/32",
        " 8.8.8.8",
        "8.8.8.8.",
        "[::]",
    ],
)
def test_what_is_no_address_is_not_public(text: str):
    """Nor what only some resolvers take for one."""
    assert not is_public(text)


def test_a_number_is_no_address():
    """`ipaddress` takes 134744072 for 8.8.8.8."""
    assert not is_public(0x0808_0808)  # type: ignore[arg-type]


@given(
    st.sampled_from(REFUSED_V4).flatmap(
        lambda network: st.integers(0, network.num_addresses - 1).map(network.__getitem__)
    )
)
def test_every_address_of_a_refused_network_is_refused(address: IPv4Address):
    """Bare and in each of its wrappings."""
    number = int(address)

    assert not is_public(address)
    assert not is_public(IPv6Address(0xFFFF << 32 | number))
    assert not is_public(IPv6Address(0x64_FF9B << 96 | number))
    assert not is_public(IPv6Address(0x2002 << 112 | number << 80))


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address: IPv4Address | IPv6Address):
    """Whichever Python it is: our list is at least as strict. Of wrapped ones it sees the wrapping."""
    assume(not any(str(address).startswith(wrapping) for wrapping in ("::ffff:", "64:ff9b::", "2002:")))

    assert not (is_public(address) and (address.is_private or address.is_multicast or address.is_reserved))
