"""From what was heard of a solution to what it is: a pure fold over the set of observations.

The state is a function of the SET: any order of arrival, any repetition, any batching gives the
same. Seconds are taken in the order of time, each as a whole, for Meta's `time` resolves no finer;
inside a second the lifecycle table decides. Meta is the authority: an odd step is taken and flagged.

`advance` is the one funnel. The live path continues the fold from the stored solution when only
newer seconds came, and folds the whole history when not; both are the same function.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from heapq import heappop, heappush
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from partnerhook.core.names import STATES, Flag, Pending, State, Status
from partnerhook.core.observations import Observation, Source
from partnerhook.core.transitions import oddity, steps_between


class Solution(NamedTuple):
    """What is known of one solution. Seconds are Unix seconds, microseconds Unix microseconds."""

    app: str
    solution_id: str
    portfolio_id: str
    """The portfolio that the newest webhook named; empty until one was heard."""
    could_be: tuple[State, ...]
    """Every state that fits what was heard, in the order of life; more than one: ambiguous."""
    reported_status: str
    """The last word, as Meta sent it."""
    since: int
    """The second in which it came to this status and pending."""
    newest_at: int
    """The newest second that anything was heard for."""
    first_seen: int
    """Microseconds: when we first received anything of it."""
    last_seen: int
    """Microseconds: when we last received anything of it, repeats included."""
    observations: int
    """How many different ones; repeats not counted."""
    anomalies: tuple[Flag, ...]
    """What is odd about how it came to be where it is; empty again after the next regular step."""

    @property
    def state(self) -> State:
        """The state it is in; of several possible ones the one furthest in a solution's life."""
        return self.could_be[-1]

    @property
    def status(self) -> Status:
        """As the Graph API's `status`."""
        return self.could_be[-1].status

    @property
    def pending(self) -> Pending:
        """As the Graph API's `status_for_pending_request`."""
        return self.could_be[-1].pending

    @property
    def usable(self) -> bool:
        """Customers can be onboarded through it, whichever of the possible states it is in."""
        return all_usable(self.could_be)


def all_usable(could_be: Iterable[State]) -> bool:
    """Whether customers can be onboarded in whichever of these states a solution is."""
    return all(state.usable for state in could_be)


def fold(history: Iterable[Observation]) -> Solution | None:
    """The solution that `history` tells of; None where it holds nothing but dashboard tests."""
    solution: Solution | None = None
    for second in seconds(history):
        solution = advance(solution, second)
    return solution


def seconds(history: Iterable[Observation]) -> list[list[Observation]]:
    """The observations that count, grouped by second, oldest first; in a second by key."""
    counting = [one for one in history if not one.test]
    if len(counting) == 1:
        return [counting]
    counting.sort(key=attrgetter("at", "key"))
    return [list(group) for _, group in groupby(counting, key=attrgetter("at"))]


def advance(solution: Solution | None, second: Sequence[Observation]) -> Solution:
    """`solution` after one second newer than all before. Every observation goes through here."""
    path = find_path(solution, second)
    single = len(second) == 1
    told_by_graph = second[0].source is Source.GRAPH if single else Source.GRAPH in [one.source for one in second]
    if told_by_graph:
        # The Graph API tells what is, not what happened: nothing about the way there is odd any more.
        path = path._replace(flags=path.flags & {Flag.AMBIGUOUS})
    alone = _alone(second[0], path) if single else _together(second, path)
    return alone if solution is None else _continued(solution, alone, path, settled=told_by_graph)


def _alone(one: Observation, path: Path) -> Solution:
    """What a second with a single observation tells: nearly every one, so without a detour."""
    at = one.at
    return Solution(
        one.app,
        one.solution_id,
        one.portfolio_id,
        path.ends,
        one.reported_status,
        at,
        at,
        one.received_at,
        one.last_received_at,
        1,
        tuple(sorted(path.flags.union(one.flags))) if one.flags or path.flags else (),
    )


def _together(second: Sequence[Observation], path: Path) -> Solution:
    """What several observations of one second tell, on their own."""
    portfolios = sorted({one.portfolio_id for one in second} - {""})
    flags = path.flags.union(*[one.flags for one in second])
    if len(portfolios) > 1:
        flags |= {Flag.PORTFOLIO_CHANGED}
    return _alone(second[0], path)._replace(
        portfolio_id=portfolios[-1] if portfolios else "",
        reported_status=max(one.reported_status for one in second if one.state is path.end),
        first_seen=min(one.received_at for one in second),
        last_seen=max(one.last_received_at for one in second),
        observations=len(second),
        anomalies=tuple(sorted(flags)),
    )


