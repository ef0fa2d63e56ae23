r"""Which URLs we send to. Read strictly, and once: what two programs read differently is refused.

So `https://example.com\@127.0.0.1/`, `https://0x7f.1/` and `https://127。0。0。1/` never come to a resolver. Where a
name leads is checked when it is connected to (`outbound_network`): here it is not resolved.

Source: RFC 3986; https://url.spec.whatwg.org/#concept-host-parser for hosts that end in a number (read 2026-06).
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from partnerhook.core.addresses import is_public

URL_LETTERS: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
NAME: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
ENDS_IN_A_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")
"""Resolvers take such hosts for IPv4 addresses, in decimal, octal or hexadecimal, of one to four parts."""

OWN_NAMES: Final = ("localhost", "local", "internal", "home.arpa")
"""Ends of names that mean this machine or this network: RFC 6761, RFC 6762, ICANN 2024-07, RFC 8375."""

INTERNAL: Final = "internal = true allows that"


class Place(NamedTuple):
    """Where a URL leads."""

    scheme: str
    host: str
    """A name in small letters, or an address; IPv6 without brackets."""
    port: int | None
    target: str
    """Path and query: may hold a secret."""

    @property
    def authority(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def check_url(url: str, *, internal: bool) -> str:
    """The URL. Raises ValueError; the message goes on after what the URL is for, and holds no path and no query.

    `internal`: it may lead into a network of our own, and may be plain http.
    """
    read_url(url, internal=internal)
    return url


def read_url(url: str, *, internal: bool) -> Place:
    """Where it leads. Raises ValueError as `check_url` does."""
    if not URL_LETTERS.fullmatch(url):
        raise ValueError("is empty or has letters that a URL cannot have; it needs xn-- names and %-encoding")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("is not https://HOST/PATH")
    if "@" in parts.netloc or "#" in url:
        # Not shown: what stands there may be a secret.
        raise ValueError("has a user or a fragment, and must not")
    place = Place(parts.scheme, host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    if port == 0 or place.authority != parts.netloc.lower():
        # `urlsplit` takes `[::1]example.com` for ::1.
        raise ValueError("has a host or a port that cannot be")
    _check_host(host, internal=internal)
    if place.scheme == "http" and not internal:
        raise ValueError(f"leads to {host} over plain http; it needs https, or internal = true")
    return place


def _check_host(host: str, *, internal: bool) -> None:
    if ":" in host or ENDS_IN_A_NUMBER.fullmatch(host):
        _check_address(host, internal=internal)
    elif not NAME.fullmatch(host):
        raise ValueError("has a host that is no name: letters, digits, - and _ between dots, and no dot at its end")
    elif not internal and ("." not in host or _is_own(host)):
        raise ValueError(f"leads to {host}, a name of this machine or its network; {INTERNAL}")


def _check_address(host: str, *, internal: bool) -> None:
    try:
        address = ip_address(host)
    except ValueError:
        raise ValueError("has a host that is no address: four numbers from 0 to 255, or IPv6 in brackets") from None
    if "%" in host:
        raise ValueError("has an address with a zone, and must not")
    if not internal and not is_public(address):
        raise ValueError(f"leads to {host}, which is not of the public internet; {INTERNAL}")


def _is_own(host: str) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in OWN_NAMES)
