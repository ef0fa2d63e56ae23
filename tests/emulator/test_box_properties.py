"""The box by itself, without HTTP: whatever is done in whatever order, it keeps to the lifecycle's table.

`partnerhook.core.transitions` is that table; the OpenAPI's profile has one row more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from partnerhook.core.names import ACTIVE, DEACTIVATED, DEACTIVATION_REQUESTED, INITIATED, State
from partnerhook.core.transitions import TRANSITIONS
from partnerhook.emulator.box import ACTIONS, PARTNERSHIP_STATUS, Box
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.rules import PROFILES, Profile
from partnerhook.emulator.run import new_box
from partnerhook.emulator.world import App, Solution, Subscription

STEPS: dict[tuple[State | None, str], State] = {(row.before, row.action): row.after for row in TRANSITIONS}
WITHDRAWN: dict[tuple[State | None, str], State] = {(INITIATED, "request deactivation"): DEACTIVATED}
NAMES = st.text(st.characters(codec="utf-8"), min_size=2, max_size=75)


def seen(box: Box) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything that a refusal must leave as it was."""
    return box.world.model_dump(), box.outbox.model_dump()


@contextmanager
def nothing_changes(box: Box) -> Iterator[None]:
    """It is refused, and all is as it was."""
    before = seen(box)
    with pytest.raises(Refused):
        yield
    assert seen(box) == before


class Lives(RuleBasedStateMachine):
    """Three apps, some solutions and customers, and everybody who tries everything."""

    profile = Profile.GUIDE
    solutions: Bundle[str] = Bundle("solutions")
    customers: Bundle[str] = Bundle("customers")

    def __init__(self) -> None:
        super().__init__()
        self.box = new_box(rules=PROFILES[self.profile], clock=Clock(0.0))
        self.stranger = self.box.add_app("Stranger")
        for app in self.box.world.apps.values():
            fields = {"partner_solutions": "v25.0", "account_update": "v25.0"}
            app.subscription = Subscription(callback_url="http://127.0.0.1:9/", verify_token="t", fields=fields)
        self.states: dict[str, State] = {}

    @initialize(target=solutions, draft=st.booleans())
    def first(self, draft: bool) -> str:
        """There is something to act on."""
        return self.create(draft, "First", 0)

    @rule(target=solutions, draft=st.booleans(), name=NAMES, owner=st.integers(0, 1))
    def create(self, draft: bool, name: str, owner: int) -> str:
        """Either of the two proposes to the other."""
        apps = list(self.box.world.apps.values())
        made = self.box.create(
            apps[owner], name=name, partner_app_id=apps[1 - owner].id, owner_permissions=["MESSAGING"], draft=draft
        )
        self.states[made.id] = STEPS[None, "save as draft" if draft else "send request"]
        return made.id

    @rule(name=st.one_of(st.text(max_size=1), st.text(min_size=76, max_size=80)))
    def create_without_a_name(self, name: str) -> None:
        """Nothing comes of a name that is too short or too long."""
        owner, partner, _ = self.box.world.apps.values()
        with nothing_changes(self.box):
            self.box.create(owner, name=name, partner_app_id=partner.id, owner_permissions=["MESSAGING"])

    @rule(solution_id=solutions, numbers=st.lists(st.integers(0, 5), min_size=1, max_size=5))
    def go_on(self, solution_id: str, numbers: list[int]) -> None:
        """What `allowed` has works, leads where the table says, and is heard."""
        solution = self.box.world.solutions[solution_id]
        for number in numbers:
            parties = self.box.world.parties(solution)
            allowed = [(action, app) for app in parties for action in self.box.allowed(solution, app)]
            if allowed:
                self.do(solution, *allowed[number % len(allowed)])
                self.states_are_as_worked_out()

    def do(self, solution: Solution, action: str, actor: App) -> None:
        """One thing that is allowed."""
        sent = self.box.outbox.numbered

        self.box.act(solution, action, actor)

        self.states[solution.id] = self.steps[self.states[solution.id], action]
        heard = [parcel.changes[0].value["solution_status"] for parcel in self.box.outbox.parcels if parcel.id > sent]
        assert heard == [solution.word] * (1 if solution.word == "DRAFT" else 2)

    @property
    def steps(self) -> dict[tuple[State | None, str], State]:
        """The table of the profile."""
        return STEPS | WITHDRAWN if self.profile is Profile.OPENAPI else STEPS

    @rule(solution_id=solutions)
    def try_all_else(self, solution_id: str) -> None:
        """Whatever `allowed` does not have is refused, whoever tries it."""
        solution = self.box.world.solutions[solution_id]
        for app in self.box.world.apps.values():
            allowed = self.box.allowed(solution, app)
            assert {(self.states[solution_id], action) for action in allowed} <= set(self.steps)
            for action in (*ACTIONS, "fly"):
                if action not in allowed:
                    with nothing_changes(self.box):
                        self.box.act(solution, action, app)

    @rule(solution_id=solutions, name=NAMES, app=st.integers(0, 2))
    def rename(self, solution_id: str, name: str, app: int) -> None:
        """Only the name changes, and only where the table lets its owner."""
        solution = self.box.world.solutions[solution_id]
        actor = list(self.box.world.apps.values())[app]
        if "rename" in self.box.allowed(solution, actor):
            self.box.rename(solution, name, actor)
            assert solution.name == name
        else:
            with nothing_changes(self.box):
                self.box.rename(solution, name, actor)

    @rule(target=customers, solution_id=solutions)
    def onboard(self, solution_id: str) -> str:
        """Customers come through what is active, also while a deactivation waits for its answer."""
        solution = self.box.world.solutions[solution_id]
        if self.states[solution_id] in {ACTIVE, DEACTIVATION_REQUESTED}:
            return self.box.onboard(solution).waba_id
        with nothing_changes(self.box):
            self.box.onboard(solution)
        return ""

    @rule(waba_id=customers)
    def offboard(self, waba_id: str) -> None:
        """They leave once."""
        if waba_id in self.box.world.customers:
            assert self.box.offboard(waba_id).waba_id == waba_id
        with nothing_changes(self.box):
            self.box.offboard(waba_id)

    @invariant()
    def states_are_as_worked_out(self) -> None:
        """Each solution's, its partner's beside it, and who asked for its end."""
        for solution_id, state in self.states.items():
            solution = self.box.world.solutions[solution_id]
            assert solution.state is state
            assert solution.partnership.status == PARTNERSHIP_STATUS[state]
            assert bool(solution.asked_by) is (state is DEACTIVATION_REQUESTED)

    @invariant()
    def a_stranger_may_do_nothing(self) -> None:
        """Neither does anybody have anything to do where life is over."""
        for solution in self.box.world.solutions.values():
            assert self.box.allowed(solution, self.stranger) == []
            if solution.state is DEACTIVATED:
                assert not [app for app in self.box.world.parties(solution) if self.box.allowed(solution, app)]

    @invariant()
    def whoever_asked_does_not_answer(self) -> None:
        """The other party can say yes and no, and nobody else can do anything."""
        for solution in self.box.world.solutions.values():
            if solution.state is DEACTIVATION_REQUESTED:
                may = {app.id: self.box.allowed(solution, app) for app in self.box.world.parties(solution)}
                assert may.pop(solution.asked_by) == []
                assert list(may.values()) == [["accept deactivation", "reject deactivation"]]


