"""An address that secrets may be sent to: over TLS, or on this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def web_address(url: str) -> str:
    """The address without a slash at its end. Raises ValueError; the message goes on after what the address is for.

    Plain http would tell a token to everybody on the way: it is for this machine alone.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.scheme not in {"http", "https"} or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("is not https://HOST/PATH")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        # Not shown: what stands there may be a secret.
        raise ValueError("has a user, a query or a fragment, and must not")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"leads to {host} over plain http, which is for this machine alone; it needs https")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
