"""What the API answers, as the OpenAPI document has it. The keys are those of `--format json`: services/views.py."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from partnerhook.core.names import Pending, Status


class Answer(BaseModel):
    """An object of an answer."""

    model_config = ConfigDict(extra="forbid")


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
