"""What can go wrong between us and the Graph API.

    PartnerhookError
    └── GraphError              any of these
        ├── GraphUnreachable    no answer: no connection, or none in time
        ├── GraphUnreadable     an answer that is not understood, is too long, or leads in a circle
        ├── GraphFailed         Meta's own fault: HTTP 5xx, codes 1 and 2
        ├── RateLimited         too many calls; `retry_after_s` where Meta said how long
        ├── TokenInvalid        the access token is wrong, has expired or was withdrawn
        ├── PermissionMissing   the token or its app may not do this
        ├── NotFound            no such thing, or none that this token may see: Meta tells them not apart
        └── ActionRefused       the parameters or the state of the solution do not allow it

No message, attribute or chained exception holds a token, a proof or a URL.

Source: https://developers.facebook.com/docs/graph-api/guides/error-handling (read 2026-06-17).
"""

from __future__ import annotations

from typing import Final

from partnerhook.core.errors import PartnerhookError

MAYBE_DONE: Final = "It may have been done nevertheless: look before you do it again."


class GraphError(PartnerhookError):
    """The Graph API did not do what was asked."""

    http_status_hint = 502

    def __init__(
        self,
        message: str | None = None,
        *,
        code: int | None = None,
        subcode: int | None = None,
        type: str = "",  # noqa: A002 - Meta's word
        trace_id: str = "",
        user_title: str = "",
        user_message: str = "",
        http_status: int | None = None,
        is_transient: bool = False,
        retry_after_s: float | None = None,
        maybe_done: bool = False,
    ) -> None:
        sentence = message or self.__class__.__doc__
        super().__init__(f"{sentence} {MAYBE_DONE}" if maybe_done else sentence)
        self.code = code
        self.subcode = subcode
        self.type = type
        self.trace_id = trace_id
        """`fbtrace_id`: what Meta's support asks for."""
        self.user_title = user_title
        self.user_message = user_message
        """Meta's words for people, where it has any."""
        self.http_status = http_status
        """None where there was no answer."""
        self.is_transient = is_transient
        """Meta says that another try may help."""
        self.retry_after_s = retry_after_s
        """Seconds until another call makes sense, where that is known."""
        self.maybe_done = maybe_done
        """What was asked for changes something, and nobody can tell whether it did."""


class GraphUnreachable(GraphError):
    """The Graph API did not answer."""

    http_status_hint = 503


class GraphUnreadable(GraphError):
    """The Graph API's answer is not understood."""


class GraphFailed(GraphError):
    """The Graph API failed; try again later."""

    http_status_hint = 503


class RateLimited(GraphError):
    """There were too many calls; try again later."""

    http_status_hint = 503


class TokenInvalid(GraphError):
    """The access token is wrong, has expired or was withdrawn."""


class PermissionMissing(GraphError):
    """The access token may not do this."""

    http_status_hint = 409


class NotFound(GraphError):
    """There is no such thing, or none that this access token may see."""

    http_status_hint = 409


class ActionRefused(GraphError):
    """The Graph API refused what was asked."""

    http_status_hint = 409
