"""Receipts on the disk, and the retention of their raw bodies."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

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
def engine(tmp_path: Path) -> Engine:
    """An empty store."""
    return new_store(tmp_path)


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

    slices: list[tuple[int | None, int]] = []
    after_id: int | None = 0
    while after_id is not None:
        with writing(engine) as conn:
            after_id, count = receipts.drop_bodies(conn, received_before=40, after_id=after_id, limit=2)
        slices.append((after_id, count))

    with engine.connect() as conn:
        found = [receipts.find(conn, number) for number in range(1, 6)]
    assert slices == [(2, 2), (3, 1), (None, 0)]
    assert [one and one.body for one in found] == [None, None, None, b"\x00\xff{", b"\x00\xff{"]
    assert found[0] == receipt(1, received_at=10)._replace(body=None)
