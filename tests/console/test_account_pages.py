"""Who is signed in, which keys there are, who changed what; and lists as files for spreadsheets."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from backstage import HOSTILE, Backstage, backstage
from people import Person, access_of

from partnerhook.core.access import Actor, Role
from partnerhook.core.graph_readings import AppReference, GraphReading, Partner
from partnerhook.services.audit import Audit
from partnerhook.services.judge import Readings, settle
from partnerhook.services.notify import NOBODY
from running import Server
from stores import writing

FORMULAS = ['=HYPERLINK("https://evil.example")', "+1", "-1+2", "@SUM(A1)", "\t=1", " =1", "\r=1"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    """One for all tests of this file."""
    with backstage(tmp_path_factory.mktemp("stage")) as one:
        yield one


@pytest.fixture
def ana(stage: Backstage) -> Iterator[Person]:
    """An admin."""
    with Person(stage.server) as person:
        yield person.sign_in()


def cells(text: str) -> list[list[str]]:
    """The rows of a file, as a spreadsheet reads them."""
    return list(csv.reader(io.StringIO(text, newline="")))


def test_my_sessions(stage: Backstage):
    """Those of my name and no others; I may end them everywhere."""
    with Person(stage.server) as here, Person(stage.server) as there, Person(stage.server) as other:
        here.sign_in(Role.VIEWER, "bea")
        there.sign_in(Role.VIEWER, "bea")
        other.sign_in(Role.VIEWER, "vic")

        text = here.get("/account").text

        assert text.count('<th scope="row">bea') == 2
        assert ">vic<" not in text.replace(" ", "")
        assert "Keys of scripts" not in text
        here.send("/sign-out", {"where": "everywhere"})
        assert there.get("/account").status_code == 303
        assert other.get("/account").status_code == 200


def test_an_admin_signs_somebody_out(stage: Backstage, ana: Person):
    """Who is hostile by name is a name; it is written down; nobody else may."""
    with Person(stage.server) as guest:
        guest.sign_in(Role.OPERATOR, HOSTILE)
        assert "<script>alert" not in ana.get("/account").text
        assert guest.send("/account/sign-out-somebody", {"who": "ana"}).status_code == 403

        led = ana.send("/account/sign-out-somebody", {"who": HOSTILE})

        assert guest.get("/account").status_code == 303
        assert "1 session ended" in ana.get(led.headers["location"]).text
    assert "<script>alert" not in ana.get("/audit").text
    assert "session.end" in ana.get("/audit").text


def test_keys_are_looked_at(stage: Backstage, ana: Person):
    """Names and when they were used last; never a key."""
    made = access_of(stage.server).create_key(HOSTILE, Role.OPERATOR)

    text = ana.get("/account").text

    assert made.stored.id in text
    assert made.key not in text
    assert made.stored.digest not in text
    assert "<script>alert" not in text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_the_audit_log_is_for_admins(stage: Backstage, role: Role):
    """On the page and as a file."""
    with Person(stage.server) as person:
        person.sign_in(role, "vic")

        assert [person.get(path).status_code for path in ("/audit", "/audit.csv")] == [403, 403]


def test_the_audit_log_is_filtered_and_taken_along(stage: Backstage, ana: Person):
    """All that fits, whole; and no cell of it is a formula."""
    audit = Audit(stage.engine)
    for formula in FORMULAS:
        with audit.doing(Actor(formula, Role.ADMIN, "session", "10.0.0.1"), "delivery.retry", formula, reason=formula):
            pass
    for number in range(60):
        with audit.doing(Actor("nia", Role.ADMIN, "session", "10.0.0.1"), "solution.accept", str(number)):
            pass

    answer = ana.get("/audit.csv")
    rows = cells(answer.text)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert len(rows) > 60 + len(FORMULAS)
    assert [cell for row in rows for cell in row if cell.lstrip(" ")[:1] in {*"=+-@\t\r"} and cell.strip()] == []
    assert {row[1] for row in rows} >= {f"'{formula}" for formula in FORMULAS}
    assert {row[1] for row in cells(ana.get("/audit.csv?who=nia").text)[1:]} == {"nia"}
    assert "No entry fits" in ana.get("/audit?who=nobody").text
    assert 'rel="next"' in ana.get("/audit?who=nia").text


def test_solutions_as_a_file(stage: Backstage, ana: Person):
    """Every one, with names of others' choice that are no formulas."""
    for number in range(3):
        stage.hear(str(9_000 + number))
    reading = GraphReading(
        "9001",
        "INITIATED",
        "NONE",
        1_739_321_100,
        1,
        name=FORMULAS[0],
        partners=(Partner("5", app=AppReference("6", "@partner")),),
    )
    with writing(stage.engine) as conn:
        settle(conn, Readings("default", "1", None, [reading]), NOBODY)

    rows = cells(ana.get("/solutions.csv").text)

    assert [row[1] for row in rows] == ["solution_id", "9000", "9001", "9002"]
    assert rows[2][2] == f"'{FORMULAS[0]}"
    assert rows[2][9] == "'@partner"
    assert len(cells(ana.get("/solutions.csv?text=9001").text)) == 2
    assert len(cells(ana.get("/solutions.csv?state=ACTIVE").text)) == 1


def test_no_file_is_begun_while_the_database_cannot_be_read(server: Server):
    """A file of nothing but its head would say that there is nothing."""
    with Person(server) as person:
        person.sign_in()
        for table, path in (("solutions", "/solutions.csv"), ("audit_log", "/audit.csv")):
            with closing(sqlite3.connect(server.database)) as database:
                database.execute(f"ALTER TABLE {table} RENAME TO away")
                answer = person.get(path)
                database.execute(f"ALTER TABLE away RENAME TO {table}")

            assert answer.status_code == 503
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert person.get(path).status_code == 200
