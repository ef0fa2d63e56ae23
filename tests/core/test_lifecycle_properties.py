"""The state is a function of the set of observations: what order, repetition and batching must not change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from partnerhook.core.lifecycle import advance, fold, seconds
from partnerhook.core.names import WORD_OF_STATE, Flag
from partnerhook.core.observations import Observation, distinct
from partnerhook.core.transitions import Transition
from strategies import NOON_S, examples, heard_on, observation, observations, walks

Walk = list[tuple[Transition, int]]


@given(heard=st.lists(observations, max_size=12), data=st.data())
@examples(400)
def test_order_and_repetition_change_nothing(heard: list[Observation], data: st.DataObject):
    """Every field of the solution is the same for each permutation of what was heard, repeats among it."""
    repeats = data.draw(st.lists(st.sampled_from(heard), max_size=4) if heard else st.just([]))
    other_order = data.draw(st.permutations(heard + repeats))

    solution = fold(distinct(other_order))

    assert solution == fold(distinct(heard))


@given(heard=st.lists(observations, max_size=12), data=st.data())
@examples(200)
def test_folding_goes_on_where_it_stopped(heard: list[Observation], data: st.DataObject):
    """The fast path: a stored solution, advanced over the seconds that are newer, is the fold of everything."""
    all_seconds = seconds(distinct(heard))
    cut = data.draw(st.integers(0, len(all_seconds)))

    solution = fold([one for second in all_seconds[:cut] for one in second])
    for second in all_seconds[cut:]:
        solution = advance(solution, second)

    assert solution == fold(distinct(heard))


@given(walk=walks(crowded=False), data=st.data())
@examples(300)
def test_a_legal_walk_arrives_at_its_end(walk: Walk, data: st.DataObject):
    """However its webhooks are shuffled and repeated, a walk through the lifecycle ends where it ended, oddity-free."""
    heard = heard_on(walk)
    repeats = data.draw(st.lists(st.sampled_from(heard), max_size=4))
    delivered = data.draw(st.permutations(heard + repeats))

    solution = fold(distinct(delivered))

    assert solution is not None
    end = walk[-1][0].after
    assert (solution.state, solution.reported_status, solution.anomalies) == (end, WORD_OF_STATE[end], ())
    assert solution.since == max(at for row, at in walk if row.after != row.before)
    assert solution.newest_at == walk[-1][1]
    assert solution.observations == len(walk)


@given(walk=walks(crowded=True), data=st.data())
@examples(400)
def test_steps_that_share_a_second_end_right_or_marked(walk: Walk, data: st.DataObject):
    """Several steps in one second: the true end is always among those that fit, and more than one is said aloud."""
    delivered = data.draw(st.permutations(heard_on(walk)))

    solution = fold(distinct(delivered))

    assert solution is not None
    end = walk[-1][0].after
    assert end in solution.could_be
    assert (Flag.AMBIGUOUS in solution.anomalies) == (len(solution.could_be) > 1)
    assert solution.state == end or Flag.AMBIGUOUS in solution.anomalies


@given(
    heard=st.lists(
        st.builds(
            observation,
            st.text(min_size=1, max_size=100) | st.sampled_from(sorted(WORD_OF_STATE.values())),
            st.none() | st.integers(NOON_S, NOON_S + 1) | st.integers(0, 253_402_300_799),
            portfolio_id=st.sampled_from(["1", "2", ""]),
            event=st.text(max_size=3),
        ),
        min_size=1,
        max_size=16,
    )
)
@examples(200)
def test_any_words_and_times_fold(heard: list[Observation]):
    """There is no history that cannot be folded, and what could not be told is never offered for use."""
    solution = fold(distinct(heard))

    assert solution is not None
    assert solution.state in solution.could_be
    assert solution.usable == all(state.usable for state in solution.could_be)
    assert solution.since <= solution.newest_at
    assert solution.first_seen <= solution.last_seen
