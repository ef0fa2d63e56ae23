"""What becomes of a delivery once its target has answered: done, later, given up, or the whole target paused.

    attempt  1 at once, then after a random part of 5 s, 10 s, 20 s ... 6 h (full jitter), until `give_up_after_s`
             has passed since the first attempt

Full jitter, because a target that comes back must not be met by everybody at once.
Source for the jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ (read 2026-06).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

BASE_S: Final = 5.0
LONGEST_S: Final = 6 * 3600.0
RETRY_AFTER_MAX_S: Final = 24 * 3600.0
"""A target may ask for patience, but not for ever."""

DAY_S: Final = 86_400.0


class Fate(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"
    """Given up; `deliveries retry` tries again."""
    DISCARDED = "discarded"
    """Given up by a person."""


class Reply(StrEnum):
    """What a target's answer means."""

    TAKEN = "taken"
    FAILED = "failed"
    """Not taken, whyever; tried again."""
    GONE = "gone"
    """It wants no more: the target is paused."""


class Answer(NamedTuple):
    """How a target answered one attempt."""

    reply: Reply
    status: int | None = None
    """The HTTP status, where there is one."""
    text: str = ""
    """What it said, or why it could not be reached; cut."""
    retry_after_s: float | None = None
    """It asked for patience: nothing goes to it before."""


class Schedule(NamedTuple):
    """How patient we are with a target."""

    base_s: float = BASE_S
    longest_s: float = LONGEST_S
    give_up_after_s: float = 3 * DAY_S

    def longest_wait_s(self, attempts: int) -> float:
        """The longest wait after so many attempts."""
        doublings = min(attempts - 1, 40)  # more of them is more than any `longest_s`
        return min(self.longest_s, self.base_s * float(1 << doublings))


class Decision(NamedTuple):
    """What becomes of a delivery. Microseconds."""

    fate: Fate
    due_at: int | None = None
    """When to try again."""
    pause: bool = False
    """The target wants no more."""
    hold_until: int | None = None
    """Nothing goes to the target before."""


def decide(
    answer: Answer, *, attempts: int, first_attempt_at: int, now: int, schedule: Schedule, chance: float
) -> Decision:
    """What becomes of a delivery after attempt number `attempts`. `chance`: random, 0 to 1. Unix microseconds."""
    if answer.reply is Reply.TAKEN:
        return Decision(Fate.DONE)
    if answer.reply is Reply.GONE:
        return Decision(Fate.WAITING, now, pause=True)
    wait_s = schedule.longest_wait_s(attempts) * chance
    hold_until = None
    if answer.retry_after_s is not None:
        asked_s = min(answer.retry_after_s, RETRY_AFTER_MAX_S)
        hold_until = now + _microseconds(asked_s)
        # All that waited comes back spread over a while, not in one instant.
        wait_s = asked_s + min(wait_s, schedule.base_s)
    due_at = now + _microseconds(wait_s)
    if due_at - first_attempt_at > _microseconds(schedule.give_up_after_s):
        return Decision(Fate.DEAD, hold_until=hold_until)
    return Decision(Fate.WAITING, due_at, hold_until=hold_until)


def _microseconds(seconds: float) -> int:
    return int(seconds * 1_000_000)
