"""What the Graph API says of apps and tokens.

Sources (read 2026-06-17): https://developers.facebook.com/docs/graph-api/webhooks/subscriptions-edge and
docs/graph-api/reference/{app/subscriptions, debug_token, user/permissions} beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from partnerhook.core.reading import as_id, as_word
from partnerhook.graph.answers import LINK_CHARS_MAX
from partnerhook.graph.errors import GraphUnreadable
from partnerhook.graph.hiding import as_text
from partnerhook.graph.refusals import Hide

ROWS_MAX: Final = 1_000


class SubscribedField(NamedTuple):
    """A webhook field that an app listens to, at a version of the API."""

    name: str
    version: str = ""


class Subscription(NamedTuple):
    """Where an app hears of one kind of object, and of which fields."""

    object: str
    callback_url: str
    active: bool
    fields: tuple[SubscribedField, ...]


class Permission(NamedTuple):
    """A permission of a token: `granted`, `declined` or `expired`."""

    name: str
    status: str


class TokenFacts(NamedTuple):
    """What Meta says of a token; not the token."""

    is_valid: bool
    app_id: str = ""
    application: str = ""
    type: str = ""
    expires_at: int | None = None
    """Unix seconds; None: never, or not told."""
    data_access_expires_at: int | None = None
    scopes: tuple[str, ...] = ()
    problem: str = ""
    """Why it is not valid, in Meta's words."""


def subscription_of(row: Any) -> Subscription | None:
    """One subscription; None where it does not say to what. Older answers have its fields as plain words."""
    about = as_word(row.get("object")) if isinstance(row, dict) else None
    if about is None:
        return None
    fields = row.get("fields")
    found = [_field(one) for one in fields[:ROWS_MAX]] if isinstance(fields, list) else []
    return Subscription(
        about,
        as_text(row.get("callback_url"), LINK_CHARS_MAX),
        row.get("active") is True,
        tuple(field for field in found if field is not None),
    )


def _field(one: Any) -> SubscribedField | None:
    told: Mapping[str, Any] = one if isinstance(one, dict) else {"name": one}
    name = as_word(told.get("name"))
    return None if name is None else SubscribedField(name, as_word(told.get("version")) or "")


def permission_of(row: Any) -> Permission | None:
    """One permission of a token; None where it has no name."""
    name = as_word(row.get("permission")) if isinstance(row, dict) else None
    return None if name is None else Permission(name, as_word(row.get("status")) or "")


def token_facts_of(document: Any, hide: Hide) -> TokenFacts:
    """`data` of debug_token. Raises GraphUnreadable. `hide`: see `refusals`; it is of a token that this tells."""
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("is_valid"), bool):
        raise GraphUnreadable("The answer does not say whether the token is valid.")
    error = data.get("error")
    scopes = data.get("scopes")
    words = [as_word(scope) for scope in scopes[:ROWS_MAX]] if isinstance(scopes, list) else []
    return TokenFacts(
        data["is_valid"],
        as_id(data.get("app_id")) or "",
        as_text(data.get("application")),
        as_word(data.get("type")) or "",
        _instant(data.get("expires_at")),
        _instant(data.get("data_access_expires_at")),
        tuple(word for word in words if word is not None),
        hide(error.get("message")) if isinstance(error, dict) else "",
    )


def _instant(value: Any) -> int | None:
    """0 is Meta's word for never."""
    return value if type(value) is int and value > 0 else None
