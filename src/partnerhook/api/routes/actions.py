"""What is done to solutions at Meta, through the Graph API."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request

from partnerhook.api.keys import actor_of, needs
from partnerhook.api.models import solutions as models
from partnerhook.api.parameters import SolutionId
from partnerhook.api.problems import Refusal
from partnerhook.api.routes.router import CONFLICT, GRAPH, NOT_FOUND, WITH_BODY, new_router
from partnerhook.api.routes.solutions import OfApp, app_of
from partnerhook.core.access import Role
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.core.possible import Action
from partnerhook.services import management_views
from partnerhook.services.act import Proposal
from partnerhook.services.management import Management


def routes(management: Management) -> APIRouter:
    """POST /solutions, POST /solutions/{id}/actions/{action}."""
    router = new_router("actions")

    @router.post(
        "/solutions",
        response_model=models.ActionDone,
        responses=CONFLICT | WITH_BODY | GRAPH,
        **needs(Role.OPERATOR),
    )
    async def propose_solution(request: Request, proposal: models.Proposal) -> dict[str, Any]:
        """Propose a solution to another app: the request is sent at once.

        Not to be repeated blindly: each one makes another solution. Where the answer says that it may have been done
        nevertheless, look first.
        """
        asked = Proposal(proposal.name, proposal.partner_app_id, proposal.messaging)
        try:
            done = await management.acts.propose(actor_of(request), proposal.app, asked)
        except ConfigurationInvalid as problem:
            raise Refusal(409, str(problem)) from None
        return management_views.acted("propose", done)

    @router.post(
        "/solutions/{solution_id:digits}/actions/{action}",
        response_model=models.ActionDone,
        responses=NOT_FOUND | CONFLICT | GRAPH,
        **needs(Role.OPERATOR),
    )
    async def act_on_solution(
        request: Request, solution_id: SolutionId, action: Action, app: OfApp = None
    ) -> dict[str, Any]:
        """Accept, reject, request a deactivation, or answer one, at Meta.

        Meta decides whether it may be done; `actions` of the solution says what is expected. Done twice, the second
        one is refused by Meta, and changes nothing.
        """
        known_to = await asyncio.to_thread(app_of, management.queries, solution_id, app)
        try:
            done = await management.acts.perform(actor_of(request), known_to, solution_id, action)
        except ConfigurationInvalid as problem:
            raise Refusal(409, str(problem)) from None
        return management_views.acted(action, done)

    return router
