"""The control API, /_control: what is dashboard-only at Meta, and what only an emulator can do.

Answers are JSON. A refusal is 400 with one sentence in `error`; what is not there is 404.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from partnerhook.core.names import PARTNER_SOLUTIONS
from partnerhook.core.timeline import clock as said
from partnerhook.emulator.box import Box
from partnerhook.emulator.chaos import Chaos, Dice
from partnerhook.emulator.courier import Attempt
from partnerhook.emulator.graph.call import read_object
from partnerhook.emulator.origin import from_this_page
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.world import App, Customer, Solution

Json = dict[str, Any]

DELIVERIES_SHOWN: Final = 100
FORWARD_S_MAX: Final = 366 * 86_400
"""A year: nothing of Meta's takes longer."""


class Asked(BaseModel):
    """The body of a request. Unknown keys are refused: they are misspelt."""

    model_config = ConfigDict(extra="forbid")


class NewApp(Asked):
    """POST /_control/apps."""

    name: str = Field(min_length=1, max_length=100)
    portfolio_id: str = ""


class AppChanges(Asked):
    """PATCH /_control/apps/{app}."""

    published: bool | None = None
    proof_required: bool | None = None
    scopes: list[str] | None = None
    token_expires_at: int | None = None


class Press(Asked):
    """POST /_control/apps/{app}/test."""

    field: str = PARTNER_SOLUTIONS


class Calls(Asked):
    """POST /_control/apps/{app}/throttle and /fail."""

    calls: int = Field(ge=0)


class Draft(Asked):
    """POST /_control/solutions."""

    app_id: str
    partner_app_id: str
    name: str
    owner_permissions: list[str] = ["MESSAGING"]
    partner_permissions: list[str] = []
    draft: bool = True


class Action(Asked):
    """POST /_control/solutions/{solution}/act."""

    action: str
    app_id: str = ""
    """Who acts; empty: whoever may."""
    name: str = ""
    """For a rename."""


class NewCustomer(Asked):
    """POST /_control/customers."""

    solution_id: str
    name: str = "A customer"
    business_id: str = ""


class Tick(Asked):
    """POST /_control/clock."""

    advance_s: float = Field(0.0, ge=0, le=FORWARD_S_MAX)
    speed: float | None = Field(None, ge=0, le=1_000_000)


