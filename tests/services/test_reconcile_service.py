"""Reconciliation against Meta's box: what differs is observed, everything else is left alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from partnerhook.core.compose import Update, compose
from partnerhook.core.drift import Difference
from partnerhook.core.errors import UnderWay
from partnerhook.core.names import Flag
from partnerhook.core.observations import Source
from partnerhook.emulator.box import Box
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.rules import PROFILES, Profile
from partnerhook.emulator.run import new_box
from partnerhook.emulator.server import running_in_thread
from partnerhook.emulator.world import App, Solution
from partnerhook.graph import Graph
from partnerhook.services.lease import holding
from partnerhook.services.notify import Routing
from partnerhook.services.query import ObservationFilter, Queries
from partnerhook.services.rebuild import rebuild
from partnerhook.services.reconcile import LEASE, AskingApp, Reconciled, reconcile
from partnerhook.services.reconcile_doubtful import reconcile_doubtful
from partnerhook.store.graph_readings import Spacing, due
from stores import arrive, deliver, new_store

NOON_S = 1_739_361_600


class Stage:
    """Meta's box with its clock at noon, and the registry of the owner's app."""

    def __init__(self, engine: Engine, box: Box, url: str) -> None:
        self.engine = engine
        self.box = box
        self.url = url
        self.owner, self.partner = box.world.apps.values()

    def create(self, *, owner: App | None = None) -> Solution:
        """The owner's app proposes, or another one."""
        proposing = owner or self.owner
        (other,) = [app for app in (self.owner, self.partner) if app is not proposing]
        return self.box.create(proposing, name="Ours", partner_app_id=other.id, owner_permissions=["MESSAGING"])

    def hear(self, solution: Solution, word: str, *, after: float = 0, received_at: int = NOON_S * 1_000_000) -> None:
        """A webhook of it, so many seconds after noon."""
        body = compose("506914307656634", int(NOON_S + after), [Update("SOLUTION_UPDATED", solution.id, word)])
        deliver(self.engine, arrive(body, app="default", received_at=received_at))

    def later(self, seconds: float) -> None:
        """The box's clock moves on."""
        self.box.clock.advance(seconds)

    def asking(self, app: App | None = None, name: str = "default", token: str = "") -> AskingApp:
        """How the owner's app asks, or another one."""
        who = app or self.owner
        return AskingApp(name, who.id, partial(Graph, token or who.access_token, app_secret=who.secret, url=self.url))

    def reconcile(self, *apps: AskingApp, **how: Any) -> Reconciled:
        """Once."""
        return asyncio.run(reconcile(self.engine, apps or [self.asking()], routing=Routing(), **how))

    def state(self, solution: Solution) -> tuple[str, str]:
        """What the registry says of it."""
        (found,) = Queries(self.engine).find_solutions(solution.id)
        return found.status.value, found.pending.value

    def anomalies(self, solution: Solution) -> tuple[Flag, ...]:
        """What the registry flags."""
        return Queries(self.engine).find_solutions(solution.id)[0].anomalies

    def observed(self) -> list[tuple[Source, str]]:
        """All that is in the log."""
        found = Queries(self.engine).observations(ObservationFilter())
        return [(one.source, one.reported_status) for _, one in found]


@pytest.fixture
def stage(tmp_path: Path, database: str) -> Iterator[Stage]:
    """At noon, with nothing on it."""
    with ExitStack() as open_:
        box = new_box(clock=Clock(0.0, NOON_S))
        yield Stage(new_store(tmp_path, database), box, open_.enter_context(running_in_thread(box)))


def test_a_solution_that_no_webhook_told_of_is_found(stage: Stage):
    """In both roles; with its name, its role and its partner, and without a portfolio."""
    ours, theirs = stage.create(), stage.create(owner=stage.partner)
    stage.later(60)

    report = stage.reconcile()

    assert [one.difference for one in report.drift] == [Difference.NEW] * 2
    assert stage.state(ours) == ("INITIATED", "PENDING_ACTIVATION")
    story = Queries(stage.engine).story("default", theirs.id)
    assert story is not None
    assert story.solution.portfolio_id == ""
    assert story.graph is not None
    assert (story.graph.name, story.graph.role) == ("Ours", "PARTNER")
    assert story.graph.partners[0].app is not None
    assert story.graph.partners[0].app.id == stage.owner.id


def test_a_missed_webhook_is_named_and_repaired(stage: Stage):
    """The time is that of Meta's answer."""
    solution = stage.create()
    stage.hear(solution, "INITIATED")
    stage.box.act(solution, "accept", stage.partner)
    stage.box.act(solution, "request deactivation", stage.owner)
    stage.later(60)

    (drift,) = stage.reconcile().drift

    assert (drift.difference, drift.missed) == (Difference.STATE, ("ACTIVE", "PENDING_DEACTIVATION"))
    assert stage.state(solution) == ("ACTIVE", "PENDING_DEACTIVATION")
    (found,) = Queries(stage.engine).find_solutions(solution.id)
    assert (found.since, found.anomalies) == (NOON_S + 60, ())


