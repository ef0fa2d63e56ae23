"""Change something at Meta, through the Graph API: written down before, refused by nobody but Meta.

What comes of it is not put into the registry here: Meta's webhook tells it, as it tells everybody, and reconciliation
where that is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Literal, NamedTuple

from partnerhook.core.access import Actor
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.core.graph_readings import GraphReading
from partnerhook.core.possible import Action
from partnerhook.graph import Graph
from partnerhook.services.audit import Audit

MESSAGING: Final = ["MESSAGING"]


class ActingApp(NamedTuple):
    """A configured app that can ask the Graph API."""

    app_id: str
    open_graph: Callable[[], AbstractAsyncContextManager[Graph]]


class Proposal(NamedTuple):
    """A solution that is proposed to another app."""

    name: str
    """2 to 75 characters."""
    partner_app_id: str
    messaging: Literal["owner", "partner"]
    """Who may send messages for the customers: one of the two."""


class Done(NamedTuple):
    """What the Graph API told before and after. `before` is None where there was nothing."""

    before: GraphReading | None
    after: GraphReading


class Acts:
    """What people and scripts do to solutions. Raises GraphError, ConfigurationInvalid, StoreUnavailable."""

    def __init__(self, audit: Audit, apps: Callable[[], Mapping[str, ActingApp]]) -> None:
        """`apps`: those that can ask the Graph API, by name, as the configuration is now."""
        self._audit = audit
        self._apps = apps

    async def perform(self, actor: Actor, app: str, solution_id: str, action: Action) -> Done:
        """Do it, and look what came of it."""
        acting = self._app(app)
        async with acting.open_graph() as graph:
            async with self._audit.doing_async(actor, f"solution.{action}", f"{app}/{solution_id}"):
                before = await graph.solution(solution_id)
                await carry_out(graph, action, before)
            return Done(before, await graph.solution(solution_id))

    async def propose(self, actor: Actor, app: str, proposal: Proposal) -> Done:
        """Ask another app for a new solution; the request is sent at once."""
        acting = self._app(app)
        written_down = self._audit.doing_async(actor, "solution.propose", app, **proposal._asdict())
        async with written_down, acting.open_graph() as graph:
            return Done(None, await send_proposal(graph, acting.app_id, proposal))

    def _app(self, app: str) -> ActingApp:
        found = self._apps().get(app)
        if found is None:
            raise ConfigurationInvalid(f"App {app} has no app_id and access_token, and cannot ask the Graph API.")
        return found


async def carry_out(graph: Graph, action: Action, reading: GraphReading) -> None:
    """Do it to the solution that was read."""
    # v23.0 of the Graph API wants to be told who the partner is; later versions pass over it.
    partner_app_id = next((partner.app.id for partner in reading.partners if partner.app), None)
    match action:
        case Action.ACCEPT:
            await graph.accept(reading.solution_id, partner_app_id=partner_app_id)
        case Action.REJECT:
            await graph.reject(reading.solution_id, partner_app_id=partner_app_id)
        case Action.REQUEST_DEACTIVATION:
            await graph.request_deactivation(reading.solution_id)
        case Action.ACCEPT_DEACTIVATION:
            await graph.accept_deactivation(reading.solution_id)
        case Action.REJECT_DEACTIVATION:
            await graph.reject_deactivation(reading.solution_id)


async def send_proposal(graph: Graph, app_id: str, proposal: Proposal) -> GraphReading:
    """Send it, and read what was made."""
    owners, partners = (MESSAGING, []) if proposal.messaging == "owner" else ([], MESSAGING)
    solution_id = await graph.create(
        app_id,
        name=proposal.name,
        partner_app_id=proposal.partner_app_id,
        owner_permissions=owners,
        partner_permissions=partners,
    )
    return await graph.solution(solution_id)
