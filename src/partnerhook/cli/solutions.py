"""`partnerhook solutions list | show | explain`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from cyclopts import App, Parameter, Token

from partnerhook import bootstrap, config
from partnerhook.cli.graph import named
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import Column, Kind, put, show_attributes, show_document, show_items, show_list
from partnerhook.cli.solution_actions import ACTIONS
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import MEANING_OF_FLAG, Pending, Status
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.timeline import Entry, clock, say, sentence
from partnerhook.services import management_views, views

if TYPE_CHECKING:
    from partnerhook.services.query import CustomerEvent, GraphFacts, Story

app = App(
    name="solutions",
    help="""List solutions, show one, explain how it came to its state; or act on one through the Graph API.

    Example: `partnerhook solutions list --usable`
    """,
)

Word = TypeVar("Word", Status, Pending)


def _word(kind: type[Word], _hint: Any, tokens: Sequence[Token]) -> Word:
    """One of Meta's words, in any case."""
    try:
        return kind(tokens[0].value.upper().replace("-", "_"))
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is none of {', '.join(kind)}") from None


SolutionId = Annotated[str, Parameter(help="The solution's id, as Meta has it.", show_default=False)]
OnlyApp = Annotated[str | None, Parameter(name="--app", help="Only what this Meta app heard, by its name here.")]

