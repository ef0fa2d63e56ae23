"""Why a solution is where it is: every observation in the order of time, with what it did."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import accumulate

from partnerhook.core.lifecycle import Path, Solution, advance, find_path, seconds
from partnerhook.core.names import MEANING_OF_FLAG, WORD_OF_STATE, Flag, State
from partnerhook.core.observations import MICROSECONDS, Observation, Source
from partnerhook.core.transitions import oddity


class Effect(StrEnum):
    """What one observation did to its solution, or why it did nothing."""

    CHANGED = "changed"
    NO_CHANGE = "no_change"
    LATE = "late"
    """Something later was already known when it came: it took its place in the past."""
    UNEXPECTED = "unexpected"
    """It changed the state by a step that the lifecycle does not have."""
    AMBIGUOUS = "ambiguous"
    """It shares its second with others, in an order that cannot be told."""
    TEST = "test"
    """The dashboard's Test button: it says nothing about the solution."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One observation in its place: the state before it and after it."""

    observation: Observation
    effect: Effect
    before: State | None
    after: State | None
    flags: tuple[Flag, ...]


def timeline(history: Sequence[Observation]) -> list[Entry]:
    """All of `history`, oldest first; dashboard tests stand among the rest and do nothing."""
    entries: list[Entry] = []
    solution: Solution | None = None
    heard = seconds(history)
    for second, newer_known_at in zip(heard, _newer_known_at(heard), strict=True):
        path = find_path(solution, second)
        solution = advance(solution, second)
        entries.extend(_entries(path, second, newer_known_at))
    tests = [Entry(one, Effect.TEST, None, None, one.flags) for one in history if one.test]
    return sorted(entries + tests, key=lambda entry: entry.observation.at)


def _newer_known_at(heard: Sequence[Sequence[Observation]]) -> list[float]:
    """For each second, when we first received anything of a newer one (Unix microseconds; infinity: never)."""
    first_received = [min(one.received_at for one in second) for second in reversed(heard)]
    from_the_end: list[float] = [math.inf, *accumulate(first_received, min)]
    return from_the_end[-2::-1]


def _entries(path: Path, second: Sequence[Observation], newer_known_at: float) -> Iterable[Entry]:
    before = path.before
    for after in path.states:
        for one in second:
            if one.state == after:
                # The Graph API tells what is, not what happened: that a step is missing is why it was asked.
                odd = None if one.source is Source.GRAPH else oddity(before, after)
                flags = tuple(sorted({*one.flags, *((odd,) if odd else ())}))
                late = newer_known_at < one.received_at
                yield Entry(one, _effect(before, after, path, late=late, odd=odd), before, after, flags)
                before = after


def _effect(before: State | None, after: State, path: Path, *, late: bool, odd: Flag | None) -> Effect:
    if len(path.ends) > 1:
        return Effect.AMBIGUOUS
    if late:
        return Effect.LATE
    if before == after:
        return Effect.NO_CHANGE
    return Effect.UNEXPECTED if odd else Effect.CHANGED


def sentence(entry: Entry) -> str:
    """The entry as a person would say it."""
    one = entry.observation
    heard = f"{clock(one.at)}  {one.source} said {one.reported_status}"
    repeated = {0: "", 1: "; it came once more"}.get(one.repeats, f"; it came {one.repeats} more times")
    oddities = "".join(f" ({MEANING_OF_FLAG[flag]})" for flag in entry.flags)
    return f"{heard}: {outcome(entry)}{repeated}.{oddities}"


def outcome(entry: Entry) -> str:
    """What it did, as a person would say it."""
    before, after = say(entry.before), say(entry.after)
    step = f"first heard of, as {after}" if entry.before is None else f"{before} became {after}"
    match entry.effect:
        case Effect.TEST:
            return "the dashboard's Test button, which says nothing about a real solution"
        case Effect.NO_CHANGE:
            return f"it was {after} already, nothing changed"
        case Effect.LATE:
            received = clock(entry.observation.received_at // MICROSECONDS)
            return f"received late, at {received}, when something newer was known; it took its place in the past"
        case Effect.AMBIGUOUS:
            return f"taken as: {step}, but the order inside this second cannot be told"
        case Effect.UNEXPECTED:
            return f"{step}, which the lifecycle does not expect"
        case Effect.CHANGED:
            unheard = entry.observation.source is Source.GRAPH and entry.before is not None
            return f"{step}, which no webhook had told" if unheard else step


def say(state: State | None) -> str:
    """A state in the webhook's words; UNKNOWN for words that are in no document."""
    return "nothing" if state is None else WORD_OF_STATE.get(state, "UNKNOWN")


def clock(at: int) -> str:
    """Unix seconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
