"""What every migration keeps to: forward only, expand then contract, and it says with which programs it works."""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import event, text

from partnerhook.store import migrations
from partnerhook.store.engine import open_engine
from partnerhook.store.schema import HEAD
from programs import KNOWS_NEWER_SCHEMAS, LAST_RELEASE, last_released
from stores import new_store, new_url, writing

FILES = sorted(Path(str(migrations.__path__[0]), "versions").glob("[0-9]*.py"))
MODULES = [importlib.import_module(f"partnerhook.store.migrations.versions.{file.stem}") for file in FILES]
DECLARING = [module for module in MODULES if module.revision >= KNOWS_NEWER_SCHEMAS]
every_file = pytest.mark.parametrize("module", MODULES, ids=[file.stem for file in FILES])
every_declaring = pytest.mark.parametrize("module", DECLARING, ids=[module.revision for module in DECLARING])

TAKES_AWAY = re.compile(
    r"\b(DROP (TABLE|COLUMN|CONSTRAINT|SEQUENCE)|RENAME|TRUNCATE|DELETE FROM|SET NOT NULL|ALTER (COLUMN )?\w+ TYPE)\b",
    re.IGNORECASE,
)
ADDS = re.compile(r"\b(CREATE (TABLE|SEQUENCE|INDEX)|ADD COLUMN)\b", re.IGNORECASE)
ADDS_WHAT_NOBODY_FILLS = re.compile(r"\bADD COLUMN\b(?!.*\bDEFAULT\b).*\bNOT NULL\b", re.IGNORECASE | re.DOTALL)


@every_file
def test_each_follows_on_the_one_before(module: ModuleType):
    """Numbers without a gap, one line without a branch."""
    at = MODULES.index(module)

    assert module.revision == f"{at + 1:04}" == FILES[at].name[:4]
    assert module.down_revision == (MODULES[at - 1].revision if at else None)


@every_file
def test_forward_only(module: ModuleType):
    """There is no way back that would be tried less often than it is needed."""
    assert not hasattr(module, "downgrade")


@every_declaring
def test_each_says_with_which_programs_it_works(module: ModuleType):
    """A version there was, and never an older one than the migration before it said."""
    at = MODULES.index(module)

    assert module.works_with in [one.revision for one in MODULES[: at + 1]]
    assert module.works_with >= getattr(MODULES[at - 1], "works_with", "")


def test_what_came_after_the_last_release_works_with_it(tmp_path: Path):
    """With it and not with older ones, for that is what is tried (`reliability/test_rolling.py`)."""
    released = last_released(tmp_path)
    newer = {module.revision: module.works_with for module in MODULES if module.revision > released.head}

    assert newer == dict.fromkeys(newer, released.head), LAST_RELEASE


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory, database: str) -> dict[str, list[str]]:
    """What each migration really sends to the database."""
    engine = open_engine(new_url(tmp_path_factory.mktemp("store"), database))
    sent: dict[str, list[str]] = defaultdict(list)
    config = Config()
    config.set_main_option("script_location", "partnerhook.store:migrations")
    for module in MODULES:

        def keep(*how: Any, revision: str = module.revision) -> None:
            sent[revision].append(how[2])

        event.listen(engine, "before_cursor_execute", keep)
        with writing(engine) as conn:
            config.attributes["connection"] = conn
            command.upgrade(config, module.revision)
        event.remove(engine, "before_cursor_execute", keep)
    engine.dispose()
    return sent


@every_declaring
def test_none_adds_and_takes_away(statements: dict[str, list[str]], module: ModuleType):
    """What takes something away is a migration of its own, a release after nothing uses it any more."""
    sent = [one for one in statements[module.revision] if "alembic_version" not in one]

    takes = [one for one in sent if TAKES_AWAY.search(one)]
    adds = [one for one in sent if ADDS.search(one)]
    assert takes or adds
    assert not (takes and adds)


@every_declaring
def test_older_programs_can_go_on_inserting(statements: dict[str, list[str]], module: ModuleType):
    """A column that they do not know is empty, or has a default."""
    assert not [one for one in statements[module.revision] if ADDS_WHAT_NOBODY_FILLS.search(one)]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("\nALTER TABLE targets ADD COLUMN hold BIGINT NOT NULL", True),
        ("ALTER TABLE targets ADD COLUMN hold BIGINT DEFAULT '0' NOT NULL", False),
        ("ALTER TABLE targets ADD COLUMN hold BIGINT", False),
    ],
)
def test_a_column_that_nobody_fills_is_found(statement: str, found: bool):
    """Whatever order the words come in."""
    assert bool(ADDS_WHAT_NOBODY_FILLS.search(statement)) == found


def test_the_newest_declaration_is_in_the_database(tmp_path: Path, database: str):
    """Where older programs read it: table and columns never change."""
    engine = new_store(tmp_path, database)
    with engine.connect() as conn, conn.begin():
        rows = conn.execute(text("SELECT version, works_with FROM schema_versions")).all()

    assert rows == [(HEAD, MODULES[-1].works_with)]
