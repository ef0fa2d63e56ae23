"""Where the Graph API is: over TLS, or in this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from partnerhook.core.errors import ConfigurationInvalid


def graph_address(url: str) -> str:
    """The address without a slash at its end. Raises ConfigurationInvalid.

    Plain http would tell the access token to everybody on the way: it is for an emulator on this machine alone.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationInvalid("The Graph API's URL is no URL.") from None
    if parts.scheme not in {"http", "https"} or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigurationInvalid("The Graph API's URL is not https://HOST/VERSION.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        # Not shown: what stands there may be a secret.
        raise ConfigurationInvalid("The Graph API's URL has no user, query or fragment.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ConfigurationInvalid(f"The Graph API at {host} needs https; plain http is for this machine alone.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
