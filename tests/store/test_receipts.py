"""Receipts on the disk, and the retention of their raw bodies."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from partnerhook.core.names import Flag
from partnerhook.core.receipts import Fate, Outcome, Receipt, Stored
from partnerhook.store import receipts
from stores import new_store, receipts_of, writing


def receipt(number: int, received_at: int = 1) -> Receipt:
    """A receipt with every kind of outcome."""
    outcomes = tuple(
        Outcome(f"entry[0].changes[{place}]", "käse\\x00", fate, key="ab", entry_id="5", reason="it is odd: 'x'")
        for place, fate in enumerate(Fate)
    )
    flags = (Flag.OBJECT_MISSING, Flag.TIME_MISSING)
    return Receipt(number, "default", received_at, 3, b"\x00\xff{", flags, outcomes)


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Engine:
    """An empty store."""
    return new_store(tmp_path, database)


def test_a_receipt_comes_back_as_it_was(engine: Engine):
    """Every byte of the body, every part of every outcome; one without outcomes too."""
    kept = [receipt(1), receipt(2)._replace(outcomes=(), flags=(), body=b"")]

    with writing(engine) as conn:
        receipts.append(conn, kept)

    assert receipts_of(engine, [Stored(one.id, one.app, one.body_bytes, ()) for one in kept]) == kept


def test_there_is_no_receipt_of_another_number(engine: Engine):
    """None, not an error."""
    with engine.connect() as conn:
        assert receipts.find(conn, 1) is None


def test_only_old_bodies_are_dropped_slice_by_slice(engine: Engine):
    """The receipt stays with its outcomes; nothing younger is touched, and each slice goes on behind the last."""
    with writing(engine) as conn:
        receipts.append(conn, [receipt(number, received_at=number * 10) for number in range(1, 6)])

    slices: list[list[int]] = [[0]]
    while slices[-1]:
        with writing(engine) as conn:
            slices.append(older(conn, 40, after_id=slices[-1][-1], limit=2))
            receipts.drop_bodies(conn, slices[-1])

    with engine.connect() as conn:
        found = [receipts.find(conn, number) for number in range(1, 6)]
    assert slices[1:] == [[1, 2], [3], []]
    assert [one and one.body for one in found] == [None, None, None, b"\x00\xff{", b"\x00\xff{"]
    assert found[0] == receipt(1, received_at=10)._replace(body=None)


def older(conn: Connection, than: int, *, after_id: int = 0, limit: int = 100, bytes_max: int = 1_000_000) -> list[int]:
    """Whose bodies are older, up to where, by halves, the younger ones begin."""
    last = receipts.newest_before(conn, than, after_id=after_id)
    return receipts.bodies_before(conn, than, after_id=after_id, last=last, limit=limit, bytes_max=bytes_max)


def test_a_slice_has_a_bound_in_bytes(engine: Engine):
    """A few of the longest bodies would hold the write lock for seconds; one alone is always taken."""
    with writing(engine) as conn:
        receipts.append(conn, [receipt(number)._replace(body_bytes=600) for number in range(1, 6)])

    with engine.connect() as conn:
        assert older(conn, 2**62, bytes_max=1_200) == [1, 2]
        assert older(conn, 2**62, bytes_max=1) == [1]


def test_a_clock_that_was_put_back_hides_nothing_from_a_thorough_look(engine: Engine):
    """For a while it was ahead: what came then seems young, and what came after it is old."""
    stamps = [10, 20, 900, 910, 920, 30, 40, 50]
    with writing(engine) as conn:
        receipts.append(conn, [receipt(number, received_at=at) for number, at in enumerate(stamps, 1)])

    with engine.connect() as conn:
        found = receipts.bodies_before(conn, 100, after_id=0, last=8, limit=100, bytes_max=1_000)
        assert found == [1, 2, 6, 7, 8]
        assert receipts.newest_before(conn, 100) in {2, 8}
        assert receipts.oldest_body(conn, after_id=2, last=8) == 3
        assert receipts.oldest_body(conn, after_id=8, last=8) is None
