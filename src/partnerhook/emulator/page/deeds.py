"""What the page's forms ask for, done to the box. Each raises Refused, and then nothing has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from partnerhook.core.names import ACCOUNT_UPDATE, PARTNER_SOLUTIONS
from partnerhook.emulator.box import Box
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.subscriptions import subscribe

FIELDS: Final = (PARTNER_SOLUTIONS, ACCOUNT_UPDATE)
"""What an app can subscribe to here: all that Multi-Partner Solutions send."""

FORWARD_S: Final = {"minute": 60.0, "hour": 3_600.0, "day": 86_400.0}

Form = Mapping[str, str]
Deed = Callable[[str, Form], Awaitable[str]]


class Kind(NamedTuple):
    """One kind of form."""

    do: Deed
    """Takes the id in its path and its fields; returns what to say of it, empty where the page shows it anyway."""
    place: str
    """Where on the page that is, with the id in braces."""


class Deeds:
    """All forms of a box, by the path they are sent to."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.kinds: dict[str, Kind] = {
            "subscribe": Kind(self._subscribe, "app-{}"),
            "unsubscribe": Kind(self._unsubscribe, "app-{}"),
            "publish": Kind(self._publish, "app-{}"),
            "unpublish": Kind(self._unpublish, "app-{}"),
            "test": Kind(self._press_test, "app-{}"),
            "propose": Kind(self._propose, "app-{}"),
            "act": Kind(self._act, "solution-{}"),
            "rename": Kind(self._rename, "solution-{}"),
            "onboard": Kind(self._onboard, "solution-{}"),
            "offboard": Kind(self._offboard, "solution-{}"),
            "forward": Kind(self._forward, "clock"),
            "settle": Kind(self._settle, "clock"),
        }

    async def _subscribe(self, app_id: str, form: Form) -> str:
        app = self._box.find_app(app_id)
        fields = [field for field in FIELDS if field in form]
        if not fields:
            raise Refused(Refusal.BAD_PARAMETER, "Choose a field to subscribe to")
        before = app.subscription
        await subscribe(
            app,
            callback_url=form.get("callback_url", "").strip(),
            verify_token=form.get("verify_token", ""),
            fields=fields,
            timeout_s=self._box.rules.read_timeout_s,
            include_values=before.include_values if before else True,
        )
        return "The callback gave the challenge back. It hears of everything from now on."

    async def _unsubscribe(self, app_id: str, _form: Form) -> str:
        self._box.find_app(app_id).subscription = None
        return ""

    async def _publish(self, app_id: str, _form: Form) -> str:
        self._box.find_app(app_id).published = True
        return ""

    async def _unpublish(self, app_id: str, _form: Form) -> str:
        self._box.find_app(app_id).published = False
        return ""

    async def _press_test(self, app_id: str, form: Form) -> str:
        field = form.get("field", PARTNER_SOLUTIONS)
        if field not in FIELDS:
            raise Refused(Refusal.BAD_PARAMETER, "There is no such field")
        self._box.press_test(self._box.find_app(app_id), field)
        return "A sample is on its way; it is of nobody's solution."

    async def _propose(self, app_id: str, form: Form) -> str:
        sends = {"owner": (["MESSAGING"], []), "partner": ([], ["MESSAGING"])}
        owner_permissions, partner_permissions = sends.get(form.get("messaging", ""), sends["owner"])
        self._box.create(
            self._box.find_app(app_id),
            name=form.get("name", "").strip(),
            partner_app_id=form.get("partner", ""),
            owner_permissions=owner_permissions,
            partner_permissions=partner_permissions,
            draft=form.get("how") == "draft",
        )
        return ""

    async def _act(self, solution_id: str, form: Form) -> str:
        actor = self._box.find_app(form.get("app", ""))
        self._box.act(self._box.find_solution(solution_id), form.get("action", ""), actor)
        return ""

    async def _rename(self, solution_id: str, form: Form) -> str:
        actor = self._box.find_app(form.get("app", ""))
        self._box.rename(self._box.find_solution(solution_id), form.get("name", "").strip(), actor)
        return ""

    async def _onboard(self, solution_id: str, form: Form) -> str:
        solution = self._box.find_solution(solution_id)
        numbered = 1 + sum(one.solution_id == solution_id for one in self._box.world.customers.values())
        self._box.onboard(solution, name=form.get("name", "").strip() or f"Customer {numbered}")
        return ""

    async def _offboard(self, solution_id: str, form: Form) -> str:
        self._box.find_solution(solution_id)
        self._box.offboard(form.get("waba", ""))
        return ""

    async def _forward(self, step: str, _form: Form) -> str:
        if step not in FORWARD_S:
            raise Refused(Refusal.BAD_PARAMETER, "The clock goes a minute, an hour or a day")
        self._box.clock.advance(FORWARD_S[step])
        return ""

    async def _settle(self, _now: str, _form: Form) -> str:
        made = await self._box.courier.settle()
        if not made:
            return "There was nothing left to deliver."
        return f"{made} {'attempt' if made == 1 else 'attempts'} made. What still failed then was given up."
