"""Solutions: list, show, their history, customers and notices."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query

from partnerhook.api.keys import needs
from partnerhook.api.models.log import Notice
from partnerhook.api.models.solutions import Customer, Explanation, ListedSolution, ShownSolution, TimelineEntry
from partnerhook.api.paging import LIMIT, Cursor, Limit, Page, number_behind, page, place_behind
from partnerhook.api.parameters import PLAIN, TEXT_CHARS_MAX, Digits, Flag, OnlyApp, SolutionId, Text
from partnerhook.api.problems import Refusal, not_found
from partnerhook.api.routes.router import CONFLICT, NOT_FOUND, new_router
from partnerhook.core.access import Role
from partnerhook.core.names import Pending, Status
from partnerhook.core.possible import possible
from partnerhook.core.transitions import Party
from partnerhook.services import management_views, views
from partnerhook.services.management import Management
from partnerhook.services.outbox import NoticeFilter
from partnerhook.services.query import GraphFacts, Queries, SolutionFilter, SolutionSort, Story, place

ONE: dict[int | str, dict[str, Any]] = NOT_FOUND | CONFLICT

OfApp = Annotated[
    str | None,
    Query(max_length=TEXT_CHARS_MAX, pattern=PLAIN, description="The app that knows it; needed only where several do."),
]

PLACES: dict[SolutionSort, tuple[type[str | int], ...]] = {
    SolutionSort.ID: (str, str),
    SolutionSort.OLDEST: (int, str, str),
    SolutionSort.NEWEST: (int, str, str),
}


def routes(management: Management) -> APIRouter:
    """GET /solutions and what is below it."""
    router = new_router("solutions")
    queries = management.queries

    @router.get("/solutions", response_model=Page[ListedSolution], **needs(Role.VIEWER))
    def list_solutions(
        *,
        status: Status | None = None,
        pending: Pending | None = None,
        app: OnlyApp = None,
        portfolio_id: Digits = None,
        usable: Flag | None = None,
        anomalous: Flag | None = None,
        text: Annotated[Text, Query(description="The beginning of an id, or a part of a name.")] = None,
        sort: SolutionSort = SolutionSort.ID,
        limit: Limit = LIMIT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """List solutions.

        `sort`: `id`, by app and solution id; `oldest`, those first that have been in their state for longest;
        `newest`, those first that came to it last.
        """
        wanted = SolutionFilter(
            status=status,
            pending=pending,
            app=app,
            portfolio_id=portfolio_id,
            usable=usable,
            anomalous=anomalous,
            text=text,
        )
        after = place_behind(cursor, PLACES[sort])
        found = queries.solutions_page(wanted, sort=sort, after=after, limit=limit + 1)
        return page(found, limit, lambda one: place(one[0], sort), lambda one: views.told(*one))

    @router.get("/solutions/{solution_id:digits}", response_model=ShownSolution, responses=ONE, **needs(Role.VIEWER))
    def show_solution(solution_id: SolutionId, app: OfApp = None) -> dict[str, Any]:
        """Show a solution: its state, what the Graph API told of it, and what can be done with it now."""
        one = story_of(queries, solution_id, app)
        actions = possible(one.solution, party_of(one.graph))
        return management_views.shown(one.solution, one.graph, actions)

    @router.get(
        "/solutions/{solution_id:digits}/timeline",
        response_model=Page[TimelineEntry],
        responses=ONE,
        **needs(Role.VIEWER),
    )
    def show_timeline(
        solution_id: SolutionId, app: OfApp = None, limit: Limit = LIMIT, cursor: Cursor = None
    ) -> dict[str, Any]:
        """List everything that was heard of a solution, in the order of time, with what each did."""
        entries = story_of(queries, solution_id, app).timeline
        behind = place_behind(cursor, (str,))
        if behind is not None:
            # By what was said, not by how many came before: something late may take its place among these.
            keys = [one.observation.key for one in entries]
            entries = entries[keys.index(str(behind[0])) + 1 :] if behind[0] in keys else []
        return page(entries[: limit + 1], limit, lambda one: [one.observation.key], views.entry)

    @router.get(
        "/solutions/{solution_id:digits}/customers", response_model=Page[Customer], responses=ONE, **needs(Role.VIEWER)
    )
    def list_customers(
        solution_id: SolutionId, app: OfApp = None, limit: Limit = LIMIT, cursor: Cursor = None
    ) -> dict[str, Any]:
        """List the accounts of customers that were shared and unshared through a solution, oldest first."""
        first = number_behind(cursor) or 0
        found = list(enumerate(story_of(queries, solution_id, app).customers, 1))
        chosen = list(islice(found, first, first + limit + 1))
        return page(chosen, limit, lambda one: one[0], lambda one: views.customer(one[1]))

    @router.get(
        "/solutions/{solution_id:digits}/explanation", response_model=Explanation, responses=ONE, **needs(Role.VIEWER)
    )
    def explain_solution(solution_id: SolutionId, app: OfApp = None) -> dict[str, Any]:
        """Explain in sentences how a solution came to its state."""
        return management_views.explanation(story_of(queries, solution_id, app))

    @router.get(
        "/solutions/{solution_id:digits}/notices", response_model=Page[Notice], responses=ONE, **needs(Role.VIEWER)
    )
    def list_notices_of_solution(
        solution_id: SolutionId, app: OfApp = None, limit: Limit = LIMIT, cursor: Cursor = None
    ) -> dict[str, Any]:
        """List what was told of a solution, newest first."""
        wanted = NoticeFilter(app=app_of(queries, solution_id, app), solution_id=solution_id)
        found = management.outbox.notices_page(wanted, before_id=number_behind(cursor), limit=limit + 1)
        return page(found, limit, lambda one: one[0], lambda one: management_views.notice(*one))

    return router


def app_of(queries: Queries, solution_id: str, app: str | None) -> str:
    """The app that knows a solution. Raises Refusal: none does, or several do."""
    found = queries.find_solutions(solution_id, app)
    if not found:
        raise not_found(f"solution {solution_id}{f' of app {app}' if app is not None else ''}")
    if len(found) > 1:
        apps = ", ".join(one.app for one in found)
        raise Refusal(409, f"Solution {solution_id} is known to several apps ({apps}); name one: ?app=...")
    return found[0].app


def party_of(facts: GraphFacts | None) -> Party | None:
    """Our side of a solution; None: not known."""
    return Party(facts.role.lower()) if facts is not None and facts.role else None


def story_of(queries: Queries, solution_id: str, app: str | None) -> Story:
    """All there is to know of a solution. Raises Refusal."""
    found = queries.story(app_of(queries, solution_id, app), solution_id)
    if found is None:
        raise not_found(f"solution {solution_id}")
    return found