def test_a_second_run_adds_nothing(stage: Stage):
    """Nor does a third."""
    for solution in (stage.create(), stage.create()):
        stage.hear(solution, "ACTIVE")
    stage.later(60)
    stage.reconcile()
    observed = stage.observed()

    stage.later(60)
    again = stage.reconcile()
    stage.later(60)
    stage.reconcile()

    assert again.drift == []
    assert stage.observed() == observed
    assert rebuild(stage.engine).differences == []


def test_an_active_solution_with_a_pending_deactivation_is_no_drift(stage: Stage):
    """Two fields there, one word here."""
    solution = stage.create()
    stage.box.act(solution, "accept", stage.partner)
    stage.box.act(solution, "request deactivation", stage.owner)
    stage.hear(solution, "ACTIVE")
    stage.hear(solution, "PENDING_DEACTIVATION", after=1)
    stage.later(60)

    assert stage.reconcile().drift == []
    assert len(stage.observed()) == 2


@pytest.mark.parametrize(
    ("words", "flag", "difference"),
    [
        ([("ACTIVE", 0), ("PENDING_DEACTIVATION", 0)], Flag.AMBIGUOUS, Difference.RESOLVED),
        ([("ACTIVE", 0), ("SUSPENDED", 1)], Flag.STATUS_UNKNOWN, Difference.STATE),
        ([("PENDING_DEACTIVATION", 0), ("DEACTIVATED", 1), ("ACTIVE", 2)], Flag.STEP_BACK, Difference.CONFIRMED),
        ([("DRAFT", 0), ("ACTIVE", 1)], Flag.STEP_MISSED, Difference.CONFIRMED),
    ],
    ids=lambda value: str(value) if isinstance(value, Flag) else "",
)
def test_what_was_odd_is_settled(stage: Stage, words: list[tuple[str, int]], flag: Flag, difference: Difference):
    """By one look, and not by the next one again."""
    solution = stage.create()
    stage.box.act(solution, "accept", stage.partner)
    for word, after in words:
        stage.hear(solution, word, after=after)
    assert flag in stage.anomalies(solution)
    stage.later(60)

    report = stage.reconcile()
    stage.later(60)
    again = stage.reconcile()

    assert [one.difference for one in (*report.drift, *report.apps[0].confirmed)] == [difference]
    assert (stage.state(solution), stage.anomalies(solution)) == (("ACTIVE", "NONE"), ())
    assert (again.drift, again.apps[0].confirmed) == ([], [])


def test_a_check_changes_nothing(stage: Stage):
    """Not even what only the Graph API tells."""
    solution = stage.create()
    stage.hear(solution, "ACTIVE")
    stage.later(60)

    report = stage.reconcile(check=True)

    assert [one.difference for one in report.drift] == [Difference.STATE]
    assert stage.state(solution) == ("ACTIVE", "NONE")
    story = Queries(stage.engine).story("default", solution.id)
    assert story is not None
    assert story.graph is None


def test_the_same_second_is_read_again_in_the_next(stage: Stage):
    """The webhook and the answer are of one second: nobody can tell which is newer."""
    solution = stage.create()
    stage.box.act(solution, "accept", stage.partner)
    stage.hear(solution, "INITIATED")

    async def next_second(_seconds: float) -> None:
        stage.later(1)

    report = stage.reconcile(sleep=next_second)

    assert stage.state(solution) == ("ACTIVE", "NONE")
    assert report.apps[0].in_doubt == []


def test_what_stays_in_doubt_is_left_for_the_next_run(stage: Stage):
    """Here the box's clock stands still."""
    solution = stage.create()
    stage.box.act(solution, "accept", stage.partner)
    stage.hear(solution, "INITIATED")

    async def stand_still(_seconds: float) -> None:
        return

    report = stage.reconcile(sleep=stand_still)

    assert (report.drift, report.apps[0].in_doubt) == ([], [solution.id])
    assert stage.state(solution)[0] == "INITIATED"


def test_a_webhook_that_comes_while_the_list_is_read_is_not_undone(stage: Stage):
    """It was sent before the answer, and came after the question."""
    solution = stage.create()
    stage.box.act(solution, "accept", stage.partner)
    stage.hear(solution, "ACTIVE")
    stage.later(60)

    class Meanwhile(Graph):
        """A webhook is received just before the first page is looked at."""

        async def solution_pages(self, *args: Any, **how: Any) -> Any:
            async for page in super().solution_pages(*args, **how):
                if page.readings:
                    stage.box.act(solution, "request deactivation", stage.owner)
                    stage.later(1)
                    now = time.time_ns() // 1_000
                    hear = partial(stage.hear, solution, "PENDING_DEACTIVATION", after=59, received_at=now)
                    await asyncio.to_thread(hear)
                yield page

    app = stage.owner
    asking = AskingApp("default", app.id, partial(Meanwhile, app.access_token, app_secret=app.secret, url=stage.url))
    report = stage.reconcile(asking)

    assert stage.state(solution) == ("ACTIVE", "PENDING_DEACTIVATION")
    assert report.drift == []


