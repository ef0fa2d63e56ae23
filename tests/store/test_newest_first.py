"""Observations, receipts, notices and deliveries, newest first: each once, however pages are cut, whatever comes in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from partnerhook.core.compose import Update, compose
from partnerhook.core.delivery import Fate
from partnerhook.core.routing import ForwardRoute, Route
from partnerhook.services.notify import Routes
from partnerhook.services.outbox import DeliveryFilter, NoticeFilter, Outbox
from partnerhook.services.query import ObservationFilter, Queries, ReceiptFilter
from stores import arrive, deliver, new_store
from strategies import NOON_S

ROUTES = Routes((Route("crm"),), (ForwardRoute("inbox", bytes_max=10**9),))
APPS = ("default", "other")
SOLUTIONS = ("1", "2", "3")
WORDS = ("INITIATED", "ACTIVE")

Look = Callable[[int | None], Sequence[Any]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, database: str) -> Engine:
    """Three solutions in two apps, each with two steps; every other POST has something in quarantine."""
    engine = new_store(tmp_path_factory.mktemp("store"), database)
    hear(engine, NOON_S)
    return engine


def hear(engine: Engine, at: int) -> None:
    """Two steps of each solution in each app."""
    for step, word in enumerate(WORDS):
        for app in APPS:
            for solution_id in SOLUTIONS:
                updates = [Update("SOLUTION_UPDATED", solution_id, word)]
                if app == "other":
                    updates.append(Update("SOLUTION_UPDATED", "no id", word))
                deliver(engine, arrive(compose("5", at + step, updates), app=app), routes=ROUTES)


def read_all(look: Look, number: Callable[[Any], int]) -> list[Any]:
    """Page after page, newest first, until there is no more."""
    found: list[Any] = []
    while page := look(number(found[-1]) if found else None):
        found += page
        assert len(page) <= 2
    numbers = [number(one) for one in found]
    assert all(newer > older for newer, older in pairwise(numbers))
    return found


@pytest.mark.parametrize("app", [None, *APPS])
@pytest.mark.parametrize("solution_id", [None, "2", "unheard of"])
@pytest.mark.parametrize("since", [None, 1, 2**60])
def test_observations(engine: Engine, app: str | None, solution_id: str | None, since: int | None):
    """The same as oldest first, the other way round."""
    queries = Queries(engine)
    wanted = ObservationFilter(app=app, solution_id=solution_id, since=since)

    found = read_all(lambda before: queries.observations_page(wanted, before_id=before, limit=2), lambda one: one[0])

    assert found == list(queries.observations(wanted))[::-1]
    assert bool(found) == (solution_id != "unheard of" and since != 2**60)


@pytest.mark.parametrize("app", [None, *APPS])
@pytest.mark.parametrize("quarantined", [None, True, False])
def test_receipts(engine: Engine, app: str | None, quarantined: bool | None):
    """The same as oldest first, the other way round."""
    queries = Queries(engine)
    wanted = ReceiptFilter(app=app, quarantined=quarantined)

    found = read_all(
        lambda before: queries.receipts_page(wanted, before_id=before, limit=2), lambda one: one.receipt.id
    )

    assert found == list(queries.receipts(wanted))[::-1]
    assert bool(found) == ((app, quarantined) not in {("default", True), ("other", False)})


@pytest.mark.parametrize("app", [None, *APPS])
@pytest.mark.parametrize("solution_id", [None, "2", "unheard of"])
@pytest.mark.parametrize("kinds", [None, ("solution.activated",), ("solution.*",)])
def test_notices(engine: Engine, app: str | None, solution_id: str | None, kinds: tuple[str, ...] | None):
    """The same as oldest first, the other way round."""
    outbox = Outbox(engine)
    wanted = NoticeFilter(app=app, solution_id=solution_id, kinds=kinds)

    found = read_all(lambda before: outbox.notices_page(wanted, before_id=before, limit=2), lambda one: one[0])

    assert found == list(outbox.notices(wanted))[::-1]
    assert bool(found) == (solution_id != "unheard of")


@pytest.mark.parametrize("target", [None, "crm", "inbox", "nobody"])
@pytest.mark.parametrize("fate", [None, *Fate])
@pytest.mark.parametrize("solution_id", [None, "2"])
def test_deliveries(engine: Engine, target: str | None, fate: Fate | None, solution_id: str | None):
    """The same as oldest first, the other way round."""
    outbox = Outbox(engine)
    wanted = DeliveryFilter(target=target, fate=fate, solution_id=solution_id)

    found = read_all(lambda before: outbox.deliveries_page(wanted, before_id=before, limit=2), lambda one: one.id)

    assert found == list(outbox.find(wanted))[::-1]
    waits = fate in {None, Fate.WAITING} and (target in {None, "crm"} or (target == "inbox" and solution_id is None))
    assert bool(found) == waits


def test_what_comes_in_meanwhile_is_on_no_later_page(tmp_path: Path, database: str):
    """The next page goes on where the last one ended."""
    engine = new_store(tmp_path, database)
    hear(engine, NOON_S)
    queries = Queries(engine)
    begun = queries.observations_page(ObservationFilter(), before_id=None, limit=5)

    hear(engine, NOON_S + 10)
    rest = queries.observations_page(ObservationFilter(), before_id=begun[-1][0], limit=100)

    assert [row_id for row_id, _ in begun + rest] == list(range(12, 0, -1))
