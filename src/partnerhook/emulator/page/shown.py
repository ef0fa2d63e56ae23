"""What there is to see: the box as the templates take it, all of it bounded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from partnerhook.core.names import Pending
from partnerhook.core.timeline import clock as said
from partnerhook.emulator.box import Box
from partnerhook.emulator.courier import Attempt
from partnerhook.emulator.page.words import BUTTONS, Badge, Button, badge
from partnerhook.emulator.world import App, Customer, Portfolio, Solution

SOLUTIONS_SHOWN: Final = 50
CUSTOMERS_SHOWN: Final = 20
DELIVERIES_SHOWN: Final = 30
CHANGES_SHOWN: Final = 5
BODY_CHARS_SHOWN: Final = 20_000
"""A page that is drawn every second stays small, whatever a script does to the box meanwhile."""


CustomersBySolution = dict[str, list[Customer]]


class SolutionShown(NamedTuple):
    """A solution, as one of its parties sees it."""

    solution: Solution
    badge: Badge
    owned: bool
    other: App
    """The other party's app."""
    buttons: list[tuple[str, Button]]
    """The action, in the lifecycle's words, and how it is offered."""
    may_rename: bool
    hint: str
    """Whose turn it is, where it is not this party's."""
    may_onboard: bool
    customers: list[Customer]
    customers_more: int
    changed_at: str


class AppShown(NamedTuple):
    """An app with everything around it."""

    app: App
    others: list[App]
    """Whom it can propose a solution to."""
    solutions: list[SolutionShown]
    solutions_more: int


class Party(NamedTuple):
    """A portfolio with its apps: a column."""

    portfolio: Portfolio
    apps: list[AppShown]


class ChangeShown(NamedTuple):
    """One change of a delivery, in Meta's words."""

    event: str
    status: str
    about: str
    """The solution's name, where it is known."""


class DeliveryShown(NamedTuple):
    """One attempt to deliver."""

    attempt: Attempt
    key: str
    """Tells it apart from all others, on every page: by it the browser knows which ones are open."""
    at: str
    app_name: str
    changes: list[ChangeShown]
    changes_more: int
    body: str
    body_more: int


def parties(box: Box) -> list[Party]:
    """Every portfolio that has an app. Customers' portfolios have none."""
    customers: CustomersBySolution = {}
    for customer in box.world.customers.values():
        customers.setdefault(customer.solution_id, []).append(customer)
    return [
        Party(portfolio, [_app(app, box, customers) for app in apps])
        for portfolio in box.world.portfolios.values()
        if (apps := box.world.apps_of(portfolio.id))
    ]


def _app(app: App, box: Box, customers: CustomersBySolution) -> AppShown:
    world = box.world
    mine = world.solutions_of(app.id)
    newest = [_solution(one, app, box, customers.get(one.id, [])) for one in islice(reversed(mine), SOLUTIONS_SHOWN)]
    others = [other for other in world.apps.values() if other.id != app.id]
    return AppShown(app, others, newest, max(len(mine) - SOLUTIONS_SHOWN, 0))


def _solution(one: Solution, app: App, box: Box, customers: list[Customer]) -> SolutionShown:
    owner, partner = box.world.parties(one)
    other = partner if app.id == owner.id else owner
    may = box.allowed(one, app)
    return SolutionShown(
        solution=one,
        badge=badge(one.state),
        owned=app.id == owner.id,
        other=other,
        buttons=[(action, BUTTONS[action]) for action in may if action in BUTTONS],
        may_rename="rename" in may,
        hint=_hint(one, may, box.allowed(one, other), other),
        may_onboard=one.state.usable,
        customers=customers[:CUSTOMERS_SHOWN],
        customers_more=max(len(customers) - CUSTOMERS_SHOWN, 0),
        changed_at=_time(one.changed_at),
    )


def _hint(one: Solution, may: list[str], other_may: list[str], other: App) -> str:
    if not BUTTONS.keys() & {*may, *other_may}:
        return "Nothing more can be done."
    if one.state.pending is not Pending.NONE and BUTTONS.keys() & {*other_may} - {*may}:
        return f"It is {other.name}'s turn."
    return ""


def deliveries(box: Box) -> list[DeliveryShown]:
    """The newest attempts, newest first."""
    return [_delivery(one, box) for one in islice(reversed(box.courier.attempts), DELIVERIES_SHOWN)]


def _delivery(one: Attempt, box: Box) -> DeliveryShown:
    app = box.world.apps.get(one.app_id)
    body = one.body.decode("utf-8", "replace")
    return DeliveryShown(
        attempt=one,
        key=f"delivery-{one.parcel_id}-{one.number}-{int(one.at)}",
        at=_time(one.at),
        app_name=app.name if app else one.app_id,
        changes=list(islice(_changes(one, box), CHANGES_SHOWN)),
        changes_more=max(one.changes - CHANGES_SHOWN, 0),
        body=body[:BODY_CHARS_SHOWN],
        body_more=max(len(body) - BODY_CHARS_SHOWN, 0),
    )


def _changes(one: Attempt, box: Box) -> Iterator[ChangeShown]:
    for entry in json.loads(one.body)["entry"]:
        for field in entry.get("changed_fields", []):
            yield ChangeShown(field, "", "")
        for change in entry.get("changes", []):
            value: dict[str, Any] = change["value"]
            solution_id = value.get("solution_id") or value.get("waba_info", {}).get("solution_id", "")
            solution = box.world.solutions.get(solution_id)
            yield ChangeShown(
                value.get("event", change["field"]), value.get("solution_status", ""), solution.name if solution else ""
            )


class ClockShown(NamedTuple):
    """The emulated clock, and what waits for it."""

    now: str
    speed: str
    waiting: int
    """Changes that are still to be delivered."""
    next_due: str
    given_up: int
    dropped: int


def clock(box: Box) -> ClockShown:
    """What time it is, by Meta's clock."""
    outbox, due = box.outbox, box.outbox.next_due()
    return ClockShown(
        now=_time(box.now()),
        speed=f"{box.clock.speed:g}",
        waiting=sum(len(parcel.changes) for parcel in outbox.parcels),
        next_due="" if due is None else _time(due),
        given_up=outbox.given_up,
        dropped=outbox.dropped,
    )


def _time(at: float) -> str:
    """RFC 3339 in UTC, spaced for people."""
    return said(int(at)).replace("T", " ").removesuffix("Z")