def test_what_the_graph_api_does_not_list_is_reported_and_left_alone(stage: Stage):
    """It may be another app's, or a test's."""
    solution = stage.create()
    stage.hear(Solution.model_copy(solution, update={"id": "999"}), "ACTIVE")
    stage.later(60)

    report = stage.reconcile()

    assert report.apps[0].unlisted == ["999"]
    assert [one.reading.solution_id for one in report.drift] == [solution.id]


def test_one_app_that_cannot_be_read_stops_no_other(stage: Stage):
    """Its token is wrong; the report says so, and not which it is."""
    solution = stage.create()
    stage.later(60)

    report = stage.reconcile(stage.asking(name="broken", token="EAAwrong"), stage.asking(stage.partner, "partner"))

    assert report.failed
    assert "token" in report.apps[0].failure
    assert "EAAwrong" not in report.apps[0].failure
    assert [(one.app, one.reading.solution_id) for one in report.drift] == [("partner", solution.id)]


def test_many_pages_and_their_progress(stage: Stage):
    """Every solution once, whatever the page."""
    for _ in range(230):
        stage.create()
    stage.later(60)
    told: list[tuple[int, int]] = []

    report = stage.reconcile(on_progress=lambda done, total: told.append((done, total)))

    assert (len(report.drift), report.apps[0].read) == (230, 230)
    assert told[-1] == (230, 230)


def test_one_at_a_time(stage: Stage):
    """A second run waits, says so, and gives up when its patience ends."""
    waited: list[bool] = []

    async def both() -> None:
        async with holding(stage.engine, LEASE, patience_s=0):
            with pytest.raises(UnderWay):
                await reconcile(
                    stage.engine,
                    [stage.asking()],
                    routing=Routing(),
                    patience_s=0.6,
                    on_wait=lambda: waited.append(True),
                )
        await reconcile(stage.engine, [stage.asking()], routing=Routing(), patience_s=0)

    asyncio.run(both())

    assert waited == [True]


Look = Callable[[float], list[tuple[str, str]]]


@pytest.fixture
def look(stage: Stage) -> Look:
    """Which solutions are to be read, so many seconds after they were last heard of."""

    def looked(seconds: float) -> list[tuple[str, str]]:
        (newest,) = {one.last_seen for one in Queries(stage.engine).find_solutions("774485461512159")}
        with stage.engine.connect() as conn, conn.begin():
            return due(conn, ["default"], newest + int(seconds * 1_000_000), Spacing(60, 300, 3_600), 10)

    return looked


@pytest.mark.parametrize(
    ("word", "soon", "later"),
    [("SUSPENDED", True, True), ("PENDING_DEACTIVATION", False, True), ("ACTIVE", False, False)],
)
def test_doubtful_solutions_are_read_soon_and_waiting_ones_later(
    stage: Stage, look: Look, word: str, *, soon: bool, later: bool
):
    """Where all is regular, the run over everything is enough."""
    body = compose("1", NOON_S, [Update("SOLUTION_UPDATED", "774485461512159", word)])
    deliver(stage.engine, arrive(body, app="default"))

    assert (bool(look(61)), bool(look(400))) == (soon, later)


def test_doubtful_solutions_are_read_without_the_rest(stage: Stage):
    """One that is not what it seems is repaired; one that is regular is not asked for."""
    doubtful, regular = stage.create(), stage.create()
    stage.hear(doubtful, "SUSPENDED")
    stage.hear(regular, "ACTIVE")
    stage.later(60)

    report = asyncio.run(
        reconcile_doubtful(stage.engine, [stage.asking()], routing=Routing(), longest_s=3_600, sleep=no_time)
    )

    assert [one.reading.solution_id for one in report.drift] == [doubtful.id]
    assert stage.state(doubtful) == ("INITIATED", "PENDING_ACTIVATION")
    assert stage.state(regular) == ("ACTIVE", "NONE")


def test_a_solution_that_may_not_be_read_keeps_no_other_from_it(stage: Stage):
    """It is reported, and is asked for again later and not first."""
    stage.box.rules = PROFILES[Profile.OPENAPI]
    others, ours = stage.create(owner=stage.partner), stage.create()
    others.partnership.app_id = stage.box.add_app("Somebody else").id
    for solution in (others, ours):
        stage.hear(solution, "SUSPENDED")
    stage.later(60)

    report = asyncio.run(
        reconcile_doubtful(stage.engine, [stage.asking()], routing=Routing(), longest_s=3_600, sleep=no_time)
    )
    again = asyncio.run(
        reconcile_doubtful(stage.engine, [stage.asking()], routing=Routing(), longest_s=3_600, sleep=no_time)
    )

    assert others.id in report.apps[0].failure
    assert stage.state(ours) == ("INITIATED", "PENDING_ACTIVATION")
    assert again.apps == []


async def no_time(_seconds: float) -> None:
    """Waiting for the next second, where the box's clock does not move by itself."""
