"""`partnerhook rebuild`: folded anew, reported, mended."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from commands import ODD, SOLUTION, Command


def damage(command: Command) -> None:
    """As if by hand: one status edited, one row gone, one id edited, one row of nothing."""
    with closing(sqlite3.connect(command.database)) as database, database:
        database.execute("UPDATE solutions SET status = 'REJECTED' WHERE solution_id = ?", [SOLUTION])
        database.execute("DELETE FROM solutions WHERE solution_id = ?", [ODD])
        database.execute("UPDATE solutions SET solution_id = '1001' WHERE solution_id = '1000'")
        database.execute("CREATE TEMP TABLE copied AS SELECT * FROM solutions WHERE solution_id = '1001'")
        database.execute("UPDATE copied SET number = 9, solution_id = '1002'")
        database.execute("INSERT INTO solutions SELECT * FROM copied")


def test_nothing_differs(command: Command):
    """What is kept live is what the log tells."""
    ended = command.run("rebuild")

    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == "3 solutions folded anew from the log; none differed.\n"
    assert command.json("rebuild", "--check") == {"solutions": 3, "mended": False, "differences": []}


def test_check_changes_nothing(own: Command):
    """Exit 1 and a line for each difference, as often as it is asked."""
    damage(own)

    first, second = own.run("rebuild", "--check"), own.run("rebuild", "--check")

    assert (first.returncode, first.stdout) == (second.returncode, second.stdout)
    assert first.returncode == 1
    assert first.stdout.splitlines() == [
        f"default  {SOLUTION}  status REJECTED -> ACTIVE",
        f"other  {ODD}  was missing: UNKNOWN since 2025-06-15T15:06:44Z",
        "other  1000  solution_id 1001 -> 1000",
        "other  1002  removed: the log does not tell of it",
    ]
    assert "without --check they are mended" in first.stderr


def test_mended_once(own: Command):
    """It reports what it mends, and then there is nothing left."""
    before = own.json("solutions", "list")
    damage(own)

    told = own.json("rebuild")

    assert (told["solutions"], told["mended"]) == (4, True)
    edited, missing, renamed, surplus = told["differences"]
    assert (edited["app"], edited["solution_id"], edited["changed"]) == ("default", SOLUTION, ["status"])
    assert edited["before"] == edited["after"] | {"status": "REJECTED"}
    assert edited["after"]["since"] == "2025-06-15T15:06:42Z"
    assert (missing["before"], missing["after"]["status"]) == (None, "UNKNOWN")
    assert (renamed["solution_id"], renamed["changed"]) == ("1000", ["solution_id"])
    assert (surplus["solution_id"], surplus["after"]) == ("1002", None)
    assert own.json("solutions", "list") == before
    assert own.json("rebuild")["differences"] == []


def test_check_fails_in_json_too(own: Command):
    """The document is complete, and the exit status is 1."""
    damage(own)

    ended = own.run("rebuild", "--check", "--format", "json")

    assert ended.returncode == 1
    assert ended.stdout.count('"changed"') == 4


def test_a_damaged_row_steers_no_terminal(own: Command):
    """What stands in the database may be anything at all."""
    with closing(sqlite3.connect(own.database)) as database, database:
        database.execute("UPDATE solutions SET since = 'x', anomalies = 5, reported_status = char(27) || '[31m'")

    status, seen = own.on_terminal("rebuild", columns=300)

    assert status == 0
    assert r"reported_status '\x1b[31m' -> ACTIVE, since x -> 2025-06-15T15:06:42Z" in seen
    assert "\x1b[31m'" not in seen
    assert "Folding solutions anew" in seen
    assert own.json("rebuild")["differences"] == []


def test_no_database(empty: Command):
    """It says what to do, and creates none."""
    ended = empty.run("rebuild")

    assert ended.returncode == 1
    assert "partnerhook migrate" in ended.stderr
    assert not empty.database.exists()
