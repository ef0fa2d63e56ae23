"""Where the Graph API is."""

from __future__ import annotations

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.core.web_address import web_address


def graph_address(url: str) -> str:
    """The address without a slash at its end. Raises ConfigurationInvalid."""
    try:
        return web_address(url)
    except ValueError as problem:
        raise ConfigurationInvalid(f"The Graph API's URL {problem}.") from None
