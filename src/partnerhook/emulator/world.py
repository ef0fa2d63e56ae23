"""What there is: portfolios, apps with their tokens and subscriptions, solutions, customers. No behaviour, no I/O."""

from __future__ import annotations

import random
from typing import Final

from pydantic import BaseModel, Field

from partnerhook.core.names import STATE_OF_WORD, WHATSAPP_OBJECT, State

TASKS: Final = (
    "MANAGE",
    "DEVELOP",
    "MANAGE_TEMPLATES",
    "MANAGE_PHONE",
    "VIEW_COST",
    "MANAGE_EXTENSIONS",
    "VIEW_PHONE_ASSETS",
    "MANAGE_PHONE_ASSETS",
    "VIEW_TEMPLATES",
    "VIEW_INSIGHTS",
)
"""What both sides of every solution may do, as the guide's sample shows; MESSAGING is decided for each."""

MANAGEMENT: Final = "whatsapp_business_management"
SCOPES: Final = (MANAGEMENT, "whatsapp_business_messaging", "manage_app_solution", "business_management")
"""The permissions of a new app's token."""


class Portfolio(BaseModel):
    """A business portfolio: a partner firm, or a customer."""

    id: str
    name: str


class Subscription(BaseModel):
    """Where an app gets its webhooks, and for which fields."""

    callback_url: str
    verify_token: str
    fields: dict[str, str]
    """Each with the API version of its bodies."""
    include_values: bool = True
    object: str = WHATSAPP_OBJECT


class App(BaseModel):
    """A Meta app of a portfolio, with one token of its system user."""

    id: str
    name: str
    portfolio_id: str
    secret: str
    access_token: str
    link: str = ""
    published: bool = True
    proof_required: bool = False
    """Whether every call needs appsecret_proof: the dashboard's "Require app secret"."""
    scopes: list[str] = Field(default_factory=lambda: list(SCOPES))
    token_expires_at: int = 0
    """Unix seconds; 0: never."""
    subscription: Subscription | None = None

    @property
    def app_token(self) -> str:
        """What its subscriptions are managed with."""
        return f"{self.id}|{self.secret}"


class Partnership(BaseModel):
    """The invited side of a solution."""

    id: str
    app_id: str
    status: str
    permissions: list[str]


class Solution(BaseModel):
    """A Multi-Partner Solution, as it truly is."""

    id: str
    name: str
    owner_app_id: str
    owner_permissions: list[str]
    partnership: Partnership
    word: str
    """Its state, in the webhook's words."""
    asked_by: str = ""
    """The app that requested its deactivation."""
    changed_at: float = 0.0
    """Unix seconds, emulated."""

    @property
    def state(self) -> State:
        """Its state."""
        return STATE_OF_WORD[self.word]


class Customer(BaseModel):
    """A customer's WhatsApp business account, shared through a solution."""

    waba_id: str
    business_id: str
    solution_id: str
    name: str
    access_token: str


class World(BaseModel):
    """All of it, by id."""

    seed: int = 0
    portfolios: dict[str, Portfolio] = Field(default_factory=dict)
    apps: dict[str, App] = Field(default_factory=dict)
    solutions: dict[str, Solution] = Field(default_factory=dict)
    customers: dict[str, Customer] = Field(default_factory=dict)
    ids_made: int = 0

    def new_id(self, digits: int = 15) -> str:
        """An id as Meta's look: digits, scattered; the same ones for the same seed."""
        self.ids_made += 1
        # Not hash(): that of a string differs from process to process.
        return str(random.Random(f"{self.seed}/{self.ids_made}").randrange(10 ** (digits - 1), 10**digits))  # noqa: S311

    def new_secret(self, digits: int = 32) -> str:
        """A secret of a world that is not real."""
        self.ids_made += 1
        return random.Random(f"secret {self.seed}/{self.ids_made}").randbytes(digits // 2).hex()  # noqa: S311

    def apps_of(self, portfolio_id: str) -> list[App]:
        """The apps of a portfolio."""
        return [app for app in self.apps.values() if app.portfolio_id == portfolio_id]

    def parties(self, solution: Solution) -> tuple[App, App]:
        """The owner's app and the partner's."""
        return self.apps[solution.owner_app_id], self.apps[solution.partnership.app_id]

    def solutions_of(self, app_id: str) -> list[Solution]:
        """Those in which an app takes part. A draft is its owner's alone."""
        return [
            one
            for one in self.solutions.values()
            if one.owner_app_id == app_id or (one.partnership.app_id == app_id and one.word != "DRAFT")
        ]
