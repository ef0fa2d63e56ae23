"""Why a solution is where it is: what each observation did, and how that is said."""

from __future__ import annotations

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from partnerhook.core.lifecycle import fold
from partnerhook.core.names import ACTIVE, DRAFT, INITIATED, Flag
from partnerhook.core.observations import MICROSECONDS, Observation, distinct
from partnerhook.core.timeline import Effect, clock, say, sentence, timeline
from strategies import NOON_S, examples, observation, observations


def heard(word: str, after: int, *, received: int | None = None) -> Observation:
    """A word for a second after noon, received in that second unless `received` says another."""
    return observation(word, NOON_S + after, received_at=(NOON_S + (after if received is None else received)) * 10**6)


def effects(*history: Observation) -> list[Effect]:
    """What each did, in the order of time."""
    return [entry.effect for entry in timeline(history)]


def test_nothing_heard_has_no_timeline():
    """An empty history tells nothing."""
    assert timeline([]) == []


def test_a_regular_life():
    """Each step changes the state before into the state after."""
    entries = timeline([heard("ACTIVE", 2), heard("DRAFT", 0), heard("INITIATED", 1)])

    assert [(entry.before, entry.after) for entry in entries] == [
        (None, DRAFT),
        (DRAFT, INITIATED),
        (INITIATED, ACTIVE),
    ]
    assert {entry.effect for entry in entries} == {Effect.CHANGED}
    assert [entry.flags for entry in entries] == [(), (), ()]


def test_the_same_again_changes_nothing():
    """An update without change, such as a rename."""
    assert effects(heard("ACTIVE", 0), heard("ACTIVE", 1)) == [Effect.CHANGED, Effect.NO_CHANGE]


def test_late_is_what_came_after_something_newer():
    """It is told by times of receipt, also when what was newer is several seconds newer."""
    history = [heard("INITIATED", 1, received=9), heard("ACTIVE", 2, received=7), heard("ACTIVE", 5, received=6)]

    assert effects(*history) == [Effect.LATE, Effect.LATE, Effect.NO_CHANGE]


def test_nothing_is_late_within_its_own_second():
    """One second is one moment, in whichever order its webhooks come."""
    history = [heard("INITIATED", 1, received=4), heard("ACTIVE", 1, received=3)]

    assert effects(*history) == [Effect.CHANGED, Effect.CHANGED]


def test_a_dashboard_test_makes_nothing_late():
    """It says nothing about the solution, so nothing was known by it."""
    test = observation("ACTIVE", NOON_S + 9, received_at=NOON_S * MICROSECONDS, portfolio_id="0")

    assert effects(test, heard("INITIATED", 1)) == [Effect.CHANGED, Effect.TEST]


def test_a_step_that_the_lifecycle_does_not_have():
    """It is taken all the same, and flagged."""
    (_, back) = timeline([heard("ACTIVE", 1), heard("INITIATED", 2)])

    assert (back.effect, back.after, back.flags) == (Effect.UNEXPECTED, INITIATED, (Flag.STEP_BACK,))


def test_an_order_that_cannot_be_told():
    """Active, deactivation requested and active again in one second: neither is called a change."""
    history = [heard("ACTIVE", 0), heard("PENDING_DEACTIVATION", 1), heard("ACTIVE", 1)]

    assert effects(*history) == [Effect.CHANGED, Effect.AMBIGUOUS, Effect.AMBIGUOUS]


@given(st.lists(observations, max_size=12))
@examples(200)
def test_the_timeline_ends_where_the_solution_is(history: list[Observation]):
    """Every observation stands in it once, oldest first; lateness is as its definition says."""
    told = distinct(history)

    entries = timeline(told)

    assert sorted(entry.observation.key for entry in entries) == sorted(one.key for one in told)
    assert all(one.observation.at <= other.observation.at for one, other in pairwise(entries))
    solution, counting = fold(told), [entry for entry in entries if entry.effect is not Effect.TEST]
    assert (solution.state if solution else None) == (counting[-1].after if counting else None)
    for entry in counting:
        one = entry.observation
        late = any(not it.test and it.at > one.at and it.received_at < one.received_at for it in told)
        assert (entry.effect is Effect.LATE) == (late and entry.effect is not Effect.AMBIGUOUS)


def test_a_long_history_takes_a_moment():
    """Twenty thousand seconds: the work grows with the history, not with its square."""
    history = [heard("ACTIVE" if second % 2 else "PENDING_DEACTIVATION", second) for second in range(20_000)]
    started = time.perf_counter()

    entries = timeline(history)

    assert len(entries) == 20_000
    assert time.perf_counter() - started < 5


def test_sentences():
    """Each effect has its own, with how often it came and what is odd."""
    once_more = heard("DRAFT", 0)._replace(repeats=1)
    late = heard("ACTIVE", 2, received=20)._replace(repeats=3)
    history = [once_more, late, heard("ACTIVE", 3), heard("DEACTIVATED", 5)]

    said = [sentence(entry) for entry in timeline(history)]

    assert said[0] == f"{clock(NOON_S)}  webhook said DRAFT: first heard of, as DRAFT; it came once more."
    assert f"received late, at {clock(NOON_S + 20)}" in said[1]
    assert "it came 3 more times" in said[1]
    assert said[2].endswith("it was ACTIVE already, nothing changed.")
    assert "ACTIVE became DEACTIVATED, which the lifecycle does not expect. (a step in between" in said[3]


def test_sentences_about_tests_and_guesses():
    """The Test button says nothing; a crowded second says that its order is a guess."""
    pressed = observation("ACTIVE", NOON_S, portfolio_id="0")
    crowded = [heard("ACTIVE", 1), heard("PENDING_DEACTIVATION", 2), heard("ACTIVE", 2)]

    said = [sentence(entry) for entry in timeline([pressed, *crowded])]

    assert "the dashboard's Test button" in said[0]
    assert "the order inside this second cannot be told" in said[2]


def test_states_in_words():
    """Nothing, and a word that is in no document, have words of ours."""
    assert [say(state) for state in (None, ACTIVE)] == ["nothing", "ACTIVE"]
    assert say(fold([heard("LIMBO", 0)]).state) == "UNKNOWN"  # type: ignore[union-attr]
