"""The log of observations on the disk does what `distinct` does in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from partnerhook.core.lifecycle import fold
from partnerhook.core.observations import Observation, distinct
from partnerhook.store import observations, schema, solution_lists, solutions
from partnerhook.store.observations import ObservationFilter
from partnerhook.store.solution_lists import SolutionFilter
from stores import new_store, writing
from strategies import NOON_S, examples, observation
from strategies import observations as any_observation


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, database: str) -> Engine:
    """One file, emptied by each example."""
    return new_store(tmp_path_factory.mktemp("store"), database)


def by_key(heard: list[Observation]) -> list[Observation]:
    """In one order, without the receipt that brought each."""
    return sorted(one._replace(receipt_id=None) for one in heard)


@given(heard=st.lists(any_observation, max_size=12), data=st.data())
@examples(100)
def test_the_unique_index_finds_what_was_heard_before(engine: Engine, heard: list[Observation], data: st.DataObject):
    """Appended in two parts, with repeats in each: the database keeps what `distinct` keeps, and knows what was new."""
    repeats = data.draw(st.lists(st.sampled_from(heard), max_size=4) if heard else st.just([]))
    all_heard = data.draw(st.permutations(heard + repeats))
    middle = data.draw(st.integers(0, len(all_heard)))

    news: list[bool] = []
    with writing(engine) as conn:
        conn.execute(delete(schema.observations))
        for part in (all_heard[:middle], all_heard[middle:]):
            news += observations.append(conn, [(one, 1) for one in part], [5] * len(part))
        kept = observations.history(conn, 5)

    assert by_key(kept) == by_key(distinct(all_heard))
    assert [one.key for one, new in zip(all_heard, news, strict=True) if new] == [
        one.key for one in distinct(all_heard)
    ]


@given(heard=st.lists(any_observation, min_size=1, max_size=12))
@examples(100)
def test_a_solution_comes_back_as_it_was(engine: Engine, heard: list[Observation]):
    """Every state it could be in, and every anomaly: the fold goes on from what was stored."""
    solution = fold(distinct(heard))

    with writing(engine) as conn:
        solutions.save(conn, {5: solution})
        found = solutions.find_by_number(conn, [4, 5]).solutions
        solutions.remove(conn, [5])
        left = solution_lists.find(conn, SolutionFilter())

    assert found == ({} if solution is None else {5: solution})
    assert left == []


def test_the_log_is_read_in_the_order_of_arrival(tmp_path: Path):
    """Page by page, however Meta's times run."""
    later = observation("ACTIVE", NOON_S + 9)._replace(receipt_id=7)
    earlier = observation("INITIATED", NOON_S)._replace(receipt_id=8)
    engine = new_store(tmp_path)

    with writing(engine) as conn:
        observations.append(conn, [(later, 7), (earlier, 8)], [5, 5])
        pages = [observations.page(conn, ObservationFilter(), after_id=after_id, limit=1) for after_id in (0, 1, 2)]

    assert pages == [[(1, later)], [(2, earlier)], []]
