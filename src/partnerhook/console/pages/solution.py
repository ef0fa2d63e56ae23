"""One solution: where it stands, how it came there, who was told, whom it serves, what can be done now."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console import diagram, signup, story
from partnerhook.console.customers import NEW_IN_A_WEEK_MAX, customers_of
from partnerhook.console.frame import Frame
from partnerhook.console.pages.solution_acts import ACTIONS
from partnerhook.console.telling import role_of
from partnerhook.core.lifecycle import Solution
from partnerhook.core.notice_documents import AnyNotice
from partnerhook.core.possible import Action, possible
from partnerhook.core.transitions import Party
from partnerhook.services.aside import aside
from partnerhook.services.audit import AuditEntry, AuditFilter
from partnerhook.services.management import Management
from partnerhook.services.outbox import DeliveryFilter, Listed, NoticeFilter
from partnerhook.services.query import Story

MOMENTS: Final = 50
NOTICES: Final = 20
DELIVERIES_MAX: Final = 200
DEEDS_MAX: Final = 100
CUSTOMERS: Final = 20


class Told(NamedTuple):
    """A notice, and what became of it."""

    id: int
    notice: AnyNotice
    deliveries: list[Listed]


class Known(NamedTuple):
    """Everything that the page tells of."""

    story: Story
    deeds: list[AuditEntry]
    told: list[Told]


def routes(frame: Frame) -> list[Route]:
    """GET /solutions/APP/ID."""
    management = frame.management

    async def show(request: Request) -> Response:
        app, solution_id = request.path_params["app"], request.path_params["solution_id"]
        known = await aside(look_up, management, app, solution_id)
        return frame.page(request, "solution.html", _context(known, management, request, frame.now()))

    return [Route("/solutions/{app}/{solution_id}", show, methods=["GET"])]


def look_up(management: Management, app: str, solution_id: str) -> Known:
    """All that is known of a solution. Raises HTTPException where nothing is."""
    found = story.story_of(management.queries, app, solution_id)
    deeds = management.audit.page(AuditFilter(subject=f"{app}/{solution_id}"), limit=DEEDS_MAX)
    return Known(found, deeds, _told(management, app, solution_id))


def _told(management: Management, app: str, solution_id: str) -> list[Told]:
    wanted = NoticeFilter(app=app, solution_id=solution_id)
    notices = management.outbox.notices_page(wanted, before_id=None, limit=NOTICES)
    about = DeliveryFilter(notice_ids=tuple(notice_id for notice_id, _ in notices))
    deliveries = management.outbox.deliveries_page(about, before_id=None, limit=DELIVERIES_MAX) if notices else []
    return [
        Told(notice_id, notice, [one for one in deliveries if one.notice_id == notice_id])
        for notice_id, notice in notices
    ]


def _context(known: Known, management: Management, request: Request, now: int) -> dict[str, Any]:
    solution, facts = known.story.solution, known.story.graph
    moments = story.moments(known.story.timeline, known.deeds)
    steps = diagram.steps_of(known.story.timeline)
    first = _number(request.query_params.get("older", ""), len(moments))
    customers = customers_of(known.story.customers, now)
    return {
        "solution": solution,
        "facts": facts,
        "role": role_of(facts),
        "possible": [(one, ACTIONS[one.action]) for one in possible(solution, role_of(facts))],
        "not_known_who": _if_our_side_were_known(solution) if role_of(facts) is None else set(),
        "diagram": diagram.draw(steps, solution.could_be),
        "way": diagram.way(steps),
        "moments": moments[first : first + MOMENTS],
        "older": first + MOMENTS if first + MOMENTS < len(moments) else 0,
        "first": first,
        "told": known.told,
        "customers": customers,
        "customers_shown": customers.all[:CUSTOMERS],
        "new_max": NEW_IN_A_WEEK_MAX,
        "snippet": signup.snippet(solution.solution_id, _app_id(management, solution.app)) if solution.usable else "",
    }


def _if_our_side_were_known(solution: Solution) -> set[Action]:
    """What the owner or the partner could do now."""
    return {one.action for side in Party for one in possible(solution, side) if one.allowed}


def _app_id(management: Management, app: str) -> str:
    return next((one.app_id for one in management.apps() if one.name == app), "")


def _number(text: str, most: int) -> int:
    """A number in a URL; 0 where it is none, or too large."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) < most else 0
