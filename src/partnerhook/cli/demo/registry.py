"""What the receiver's database says, in the words of the story. Only this may be shown as a result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from partnerhook import bootstrap
from partnerhook.config import Settings
from partnerhook.core.observations import Source
from partnerhook.core.receipts import Fate, Outcome, Receipt
from partnerhook.core.timeline import Effect, Entry, clock, say

if TYPE_CHECKING:
    from partnerhook.core.lifecycle import Solution
    from partnerhook.core.notice_documents import AnyNotice


class Standing(NamedTuple):
    """Where a solution stands, and how it came there, as one app heard it."""

    app: str
    solution_id: str
    status: str
    pending: str
    usable: bool
    since: str
    anomalies: tuple[str, ...]
    history: tuple[str, ...]


class Registry:
    """The database of a running receiver, through the look-ups of the product. `day`: of the story, 2025-02-12."""

    def __init__(self, database_url: str, day: str) -> None:
        settings = Settings.model_validate({"database_url": database_url})
        self._queries = bootstrap.queries(settings)
        self._outbox = bootstrap.outbox(settings)
        self._day = day

    def receipts(self) -> list[Receipt]:
        """Every POST that was stored, in the order of arrival."""
        from partnerhook.services.query import ReceiptFilter

        return [listed.receipt for listed in self._queries.receipts(ReceiptFilter())]

    def notices(self) -> tuple[AnyNotice, ...]:
        """Everything that was told, in its order."""
        from partnerhook.services.outbox import NoticeFilter

        return tuple(notice for _, notice in self._outbox.notices(NoticeFilter()))

    def undelivered(self) -> bool:
        """Whether something is still on its way to somebody."""
        return any(one.backlog for one in self._outbox.overview().values())

    def quarantined(self) -> tuple[str, ...]:
        """Why each change in quarantine is there."""
        return tuple(one.reason for post in self.receipts() for one in post.outcomes if one.fate is Fate.QUARANTINED)

    def standings(self) -> tuple[Standing, ...]:
        """Every solution with its history, by app and id."""
        from partnerhook.services.query import SolutionFilter

        return tuple(self._standing(one) for one in self._queries.list_solutions(SolutionFilter()))

    def state(self, app: str, solution_id: str) -> str:
        """The state of a solution now; empty where it is not known."""
        known = self._queries.find_solutions(solution_id, app)
        return say(known[0].state) if known else ""

    def meaning(self, app: str, outcome: Outcome, solution_id: str) -> str:
        """What one change meant: what it did to its solution, or why it did nothing."""
        match outcome.fate:
            case Fate.DUPLICATE:
                return f"said before, still {self.state(app, solution_id)}"
            case Fate.TEST:
                state = self.state(app, solution_id)
                return f"dashboard test, still {state}" if state else "dashboard test, no such solution"
            case Fate.OBSERVED:
                entries = [one for one in self._timeline(app, solution_id) if one.observation.key == outcome.key]
                return _meaning_of_entry(entries[0], self.state(app, solution_id)) if entries else "not in the history"
        return outcome.fate.value

    def _timeline(self, app: str, solution_id: str) -> Sequence[Entry]:
        told = self._queries.story(app, solution_id)
        return told.timeline if told else ()

    def _standing(self, one: Solution) -> Standing:
        return Standing(
            one.app,
            one.solution_id,
            one.status.value,
            one.pending.value,
            one.usable,
            self._time(one.since),
            tuple(flag.value for flag in one.anomalies),
            tuple(self._happened(entry) for entry in self._timeline(one.app, one.solution_id)),
        )

    def _happened(self, entry: Entry) -> str:
        """An entry of the history, in short: when, Meta's word, and in brackets what is not plain about it."""
        return f"{self._time(entry.observation.at)} {entry.observation.reported_status}" + "".join(
            f" ({remark})" for remark in _remarks(entry)
        )

    def _time(self, at: int) -> str:
        """Hour and minute of the story's day; in full where it is another one, which would be a difference."""
        day, _, time = clock(at).partition("T")
        return time.removesuffix(":00Z") if day == self._day else clock(at)


def _meaning_of_entry(entry: Entry, state_now: str) -> str:
    if entry.effect is Effect.LATE:
        return f"late: history only, still {state_now}"
    usable = entry.after is not None and entry.after.usable
    was_usable = entry.before is not None and entry.before.usable
    use = {
        (False, False): "not usable",
        (False, True): "usable",
        (True, True): "still usable",
        (True, False): "no longer usable",
    }[was_usable, usable]
    odd = f": {', '.join(entry.flags)}" if entry.flags else ""
    return f"{say(entry.after)}, {use}{odd}"


def _remarks(entry: Entry) -> Iterator[str]:
    if entry.observation.source is Source.GRAPH:
        yield entry.observation.source.value
    if entry.effect is not Effect.CHANGED:
        yield entry.effect.value
    yield from (flag.value for flag in entry.flags)
    if entry.observation.repeats:
        yield f"x{entry.observation.repeats + 1}"
