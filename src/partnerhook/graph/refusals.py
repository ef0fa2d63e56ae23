"""From an error on the wire to an exception of the tree: by code, then by HTTP status.

    {"error": {"message", "type", "code", "error_subcode"?, "error_user_title"?, "error_user_msg"?,
               "is_transient"?, "fbtrace_id"}}

Sources (read 2026-06-17): https://developers.facebook.com/docs/graph-api/guides/error-handling for the
envelope and most codes; https://developers.facebook.com/docs/graph-api/overview/rate-limiting for those of
rate limits; the Graph API reference v23.0 for 803; 100 with subcode 33 as seen in the wild.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from partnerhook.core.reading import as_word
from partnerhook.graph.errors import (
    ActionRefused,
    GraphError,
    GraphFailed,
    GraphUnreadable,
    NotFound,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
)

Hide = Callable[[object], str]
"""Makes of anything that Meta wrote a text that can be shown: see `hiding`."""

BAD_PARAMETER: Final = 100
NOT_THERE_SUBCODE: Final = 33

KIND_OF_CODE: Final[dict[int, type[GraphError]]] = {
    1: GraphFailed,
    2: GraphFailed,
    3: PermissionMissing,  # the app has not the capability
    4: RateLimited,
    10: PermissionMissing,
    17: RateLimited,
    32: RateLimited,
    102: TokenInvalid,
    104: TokenInvalid,
    190: TokenInvalid,
    341: RateLimited,
    613: RateLimited,
    803: NotFound,
    2500: NotFound,  # unknown path components
    **dict.fromkeys(range(200, 300), PermissionMissing),
    # 80008 is WhatsApp's by the current table, 80007 by older pages (C22).
    **dict.fromkeys(range(80_000, 80_015), RateLimited),
}
KIND_OF_STATUS: Final[dict[int, type[GraphError]]] = {
    401: TokenInvalid,
    403: PermissionMissing,
    404: NotFound,
    429: RateLimited,
}


def refusal(
    http_status: int, document: Any, hide: Hide, *, retry_after_s: float | None = None, writing: bool = False
) -> GraphError:
    """The exception for an answer that is none. `document`: its JSON, or None where it is no JSON.

    `writing`: the request was to change something; after an HTTP 5xx nobody can tell whether it did.
    """
    error = document.get("error") if isinstance(document, dict) else None
    told: Mapping[str, Any] = error if isinstance(error, dict) else {}
    code, subcode = _number(told.get("code")), _number(told.get("error_subcode"))
    kind = _kind(code, subcode, http_status)
    if not told and kind is ActionRefused:
        kind = GraphUnreadable
    trace_id = hide(as_word(told.get("fbtrace_id")))
    facts = (
        f"HTTP {http_status}",
        f"code {code}" if code is not None else "",
        f"subcode {subcode}" if subcode is not None else "",
        f"trace {trace_id}" if trace_id else "",
    )
    return kind(
        _message(kind, hide(told.get("message")), facts),
        code=code,
        subcode=subcode,
        type=hide(as_word(told.get("type"))),
        trace_id=trace_id,
        user_title=hide(told.get("error_user_title")),
        user_message=hide(told.get("error_user_msg")),
        http_status=http_status,
        is_transient=told.get("is_transient") is True,
        retry_after_s=retry_after_s if kind is RateLimited else None,
        maybe_done=writing and (http_status >= 500 or kind is GraphFailed),
    )


def _kind(code: int | None, subcode: int | None, http_status: int) -> type[GraphError]:
    if (code, subcode) == (BAD_PARAMETER, NOT_THERE_SUBCODE):
        return NotFound
    if code in KIND_OF_CODE:
        return KIND_OF_CODE[code]
    if http_status >= 500:
        return GraphFailed
    return KIND_OF_STATUS.get(http_status, ActionRefused)


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        return int(value)
    return value if type(value) is int else None


def _message(kind: type[GraphError], said: str, facts: Iterable[str]) -> str:
    """What it means, what Meta said, and what to look for in Meta's pages or to tell its support."""
    quoted = f" Meta says: {said}" if said else ""
    return f"{kind.__doc__}{quoted} ({', '.join(fact for fact in facts if fact)})"