SOLUTIONS: Final = Kind[Solution](
    views.solution,
    [
        Column("App", lambda one: one.app, 7, spare=3),
        Column("Solution", lambda one: one.solution_id, 16),
        Column("Status", lambda one: one.status, 11),
        Column("Pending", lambda one: "" if one.pending is Pending.NONE else one.pending, 20),
        Column("Usable", lambda one: "usable" if one.usable else "", 6),
        Column("Since", lambda one: clock(one.since), 20),
        Column("Last heard", lambda one: clock(one.last_seen // MICROSECONDS), 20, spare=2),
        Column("Portfolio", lambda one: one.portfolio_id, 16, spare=4),
        Column("Anomalies", lambda one: ",".join(one.anomalies), 1, spare=1),
        Column("Meta's word", lambda one: one.reported_status, spare=5),
    ],
)
TIMELINE: Final = Kind[Entry](
    views.entry,
    [
        Column("Time", lambda one: clock(one.observation.at), 20),
        Column("Source", lambda one: one.observation.source, 7, spare=5),
        Column("Effect", lambda one: one.effect, 10),
        Column("Before", lambda one: say(one.before) if one.before else "", 18),
        Column("After", lambda one: say(one.after) if one.after else "", 18),
        Column("Repeats", lambda one: str(one.observation.repeats or ""), 2, spare=2),
        Column("Flags", lambda one: ",".join(one.flags), 1, spare=1),
        Column("Event", lambda one: one.observation.event, 16, spare=4),
        Column("Meta's word", lambda one: one.observation.reported_status, spare=3),
    ],
)
CUSTOMERS: Final[Kind[CustomerEvent]] = Kind(
    views.customer,
    [
        Column("Received", lambda one: clock(one.received_at // MICROSECONDS), 20, spare=2),
        Column("Event", lambda one: one.event, 15),
        Column("Account (WABA)", lambda one: one.waba_id, 16),
        Column("Owner", lambda one: one.owner_business_id, 16),
        Column("Partner app", lambda one: one.partner_app_id, 16, spare=3),
        Column("Partners", lambda one: ",".join(one.solution_partner_business_ids), spare=1),
    ],
)


for action in ACTIONS:
    app.command(action)


@app.command(name="list")
def list_(
    *,
    status: Annotated[
        Status | None,
        Parameter(
            converter=partial(_word, Status),
            show_choices=False,
            help="Only this status: DRAFT, INITIATED, ACTIVE, REJECTED, DEACTIVATED or UNKNOWN.",
        ),
    ] = None,
    pending: Annotated[
        Pending | None,
        Parameter(
            converter=partial(_word, Pending),
            show_choices=False,
            help="Only where this waits for an answer: NONE, PENDING_ACTIVATION or PENDING_DEACTIVATION.",
        ),
    ] = None,
    only_app: OnlyApp = None,
    portfolio: Annotated[str | None, Parameter(help="Only those of this business portfolio (its id).")] = None,
    usable: Annotated[bool | None, Parameter(help="Only those that customers can be onboarded with now.")] = None,
    anomalous: Annotated[bool | None, Parameter(help="Only those with something odd about their state.")] = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """List the solutions and the state of each, all that fit, by app and id.

    Example: `partnerhook solutions list --status active --no-usable --format json`
    """
    from partnerhook.services.query import SolutionFilter

    wanted = SolutionFilter(
        status=status, pending=pending, app=only_app, portfolio_id=portfolio, usable=usable, anomalous=anomalous
    )
    queries = bootstrap.queries(config.load(config_file))
    found = queries.list_solutions(wanted)
    kind = (
        SOLUTIONS if output == "text" else replace(SOLUTIONS, view=partial(views.listed, facts=queries.graph_facts()))
    )
    hint = (
        "No solution yet. `partnerhook serve` receives Meta's webhooks, `partnerhook trigger` sends one to try."
        if wanted == SolutionFilter()
        else "No solution fits. `partnerhook solutions list` shows all."
    )
    show_list(found, kind, output, if_empty=hint)


@app.command
def show(
    solution_id: SolutionId, *, only_app: OnlyApp = None, config_file: ConfigFile = None, output: Format = "text"
) -> None:
    """Show all that is known of one solution: its state, its timeline, its customers.

    The timeline has every observation with what it did, or why it did nothing: changed, no_change,
    late, unexpected, ambiguous, test.

    Example: `partnerhook solutions show 774485461512159`
    """
    told = _story(solution_id, only_app, config_file)
    if output == "json":
        show_document(views.story(told))
        return
    show_attributes([*_attributes(told.solution), *(told_by_graph(told.graph) if told.graph else ())])
    put("\nTimeline")
    show_items(told.timeline, TIMELINE)
    if told.customers:
        put("\nCustomers")
        show_items(told.customers, CUSTOMERS)


def told_by_graph(facts: GraphFacts) -> list[tuple[str, str]]:
    """What only the Graph API tells, a line for each."""
    partners = ", ".join(f"{named(one.app)} {one.status}".strip() for one in facts.partners)
    return [
        ("Name", facts.name),
        ("Role of this app", facts.role),
        ("Owner app", named(facts.owner_app)),
        ("Partner", partners),
        ("Read at", clock(facts.read_at)),
    ]


@app.command
def explain(
    solution_id: SolutionId, *, only_app: OnlyApp = None, config_file: ConfigFile = None, output: Format = "text"
) -> None:
    """Explain in sentences how a solution came to its state: one for everything that was heard, oldest first.

    Example: `partnerhook solutions explain 774485461512159`
    """
    told = _story(solution_id, only_app, config_file)
    sentences = [sentence(entry) for entry in told.timeline]
    if output == "json":
        one = told.solution
        show_document(
            {
                "app": one.app,
                "solution_id": one.solution_id,
                "summary": management_views.summary(one),
                "sentences": sentences,
            }
        )
        return
    for line in (*sentences, management_views.summary(told.solution)):
        put(line)


def _story(solution_id: str, only_app: str | None, config_file: Path | None) -> Story:
    """The story of one solution. Raises PartnerhookError where there is none, or where several apps have it."""
    queries = bootstrap.queries(config.load(config_file))
    found = queries.find_solutions(solution_id, only_app)
    if len(found) > 1:
        apps = ", ".join(one.app for one in found)
        raise PartnerhookError(f"Solution {solution_id} is known to several apps ({apps}); name one with --app.")
    told = queries.story(found[0].app, solution_id) if found else None
    if told is None:
        of_app = f" in app {only_app}" if only_app else ""
        raise PartnerhookError(
            f"No solution {solution_id!r} is known{of_app}. `partnerhook solutions list` shows those that are;"
            " what only the dashboard's Test button has sent is under `partnerhook observations list`."
        )
    return told


def _attributes(one: Solution) -> list[tuple[str, str]]:
    return [
        ("solution", one.solution_id),
        ("app", one.app),
        ("portfolio", one.portfolio_id),
        ("status", one.status),
        ("pending", one.pending),
        ("usable", "yes" if one.usable else "no"),
        ("could be", ", ".join(say(state) for state in one.could_be)),
        ("Meta's last word", one.reported_status),
        ("since", clock(one.since)),
        ("first heard", clock(one.first_seen // MICROSECONDS)),
        ("last heard", clock(one.last_seen // MICROSECONDS)),
        ("observations", str(one.observations)),
        *(("anomaly", f"{flag}: {MEANING_OF_FLAG[flag]}") for flag in one.anomalies),
    ]
