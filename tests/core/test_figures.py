"""Figures add up, whatever order they come in, and charts lose none of them."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from partnerhook.core.figures import ANSWERS, RECEIVED, Figures, Within, grown, quantile, stretches, together, total

NAMES = st.sampled_from(["a", "b", "c"])
FIGURES = st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(1, 1_000), min_size=1))


@given(FIGURES, FIGURES)
def test_what_has_grown(before: Figures, more: Figures):
    """Two looks at counters tell what was counted between them: nothing twice, nothing not at all."""
    now = together([before, more])

    assert together([before, grown(before, now)]) == now
    assert grown(before, now) == {group: counts for group, counts in more.items() if counts}
    assert grown(now, now) == {}


@given(st.lists(FIGURES))
def test_the_order_does_not_matter(several: list[Figures]):
    """Processes write when they come to it."""
    assert together(several) == together(reversed(several))


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 9))), st.sampled_from([1, 5, 20]))
def test_no_count_is_lost_in_a_chart(counted: list[tuple[int, int]], minutes: int):
    """Each lies in exactly one stretch."""
    made = stretches(
        [(minute, {RECEIVED: {"": count}}) for minute, count in counted], first=0, minutes=minutes, count=100 // minutes
    )

    assert sum(total(one.figures, RECEIVED) for one in made) == sum(count for _, count in counted)
    assert [one.first_minute for one in made] == list(range(0, 100, minutes))


def test_what_is_out_of_the_picture():
    """Nothing is counted to a stretch that it is not of."""
    made = stretches([(9, {RECEIVED: {"": 1}}), (30, {RECEIVED: {"": 1}})], first=10, minutes=10, count=2)

    assert [total(one.figures, RECEIVED) for one in made] == [0, 0]


@given(st.lists(st.sampled_from([0.001, 0.0025, 0.1, 5.0, math.inf]), min_size=1), st.sampled_from([0.5, 0.99, 1.0]))
def test_quantile(ends: list[float], share: float):
    """The bucket that holds the answer of that rank."""
    figures = {ANSWERS: {str(end): ends.count(end) for end in ends}}
    expected = sorted(ends)[math.ceil(share * len(ends)) - 1]

    found = quantile(figures, share)

    assert found is not None
    assert found.at_most_s == expected
    assert found.at_least_s < found.at_most_s


def test_no_answer_took_no_time():
    """Nothing is made up."""
    assert quantile({}, 0.5) is None
    assert quantile({ANSWERS: {"0.1": 1}}, 0.5) == Within(0.0, 0.1)
