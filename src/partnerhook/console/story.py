"""The story of one solution: what was heard and what people did, in the order of time, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException

from partnerhook.core.names import MEANING_OF_FLAG, State
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.timeline import Entry, outcome
from partnerhook.services.audit import AuditEntry
from partnerhook.services.query import Queries, Story

LATE_S: Final = 120
"""Received so much later than it was sent, it is worth saying."""


class Moment(NamedTuple):
    """One thing that happened. Unix seconds."""

    at: int
    source: str
    """webhook, graph or person."""
    title: str
    text: str
    state: State | None
    """Where the solution was then; None: this says nothing of it."""
    oddities: Sequence[str]
    received_at: int | None
    """Where it came much later than it was sent."""
    receipt_id: int | None
    number: int
    """Among those of one second, in the order in which they are told."""


def moments(entries: Sequence[Entry], deeds: Sequence[AuditEntry]) -> list[Moment]:
    """All of them. `entries`: the oldest first; `deeds`: the newest first."""
    heard = [_heard(one, number) for number, one in enumerate(entries)]
    done = [_done(one, number) for number, one in enumerate(reversed(deeds))]
    return sorted(heard + done, key=lambda one: (one.at, one.number), reverse=True)


def story_of(queries: Queries, app: str, solution_id: str) -> Story:
    """What is known of a solution. Raises HTTPException where nothing is."""
    known = queries.story(app, solution_id) if "\0" not in app + solution_id else None
    if known is None:
        raise HTTPException(404, f"App {app} knows no solution {solution_id}.")
    return known


def _heard(entry: Entry, number: int) -> Moment:
    one = entry.observation
    received = one.received_at // MICROSECONDS
    told = outcome(entry)
    repeated = {0: "", 1: " It came once more."}.get(one.repeats, f" It came {one.repeats} more times.")
    return Moment(
        at=one.at,
        source=one.source.value,
        title=f"{one.event} {one.reported_status}".strip(),
        text=f"{told[:1].upper()}{told[1:]}.{repeated}",
        state=entry.after,
        oddities=[f"{MEANING_OF_FLAG[flag][:1].upper()}{MEANING_OF_FLAG[flag][1:]}." for flag in entry.flags],
        received_at=received if received - one.at > LATE_S else None,
        receipt_id=one.receipt_id,
        number=number,
    )


def _done(entry: AuditEntry, number: int) -> Moment:
    said = entry.action.removeprefix("solution.").replace("-", " ")
    ended = {"begun": "It has begun, and nothing more is known.", "done": "Meta took it."}.get(
        entry.outcome, f"{entry.outcome[:1].upper()}{entry.outcome[1:]}"
    )
    title = f"{entry.actor.who}: {said}"
    return Moment(entry.at // MICROSECONDS, "person", title, ended, None, (), None, None, number)
