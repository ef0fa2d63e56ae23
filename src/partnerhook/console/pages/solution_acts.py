"""Acting on a solution: a page that asks, and the form that does it at Meta."""

from __future__ import annotations

from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.forms import read_form, visitor_of
from partnerhook.console.frame import Frame
from partnerhook.console.places import solution_path
from partnerhook.console.story import story_of
from partnerhook.console.telling import name_of, role_of
from partnerhook.core.access import Role
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.possible import Action, Possible, possible
from partnerhook.services.aside import aside
from partnerhook.services.query import Story


class Asked(NamedTuple):
    """How an action is offered and asked about."""

    label: str
    question: str
    """`{}` is the solution's name."""
    effect: str
    weight: str
    """`main`: what moves the story on; `stop`: what ends something; empty for the rest."""


ACTIONS: Final = {
    Action.ACCEPT: Asked(
        "Accept",
        "Accept {}?",
        "The solution becomes active, and customers can be onboarded through it. An acceptance cannot be taken back:"
        " a solution ends by a deactivation that both sides agree to.",
        "main",
    ),
    Action.REJECT: Asked(
        "Reject",
        "Reject {}?",
        "The solution ends before it began. This cannot be taken back: the other side would have to propose a new one.",
        "stop",
    ),
    Action.REQUEST_DEACTIVATION: Asked(
        "Request deactivation",
        "Ask for the end of {}?",
        "The other side is asked to end the solution. It goes on working until they accept.",
        "stop",
    ),
    Action.ACCEPT_DEACTIVATION: Asked(
        "Accept the deactivation",
        "End {}?",
        "The solution ends, for both sides, and no customer can be onboarded through it any more. This cannot be"
        " taken back. Meta wants invoices settled and campaigns finished before.",
        "stop",
    ),
    Action.REJECT_DEACTIVATION: Asked(
        "Decline, keep it active",
        "Keep {} active?",
        "The request to end the solution is declined; it goes on as before.",
        "main",
    ),
}


def routes(frame: Frame) -> list[Route]:
    """GET and POST /solutions/APP/ID/ACTION."""
    management = frame.management

    async def ask(request: Request) -> Response:
        if not visitor_of(request).may(Role.OPERATOR):
            raise HTTPException(403, f"This needs the role {Role.OPERATOR}.")
        story, action = await _asked(request)
        may = _judged(story, action)
        context = {
            "solution": story.solution,
            "facts": story.graph,
            "action": action,
            "asked": ACTIONS[action],
            "may": may,
        }
        return frame.page(request, "solution_act.html", context)

    async def act(request: Request) -> Response:
        await read_form(request, Role.OPERATOR)
        story, action = await _asked(request)
        solution, may = story.solution, _judged(story, action)
        place = solution_path(solution.app, solution.solution_id)
        if not may.allowed:
            return frame.lead_to(place, f"Not done: {may.reason}", good=False)
        actor = visitor_of(request).actor
        try:
            done = await management.acts.perform(actor, solution.app, solution.solution_id, action)
        except PartnerhookError as problem:
            return frame.lead_to(place, f"Not done: {problem}", good=False)
        name = name_of(solution, story.graph)
        told = f"Meta says {done.after.reported_status}; its webhook follows."
        note = f"{ACTIONS[action].label}: done, {name}. {told}"
        return frame.lead_to(place, note)

    async def _asked(request: Request) -> tuple[Story, Action]:
        params = request.path_params
        if params["action"] not in set(Action):
            raise HTTPException(404, "There is no such page.")
        story = await aside(story_of, management.queries, params["app"], params["solution_id"])
        return story, Action(params["action"])

    path = "/solutions/{app}/{solution_id}/{action}"
    return [Route(path, ask, methods=["GET"]), Route(path, act, methods=["POST"])]


def _judged(story: Story, action: Action) -> Possible:
    return next(one for one in possible(story.solution, role_of(story.graph)) if one.action is action)
