"""The box: everything that can be done to solutions, apps and customers, and the webhooks that follow from it.

Every change of a solution goes through `core/transitions`, the table that the registry folds by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from partnerhook.core.names import (
    ACCOUNT_UPDATE,
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    DRAFT,
    INITIATED,
    PARTNER_SOLUTIONS,
    REJECTED,
    WORD_OF_STATE,
    State,
)
from partnerhook.core.transitions import TRANSITIONS, UPDATED, Party, Transition
from partnerhook.emulator.chaos import Chaos, Dice
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.courier import Courier
from partnerhook.emulator.outbox import Change, Outbox
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.rules import GUIDE, Rules
from partnerhook.emulator.world import App, Customer, Partnership, Portfolio, Solution, World

PARTNERSHIP_STATUS: Final = {
    DRAFT: "DRAFT",
    INITIATED: "NOTIFICATION_SENT",
    ACTIVE: "ACCEPTED",
    DEACTIVATION_REQUESTED: "ACCEPTED",
    REJECTED: "REJECTED",
    DEACTIVATED: "DEACTIVATED",
}
"""The partner's own status, beside the solution's."""

WITHDRAWN: Final = Transition(
    INITIATED, "request deactivation", Party.OWNER, DEACTIVATED, UPDATED, "choice: the outcome is not documented"
)
"""The OpenAPI allows it; the lifecycle that the guide tells does not have it."""

ANSWERS: Final = frozenset({"accept deactivation", "reject deactivation"})
"""What only the party may do that did not ask."""

NAME_CHARS: Final = range(2, 76)


class Box:
    """A world with its clock, its rules and its post."""

    def __init__(
        self,
        world: World | None = None,
        *,
        rules: Rules = GUIDE,
        chaos: Chaos | None = None,
        clock: Clock | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        self.world = world or World()
        self.rules = rules
        self.clock = clock or Clock()
        self.outbox = outbox or Outbox()
        self.dice = Dice(chaos or Chaos())
        self.courier = Courier(self)
        self.throttled: dict[str, int] = {}
        """How many of an app's next calls are answered with a rate limit."""
        self.failing: dict[str, int] = {}
        """How many of them are answered with an error of Meta's own, HTTP 500."""

    def now(self) -> float:
        """Unix seconds by Meta's clock."""
        return self.clock.now() + self.dice.chaos.skew_s

    # Apps

    def add_portfolio(self, name: str) -> Portfolio:
        """A new portfolio."""
        portfolio = Portfolio(id=self.world.new_id(), name=name)
        self.world.portfolios[portfolio.id] = portfolio
        return portfolio

    def add_app(self, name: str, portfolio_id: str = "") -> App:
        """A new app, in a portfolio of its own where none is named."""
        if not portfolio_id:
            portfolio_id = self.add_portfolio(f"{name}'s portfolio").id
        elif portfolio_id not in self.world.portfolios:
            raise Refused(Refusal.NOT_FOUND, portfolio_id)
        world = self.world
        app = App(
            id=world.new_id(),
            name=name,
            portfolio_id=portfolio_id,
            secret=world.new_secret(),
            access_token=f"EAA{world.new_secret(48)}",
            link=f"https://{''.join(letter for letter in name.lower() if letter.isalnum()) or 'app'}.example/",
        )
        world.apps[app.id] = app
        return app

    def find_app(self, app_id: str) -> App:
        """An app. Raises Refused."""
        if app_id not in self.world.apps:
            raise Refused(Refusal.NOT_FOUND, app_id)
        return self.world.apps[app_id]

    def find_solution(self, solution_id: str) -> Solution:
        """A solution. Raises Refused."""
        if solution_id not in self.world.solutions:
            raise Refused(Refusal.NOT_FOUND, solution_id)
        return self.world.solutions[solution_id]

    # Solutions

    def create(
        self,
        owner: App,
        *,
        name: str,
        partner_app_id: str,
        owner_permissions: Sequence[str] = (),
        partner_permissions: Sequence[str] = (),
        draft: bool = False,
    ) -> Solution:
        """A new solution, sent to the partner at once or saved as a draft. Raises Refused."""
        if not partner_app_id.isascii() or not partner_app_id.isdigit():
            raise Refused(Refusal.BAD_ID, "partner_app_id")
        partner = self.world.apps.get(partner_app_id)
        if partner is None or partner.id == owner.id:
            raise Refused(Refusal.BAD_PARAMETER, "partner_app_id is not the id of another app")
        if len(name) not in NAME_CHARS:
            raise Refused(Refusal.BAD_PARAMETER, "solution_name must have 2 to 75 characters")
        sides = ("MESSAGING" in owner_permissions, "MESSAGING" in partner_permissions)
        if self.rules.messaging == "exactly_one" and sides[0] is sides[1]:
            raise Refused(Refusal.MESSAGING, "Exactly one of the two partners must have the MESSAGING permission")
        row = _row(None, "save as draft" if draft else "send request")
        partnership = Partnership(
            id=self.world.new_id(14),
            app_id=partner.id,
            status=PARTNERSHIP_STATUS[row.after],
            permissions=list(partner_permissions),
        )
        solution = Solution(
            id=self.world.new_id(),
            name=name,
            owner_app_id=owner.id,
            owner_permissions=list(owner_permissions),
            partnership=partnership,
            word=WORD_OF_STATE[row.after],
            changed_at=self.now(),
        )
        self.world.solutions[solution.id] = solution
        self._tell(solution, row.event, owner)
        return solution

    def act(self, solution: Solution, action: str, actor: App) -> None:
        """One party does what changes a solution's state. Raises Refused, and then nothing has changed."""
        if action == "rename":
            self.rename(solution, solution.name, actor)
            return
        party = self.party(solution, actor)
        row = self.transition(solution, action)
        if row is None:
            raise Refused(Refusal.WRONG_STATE, action, solution=solution)
        if party not in self.parties_that_may(solution, row):
            raise Refused(Refusal.WRONG_PARTY, action, solution=solution)
        solution.word = WORD_OF_STATE[row.after]
        solution.asked_by = actor.id if row.after is DEACTIVATION_REQUESTED else ""
        solution.partnership.status = PARTNERSHIP_STATUS[row.after]
        solution.changed_at = self.now()
        if action == "reject deactivation" and self.rules.decline_webhook == "none":
            return
        event = self.rules.draft_sent_event if row.before is DRAFT and row.after is INITIATED else row.event
        self._tell(solution, event, actor)

    def rename(self, solution: Solution, name: str, actor: App) -> None:
        """Another name, in the dashboard. Raises Refused."""
        row = self.transition(solution, "rename")
        if row is None:
            raise Refused(Refusal.WRONG_STATE, "rename", solution=solution)
        if self.party(solution, actor) is not row.party:
            raise Refused(Refusal.WRONG_PARTY, "rename", solution=solution)
        if len(name) not in NAME_CHARS:
            raise Refused(Refusal.BAD_PARAMETER, "solution_name must have 2 to 75 characters")
        solution.name = name
        if self.rules.rename_webhook:
            self._tell(solution, row.event, actor)

    def party(self, solution: Solution, actor: App) -> Party:
        """Which party an app is. Raises Refused: it has no part in it."""
        owner, partner = self.world.parties(solution)
        if actor.id == owner.id:
            return Party.OWNER
        if actor.id == partner.id and solution.state is not DRAFT:
            return Party.PARTNER
        raise Refused(Refusal.NOT_YOURS, solution.id)

    def transition(self, solution: Solution, action: str) -> Transition | None:
        """The lifecycle's row for an action in the state that a solution is in; None where there is none."""
        rows = (*TRANSITIONS, WITHDRAWN) if self.rules.deactivation_from_initiated else TRANSITIONS
        return next((row for row in rows if row.before is solution.state and row.action == action), None)

    def parties_that_may(self, solution: Solution, row: Transition) -> frozenset[Party]:
        """Who may do it: as the table says, or as the rules say where Meta's documents contradict each other."""
        both = frozenset(Party)
        if row.action in ANSWERS:
            return both - {self.party(solution, self.world.apps[solution.asked_by])}
        if row.action == "request deactivation" and self.rules.deactivation_by == "either":
            return both
        if row.action == "reject":
            return both if self.rules.reject_by == "either" else frozenset({Party(self.rules.reject_by)})
        return frozenset({row.party})

    def allowed(self, solution: Solution, actor: App) -> list[str]:
        """The actions that an app can take now, in the lifecycle's words."""
        try:
            party = self.party(solution, actor)
        except Refused:
            return []
        rows = [self.transition(solution, action) for action in ACTIONS]
        return [row.action for row in rows if row and party in self.parties_that_may(solution, row)]

    # Customers

    def onboard(self, solution: Solution, *, name: str = "A customer", business_id: str = "") -> Customer:
        """A customer shares an account through a solution. Raises Refused where it is not active."""
        if not solution.state.usable:
            raise Refused(Refusal.WRONG_STATE, "onboard a customer", solution=solution)
        world = self.world
        customer = Customer(
            waba_id=world.new_id(),
            business_id=business_id or self.add_portfolio(name).id,
            solution_id=solution.id,
            name=name,
            access_token=f"EAA{world.new_secret(48)}",
        )
        world.customers[customer.waba_id] = customer
        self._tell_customer(customer, solution, "PARTNER_ADDED")
        self._tell_customer(customer, solution, "PARTNER_APP_INSTALLED")
        return customer

    def offboard(self, waba_id: str) -> Customer:
        """A customer unshares the account. Raises Refused."""
        customer = self.world.customers.pop(waba_id, None)
        if customer is None:
            raise Refused(Refusal.NOT_FOUND, waba_id)
        solution = self.world.solutions[customer.solution_id]
        self._tell_customer(customer, solution, "PARTNER_APP_UNINSTALLED")
        self._tell_customer(customer, solution, "PARTNER_REMOVED")
        return customer

    def press_test(self, app: App, field: str = PARTNER_SOLUTIONS) -> None:
        """The dashboard's Test button: sample values, also where the app is unpublished. Raises Refused."""
        if app.subscription is None:
            raise Refused(Refusal.BAD_PARAMETER, "the app is not subscribed")
        sample = {"event": "SOLUTION_CREATED", "solution_id": "123456123", "solution_status": "INITIATED"}
        value = sample if field == PARTNER_SOLUTIONS else {"sample": True}
        time = int(self.now()) if self.rules.test_time else None
        self.outbox.add_test(app.id, Change(entry_id="0", time=time, field=field, value=value), self.clock.now())
        self.clock.wake()

    # Post

    def _tell(self, solution: Solution, event: str, actor: App) -> None:
        word = self.rules.initiated_word if solution.state is INITIATED else solution.word
        value = {"event": event, "solution_id": solution.id, "solution_status": word}
        parties = [app for app in self.world.parties(solution) if solution.state is not DRAFT or app is actor]
        for app in self._listeners(parties, PARTNER_SOLUTIONS):
            if self.rules.heard_by == "counterparty" and app.portfolio_id == actor.portfolio_id:
                continue
            self._send(app, app.portfolio_id, PARTNER_SOLUTIONS, value)

    def _tell_customer(self, customer: Customer, solution: Solution, event: str) -> None:
        parties = self.world.parties(solution)
        info: dict[str, Any] = {"waba_id": customer.waba_id, "owner_business_id": customer.business_id}
        for app in self._listeners(parties, ACCOUNT_UPDATE):
            told = dict(info)
            if event.startswith("PARTNER_APP_"):
                told["partner_app_id"] = app.id
            if event != "PARTNER_APP_UNINSTALLED":
                told["solution_id"] = solution.id
                told["solution_partner_business_ids"] = [party.portfolio_id for party in parties]
            entry_id = app.portfolio_id if self.rules.account_update_entry == "portfolio" else customer.waba_id
            self._send(app, entry_id, ACCOUNT_UPDATE, {"event": event, "waba_info": told})

    def _listeners(self, parties: Iterable[App], field: str) -> list[App]:
        """Every app of both portfolios that is subscribed to a field and gets real events."""
        portfolios = dict.fromkeys(app.portfolio_id for app in parties)
        return [
            app
            for portfolio_id in portfolios
            for app in self.world.apps_of(portfolio_id)
            if app.subscription is not None
            and field in app.subscription.fields
            and (app.published or self.rules.unpublished_hears)
        ]

    def _send(self, app: App, entry_id: str, field: str, value: dict[str, Any]) -> None:
        change = Change(entry_id=entry_id, time=int(self.now()), field=field, value=value)
        self.outbox.add(app.id, change, self.clock.now(), self.dice)
        self.clock.wake()


ACTIONS: Final = tuple(dict.fromkeys(row.action for row in TRANSITIONS if row.before is not None))
"""Everything that can be done to a solution that is there."""


def _row(before: State | None, action: str) -> Transition:
    return next(row for row in TRANSITIONS if row.before is before and row.action == action)
