"""`partnerhook graph list | show`: what Meta says now, not what the registry has."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter

from partnerhook import bootstrap
from partnerhook.cli.graph_app import AppName, GraphApp, SolutionId, graph_app
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import Column, Kind, show_attributes, show_document, show_list
from partnerhook.core.graph_readings import AppReference, GraphReading
from partnerhook.core.timeline import clock
from partnerhook.services import views

app = App(
    name="graph",
    help="""Look at solutions in the Graph API: what Meta says now. Needs an app id and an access token.

    `partnerhook solutions` shows what the registry has; `partnerhook reconcile` compares the two.

    Example: `partnerhook graph list --role partner`
    """,
)

READINGS: Final = Kind[GraphReading](
    views.reading,
    [
        Column("Solution", lambda one: one.solution_id, 16),
        Column("Status", lambda one: one.status, 11),
        Column("Pending", lambda one: "" if one.pending == "NONE" else one.pending, 20),
        Column("Owner app", lambda one: one.owner_app.id if one.owner_app else "", 16, spare=2),
        Column("Partner app", lambda one: ",".join(part.app.id for part in one.partners if part.app), 16, spare=3),
        Column("Name", lambda one: one.name, spare=1),
    ],
)


@app.command(name="list")
def list_(
    *,
    role: Annotated[
        Literal["owner", "partner"] | None, Parameter(help="Only solutions in which the app has this role.")
    ] = None,
    app: AppName = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """List the solutions of an app, all pages of them.

    Example: `partnerhook graph list --format json`
    """
    chosen = graph_app(app, config_file)
    found = asyncio.run(_listed(chosen, role))
    show_list(found, READINGS, output, if_empty=f"The Graph API lists no solution for app {chosen.name}.")


@app.command
def show(
    solution_id: SolutionId, /, *, app: AppName = None, config_file: ConfigFile = None, output: Format = "text"
) -> None:
    """Show one solution with its apps, permissions and partners.

    Example: `partnerhook graph show 774485461512159`
    """
    reading = asyncio.run(_asked(graph_app(app, config_file), solution_id))
    if output == "json":
        show_document(views.reading(reading))
    else:
        show_attributes(attributes(reading))


async def _listed(chosen: GraphApp, role: Literal["owner", "partner"] | None) -> list[GraphReading]:
    async with bootstrap.graph_client(chosen.settings, chosen.name) as graph:
        pages = graph.solution_pages(chosen.app_id, bootstrap.graph_role(role), detailed=True)
        return [reading async for page in pages for reading in page.readings]


async def _asked(chosen: GraphApp, solution_id: str) -> GraphReading:
    async with bootstrap.graph_client(chosen.settings, chosen.name) as graph:
        return await graph.solution(solution_id)


def attributes(one: GraphReading) -> list[tuple[str, str]]:
    """A solution, a line for each of its attributes."""
    told = [
        ("Solution", one.solution_id),
        ("Name", one.name),
        ("Status", one.status),
        ("Pending", one.pending),
        ("Owner app", named(one.owner_app)),
        ("Owner may", ", ".join(one.owner_permissions)),
    ]
    for partner in one.partners:
        told += [
            ("Partner app", named(partner.app)),
            ("Partner status", partner.status),
            ("Partner may", ", ".join(partner.permissions)),
        ]
    return [*told, ("Read at", clock(one.read_at))]


def named(app_: AppReference | None) -> str:
    """An app in one line."""
    return f"{app_.id} {app_.name}".strip() if app_ else ""
