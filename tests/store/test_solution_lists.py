"""Lists of solutions and the board: what the database finds is what one would pick by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from partnerhook.core.graph_readings import GraphReading
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import STATES, Flag, Pending, Status
from partnerhook.services import boards
from partnerhook.services.query import BoardColumn, Queries, SolutionFilter, SolutionSort, Told, place
from partnerhook.store import graph_readings, numbers, schema, solutions
from stores import new_store, writing
from strategies import NOON_S, examples

could_be = st.sets(st.sampled_from(STATES), min_size=1, max_size=2).map(
    lambda states: tuple(state for state in STATES if state in states)
)
one_solution = st.builds(
    Solution,
    app=st.sampled_from(["default", "other"]),
    solution_id=st.integers(1, 300).map(str),
    portfolio_id=st.sampled_from(["", "1", "12", "5069"]),
    could_be=could_be,
    reported_status=st.just("ACTIVE"),
    since=st.integers(NOON_S, NOON_S + 5),
    newest_at=st.just(NOON_S + 9),
    first_seen=st.just(1),
    last_seen=st.just(2),
    observations=st.just(3),
    anomalies=st.sampled_from([(), (Flag.STEP_BACK,)]),
)
some_solutions = st.lists(one_solution, max_size=12, unique_by=lambda one: (one.app, one.solution_id))
names = st.sampled_from(["", "Nordwind", "Müller 12", "100%_of", "ÄRGER"])
texts = st.sampled_from(
    ["1", "12", "5069", "2", "NORD", "wind", "ü", "12 ", "%", "_", "0%_", "Är", "ÄR", "x", "'", "\0"]
)
filters = st.builds(
    SolutionFilter,
    status=st.none() | st.sampled_from(Status),
    pending=st.none() | st.sampled_from(Pending),
    app=st.none() | st.sampled_from(["default", "nobody"]),
    portfolio_id=st.none() | st.just("12"),
    usable=st.none() | st.booleans(),
    anomalous=st.none() | st.booleans(),
    text=st.none() | texts,
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, database: str) -> Engine:
    """One store, emptied by each example."""
    return new_store(tmp_path_factory.mktemp("store"), database)


def store(engine: Engine, known: Sequence[Solution], named: Sequence[str]) -> None:
    """Have these solutions and no others; of those with a name the Graph API told."""
    with writing(engine) as conn:
        for table in (schema.solutions, schema.graph_readings):
            conn.execute(delete(table))
        given_numbers = numbers.assign(conn, [(one.app, one.solution_id) for one in known])
        solutions.save(conn, dict(zip(given_numbers, known, strict=True)))
        told = [
            (number, "OWNER", GraphReading(one.solution_id, "ACTIVE", "NONE", NOON_S, 1, name))
            for number, one, name in zip(given_numbers, known, named, strict=False)
            if name
        ]
        graph_readings.save(conn, told)


def fits(told: Told, wanted: SolutionFilter) -> bool:
    """What the filter's words say."""
    one, facts = told
    return (
        wanted.status in {None, one.status}
        and wanted.pending in {None, one.pending}
        and wanted.app in {None, one.app}
        and wanted.portfolio_id in {None, one.portfolio_id}
        and wanted.usable in {None, one.usable}
        and wanted.anomalous in {None, bool(one.anomalies)}
        and (wanted.text is None or has(one, facts.name if facts else "", wanted.text))
    )


def has(one: Solution, name: str, text: str) -> bool:
    """Whether a search for the text finds it."""
    by_id = text.isdigit() and (one.solution_id.startswith(text) or one.portfolio_id.startswith(text))
    return by_id or lower(text) in lower(name)


