"""From a change of a solution to what is said about it: one notice for each step of (status, pending).

Notices follow the funnel: `follow` goes on from the stored solution through newer seconds, `look_again`
folds everything anew because something late came. Both tell the same steps for the same news, however
these were batched; what is late and changes nothing now makes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from partnerhook.core.lifecycle import Solution, advance, find_path, fold, seconds
from partnerhook.core.names import (
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    DRAFT,
    INITIATED,
    REJECTED,
    UNKNOWN,
    Flag,
    State,
)
from partnerhook.core.observations import Observation


class NoticeKind(StrEnum):
    """What a notice is about. `partnerhook.` and this is the CloudEvents type."""

    DRAFTED = "solution.drafted"
    REQUESTED = "solution.requested"
    ACTIVATED = "solution.activated"
    REJECTED = "solution.rejected"
    DEACTIVATION_REQUESTED = "solution.deactivation_requested"
    DEACTIVATION_DECLINED = "solution.deactivation_declined"
    DEACTIVATED = "solution.deactivated"
    RENAMED = "solution.renamed"
    ANOMALY = "solution.anomaly"
    """Something is odd about a solution, or its state is a word that is in no document of Meta's."""
    OVERDUE = "solution.overdue"
    """It has waited for an answer for longer than was configured."""


ENTERED: Final = {
    DRAFT: NoticeKind.DRAFTED,
    INITIATED: NoticeKind.REQUESTED,
    ACTIVE: NoticeKind.ACTIVATED,
    DEACTIVATION_REQUESTED: NoticeKind.DEACTIVATION_REQUESTED,
    REJECTED: NoticeKind.REJECTED,
    DEACTIVATED: NoticeKind.DEACTIVATED,
    UNKNOWN: NoticeKind.ANOMALY,
}


class Step(NamedTuple):
    """One thing to tell of a solution. Times are Unix seconds of Meta's clock."""

    kind: NoticeKind
    before: tuple[State, ...]
    """Every state that it could have been in; empty where it was not known."""
    before_since: int | None
    after: tuple[State, ...]
    since: int
    anomalies: tuple[Flag, ...]
    """What is odd about it now."""
    corrected: bool
    """The past is seen differently: nothing happened now."""
    key: str
    """The observation behind it."""
    detail: str = ""


def follow(solution: Solution | None, newer: Iterable[Sequence[Observation]]) -> tuple[Solution | None, list[Step]]:
    """`solution` after `newer` seconds, and the steps that it took."""
    steps: list[Step] = []
    for second in newer:
        after = advance(solution, second)
        if len(second) > 1:
            steps += _through(solution, second, after)
        elif solution is None or after.could_be != solution.could_be or after.anomalies != solution.anomalies:
            steps += _to(solution, after, second[0].key)
        solution = after
    return solution, steps


def look_again(
    stored: Solution | None, history: Sequence[Observation], news: Sequence[Observation]
) -> tuple[Solution | None, list[Step]]:
    """What `history` tells of a solution (`news` included), and the steps from what was `stored` to that."""
    if stored is None:
        new_keys = {one.key for one in news}
        stored = fold([one for one in history if one.key not in new_keys])
    heard = seconds(history)
    if stored is None:
        return follow(None, heard)
    known = [second for second in heard if second[0].at <= stored.newest_at]
    base, steps = _past(stored, known, news)
    solution, newer_steps = follow(base, heard[len(known) :])
    return solution, steps + newer_steps


def kind_of_step(before: State | None, after: State) -> NoticeKind:
    """What it is called when a solution goes from one state to another."""
    if before is DEACTIVATION_REQUESTED and after is ACTIVE:
        return NoticeKind.DEACTIVATION_DECLINED
    return ENTERED[after]


def _to(before: Solution | None, after: Solution, key: str, *, corrected: bool = False) -> list[Step]:
    """From one solution to the next one: at most a step, and what is newly odd. On the path of every webhook."""
    shown, since = (None, None) if before is None else (before.could_be[-1], before.since)
    known: tuple[Flag, ...] = () if before is None else before.anomalies
    could_be: tuple[State, ...] = () if before is None else before.could_be
    odd = "" if after.anomalies == known else " ".join([flag for flag in after.anomalies if flag not in known])
    state = after.could_be[-1]
    steps: list[Step] = []
    if state is not shown:
        kind = ENTERED[state] if corrected else kind_of_step(shown, state)
        detail = odd if odd and kind is NoticeKind.ANOMALY else ""
        steps.append(Step(kind, could_be, since, after.could_be, after.since, after.anomalies, corrected, key, detail))
        if detail:
            return steps
    if odd:
        same = (after.could_be, after.since)
        steps.append(Step(NoticeKind.ANOMALY, *same, *same, after.anomalies, corrected, key, odd))
    return steps


def _through(before: Solution | None, second: Sequence[Observation], after: Solution) -> list[Step]:
    """Everything that happened inside of one second, in its order."""
    return _along(before, find_path(before, second).states, second, after)


def _along(
    here: Solution | None, states: Sequence[State], second: Sequence[Observation], after: Solution
) -> list[Step]:
    """The steps from `here` through `states`, of which the last one is `after`'s."""
    steps: list[Step] = []
    known = () if here is None else here.anomalies
    for state in states:
        key = min([one.key for one in second if one.state is state])
        there = after
        if state is not states[-1]:
            there = after._replace(could_be=(state,), since=second[0].at, anomalies=known)
        steps += _to(here, there, key)
        here = there
    return steps


def _past(
    stored: Solution, known: Sequence[Sequence[Observation]], news: Sequence[Observation]
) -> tuple[Solution | None, list[Step]]:
    """The time up to the newest stored second as it looks now, and what that changes."""
    if not known:
        return stored, []
    before: Solution | None = None
    for second in known[:-1]:
        before = advance(before, second)
    newest = known[-1]
    base = advance(before, newest)
    entered = find_path(before, newest).states
    if base.state is not stored.state and stored.state in entered:
        # News of the very second that was the newest: it went on from where it was.
        return base, _along(stored, entered[entered.index(stored.state) + 1 :], newest, base)
    key = max([(one.at, one.key) for one in news])[1] if news else newest[-1].key
    return base, _to(stored, base, key, corrected=True)
