"""The story as a table: what is sent, what must be answered, what it must mean, and where it all ends.

Read it from top to bottom. Nothing of it is shown as a result: results come from the receiver and
its database, and are compared with this.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from partnerhook.core.names import DASHBOARD_TEST_ID
from partnerhook.core.transitions import CREATED, UPDATED

DAY: Final = "2025-02-12"
"""Everything happens on this day, in UTC. Any past day will do."""


def unix_seconds(at: str) -> int:
    """Of an hour and minute of DAY."""
    return int(datetime.fromisoformat(f"{DAY}T{at}:00Z").timestamp())


class Sent(NamedTuple):
    """What a person is shown of something that is sent."""

    time: str
    event: str
    word: str
    solution: str = ""


class Change(NamedTuple):
    """One change of one solution in Meta's words, and what it must mean."""

    at: str
    """Hour and minute of DAY; empty: sent without a time."""
    portfolio_id: str
    solution_id: str
    event: str
    solution_status: str
    means: str


class Post(NamedTuple):
    """One POST; each change is an entry of its own."""

    changes: tuple[Change, ...]
    answer: int = 200
    forged: bool = False
    """Signed with a secret that is not the app's."""

    @property
    def sent(self) -> tuple[Sent, ...]:
        """Each change in Meta's words."""
        return tuple(Sent(one.at or "none", one.event, one.solution_status, one.solution_id) for one in self.changes)

    @property
    def implied(self) -> tuple[str, ...]:
        """What each change must mean."""
        return tuple(change.means for change in self.changes)


class Verification(NamedTuple):
    """Meta's GET, with which it verifies a callback URL."""

    token_known: bool
    answer: int
    means: str

    @property
    def sent(self) -> tuple[Sent, ...]:
        """The request."""
        return (Sent("", "GET", "our verify token" if self.token_known else "another verify token"),)

    @property
    def implied(self) -> tuple[str, ...]:
        """What the answer must mean."""
        return (self.means,)


Step = Post | Verification


class Scene(NamedTuple):
    """Some steps, and in one line what they are about."""

    title: str
    steps: tuple[Step, ...]


class Standing(NamedTuple):
    """Where a solution stands in the end, and how it came there."""

    solution_id: str
    portfolio_id: str
    status: str
    pending: str
    usable: bool
    since: str
    observations: int
    anomalies: tuple[str, ...]
    history: tuple[str, ...]


class Story(NamedTuple):
    """Scenes, and how all solutions stand after the last."""

    scenes: tuple[Scene, ...]
    ending: tuple[Standing, ...]
    quarantined: tuple[str, ...]
    """The reason of each change that must be in quarantine."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them, in the order in which they are played."""
        return tuple(step for scene in self.scenes for step in scene.steps)


def says(  # noqa: PLR0917 - a row of the table below
    at: str, portfolio_id: str, solution_id: str, event: str, word: str, means: str, *, answer: int = 200
) -> Post:
    """A POST with one change. It is forged where the answer must be 401."""
    return Post((Change(at, portfolio_id, solution_id, event, word, means),), answer, forged=answer == 401)


OURS: Final = "900000000001"
THEIRS: Final = "900000000002"
NOBODY: Final = DASHBOARD_TEST_ID
"""Portfolios."""

FIRST: Final = "111111111111"
SECOND: Final = "222222222222"
THIRD: Final = "333333333333"
FOURTH: Final = "444444444444"
FIFTH: Final = "555555555555"
SIXTH: Final = "666666666666"
SAMPLE: Final = "999999999999"
BROKEN: Final = "not-a-number"
"""Solutions."""

