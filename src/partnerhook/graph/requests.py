"""What is asked of the Graph API, before it is sent.

Sources (read 2026-06-17): the Graph API reference v23.0 and v25.0 for parameters and fields; the
Multi-Partner Solutions guide for `partners`; https://developers.facebook.com/docs/graph-api/webhooks/subscriptions-edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from pydantic import SecretStr

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.core.reading import ID_DIGITS_MAX, as_id

LIMIT_MAX: Final = 100
"""Meta's bound for a page."""

LISTED: Final = "id,name,status,status_for_pending_request"
PARTNERSHIP: Final = "id,status,partner_app{id,name,link},partner_permissions"
EVERYTHING: Final = f"{LISTED},owner_app{{id,name,link}},owner_permissions,partners{{{PARTNERSHIP}}}"


class Role(StrEnum):
    """The side of a solution that an app is on."""

    OWNER = "OWNER"
    PARTNER = "PARTNER"


class Ask(NamedTuple):
    """One request. Its secrets are not in its repr."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    secrets: Mapping[str, SecretStr] = {}
    """Join the form: never the URL."""
    token: SecretStr | None = None
    """In place of the client's own."""
    reading: bool = False
    """It changes nothing, whatever its method says."""

    @property
    def writing(self) -> bool:
        """It may change something: it is sent once."""
        return self.method != "GET" and not self.reading


def id_of(value: str, name: str) -> str:
    """A Meta id, as it may stand in a path. Raises ValueError."""
    if not isinstance(value, str) or as_id(value) is None:
        raise ValueError(f"{name} is one of Meta's ids: 1 to {ID_DIGITS_MAX} digits, as text")
    return value


def limit_of(limit: int) -> str:
    """How many to a page. Raises ValueError."""
    if not 1 <= limit <= LIMIT_MAX:
        raise ValueError(f"limit is 1 to {LIMIT_MAX}")
    return str(limit)


def secret_of(value: str, name: str) -> SecretStr:
    """A token or a secret that can go into a header. Raises ConfigurationInvalid, without a word of it."""
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigurationInvalid(f"The {name} is empty, or has blanks or letters in it that no {name} has.")
    return SecretStr(value)


def app_token(app_id: str, app_secret: str) -> str:
    """The token of an app itself, for its subscriptions and for looking at tokens: APP_ID|APP_SECRET."""
    return f"{id_of(app_id, 'app_id')}|{app_secret}"
