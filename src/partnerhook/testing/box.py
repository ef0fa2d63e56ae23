"""Meta in a box for tests: it listens on a free port of this machine, in a thread of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final, Literal, NamedTuple, Self

import httpx2

from partnerhook.emulator.chaos import Chaos
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.remote import Remote
from partnerhook.emulator.rules import PROFILES, Profile
from partnerhook.emulator.run import new_box
from partnerhook.emulator.server import running_in_thread

Party = Literal["owner", "partner"]

FIELDS: Final = ("partner_solutions", "account_update")


class EmulatedApp(NamedTuple):
    """An app of the box. Its secrets belong to nobody."""

    app_id: str
    app_secret: str
    access_token: str
    app_token: str
    portfolio_id: str


class Delivery(NamedTuple):
    """One attempt to deliver a webhook."""

    app_id: str
    status: int
    """What your receiver answered; 0: nothing."""
    delivered: bool
    body: bytes
    headers: Mapping[str, str]
    answer: str
    """The beginning of your receiver's answer."""


class MetaInABox:
    """Both sides of a solution. A context manager.

    Its clock stands still: nothing is sent before `deliver`, and retries take no real time. `seed`: the same
    ids and the same chaos again. `chaos`, `choices`: as in docs/emulator.md.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        profile: Literal["guide", "openapi"] = "guide",
        chaos: Mapping[str, Any] | None = None,
        choices: Mapping[str, Any] | None = None,
    ) -> None:
        rules = PROFILES[Profile(profile)].changed(dict(choices or {}))
        trouble = Chaos.model_validate({"seed": seed, **(chaos or {})})
        self._box = new_box(seed=seed, rules=rules, chaos=trouble, clock=Clock(0.0))
        self._open = ExitStack()
        self.url = ""
        """Of its Graph API, without a version; http://127.0.0.1:PORT. It is also the address of its page."""

    def __enter__(self) -> Self:
        self._box.courier.hold = True
        self.url = self._open.enter_context(running_in_thread(self._box))
        self._remote = self._open.enter_context(Remote(self.url))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def owner(self) -> EmulatedApp:
        """The app that proposes."""
        return self._app(0)

    @property
    def partner(self) -> EmulatedApp:
        """The app that is invited."""
        return self._app(1)

    def _app(self, number: int) -> EmulatedApp:
        app = list(self._box.world.apps.values())[number]
        return EmulatedApp(app.id, app.secret, app.access_token, app.app_token, app.portfolio_id)

    def use_secret(self, party: Party, app_secret: str) -> None:
        """Sign a party's webhooks with a secret that your receiver knows already."""
        self._box.world.apps[self._of(party).app_id].secret = app_secret

    def subscribe(self, party: Party, callback_url: str, *, verify_token: str, fields: Sequence[str] = FIELDS) -> None:
        """Set a party's callback, after the handshake. Raises AssertionError with Meta's words where it refuses."""
        app = self._of(party)
        form = {
            "object": "whatsapp_business_account",
            "callback_url": callback_url,
            "verify_token": verify_token,
            "fields": ",".join(fields),
            "access_token": app.app_token,
        }
        answer = httpx2.post(f"{self.url}/{app.app_id}/subscriptions", data=form, trust_env=False, timeout=30)
        if answer.status_code != httpx2.codes.OK:
            raise AssertionError(answer.json()["error"]["message"])

    def create(self, name: str = "A solution", *, by: Party = "owner", draft: bool = False) -> str:
        """A party proposes a solution to the other, or saves a draft; returns its id."""
        other: Party = "partner" if by == "owner" else "owner"
        asked = {
            "app_id": self._of(by).app_id,
            "partner_app_id": self._of(other).app_id,
            "name": name,
            "draft": draft,
        }
        return str(self._remote.ask("POST", "/solutions", asked)["solution_id"])

    def act(self, solution_id: str, action: str, *, by: Party | None = None) -> None:
        """Send request, accept, reject, request deactivation, ...: by whichever party may. Raises PartnerhookError."""
        app_id = self._of(by).app_id if by else ""
        self._remote.ask("POST", f"/solutions/{solution_id}/act", {"action": action, "app_id": app_id})

    def onboard(self, solution_id: str) -> str:
        """A customer shares an account through a solution; returns its WABA id."""
        return str(self._remote.ask("POST", "/customers", {"solution_id": solution_id})["waba_id"])

    def press_test(self, party: Party) -> None:
        """The dashboard's Test button of a party's app."""
        self._remote.ask("POST", f"/apps/{self._of(party).app_id}/test", {})

    def state(self, solution_id: str) -> tuple[str, str]:
        """The truth: status and pending."""
        solution = self._box.world.solutions[solution_id]
        return solution.state.status.value, solution.state.pending.value

    def deliver(self) -> list[Delivery]:
        """Deliver everything now, retries over days too, moving the clock; each attempt in its order."""
        before = len(self._box.courier.attempts)
        self._remote.ask("POST", "/settle")
        return [
            Delivery(one.app_id, one.status, one.delivered, one.body, one.headers, one.answer)
            for one in list(self._box.courier.attempts)[before:]
        ]

    def lose(self) -> None:
        """What waits to be delivered never comes: Meta lost it."""
        self._remote.ask("DELETE", "/waiting")

    def advance(self, seconds: float) -> None:
        """Move the emulated clock on."""
        self._remote.ask("POST", "/clock", {"advance_s": seconds})

    def _of(self, party: Party) -> EmulatedApp:
        return self.owner if party == "owner" else self.partner
