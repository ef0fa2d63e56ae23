"""Solutions, their history and customers, and what is done to them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from partnerhook.api.models.answer import Answer, Asked
from partnerhook.api.parameters import DIGITS, PLAIN
from partnerhook.core.names import Pending, Status
from partnerhook.core.possible import Action as ActionName
from partnerhook.core.timeline import Effect


class AppReference(Answer):
    """A Meta app, as the Graph API names it."""

    id: str
    name: str
    link: str


class Partner(Answer):
    """The invited side of a solution."""

    id: str
    status: str
    app: AppReference | None
    permissions: list[str]


class GraphFacts(Answer):
    """What only the Graph API tells."""

    name: str
    role: str
    owner_app: AppReference | None
    owner_permissions: list[str]
    partners: list[Partner]
    read_at: str


class Solution(Answer):
    """A solution as it is now."""

    app: str = Field(description="The configured app that knows it.")
    portfolio_id: str
    solution_id: str
    status: Status
    pending: Pending
    reported_status: str = Field(description="The last word, as Meta sent it.")
    usable: bool = Field(description="Customers can be onboarded through it.")
    since: str
    first_seen: str
    last_seen: str
    observations: int
    anomalies: list[str]
    could_be: list[str] = Field(description="Every state that fits; more than one: ambiguous.")


class ListedSolution(Solution):
    """A solution with what the Graph API told of it."""

    graph: GraphFacts | None


class PossibleAction(Answer):
    """What could be done with a solution."""

    action: ActionName
    allowed: bool
    reason: str = Field(description="Why not; or, where it is allowed, what is doubtful about it.")


class ShownSolution(ListedSolution):
    """A solution with what can be done with it now. Its timeline and customers are lists of their own."""

    actions: list[PossibleAction]


class TimelineEntry(Answer):
    """An observation in its place, with what it did."""

    at: str
    received_at: str
    source: Literal["webhook", "graph"]
    event: str
    reported_status: str
    effect: Effect
    before: str | None
    after: str | None
    flags: list[str]
    repeats: int
    key: str
    receipt_id: str | None


class Customer(Answer):
    """A customer's account was shared or unshared."""

    event: str
    waba_id: str
    owner_business_id: str
    partner_app_id: str
    solution_partner_business_ids: list[str]
    entry_id: str
    time: str | None
    received_at: str
    repeats: int
    receipt_id: str


class Explanation(Answer):
    """How a solution came to its state, in sentences. For people: their wording may change."""

    app: str
    solution_id: str
    summary: str
    sentences: list[str] = Field(description="One for each entry of the timeline, oldest first.")
    left_out: int = Field(description="Older ones that were left out, for there were too many.")


class Observation(Answer):
    """One thing that was heard, as it stands in the log."""

    key: str
    app: str
    solution_id: str
    portfolio_id: str
    event: str
    reported_status: str
    time: str | None
    at: str
    received_at: str
    last_received_at: str
    repeats: int
    source: Literal["webhook", "graph"]
    flags: list[str]
    test: bool
    receipt_id: str | None


class Reading(Answer):
    """A solution as the Graph API told of it."""

    solution_id: str
    name: str
    status: Status
    pending: Pending
    reported_status: str
    owner_app: AppReference | None
    owner_permissions: list[str]
    partners: list[Partner]
    read_at: str


class Proposal(Asked):
    """A solution that is proposed to another app."""

    app: Annotated[str, Field(pattern=PLAIN, max_length=200, description="The configured app that proposes.")] = (
        "default"
    )
    name: Annotated[str, Field(pattern=PLAIN, min_length=2, max_length=75)]
    partner_app_id: Annotated[str, Field(pattern=DIGITS, description="The app that is invited.")]
    messaging: Annotated[
        Literal["owner", "partner"], Field(description="Who may send messages for the customers: one of the two.")
    ] = "owner"


class ActionDone(Answer):
    """What the Graph API told before and after. The registry follows when Meta's webhook comes."""

    done: bool
    action: str
    solution_id: str
    before: Reading | None
    after: Reading
