"""One notice for each step, whatever order and batches its observations come in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerhook.core.lifecycle import Solution, fold, seconds
from partnerhook.core.notices import NoticeKind, Step, follow, look_again
from partnerhook.core.observations import Observation, distinct
from strategies import NOON_S, examples, observation, observations

ODD = NoticeKind.ANOMALY


def tell(batches: Sequence[Sequence[Observation]]) -> tuple[Solution | None, list[Step]]:
    """All that is told while these batches come in, one after the other, as the funnel does it."""
    solution: Solution | None = None
    heard: list[Observation] = []
    told: list[Step] = []
    for batch in batches:
        news = [one for one in distinct(batch) if one.key not in {known.key for known in heard}]
        heard += news
        newer = seconds(news)
        if solution is not None and newer and newer[0][0].at <= solution.newest_at:
            solution, steps = look_again(solution, heard, news)
        else:
            solution, steps = follow(solution, newer)
        told += steps
    return solution, told


def kinds(*words: tuple[str, int], late: Sequence[tuple[str, int]] = ()) -> list[str]:
    """What is told of these words, each with its second; `late` ones come in a batch of their own afterwards."""
    first = [observation(word, NOON_S + at) for word, at in words]
    then = [observation(word, NOON_S + at) for word, at in late]
    return [step.kind.removeprefix("solution.") for step in tell([first, then])[1]]


def test_a_life():
    """Each step has its name; a declined deactivation is told apart from an activation."""
    told = kinds(
        *[("DRAFT", 0), ("INITIATED", 1), ("ACTIVE", 2), ("PENDING_DEACTIVATION", 3), ("ACTIVE", 4)],
        *[("PENDING_DEACTIVATION", 5), ("DEACTIVATED", 6)],
    )

    assert told == [
        *["drafted", "requested", "activated", "deactivation_requested", "deactivation_declined"],
        *["deactivation_requested", "deactivated"],
    ]


def test_a_rejection():
    """The other end of a request."""
    assert kinds(("INITIATED", 0), ("REJECTED", 1)) == ["requested", "rejected"]


def test_late_and_nothing_new():
    """An observation that takes its place in the past and changes nothing now is not told."""
    assert kinds(("ACTIVE", 5), late=[("INITIATED", 1)]) == ["activated"]


def test_late_and_newer_together():
    """Of a batch with both, what is newer is told."""
    told = kinds(("INITIATED", 1), ("ACTIVE", 5), late=[("DRAFT", 0), ("PENDING_DEACTIVATION", 6), ("DEACTIVATED", 7)])

    assert told == ["requested", "activated", "deactivation_requested", "deactivated"]


def test_several_steps_in_one_second():
    """All of them, in the order that the lifecycle has."""
    assert kinds(("ACTIVE", 2), ("INITIATED", 2), ("DRAFT", 2)) == ["drafted", "requested", "activated"]


def test_a_second_that_goes_on():
    """News of the second that was the newest: only what came after what was told."""
    assert kinds(("INITIATED", 1), ("PENDING_DEACTIVATION", 2), late=[("ACTIVE", 2)])[-1] != "activated"
    assert kinds(("DRAFT", 2), late=[("INITIATED", 2)]) == ["drafted", "requested"]


def test_the_same_again():
    """The same status at a later time, as after a renaming, is no step."""
    assert kinds(("INITIATED", 0), ("ACTIVE", 1), ("ACTIVE", 9)) == ["requested", "activated"]


def test_a_missed_step():
    """The step has its name; that one before it was missed is told beside it."""
    told = tell([[observation("ACTIVE", NOON_S)], [observation("DEACTIVATED", NOON_S + 9)]])[1]

    assert [(step.kind, step.detail) for step in told[1:]] == [
        (NoticeKind.DEACTIVATED, ""),
        (NoticeKind.ANOMALY, "step_missed"),
    ]


def test_a_word_of_no_document():
    """A state that nobody knows is an anomaly, told once."""
    assert kinds(("ACTIVE", 0), ("SUSPENDED", 1), ("ACTIVE", 2)) == ["activated", "anomaly", "activated"]


def test_the_past_seen_differently():
    """Where late news changes what is now, that is a correction, not an event."""
    ambiguous = [observation("ACTIVE", NOON_S + 2), observation("PENDING_DEACTIVATION", NOON_S + 2)]
    solution, told = tell([[observation("ACTIVE", NOON_S)], ambiguous, [observation("INITIATED", NOON_S + 1)]])

    assert solution is not None
    assert all(step.corrected for step in told[-1:] if step.kind is not ODD) or told[-1].after == solution.could_be


batches = st.lists(st.lists(observations, max_size=5), max_size=5)


@given(batches)
@examples(600)
def test_whoever_listens_knows_the_state(batches: list[list[Observation]]):
    """The last step leads to where the solution is, and each begins where the one before it ended."""
    solution, told = tell(batches)

    first_of_each = {one.key: one for batch in reversed(batches) for one in reversed(distinct(batch))}
    assert solution == fold(first_of_each.values())
    steps = [step for step in told if step.before == () or step.before[-1] is not step.after[-1]]
    if solution is not None:
        assert told[-1].after[-1] is solution.state
    for before, after in itertools.pairwise(steps):
        assert after.before[-1] is before.after[-1]


@given(heard=st.lists(observations, max_size=10), data=st.data())
@examples(400)
def test_batching_changes_nothing(heard: list[Observation], data: st.DataObject):
    """Seconds that come in the order of time are told alike in one batch and in many."""
    in_order = seconds(distinct(heard))
    cuts = data.draw(st.sets(st.integers(0, len(in_order)))) | {0, len(in_order)}
    edges = sorted(cuts)
    batched = [[one for second in in_order[first:last] for one in second] for first, last in itertools.pairwise(edges)]

    assert tell(batched)[1] == tell([[one for second in in_order for one in second]])[1]


@given(heard=st.lists(observations, max_size=8))
@examples(200)
def test_repeats_are_not_told(heard: list[Observation]):
    """Everything once more tells nothing."""
    assert tell([heard, heard])[1] == tell([heard])[1]


@given(heard=st.lists(observations, min_size=1, max_size=8), data=st.data())
@examples(200)
def test_a_lost_cache_tells_only_the_news(heard: list[Observation], data: st.DataObject):
    """Where the stored solution cannot be read, the log without the news stands in for it."""
    known = distinct(heard)
    news = data.draw(st.lists(st.sampled_from(known), unique_by=lambda one: one.key, min_size=1))
    before = fold([one for one in known if one not in news])

    assert look_again(None, known, news) == look_again(before, known, news)


@pytest.mark.parametrize("kind", NoticeKind)
def test_kinds_are_of_solutions(kind: NoticeKind):
    """Health notices have kinds of their own."""
    assert kind.startswith("solution.")
