"""Bringing the database to the schema of this program."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect, text

from partnerhook.core.errors import SchemaMismatch
from partnerhook.store import migrations
from partnerhook.store.engine import open_engine
from partnerhook.store.migrate import check, migrate
from partnerhook.store.schema import HEAD, metadata
from stores import new_store, writing


def test_an_empty_file_becomes_a_store(tmp_path: Path):
    """Once; the second time there is nothing to do."""
    engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")

    assert migrate(engine) == (None, HEAD)
    assert migrate(engine) == (HEAD, HEAD)


def test_the_migrations_make_the_tables_of_the_schema(tmp_path: Path):
    """Tables, columns, keys and indexes are those that the queries are written for."""
    inspector = inspect(new_store(tmp_path))

    assert set(inspector.get_table_names()) == {*metadata.tables, "alembic_version"}
    for name, table in metadata.tables.items():
        columns = {column["name"]: column["nullable"] for column in inspector.get_columns(name)}
        assert columns == {column.name: column.nullable for column in table.columns}
        assert inspector.get_pk_constraint(name)["constrained_columns"] == table.primary_key.columns.keys()
        indexes = {
            index["name"]: (index["column_names"], bool(index["unique"])) for index in inspector.get_indexes(name)
        }
        assert indexes == {index.name: (index.columns.keys(), index.unique) for index in table.indexes}


def test_the_newest_migration_is_the_one_this_program_needs():
    """HEAD is written down so that looking does not need Alembic."""
    files = sorted(Path(str(migrations.__path__[0]), "versions").glob("[0-9]*.py"))

    assert files[-1].name.startswith(f"{HEAD}_")


def test_a_database_of_the_first_version_keeps_what_it_has(tmp_path: Path):
    """Every migration after it adds, and takes nothing away."""
    engine = open_engine(f"sqlite:///{tmp_path / 'first.db'}")
    config = Config()
    config.set_main_option("script_location", "partnerhook.store:migrations")
    with writing(engine) as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        conn.execute(text("INSERT INTO solution_numbers VALUES (1, '774485461512159', 'default')"))

    assert migrate(engine) == ("0001", HEAD)
    with engine.connect() as conn, conn.begin():
        assert conn.execute(text("SELECT * FROM solution_numbers")).all() == [(1, "774485461512159", "default")]
        check(conn)


def newer(folder: Path, works_with: str | None) -> Engine:
    """A store that a program of the future has migrated, and what it said of older ones."""
    engine = new_store(folder)
    with writing(engine) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        if works_with is not None:
            conn.execute(text("INSERT INTO schema_versions VALUES ('9999', :oldest)"), {"oldest": works_with})
    return engine


@pytest.mark.parametrize("works_with", [None, "9998", "9999"])
def test_a_newer_database_that_is_not_for_this_program(tmp_path: Path, works_with: str | None):
    """It neither writes nor guesses, also where nothing is said of older programs."""
    engine = newer(tmp_path, works_with)

    with pytest.raises(SchemaMismatch, match="Install a newer"):
        migrate(engine)
    with engine.connect() as conn, pytest.raises(SchemaMismatch, match="Install a newer"):
        check(conn)


@pytest.mark.parametrize("works_with", ["0004", HEAD])
def test_a_newer_database_that_this_program_works_with(tmp_path: Path, works_with: str):
    """It is used as it is; there is nothing to migrate."""
    engine = newer(tmp_path, works_with)

    assert migrate(engine) == ("9999", "9999")
    with engine.connect() as conn, conn.begin():
        check(conn)


@pytest.mark.parametrize(("version", "told"), [(None, "is empty"), ("0000", "needs")])
def test_an_older_or_empty_database_says_what_to_run(tmp_path: Path, version: str | None, told: str):
    """`partnerhook migrate` is named."""
    engine = open_engine(f"sqlite:///{tmp_path / 'old.db'}")
    if version is not None:
        with writing(engine) as conn:
            conn.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
            conn.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})

    with engine.connect() as conn, pytest.raises(SchemaMismatch, match=f"{told}.*partnerhook migrate"):
        check(conn)


def test_another_programs_database_is_left_alone(tmp_path: Path):
    """Neither looking nor migrating changes a byte of it."""
    file = tmp_path / "theirs.db"
    with closing(sqlite3.connect(file)) as theirs, theirs:
        theirs.execute("CREATE TABLE solutions (x)")
    before = file.read_bytes()
    engine = open_engine(f"sqlite:///{file}")

    with pytest.raises(SchemaMismatch, match="is not Partnerhook's"):
        migrate(engine)
    with engine.connect() as conn, conn.begin(), pytest.raises(SchemaMismatch, match="is not Partnerhook's"):
        check(conn)

    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]