class Control:
    """Everything of /_control for a box."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def routes(self) -> list[Route]:
        """The routes, without their prefix."""
        return [
            self._route("GET", "/", self.overview),
            self._route("POST", "/apps", self.add_app),
            self._route("PATCH", "/apps/{app}", self.change_app),
            self._route("POST", "/apps/{app}/test", self.press_test),
            self._route("POST", "/apps/{app}/throttle", self.throttle),
            self._route("POST", "/apps/{app}/fail", self.fail),
            self._route("POST", "/solutions", self.add_solution),
            self._route("POST", "/solutions/{solution}/act", self.act),
            self._route("POST", "/customers", self.onboard),
            self._route("DELETE", "/customers/{waba}", self.offboard),
            self._route("GET", "/deliveries", self.deliveries),
            self._route("POST", "/settle", self.settle),
            self._route("DELETE", "/waiting", self.lose),
            self._route("POST", "/clock", self.tick),
            self._route("PATCH", "/rules", self.change_rules),
            self._route("PUT", "/chaos", self.set_chaos),
        ]

    def _route(self, method: str, path: str, handler: Callable[[Request], Awaitable[Any]]) -> Route:
        async def answer(request: Request) -> JSONResponse:
            if not from_this_page(request):
                return JSONResponse({"error": "Pages of others may not do that."}, 403)
            try:
                return JSONResponse(await handler(request))
            except Refused as refused:
                return JSONResponse({"error": refused.sentence}, 404 if refused.kind is Refusal.NOT_FOUND else 400)
            except ValidationError as error:
                wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
                return JSONResponse({"error": "; ".join(wrong)}, 400)

        answer.__doc__ = handler.__doc__  # docs/emulator.md is made of these
        return Route(path, answer, methods=[method])

    async def overview(self, _request: Request) -> Json:
        """Everything there is."""
        box = self._box
        return {
            "now": said(int(box.now())),
            "speed": box.clock.speed,
            "rules": box.rules.model_dump(mode="json"),
            "chaos": box.dice.chaos.model_dump(mode="json"),
            "portfolios": [portfolio.model_dump() for portfolio in box.world.portfolios.values()],
            "apps": [app_view(app) for app in box.world.apps.values()],
            "solutions": [solution_view(one, box) for one in box.world.solutions.values()],
            "customers": [customer_view(one) for one in box.world.customers.values()],
            "waiting": sum(len(parcel.changes) for parcel in box.outbox.parcels),
            "dropped": box.outbox.dropped,
            "given_up": box.outbox.given_up,
        }

    async def add_app(self, request: Request) -> Json:
        """Create an app, in a portfolio of its own or in one that is there."""
        asked = NewApp.model_validate(await _document(request))
        return app_view(self._box.add_app(asked.name, asked.portfolio_id))

    async def change_app(self, request: Request) -> Json:
        """Publish or unpublish it, want a proof, take permissions away, let its token expire."""
        app = self._app(request)
        asked = AppChanges.model_validate(await _document(request))
        for name, value in asked.model_dump(exclude_none=True).items():
            setattr(app, name, value)
        return app_view(app)

    async def press_test(self, request: Request) -> Json:
        """Press the dashboard's Test button."""
        self._box.press_test(self._app(request), Press.model_validate(await _document(request)).field)
        return {"success": True}

    async def throttle(self, request: Request) -> Json:
        """Answer an app's next calls with a rate limit."""
        return await self._disturb(request, self._box.throttled)

    async def fail(self, request: Request) -> Json:
        """Answer an app's next calls with HTTP 500."""
        return await self._disturb(request, self._box.failing)

    async def _disturb(self, request: Request, calls_of_app: dict[str, int]) -> Json:
        calls = Calls.model_validate(await _document(request)).calls
        calls_of_app[self._app(request).id] = calls
        return {"calls": calls}

    async def add_solution(self, request: Request) -> Json:
        """Save a draft, or send at once."""
        asked = Draft.model_validate(await _document(request))
        solution = self._box.create(
            self._box.find_app(asked.app_id),
            name=asked.name,
            partner_app_id=asked.partner_app_id,
            owner_permissions=asked.owner_permissions,
            partner_permissions=asked.partner_permissions,
            draft=asked.draft,
        )
        return solution_view(solution, self._box)

    async def act(self, request: Request) -> Json:
        """What a party does in the dashboard: send request, rename, accept, reject, ..."""
        asked = Action.model_validate(await _document(request))
        solution = self._box.find_solution(request.path_params["solution"])
        actor = self._box.find_app(asked.app_id) if asked.app_id else self._whoever_may(solution, asked.action)
        if asked.action == "rename":
            self._box.rename(solution, asked.name, actor)
        else:
            self._box.act(solution, asked.action, actor)
        return solution_view(solution, self._box)

    def _whoever_may(self, solution: Solution, action: str) -> App:
        parties = self._box.world.parties(solution)
        return next((app for app in parties if action in self._box.allowed(solution, app)), parties[0])

    async def onboard(self, request: Request) -> Json:
        """A customer shares an account through a solution."""
        asked = NewCustomer.model_validate(await _document(request))
        solution = self._box.find_solution(asked.solution_id)
        return customer_view(self._box.onboard(solution, name=asked.name, business_id=asked.business_id))

    async def offboard(self, request: Request) -> Json:
        """The customer unshares it."""
        return customer_view(self._box.offboard(request.path_params["waba"]))

    async def deliveries(self, request: Request) -> list[Json]:
        """The newest attempts, newest first. `app_id` and `limit` as query parameters."""
        app_id, limit = request.query_params.get("app_id"), request.query_params.get("limit", "")
        shown = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 7 else DELIVERIES_SHOWN
        fitting = (one for one in reversed(self._box.courier.attempts) if app_id in {None, one.app_id})
        return [attempt_view(one) for one, _ in zip(fitting, range(shown), strict=False)]

    async def settle(self, _request: Request) -> Json:
        """Deliver everything now, moving the clock on over every gap."""
        made = await self._box.courier.settle()
        return {"attempts": made, "now": said(int(self._box.now()))}

    async def lose(self, _request: Request) -> Json:
        """Lose what waits to be delivered, for good."""
        lost = sum(len(parcel.changes) for parcel in self._box.outbox.parcels)
        self._box.outbox.parcels = []
        self._box.outbox.dropped += lost
        return {"lost": lost}

    async def tick(self, request: Request) -> Json:
        """Move the clock on, or change its speed."""
        asked = Tick.model_validate(await _document(request))
        if asked.speed is not None:
            self._box.clock.set(speed=asked.speed)
        self._box.clock.advance(asked.advance_s)
        return {"now": said(int(self._box.now())), "speed": self._box.clock.speed}

    async def change_rules(self, request: Request) -> Json:
        """Choose otherwise where Meta's documents contradict each other."""
        self._box.rules = self._box.rules.changed(await _document(request))
        return self._box.rules.model_dump(mode="json")

    async def set_chaos(self, request: Request) -> Json:
        """What goes wrong from now on; the seed begins anew."""
        self._box.dice = Dice(Chaos.model_validate(await _document(request)))
        return self._box.dice.chaos.model_dump(mode="json")

    def _app(self, request: Request) -> App:
        return self._box.find_app(request.path_params["app"])


async def _document(request: Request) -> Json:
    raw = await request.body()
    if not raw:
        return {}
    return read_object(raw, "the body is not JSON", "the body is JSON, but not an object")


def app_view(app: App) -> Json:
    """An app, with its secrets: they belong to nobody."""
    told = app.model_dump(exclude={"id"})
    return {"app_id": app.id, "app_token": app.app_token, "app_secret": told.pop("secret"), **told}


def solution_view(one: Solution, box: Box) -> Json:
    """A solution as it truly is, and who may do what."""
    owner, partner = box.world.parties(one)
    return {
        "solution_id": one.id,
        "name": one.name,
        "status": one.state.status.value,
        "pending": one.state.pending.value,
        "word": one.word,
        "owner_app_id": owner.id,
        "partner_app_id": partner.id,
        "changed_at": said(int(one.changed_at)),
        "owner_may": box.allowed(one, owner),
        "partner_may": box.allowed(one, partner),
    }


def customer_view(one: Customer) -> Json:
    """A customer."""
    return one.model_dump()


def attempt_view(one: Attempt) -> Json:
    """An attempt, with the very bytes."""
    return {
        **one._asdict(),
        "at": said(int(one.at)),
        "body": one.body.decode("utf-8", "replace"),
        "body_base64": base64.b64encode(one.body).decode(),
    }
