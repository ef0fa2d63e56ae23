"""Numbers of solutions: given once, in the order in which solutions are first heard of."""

from __future__ import annotations

from pathlib import Path

from partnerhook.store import numbers
from stores import new_store, writing


def test_a_number_is_given_once(tmp_path: Path, database: str):
    """Also where one name comes twice in one commit; the same id in another app is another solution."""
    engine = new_store(tmp_path, database)

    with writing(engine) as conn:
        first = numbers.assign(conn, [("one", "9"), ("one", "7"), ("one", "9")])
    with writing(engine) as conn:
        second = numbers.assign(conn, [("two", "9"), ("one", "7")])
        counted = numbers.count(conn)

    assert first == [1, 2, 1]
    assert second == [3, 2]
    assert counted == 3


def test_no_text_is_taken_for_json(tmp_path: Path, database: str):
    """Names of apps may hold anything the configuration lets through, and the numbers of nothing are nothing."""
    engine = new_store(tmp_path, database)
    odd = [('a"b', "1"), ("a\\", "1"), ("ä", "1"), ("$[0]", "1")]

    with writing(engine) as conn:
        assert numbers.assign(conn, odd) == numbers.assign(conn, odd) == [1, 2, 3, 4]
        assert numbers.assign(conn, []) == []
