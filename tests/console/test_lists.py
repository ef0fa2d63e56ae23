"""Many solutions: the board counts them and shows the first, the list has them all, a page at a time."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from people import Person

from partnerhook.console.pages.board import CARDS
from partnerhook.console.pages.solutions import ROWS
from partnerhook.core.access import Role
from partnerhook.services.access import Access
from running import Serve, Server, webhook
from stores import POSTGRESQL, SQLITE, new_store

COUNT = ROWS * 2 + 10
FIRST = 774485461512000
AT = 1_739_321_024
NEXT = re.compile(r'<a class="button" href="([^"]+)" rel="next">')
ROW = re.compile(r'<tr id="row-default-(\d+)">')
CARD = re.compile(r'id="solution-default-(\d+)"')


@pytest.fixture(scope="module")
def known(server: Server) -> list[str]:
    """So many that wait, the later ones for longer."""
    ids = [str(FIRST + number) for number in range(COUNT)]
    for number, solution_id in enumerate(ids):
        assert server.post(webhook(solution_id, AT - number)).status == 200
    return ids


def test_a_column_says_how_many_there_are(server: Server, known: list[str]):
    """Its cards are those that wait for longest, with a link to all."""
    with Person(server).sign_in() as person:
        board = person.get("/").text

        assert CARD.findall(board) == known[::-1][:CARDS]
        assert f'Requested <span class="count">{COUNT}</span>' in board
        assert '<a href="/solutions?state=INITIATED">All 110</a>' in board


@pytest.mark.parametrize("database", [SQLITE, POSTGRESQL])
def test_a_place_that_cannot_be_is_none(serve: Serve, tmp_path: Path, database: str):
    """A link that was mangled, or a robot's, leads to the first page or to nothing: no fault, and no excuse."""
    engine = new_store(tmp_path, database)
    server = serve(DATABASE_URL=engine.url.set(drivername=database).render_as_string(hide_password=False))
    numbers = ("--5.1", "9" * 20 + ".1", "1." + "9" * 20)
    places = ('[99999999999999999999,"a","b"]', '["\\ud800","b"]', '["\\u0000","b"]')
    words = ("observations?app", "observations?solution", "receipts?app", "deliveries?target", "audit?who")
    link = Access(engine).new_link("ana", Role.ADMIN)
    with Person(server) as person:
        assert person.client.post(f"/sign-in/{link}").status_code == 303
        asked = [
            *[f"/inbox?after={one}" for one in numbers],
            *[f"/solutions?sort={sort}&after={quote(one)}" for one in places for sort in ("id", "oldest")],
            *[f"/{one}=%00" for one in words],
            "/deliveries/replay?look=1&solution=%00",
        ]
        answers = {path: person.get(path).status_code for path in asked}
        sent = {
            person.send("/deliveries/retry", {"target": "\0"}).status_code,
            person.send("/account/sign-out-somebody", {"who": "\0"}).status_code,
        }

    assert (set(answers.values()), sent) == ({200}, {303}), answers


@pytest.mark.parametrize(("sort", "falling"), [("oldest", True), ("newest", False), ("id", False)])
def test_pages_have_each_solution_once(sort: str, falling: bool, server: Server, known: list[str]):
    """In every order, from the first page to the last."""
    seen: list[str] = []
    path: str | None = f"/solutions?sort={sort}"
    with Person(server).sign_in() as person:
        while path:
            page = person.get(path).text
            found = ROW.findall(page)
            assert len(found) <= ROWS
            seen += found
            link = NEXT.search(page)
            path = unescape(link[1]) if link else None

    assert seen == (known[::-1] if falling else known)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "after",
    ["", "nonsense", "[]", "{}", "null", '["a"]', "[1,2,3]", '[1,"a","b","c"]', "[" * 400, "[true,1,2]", "9" * 900],
)
def test_places_that_make_no_sense(after: str, server: Server):
    """Somebody edits the URL: the first page is shown."""
    with Person(server).sign_in() as person:
        answer = person.get(f"/solutions?after={quote(after)}&sort=nonsense&state=x&odd=")

        assert answer.status_code == 200
        assert len(ROW.findall(answer.text)) == ROWS


@pytest.mark.usefixtures("known")
def test_what_is_not_there(server: Server):
    """No such solution, app or action."""
    with Person(server).sign_in() as person:
        for path in (
            "/solutions/default/1",
            f"/solutions/other/{FIRST}",
            f"/solutions/default/{FIRST}/explode",
            "/solutions/%00/1",
        ):
            assert person.get(path).status_code == 404
        assert "No solution fits" in person.get("/?app=%00x&text=%00").text
        assert person.get(f"/find?text={FIRST}").headers["location"] == f"/solutions/default/{FIRST}"
        assert person.get("/find?text=7744854").headers["location"] == "/solutions?text=7744854"