def lower(text: str) -> str:
    """A-Z alone, as both databases have it."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def order(told: Told, sort: SolutionSort) -> Any:
    """The order, as its words say."""
    one = told[0]
    return (one.app, one.solution_id) if sort is SolutionSort.ID else (one.since, one.app, one.solution_id)


def everything(queries: Queries) -> list[Told]:
    """All that is stored."""
    return queries.solutions_page(SolutionFilter(), after=None, limit=1_000)


@given(known=some_solutions, named=st.lists(names, max_size=12), wanted=filters, data=st.data())
@examples(50)
def test_a_list_is_what_one_would_pick_by_hand(
    engine: Engine, known: list[Solution], named: list[str], wanted: SolutionFilter, data: st.DataObject
):
    """Every filter and order; page after page, however long pages are, each once."""
    store(engine, known, named)
    sort = data.draw(st.sampled_from(SolutionSort))
    limit = data.draw(st.integers(3, 6))
    queries = Queries(engine)
    picked = [one for one in everything(queries) if fits(one, wanted)]
    picked.sort(key=lambda one: order(one, sort), reverse=sort is SolutionSort.NEWEST)

    found: list[Told] = []
    while page := queries.solutions_page(
        wanted, sort=sort, after=place(found[-1][0], sort) if found else None, limit=limit
    ):
        found += page
        assert len(page) <= limit

    assert found == picked
    assert {(one.app, one.solution_id) for one, _ in everything(queries)} == {
        (one.app, one.solution_id) for one in known
    }


@given(known=some_solutions, named=st.lists(names, max_size=12), wanted=filters, cards=st.integers(1, 3))
@examples(30)
def test_the_board_has_every_solution_in_its_column(
    engine: Engine, known: list[Solution], named: list[str], wanted: SolutionFilter, cards: int
):
    """In the order of a solution's life, all counted, and those shown that have been there for longest."""
    store(engine, known, named)
    queries = Queries(engine)
    picked = [one for one in everything(queries) if fits(one, wanted)]

    board = queries.board(cards, wanted)

    assert [column.state for column in board] == list(STATES)
    for column in board:
        here = [one for one in picked if one[0].state is column.state]
        assert column.count == len(here)
        assert len(column.cards) == min(cards, len(here))
        assert [one.since for one, _ in column.cards] == sorted(one.since for one, _ in here)[:cards]
        assert all(card in here for card in column.cards)


@given(changes=st.lists(some_solutions, min_size=2, max_size=5), named=st.lists(names, max_size=12), wanted=filters)
@examples(30)
def test_what_is_remembered_of_a_look_changes_nothing(
    engine: Engine, changes: list[list[Solution]], named: list[str], wanted: SolutionFilter
):
    """One who has looked before finds the same as one who has not, whatever has changed meanwhile."""
    experienced = Queries(engine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boards, "FEW", 0)  # or no column of so few would be remembered
        for known in changes:
            store(engine, known, named)
            fresh = Queries(engine)
            for sort in (SolutionSort.OLDEST, SolutionSort.NEWEST):
                look = {"sort": sort, "after": None, "limit": 2}
                assert experienced.solutions_page(wanted, **look) == fresh.solutions_page(wanted, **look)
            assert seen(experienced.board(2, wanted)) == seen(fresh.board(2, wanted))


def test_where_too_many_have_left_all_are_looked_through_again(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    """Of the four that are remembered for a place of two, three go on; the next one stood behind all of these."""
    monkeypatch.setattr(boards, "FEW", 0)
    queries = Queries(engine)

    def look() -> tuple[list[int], list[int]]:
        draft = next(column for column in queries.board(2, SolutionFilter()) if column.state is STATES[0])
        page = queries.solutions_page(
            SolutionFilter(status=Status.DRAFT), sort=SolutionSort.OLDEST, after=None, limit=2
        )
        return [one.since - NOON_S for one, _ in draft.cards], [one.since - NOON_S for one, _ in page]

    store(engine, [solution(number)._replace(since=NOON_S + number) for number in range(1, 7)], [])
    assert look() == ([1, 2], [1, 2])

    store(engine, [solution(number)._replace(since=NOON_S + number) for number in range(4, 7)], [])
    assert look() == ([4, 5], [4, 5])


def seen(board: list[BoardColumn]) -> list[tuple[int, list[int]]]:
    """Of each column the count, and since when its cards are there: those of the same second may change places."""
    return [(column.count, [one.since for one, _ in column.cards]) for column in board]


def test_a_page_is_not_moved_by_what_comes_in(engine: Engine):
    """New solutions before and behind the place: the next page goes on where the last one ended."""
    first = list(range(10, 20))
    store(engine, [solution(number) for number in first], [])
    queries = Queries(engine)
    begun = queries.solutions_page(SolutionFilter(), after=None, limit=4)

    store(engine, [solution(number) for number in (*first, *range(20, 25), *range(1, 10))], [])
    behind = place(begun[-1][0], SolutionSort.ID)
    rest = queries.solutions_page(SolutionFilter(), after=behind, limit=100)

    assert [one.solution_id for one, _ in begun] == ["10", "11", "12", "13"]
    assert [one.solution_id for one, _ in rest] == sorted(str(number) for number in (*range(14, 25), *range(2, 10)))


def solution(number: int) -> Solution:
    """A plain one."""
    return Solution("default", str(number), "5", (STATES[0],), "DRAFT", NOON_S, NOON_S, 1, 1, 1, ())