SCENES: Final = (
    Scene(
        "Meta verifies the callback URL; then somebody else tries the same.",
        (
            Verification(token_known=True, answer=200, means="the challenge came back"),
            Verification(token_known=False, answer=403, means="refused"),
        ),
    ),
    Scene(
        "A solution from its draft to its end. Meta delivers at least once: one comes twice.",
        (
            says("09:00", OURS, FIRST, CREATED, "DRAFT", "DRAFT, not usable"),
            says("09:10", OURS, FIRST, UPDATED, "INITIATED", "INITIATED, not usable"),
            says("09:30", OURS, FIRST, UPDATED, "ACTIVE", "ACTIVE, usable"),
            says("09:30", OURS, FIRST, UPDATED, "ACTIVE", "said before, still ACTIVE"),
            says("11:00", OURS, FIRST, UPDATED, "PENDING_DEACTIVATION", "PENDING_DEACTIVATION, still usable"),
            says("11:45", OURS, FIRST, UPDATED, "DEACTIVATED", "DEACTIVATED, no longer usable"),
        ),
    ),
    Scene(
        "A request that the partner rejects.",
        (
            says("10:00", OURS, SECOND, CREATED, "INITIATED", "INITIATED, not usable"),
            says("10:20", OURS, SECOND, UPDATED, "REJECTED", "REJECTED, not usable"),
        ),
    ),
    Scene(
        "Meta promises no order: the answer overtakes the request, which comes late.",
        (
            says("10:05", THEIRS, THIRD, UPDATED, "ACTIVE", "ACTIVE, usable"),
            says("10:00", THEIRS, THIRD, CREATED, "INITIATED", "late: history only, still ACTIVE"),
        ),
    ),
    Scene(
        "A batch: six entries in one POST. The broken one spoils no other.",
        (
            Post(
                (
                    Change("12:00", THEIRS, FOURTH, CREATED, "INITIATED", "INITIATED, not usable"),
                    Change("12:05", THEIRS, FOURTH, UPDATED, "ACTIVE", "ACTIVE, usable"),
                    Change("12:05", OURS, FIFTH, CREATED, "INITIATED", "INITIATED, not usable"),
                    Change("11:45", OURS, FIRST, UPDATED, "DEACTIVATED", "said before, still DEACTIVATED"),
                    Change("12:05", OURS, BROKEN, UPDATED, "ACTIVE", "quarantined"),
                    Change(
                        "12:10", THEIRS, THIRD, UPDATED, "PENDING_DEACTIVATION", "PENDING_DEACTIVATION, still usable"
                    ),
                )
            ),
        ),
    ),
    Scene(
        "A forgery: signed with a secret that is not the app's.",
        (says("12:20", OURS, SECOND, UPDATED, "ACTIVE", "nothing stored, still REJECTED", answer=401),),
    ),
    Scene(
        "The App Dashboard's Test button: portfolio 0, no time, no real solution.",
        (says("", NOBODY, SAMPLE, CREATED, "INITIATED", "dashboard test, no such solution"),),
    ),
    Scene(
        "A word that is in none of Meta's documents.",
        (says("12:30", OURS, SIXTH, UPDATED, "SUSPENDED", "UNKNOWN, not usable: status_unknown"),),
    ),
)

ENDING: Final = (
    Standing(
        FIRST,
        OURS,
        status="DEACTIVATED",
        pending="NONE",
        usable=False,
        since="11:45",
        observations=5,
        anomalies=(),
        history=(
            "09:00 DRAFT",
            "09:10 INITIATED",
            "09:30 ACTIVE (x2)",
            "11:00 PENDING_DEACTIVATION",
            "11:45 DEACTIVATED (x2)",
        ),
    ),
    Standing(
        SECOND,
        OURS,
        status="REJECTED",
        pending="NONE",
        usable=False,
        since="10:20",
        observations=2,
        anomalies=(),
        history=("10:00 INITIATED", "10:20 REJECTED"),
    ),
    Standing(
        THIRD,
        THEIRS,
        status="ACTIVE",
        pending="PENDING_DEACTIVATION",
        usable=True,
        since="12:10",
        observations=3,
        anomalies=(),
        history=("10:00 INITIATED (late)", "10:05 ACTIVE", "12:10 PENDING_DEACTIVATION"),
    ),
    Standing(
        FOURTH,
        THEIRS,
        status="ACTIVE",
        pending="NONE",
        usable=True,
        since="12:05",
        observations=2,
        anomalies=(),
        history=("12:00 INITIATED", "12:05 ACTIVE"),
    ),
    Standing(
        FIFTH,
        OURS,
        status="INITIATED",
        pending="PENDING_ACTIVATION",
        usable=False,
        since="12:05",
        observations=1,
        anomalies=(),
        history=("12:05 INITIATED",),
    ),
    Standing(
        SIXTH,
        OURS,
        status="UNKNOWN",
        pending="NONE",
        usable=False,
        since="12:30",
        observations=1,
        anomalies=("status_unknown",),
        history=("12:30 SUSPENDED (status_unknown)",),
    ),
)

STORY: Final = Story(SCENES, ENDING, quarantined=("value.solution_id is not a string of digits",))
