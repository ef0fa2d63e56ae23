"""`partnerhook solutions create | accept | reject | request-deactivation | accept-deactivation | reject-deactivation`.

They change something at Meta, so they show what it is about and ask first.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from cyclopts import Parameter

from partnerhook import bootstrap
from partnerhook.cli.agreement import agreed
from partnerhook.cli.audited import audited_at_meta
from partnerhook.cli.graph import attributes
from partnerhook.cli.graph_app import AppName, GraphApp, SolutionId, graph_app
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import note, put, show_attributes, show_document
from partnerhook.cli.trigger import check_digits
from partnerhook.core.possible import Action
from partnerhook.services import views

if TYPE_CHECKING:
    from partnerhook.core.graph_readings import GraphReading
    from partnerhook.services.act import Proposal


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What all of them have in common."""

    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative=(), help="Do not ask before acting.")] = False
    dry_run: Annotated[bool, Parameter(negative=(), help="Show what would be done, and do nothing.")] = False
    app: AppName = None
    config_file: ConfigFile = None
    output: Format = "text"


AS_USUAL: Final = Options()


def create(
    name: Annotated[str, Parameter(help="What it is called: 2 to 75 characters.", show_default=False)],
    /,
    *,
    partner_app_id: Annotated[str, Parameter(validator=check_digits, help="The id of the app that is invited.")],
    messaging: Annotated[
        Literal["owner", "partner"], Parameter(help="Who may send messages for the customers: one of the two.")
    ] = "owner",
    options: Options = AS_USUAL,
) -> None:
    """Propose a solution to another app: the request is sent at once. Asks first.

    Example: `partnerhook solutions create "Ours" --partner-app-id 637576208107267`
    """
    chosen = graph_app(options.app, options.config_file)
    asked = {"name": name, "owner_app_id": chosen.app_id, "partner_app_id": partner_app_id, "messaging": messaging}
    if options.output == "text":
        note(f"App {chosen.app_id} proposes {name!r} to app {partner_app_id}; the {messaging} may send messages.")
    if options.dry_run or not agreed("Send the request?", yes=options.yes):
        _not_done(asked, options)
        return
    from partnerhook.services.act import Proposal

    proposal = Proposal(name, partner_app_id, messaging)
    with audited_at_meta(chosen.settings, options.output, "solution.propose", chosen.name, **proposal._asdict()):
        created = asyncio.run(_create(chosen, proposal))
    if options.output == "json":
        show_document({"done": True, **asked, "solution_id": created.solution_id, "after": views.reading(created)})
    else:
        put(f"Solution {created.solution_id} is {created.reported_status}.")


async def _create(chosen: GraphApp, proposal: Proposal) -> GraphReading:
    from partnerhook.services.act import send_proposal

    async with bootstrap.graph_client(chosen.settings, chosen.name) as graph:
        return await send_proposal(graph, chosen.app_id, proposal)


def accept(solution_id: SolutionId, /, *, options: Options = AS_USUAL) -> None:
    """Accept a request, as the invited partner. It cannot be declined afterwards. Asks first.

    Example: `partnerhook solutions accept 774485461512159`
    """
    asyncio.run(_act(Action.ACCEPT, solution_id, options))


def reject(solution_id: SolutionId, /, *, options: Options = AS_USUAL) -> None:
    """Reject a request, as the invited partner, for good. Asks first.

    Example: `partnerhook solutions reject 774485461512159 --yes`
    """
    asyncio.run(_act(Action.REJECT, solution_id, options))


def request_deactivation(solution_id: SolutionId, /, *, options: Options = AS_USUAL) -> None:
    """Ask the other party to end an active solution. It stays usable until they agree. Asks first.

    Example: `partnerhook solutions request-deactivation 774485461512159 --dry-run`
    """
    asyncio.run(_act(Action.REQUEST_DEACTIVATION, solution_id, options))


def accept_deactivation(solution_id: SolutionId, /, *, options: Options = AS_USUAL) -> None:
    """End a solution, as the other party asked: no customer can be onboarded any more. Asks first.

    Example: `partnerhook solutions accept-deactivation 774485461512159`
    """
    asyncio.run(_act(Action.ACCEPT_DEACTIVATION, solution_id, options))


def reject_deactivation(solution_id: SolutionId, /, *, options: Options = AS_USUAL) -> None:
    """Keep a solution active although the other party asked to end it. Asks first.

    Example: `partnerhook solutions reject-deactivation 774485461512159`
    """
    asyncio.run(_act(Action.REJECT_DEACTIVATION, solution_id, options))


ACTIONS: Final = (create, accept, reject, request_deactivation, accept_deactivation, reject_deactivation)
"""What `cli/solutions` adds to its family."""


async def _act(action: Action, solution_id: str, options: Options) -> None:
    from partnerhook.services.act import carry_out

    chosen = graph_app(options.app, options.config_file)
    words = action.words
    async with bootstrap.graph_client(chosen.settings, chosen.name) as graph:
        before = await graph.solution(solution_id)
        if options.output == "text":
            show_attributes(attributes(before))
        told = {"action": words, "solution_id": solution_id, "before": views.reading(before)}
        if options.dry_run or not agreed(f"{words.capitalize()}?", yes=options.yes):
            _not_done(told, options)
            return
        subject = f"{chosen.name}/{solution_id}"
        with audited_at_meta(chosen.settings, options.output, f"solution.{action}", subject):
            await carry_out(graph, action, before)
        after = await graph.solution(solution_id)
    if options.output == "json":
        show_document({"done": True, **told, "after": views.reading(after)})
    else:
        put(f"Solution {solution_id} was {before.reported_status}, and is {after.reported_status}.")


def _not_done(told: dict[str, Any], options: Options) -> None:
    if options.output == "json":
        show_document({"done": False, **told})
    else:
        note("Nothing was done.")
