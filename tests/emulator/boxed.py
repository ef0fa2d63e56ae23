"""A running box and those who call it over HTTP: its two apps, a stranger, and whoever turns its knobs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Self

import httpx2
from callbacks import Callback

from partnerhook.emulator.chaos import Chaos
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.rules import PROFILES, Profile
from partnerhook.emulator.run import new_box
from partnerhook.emulator.server import running_in_thread
from partnerhook.emulator.world import App

START = 1_760_000_000
"""Where the emulated clock stands."""


class Boxed:
    """A context manager. The clock stands still; `rules` are single choices. `hold`: nothing is sent until `settle`."""

    def __init__(
        self, profile: str = "guide", *, chaos: dict[str, Any] | None = None, hold: bool = True, **rules: Any
    ) -> None:
        self.box = new_box(
            seed=5,
            rules=PROFILES[Profile(profile)].changed(rules),
            chaos=Chaos.model_validate(chaos or {}),
            clock=Clock(0.0, start=START),
        )
        self.box.courier.hold = hold
        self.stranger = self.box.add_app("Stranger")
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.url = self._open.enter_context(running_in_thread(self.box))
        self.client = self._open.enter_context(httpx2.Client(base_url=self.url, trust_env=False, timeout=30))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def owner(self) -> App:
        """The app that proposes."""
        return next(iter(self.box.world.apps.values()))

    @property
    def partner(self) -> App:
        """The app that is invited."""
        return list(self.box.world.apps.values())[1]

    def get(self, app: App, path: str, **params: Any) -> httpx2.Response:
        """A read with an app's token."""
        return self.client.get(path, params=params, headers=bearer(app.access_token))

    def post(self, app: App, path: str, **document: Any) -> httpx2.Response:
        """A call with an app's token and a JSON body."""
        return self.client.post(path, json=document, headers=bearer(app.access_token))

    def control(self, method: str, path: str, document: dict[str, Any] | None = None, **params: Any) -> Any:
        """What the control API answers where it does what it is asked for."""
        answer = self.client.request(method, f"/_control{path}", json=document, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def create(self, name: str = "A solution", **changed: Any) -> str:
        """The owner proposes a solution over the Graph API; its id."""
        document = {
            "solution_name": name,
            "partner_app_id": self.partner.id,
            "owner_permissions": ["MESSAGING"],
            "partner_permissions": [],
            **changed,
        }
        answer = self.post(self.owner, f"/{self.owner.id}/whatsapp_business_solution", **document)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["solution_id"])

    def act(self, solution_id: str, *actions: str) -> str:
        """Whoever may does it, in the dashboard; the same id."""
        for action in actions:
            self.control("POST", f"/solutions/{solution_id}/act", {"action": action, "name": "Another name"})
        return solution_id

    def draft(self, name: str = "A draft") -> str:
        """The owner saves a draft; its id."""
        asked = {"app_id": self.owner.id, "partner_app_id": self.partner.id, "name": name}
        return str(self.control("POST", "/solutions", asked)["solution_id"])

    def subscribe(self, app: App, callback: Callback, *fields: str, **changed: Any) -> httpx2.Response:
        """The app's callback is set over the Graph API."""
        document = {
            "object": "whatsapp_business_account",
            "callback_url": callback.url,
            "verify_token": callback.verify_token,
            "fields": ",".join(fields or ("partner_solutions", "account_update")),
            **changed,
        }
        return self.client.post(f"/{app.id}/subscriptions", data=document, headers=bearer(app.app_token))

    def settle(self) -> list[dict[str, Any]]:
        """Everything is delivered or given up; all attempts so far, the first one first."""
        self.control("POST", "/settle")
        return self.attempts()

    def attempts(self) -> list[dict[str, Any]]:
        """All attempts so far, the first one first."""
        return list(reversed(self.control("GET", "/deliveries", limit=10_000)))


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def error_of(answer: httpx2.Response) -> dict[str, Any]:
    """The error of an answer that is one."""
    assert answer.status_code >= 400, answer.text
    error: dict[str, Any] = answer.json()["error"]
    return error