@pytest.mark.parametrize("profile", list(Profile))
def test_every_order_of_everything(profile: Profile):
    """In both profiles."""
    machine = type("Machine", (Lives,), {"profile": profile})

    run_state_machine_as_test(machine, settings=settings(max_examples=100, stateful_step_count=30, deadline=None))


@pytest.mark.parametrize("deactivation_by", ["owner", "either"])
@pytest.mark.parametrize("reject_by", ["partner", "owner", "either"])
def test_choices_of_who_may_do_it(deactivation_by: str, reject_by: str):
    """Contradictions C3, C5 and C6: just those parties, by name."""
    rules = PROFILES[Profile.GUIDE].changed({"deactivation_by": deactivation_by, "reject_by": reject_by})
    box = new_box(rules=rules, clock=Clock(0.0))
    owner, partner = box.world.apps.values()
    solution = box.create(owner, name="One", partner_app_id=partner.id, owner_permissions=["MESSAGING"])

    reject = {name for name, app in (("owner", owner), ("partner", partner)) if "reject" in box.allowed(solution, app)}
    box.act(solution, "accept", partner)
    end = {
        name
        for name, app in (("owner", owner), ("partner", partner))
        if "request deactivation" in box.allowed(solution, app)
    }

    assert reject == ({"owner", "partner"} if reject_by == "either" else {reject_by})
    assert end == ({"owner", "partner"} if deactivation_by == "either" else {"owner"})


def test_why_it_is_refused():
    """Not yours, not now, or not yours to do: each by its kind, with a sentence for a person."""
    box = new_box(clock=Clock(0.0))
    owner, partner = box.world.apps.values()
    stranger = box.add_app("Stranger")
    solution = box.create(owner, name="One", partner_app_id=partner.id, owner_permissions=["MESSAGING"])

    def refused(action: str, app: App) -> Refused:
        with pytest.raises(Refused) as caught:
            box.act(solution, action, app)
        return caught.value

    assert refused("accept", stranger).kind is Refusal.NOT_YOURS
    assert refused("accept deactivation", partner).kind is Refusal.WRONG_STATE
    assert refused("accept", owner).kind is Refusal.WRONG_PARTY
    assert refused("accept", owner).sentence == "Cannot accept: that is the other party's to do."
    assert refused("fly", owner).sentence == "Cannot fly: the solution is INITIATED."
    assert refused("rename", owner).sentence == "Cannot rename: the solution is INITIATED."


def test_the_same_seed_makes_the_same_world():
    """Ids and secrets; another seed makes another one."""

    def world(seed: int) -> dict[str, Any]:
        box = new_box(seed=seed, clock=Clock(0.0, start=0))
        owner, partner = box.world.apps.values()
        box.create(owner, name="One", partner_app_id=partner.id, owner_permissions=["MESSAGING"])
        return {**box.world.model_dump(), "seed": 0}

    assert world(1) == world(1)
    assert world(1) != world(2)
