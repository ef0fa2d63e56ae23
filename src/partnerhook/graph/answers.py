"""What the Graph API says of solutions, read with patience: unknown words are kept, missing ones are empty.

Two families of answers are documented: the short ones of the Multi-Partner Solutions guide and of v25.0,
and the richer ones of the OpenAPI v23.0 (both read 2026-06-17). Both are understood everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import SecretStr

from partnerhook.core.graph_readings import AppReference, GraphReading, Partner
from partnerhook.core.reading import as_id, as_word
from partnerhook.graph.asking import Answer
from partnerhook.graph.errors import ActionRefused, GraphUnreadable
from partnerhook.graph.hiding import as_text

WORDS_MAX: Final = 100
"""Ten permissions are documented."""
PARTNERS_MAX: Final = 100
"""One is documented."""
LINK_CHARS_MAX: Final = 2_000


class CustomerToken(SecretStr):
    """A customer's access token: `get_secret_value()` gives it; no repr, log or JSON does."""

    def __init__(self, secret_value: str, expires_at: int | None = None) -> None:
        super().__init__(secret_value)
        self.expires_at = expires_at
        """Unix seconds; None where it was not told."""


def reading_of(node: Any, answer: Answer) -> GraphReading | None:
    """One solution; None where what was told names none, or not its status."""
    if not isinstance(node, dict):
        return None
    solution_id, status = as_id(node.get("id")), as_word(node.get("status"))
    if solution_id is None or status is None:
        return None
    return GraphReading(
        solution_id=solution_id,
        status=status,
        pending=as_word(node.get("status_for_pending_request")) or "",
        read_at=answer.read_at,
        asked_at=answer.asked_at,
        name=as_text(node.get("name")),
        owner_app=app_of(node.get("owner_app")),
        owner_permissions=_words(node.get("owner_permissions")),
        partners=partners_of(node.get("partners")),
    )


def app_of(node: Any) -> AppReference | None:
    """An app inside of something else; some answers have its id alone."""
    if not isinstance(node, dict):
        lone = as_id(node)
        return None if lone is None else AppReference(lone)
    app_id = as_id(node.get("id"))
    if app_id is None:
        return None
    return AppReference(app_id, as_text(node.get("name")), as_text(node.get("link"), LINK_CHARS_MAX))


def partners_of(edge: Any) -> tuple[Partner, ...]:
    """The partners inside of a solution: {"data": [...]}, or the list itself."""
    rows = edge.get("data") if isinstance(edge, dict) else edge
    found = [partner_of(row) for row in rows[:PARTNERS_MAX]] if isinstance(rows, list) else []
    return tuple(partner for partner in found if partner is not None)


def partner_of(node: Any) -> Partner | None:
    """One partner; None where what was told names none."""
    partnership = as_id(node.get("id")) if isinstance(node, dict) else None
    if partnership is None:
        return None
    return Partner(
        partnership,
        as_word(node.get("status")) or "",
        app_of(node.get("partner_app")),
        _words(node.get("partner_permissions")),
    )


def created(document: Any) -> str:
    """The id of a new solution. Raises GraphUnreadable."""
    told: Mapping[str, Any] = document if isinstance(document, dict) else {}
    solution_id = as_id(told.get("solution_id")) or as_id(told.get("id"))
    if solution_id is None:
        raise GraphUnreadable("The answer names no solution_id.", maybe_done=True)
    return solution_id


def confirm(document: Any) -> None:
    """That it was done: `true`, {"success": true}, a richer body, or the solution itself.

    Raises ActionRefused where it says no, GraphUnreadable where it says neither.
    """
    said = document.get("success") if isinstance(document, dict) else document
    if said is True or said == "true" or (type(said) is int and said == 1):
        return
    if said is False or said == "false":
        raise ActionRefused("The Graph API answered that it did not succeed, and not why.", http_status=200)
    about = ("id", "solution_id", "status")
    if said is None and isinstance(document, dict) and any(document.get(name) for name in about):
        return
    raise GraphUnreadable("The answer says neither that it was done nor that it was not.", maybe_done=True)


def customer_token_of(document: Any) -> CustomerToken:
    """{"data": [{"access_token"}]}, or {"access_token", "expires_at"}. Raises GraphUnreadable."""
    data = document.get("data") if isinstance(document, dict) else None
    node = data[0] if isinstance(data, list) and data else data or document
    told: Mapping[str, Any] = node if isinstance(node, dict) else {}
    token = told.get("access_token")
    if not isinstance(token, str) or not token:
        raise GraphUnreadable("The answer has no access_token.")
    expires_at = told.get("expires_at")
    return CustomerToken(token, expires_at if type(expires_at) is int and expires_at > 0 else None)


def _words(value: Any) -> tuple[str, ...]:
    words = [as_word(word) for word in value[:WORDS_MAX]] if isinstance(value, list) else []
    return tuple(word for word in words if word is not None)
