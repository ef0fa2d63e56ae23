"""`partnerhook migrate` and `partnerhook version`."""

from __future__ import annotations

import platform
import sqlite3
from contextlib import closing

from commands import Command

from partnerhook import __version__
from partnerhook.store.schema import HEAD


def test_a_new_database(empty: Command):
    """It is created; a second time there is nothing to do."""
    assert empty.lines("migrate") == [f"The database was empty; it is at version {HEAD} now."]
    assert empty.lines("migrate") == [f"The database is at version {HEAD} already."]
    assert empty.json("solutions", "list") == []


def test_as_json(empty: Command):
    """From which version to which."""
    assert empty.json("migrate") == {"before": None, "after": HEAD, "changed": True}
    assert empty.json("migrate") == {"before": HEAD, "after": HEAD, "changed": False}


def test_a_database_of_a_newer_program(own: Command):
    """It is left as it is."""
    with closing(sqlite3.connect(own.database)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    for arguments in (["migrate"], ["solutions", "list"], ["rebuild"]):
        ended = own.run(*arguments)

        assert (ended.returncode, ended.stdout) == (1, "")
        assert "Install a newer Partnerhook" in ended.stderr


def test_a_file_that_is_no_database(empty: Command):
    """One sentence, no traceback."""
    empty.database.write_text("This is a text. " * 100)

    for arguments in (["migrate"], ["solutions", "list"], ["observations", "tail"], ["rebuild"]):
        ended = empty.run(*arguments)

        assert ended.returncode == 1
        assert len(ended.stderr.splitlines()) == 1
        assert "file is not a database" in ended.stderr


def test_an_empty_file(empty: Command):
    """Looking does not migrate it."""
    empty.database.touch()

    ended = empty.run("solutions", "list")

    assert ended.returncode == 1
    assert "The database is empty; run `partnerhook migrate`" in ended.stderr


def test_version(empty: Command):
    """All that a bug report needs."""
    assert empty.json("version") == {
        "partnerhook": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    (line,) = empty.lines("version")
    assert line.startswith(f"partnerhook {__version__} (Python ")