def _continued(old: Solution, new: Solution, path: Path, *, settled: bool) -> Solution:
    """`new` is what one second tells on its own; here it takes over what stays true of `old`.

    `settled`: somebody looked, so that what was odd before is odd no longer.
    """
    anomalies = new.anomalies
    if new.portfolio_id != old.portfolio_id and new.portfolio_id and old.portfolio_id:
        anomalies = tuple(sorted({*anomalies, Flag.PORTFOLIO_CHANGED}))
    if old.anomalies and not path.moved and not settled:
        anomalies = tuple(sorted({*anomalies, *old.anomalies}))
    return Solution(
        new.app,
        new.solution_id,
        new.portfolio_id or old.portfolio_id,
        new.could_be,
        new.reported_status,
        old.since if path.states == (old.could_be[-1],) else new.since,
        new.newest_at,
        min(new.first_seen, old.first_seen),
        max(new.last_seen, old.last_seen),
        new.observations + old.observations,
        anomalies,
    )


class Path(NamedTuple):
    """The way through one second: from `before` through `states`; `ends` are all ends that fit equally."""

    before: State | None
    states: tuple[State, ...]
    """Each state of the second, in the order in which it was left for the last time."""
    ends: tuple[State, ...]
    moved: bool
    """It leads somewhere else than what was known before."""
    flags: frozenset[Flag]
    """What is odd about the way."""

    @property
    def end(self) -> State:
        """Where it leads; of several possible ends the one furthest in a solution's life."""
        return self.states[-1]


NOTHING_BEFORE: Final[tuple[State | None, ...]] = (None,)


def find_path(solution: Solution | None, second: Sequence[Observation]) -> Path:
    """The order in which the states of one second were entered, as the lifecycle table has it."""
    befores = solution.could_be if solution else NOTHING_BEFORE
    return _likeliest_path(befores, frozenset([one.state for one in second]))


@cache
def _likeliest_path(befores: tuple[State | None, ...], states: frozenset[State]) -> Path:
    """The walk through `states`, each at least once, on which the fewest steps are missing.

    A state may be entered twice within a second, and nothing would tell: both webhooks are the same to
    the byte. Where walks that fit equally end differently, the second is ambiguous.
    """
    walks = _walks(befores, states)
    fewest = min(walk.missed for walk in walks.values())
    ends = tuple(sorted((end for end, walk in walks.items() if walk.missed == fewest), key=RANK.__getitem__))
    walk = walks[ends[-1]]
    last_left = tuple(dict.fromkeys(reversed(walk.entered)))[::-1]
    odds = {oddity(*step) for step in walk.steps()} | {Flag.AMBIGUOUS if len(ends) > 1 else None}
    moved = len(last_left) > 1 or befores != last_left
    return Path(walk.before, last_left, ends, moved, frozenset(odd for odd in odds if odd is not None))


class _Walk(NamedTuple):
    """A way through a second. They are compared in this order: fewest steps missed, then shortest, then by rank."""

    missed: int
    length: int
    ranks: tuple[int, ...]
    before: State | None
    entered: tuple[State, ...]

    @property
    def here(self) -> State | None:
        """Where it has come to."""
        return self.entered[-1] if self.entered else self.before

    def on(self, state: State) -> _Walk:
        """One step further."""
        missed = self.missed + _missed(self.here, state)
        return _Walk(missed, self.length + 1, (*self.ranks, RANK[state]), self.before, (*self.entered, state))

    def steps(self) -> Iterable[tuple[State | None, State]]:
        """From state to state."""
        return zip((self.before, *self.entered), self.entered, strict=False)


def _walks(befores: Iterable[State | None], states: frozenset[State]) -> dict[State, _Walk]:
    """For each state that the second can end in, the best walk to it. There are few different questions."""
    ends: dict[State, _Walk] = {}
    seen: set[tuple[State | None, frozenset[State]]] = set()
    walks = [_Walk(0, 0, (number,), before, ()) for number, before in enumerate(befores)]
    while walks:
        walk = heappop(walks)
        here, entered = walk.here, frozenset(walk.entered)
        if (here, entered) in seen:
            continue
        seen.add((here, entered))
        if entered == states:
            ends.setdefault(walk.entered[-1], walk)
        for state in states:
            # Going where one was is of use only where it costs nothing.
            if (state is not here or not entered) and (state not in entered or not _missed(here, state)):
                heappush(walks, walk.on(state))
    return ends


RANK: Final = {state: rank for rank, state in enumerate(STATES)}

NO_WAY: Final = 100
"""Dearer than any number of missed steps."""


def _missed(before: State | None, after: State) -> int:
    """How many steps must have been missed for `after` to follow `before`."""
    steps = steps_between(before, after)
    if before is None:
        # What was before our time is not known: no beginning in the middle is likelier than another.
        return 0 if steps == 1 else 1
    return NO_WAY if steps is None else max(steps - 1, 0)
