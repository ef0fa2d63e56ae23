"""The inbox: what waits for whom, what is odd, what was not understood or not delivered, each with the next step."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from backstage import Backstage, backstage
from people import Person

from partnerhook.core.access import Role
from partnerhook.core.graph_readings import GraphReading
from partnerhook.graph import Role as Side
from partnerhook.services.judge import Readings, settle
from partnerhook.services.notify import NOBODY
from stores import writing

DAY_S = 86_400
NOW = int(time.time())


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    """One of its own for each test."""
    with backstage(tmp_path_factory.mktemp("stage"), OVERDUE_AFTER_S=DAY_S) as one:
        yield one


@pytest.fixture
def ana(stage: Backstage) -> Iterator[Person]:
    """An operator."""
    with Person(stage.server) as person:
        yield person.sign_in(Role.OPERATOR)


def read(stage: Backstage, side: Side, *ids: str) -> None:
    """The Graph API tells which side we are."""
    readings = [GraphReading(one, "INITIATED", "NONE", NOW, NOW * 10**6, name=f"Name of {one}") for one in ids]
    with writing(stage.engine) as conn:
        settle(conn, Readings("default", "1", side, readings), NOBODY)


def entries(text: str) -> list[str]:
    """What each entry of the inbox says."""
    return [
        " ".join(re.sub(r"<[^>]+>", " ", one).split())
        for one in re.findall(r'<li class="card item".*?</li>', text, re.DOTALL)
    ]


def test_nothing_waits(ana: Person):
    """It says so."""
    assert "Nothing waits for you" in ana.get("/inbox").text


def test_whose_turn_it_is(stage: Backstage, ana: Person):
    """Ours and what nobody knows of, oldest first; the other side's only once it is overdue."""
    stage.hear("1", time=NOW - 600)
    stage.hear("2", time=NOW - 2 * DAY_S)
    stage.hear("3", time=NOW - 500)
    stage.hear("4", time=NOW - 3 * DAY_S)
    stage.hear("5", "ACTIVE", time=NOW - 9 * DAY_S)
    read(stage, Side.PARTNER, "1")
    read(stage, Side.OWNER, "3", "4")

    found = entries(ana.get("/inbox").text)

    assert [one.split(" Requested")[0] for one in found] == ["Name of 4", "2", "Name of 1"]
    assert "Their turn" in found[0]
    assert "Overdue" in found[0]
    assert "Whose turn is not known" in found[1]
    assert "Your turn" in found[2]
    assert "Overdue" not in found[2]


def test_thousands_are_paged(stage: Backstage, ana: Person):
    """Each is on exactly one page, oldest first."""
    for number in range(60):
        stage.hear(str(100 + number), time=NOW - 10 * DAY_S + number % 7)
    seen = ana.leaf_through("/inbox", r'id="item-(\d+)"')

    assert len(seen) == len(set(seen)) == 60
    assert ana.get("/inbox?after=nonsense").status_code == 200


def test_what_is_odd(stage: Backstage, ana: Person):
    """With what is odd about it, and what settles that."""
    stage.hear("8", "LIMBO", time=NOW - 60)

    (found,) = entries(ana.get("/inbox?list=odd").text)

    assert "Meta sent a status word that is in none of its documents." in found


def test_what_was_not_delivered_or_understood(stage: Backstage, ana: Person):
    """The oldest few, and where the rest are."""
    stage.hear("9", "ACTIVE")
    dead = stage.dead()
    stage.hear_field("partner_solutions", "nonsense")

    text = ana.get("/inbox").text

    assert f'href="/deliveries/{dead.id}"' in text
    assert 'href="/deliveries/targets/billing"' in text
    assert 'href="/quarantine"' in text
    assert 'href="/receipts/2"' in text


def test_nobody_to_ask(stage: Backstage, ana: Person):
    """Without a token the Graph API cannot be asked, and that is said."""
    stage.hear("1")

    led = ana.send("/inbox/reconcile")

    assert "No app has an app_id and an access_token" in ana.get(led.headers["location"]).text
