"""POSTs that came in, and what was told because of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from partnerhook.api.models.answer import Answer, Asked
from partnerhook.api.parameters import DIGITS, PLAIN, Moment
from partnerhook.core.receipts import Fate


class Outcome(Answer):
    """What became of one change of a POST."""

    path: str
    field: str
    fate: Fate
    key: str
    entry_id: str
    reason: str


class Receipt(Answer):
    """One POST and what became of each of its changes."""

    receipt_id: str
    app: str
    received_at: str
    body_bytes: int
    body_kept: bool
    flags: list[str]
    quarantined: int = Field(description="How many of its changes are in quarantine.")
    outcomes: list[Outcome]


class ChangedReceipt(Answer):
    """What became of a receipt whose quarantine was worked on."""

    changed: int = Field(description="How many of its changes are in quarantine no more; 0: nothing was to be done.")
    receipt: Receipt


class Erased(Answer):
    """How many raw bodies were erased."""

    erased: int


class Notice(Answer):
    """A notice, by its number in the order in which notices were told."""

    notice: str
    document: dict[str, Any] = Field(description="CloudEvents 1.0; docs/schemas/ has a schema for each type.")


class Replay(Asked):
    """Which notices to deliver once more, and to whom."""

    preview: Annotated[bool, Field(description="Say what would be sent, and send nothing.")] = True
    since: Annotated[Moment | None, Field(strict=False, description="Told then or later.")] = None
    until: Annotated[Moment | None, Field(strict=False, description="Told before.")] = None
    types: Annotated[
        tuple[Annotated[str, Field(pattern=PLAIN, max_length=200)], ...],
        Field(strict=False, max_length=20, description="CloudEvents types: `solution.activated`, `solution.*`."),
    ] = ()
    app: Annotated[str | None, Field(pattern=PLAIN, max_length=200)] = None
    solution_id: Annotated[str | None, Field(pattern=DIGITS)] = None
    destinations: Annotated[
        tuple[Annotated[str, Field(pattern=PLAIN, min_length=1, max_length=200)], ...],
        Field(strict=False, max_length=100, description="Only to these; empty: to all that want it."),
    ] = ()


class Replayed(Answer):
    """What a replay came to, or would come to."""

    notices: int = Field(description="Notices that fit.")
    deliveries: int
    enqueued: bool
    by_destination: dict[str, int]
