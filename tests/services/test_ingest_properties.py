"""The store tells the same whatever way things came in: any order, repetition, batching and grouping into commits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from partnerhook.core.lifecycle import Solution, fold
from partnerhook.core.receipts import Fate
from partnerhook.services import ingest
from partnerhook.services.ingest import Post
from partnerhook.services.notify import NOBODY
from partnerhook.services.query import Queries
from partnerhook.store import clock, observations, solution_lists
from partnerhook.store.engine import for_writing
from partnerhook.store.solution_lists import SolutionFilter
from stores import arrive, deliver, new_store, receipts_of
from strategies import EVENTS, NOON_S, WORDS, bodies, documents, entries, examples, json_values, receipt_times

app_numbers = count()
"""Each example is an app of its own in the same file, so that none sees another's solutions."""


class Said(NamedTuple):
    """One change, and when it was received."""

    portfolio_id: str
    time: Any
    event: str
    solution_id: str
    word: str
    received_at: int

    def entry(self) -> dict[str, Any]:
        """As Meta sends it."""
        value = {"event": self.event, "solution_id": self.solution_id, "solution_status": self.word}
        return {
            "id": self.portfolio_id,
            "time": self.time,
            "changes": [{"field": "partner_solutions", "value": value}],
        }


said = st.builds(
    Said,
    st.sampled_from(["506914307656634", "506914307656634", "2949482758682047", "", "0"]),
    st.integers(NOON_S - 2, NOON_S + 2) | st.sampled_from([None, "noon"]),
    st.sampled_from(EVENTS),
    st.sampled_from(["774485461512159", "17602267745700"]),
    st.sampled_from(WORDS),
    receipt_times,
)


@st.composite
def hearings(draw: st.DrawFn) -> list[Said]:
    """A few things said, each of them heard at several times; where its time cannot be used, for several reasons."""
    things = draw(st.lists(said, min_size=1, max_size=6))
    heard = draw(
        st.lists(st.tuples(st.sampled_from(things), receipt_times, st.sampled_from([None, "noon"])), max_size=6)
    )
    again = [one._replace(received_at=at, time=one.time if type(one.time) is int else odd) for one, at, odd in heard]
    return [*things, *again]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, database: str) -> Engine:
    """One file for all examples."""
    return new_store(tmp_path_factory.mktemp("store"), database)


def post(app: str, changes: Sequence[Said]) -> Post:
    """One POST with these changes, received when the first of them was."""
    body = {"object": "whatsapp_business_account", "entry": [one.entry() for one in changes]}
    return arrive(json.dumps(body).encode(), app=app, received_at=changes[0].received_at)


def cut(data: st.DataObject, things: Sequence[Any]) -> list[list[Any]]:
    """`things` in their order, cut into groups at random places."""
    groups: list[list[Any]] = []
    for thing in things:
        if groups and data.draw(st.booleans(), label="together with the one before"):
            groups[-1].append(thing)
        else:
            groups.append([thing])
    return groups


def deliver_all(engine: Engine, data: st.DataObject, app: str, posts: Sequence[Sequence[Said]]) -> None:
    """All POSTs in their order, in random commits."""
    for commit in cut(data, posts):
        deliver(engine, *[post(app, changes) for changes in commit])


def clock_off(engine: Engine) -> int:
    """By how much times of receipt are put right now; the database's clock is looked at again every few seconds."""
    with engine.connect() as conn, conn.begin():
        return clock.off(conn)


def projected(conn: Connection, app: str) -> list[Solution]:
    """The rows of the projection, without the app's name."""
    found = solution_lists.find(conn, SolutionFilter(app=app))
    return [solution._replace(app="") for solution in found]


def folded(conn: Connection, app: str) -> list[Solution]:
    """What the log tells, folded from its beginning."""
    told = [fold(observations.find(conn, app, one)) for one in ("17602267745700", "774485461512159")]
    return [solution._replace(app="") for solution in told if solution is not None]


@given(heard=hearings(), data=st.data())
@examples(120)
def test_every_way_in_gives_the_same_projection(engine: Engine, heard: list[Said], data: st.DataObject):
    """Live, in two different orders, groupings and numbers of repeats, and folded anew: the same rows."""
    one_way, other_way = f"app{next(app_numbers)}", f"app{next(app_numbers)}"
    # Changes of one POST are received together: what is batched here carries the time of its first.
    posts = [[one._replace(received_at=batch[0].received_at) for one in batch] for batch in cut(data, heard)]
    singly = [[one] for batch in posts for one in batch]
    repeats = data.draw(st.lists(st.sampled_from(posts + singly), max_size=4), label="repeated")

    off = clock_off(engine)
    deliver_all(engine, data, one_way, posts)
    deliver_all(engine, data, other_way, data.draw(st.permutations(singly + repeats), label="other order"))
    assume(off == clock_off(engine))  # else the same was received at other times by PostgreSQL's clock

    with engine.connect() as conn, conn.begin():
        assert projected(conn, one_way) == folded(conn, one_way)
        assert projected(conn, other_way) == folded(conn, other_way)
        assert projected(conn, one_way) == projected(conn, other_way)


NEIGHBOUR = Said("506914307656634", NOON_S, "SOLUTION_UPDATED", "999", "ACTIVE", 0).entry()


@given(raw=bodies(documents | json_values) | st.binary(max_size=200))
@examples(200)
def test_any_body_gets_a_documented_outcome(engine: Engine, raw: bytes):
    """Whatever is signed is stored, each part of it with a fate, and can be read back as it was."""
    app = f"app{next(app_numbers)}"

    stored = deliver(engine, arrive(raw, app=app))

    (receipt,) = receipts_of(engine, stored)
    assert receipt.body == raw
    assert receipt.outcomes == stored[0].outcomes
    assert all(outcome.reason for outcome in receipt.outcomes if outcome.fate is Fate.QUARANTINED)
    with engine.connect() as conn, conn.begin():
        for solution in solution_lists.find(conn, SolutionFilter(app=app)):
            assert solution == fold(observations.find(conn, app, solution.solution_id))


@given(
    raw=bodies(
        st.builds(
            lambda before, after: {"object": "whatsapp_business_account", "entry": [*before, NEIGHBOUR, *after]},
            st.lists(entries | json_values, max_size=2),
            st.lists(entries | json_values, max_size=2),
        )
    )
)
@examples(200)
def test_nothing_spoils_its_neighbours(engine: Engine, raw: bytes):
    """Between any other entries a good change is heard."""
    app = f"app{next(app_numbers)}"

    (stored,) = deliver(engine, arrive(raw, app=app))

    if stored.outcomes[0].path != "$":
        (solution,) = Queries(engine).find_solutions("999", app)
        assert solution.reported_status == "ACTIVE"
    else:
        # JSON in UTF-8 has no lone surrogates: such a body is unreadable as a whole.
        assert "not UTF-8" in stored.outcomes[0].reason


def test_a_commit_that_is_rolled_back_leaves_nothing(tmp_path: Path):
    """Receipts, observations and solutions are one transaction."""
    engine = new_store(tmp_path)
    posted = post("default", [Said("5", NOON_S, "SOLUTION_UPDATED", "999", "ACTIVE", 0)])

    with for_writing(engine.connect()) as conn:
        transaction = conn.begin()
        ingest.commit(conn, [posted], NOBODY)
        transaction.rollback()

    assert Queries(engine).find_solutions("999") == []
    assert Queries(engine).history("default", "999") == []
    assert Queries(engine).receipt(1) is None
