"""Destinations and deliveries."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from partnerhook.api.models.answer import Answer, Asked
from partnerhook.api.parameters import DIGITS, PLAIN
from partnerhook.core.delivery import Fate, Reply

IDS_MAX = 500


class Destination(Answer):
    """A destination or a forward target, and how it stands."""

    name: str
    kind: str
    where: str = Field(description="As much of the URL as is no secret.")
    filters: dict[str, list[str]]
    state: Literal["works", "failing", "paused"]
    paused_at: str | None
    paused_reason: str
    failing_since: str | None
    waiting: int
    waiting_bytes: int
    oldest_at: str | None
    dead: int


class Pause(Asked):
    """Why nothing is to be attempted."""

    reason: Annotated[str, Field(pattern=PLAIN, max_length=500)] = "paused over the API"


class Tested(Answer):
    """How a destination took a test notice."""

    destination: str
    id: str
    taken: bool
    status: int | None
    answer: str
    duration_ms: float


class Delivery(Answer):
    """A delivery, without its attempts."""

    delivery: str
    target: str
    notice: str | None
    receipt_id: str | None
    fate: Fate
    attempts: int
    created_at: str
    due_at: str | None
    settled_at: str | None


class Attempt(Answer):
    """One attempt to deliver."""

    at: str
    duration_ms: float
    reply: Reply
    status: int | None
    answer: str


class ShownDelivery(Delivery):
    """A delivery with its attempts, and the notice that it is of."""

    attempts_made: list[Attempt] = Field(description="The newest ones, oldest first.")
    document: dict[str, Any] | None


class Chosen(Asked):
    """Which deliveries: by number, or all dead ones that fit the rest."""

    ids: Annotated[
        list[Annotated[str, Field(pattern=DIGITS)]] | None,
        Field(
            max_length=IDS_MAX, description="By number. Without it: all dead ones that fit `target` and `solution_id`."
        ),
    ] = None
    target: Annotated[str | None, Field(pattern=PLAIN, max_length=200)] = None
    solution_id: Annotated[str | None, Field(pattern=DIGITS)] = None


class Changed(Answer):
    """What became of the deliveries that were chosen."""

    changed: int
    left: list[str] = Field(
        description="Of those named by number: the ones that could not be, or need not be, changed."
    )
    more: bool = Field(description="There are more that fit: ask again.")
