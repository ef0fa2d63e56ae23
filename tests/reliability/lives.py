"""Random lives of solutions in Meta's box: seeded, so that a run can be played again."""

from __future__ import annotations

import random
from typing import Any

from partnerhook.core.names import ACCOUNT_UPDATE, PARTNER_SOLUTIONS
from partnerhook.emulator.box import Box
from partnerhook.emulator.chaos import Chaos
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.rules import GUIDE
from partnerhook.emulator.run import new_box
from partnerhook.emulator.subscriptions import FIELD_VERSION
from partnerhook.emulator.world import Subscription

CHAOS: dict[str, dict[str, Any]] = {
    "calm": {},
    "duplicate": {"duplicate": 0.5},
    "reorder": {"reorder": 0.5},
    "delay": {"delay": 0.5, "delay_s": 86_400},
    "unreachable": {"unreachable": 0.5},
    "lost_answer": {"lost_answer": 0.5},
    "batch": {"batch_max": 100, "batch_wait_s": 600},
    "recut": {"batch_max": 100, "batch_wait_s": 600, "unreachable": 0.5, "lost_answer": 0.3, "recut": 0.8},
    "burst": {"burst_s": 3_600, "batch_max": 1_000},
    "skew": {"skew_s": -1_800, "reorder": 0.3},
    "drop": {"drop": 0.3},
    "new_time": {"new_time": 0.5, "unreachable": 0.3, "lost_answer": 0.3},
    "all_but_losses": {
        "duplicate": 0.3,
        "reorder": 0.3,
        "delay": 0.3,
        "unreachable": 0.2,
        "lost_answer": 0.2,
        "batch_max": 20,
        "batch_wait_s": 30,
        "recut": 0.5,
        "skew_s": 900,
    },
    "all": {
        "duplicate": 0.3,
        "reorder": 0.3,
        "delay": 0.3,
        "unreachable": 0.2,
        "lost_answer": 0.2,
        "batch_max": 20,
        "batch_wait_s": 30,
        "recut": 0.5,
        "skew_s": -900,
        "drop": 0.2,
        "new_time": 0.2,
    },
}
"""Each kind of chaos by itself, and all of them."""

LOSING = frozenset({"drop", "new_time", "all"})
"""Kinds that lose what only reconciliation finds."""

PAUSES_S = (0, 0, 0, 1, 1, 60, 3_600, 86_400)
BEGINS_AGO_S = 80 * 86_400
"""Long enough for every life and every retry to be over before now: receivers refuse times of the future."""


class Lives:
    """A box in which both parties act at random."""

    def __init__(self, chaos: str, seed: int, *, now: float) -> None:
        self._random = random.Random(f"{chaos}/{seed}")  # the same in every process
        choices = {
            "decline_webhook": self._random.choice(["active", "active", "none"]),
            "draft_sent_event": self._random.choice(["SOLUTION_CREATED", "SOLUTION_UPDATED"]),
            "initiated_word": self._random.choice(["INITIATED", "INITIATED", "PENDING"]),
            "deactivation_by": self._random.choice(["owner", "either"]),
            "rename_webhook": self._random.choice([True, False]),
        }
        self.losing = chaos in LOSING or choices["decline_webhook"] == "none"
        """Whether the registry may be wrong, and not know it, until it is reconciled."""
        self.box: Box = new_box(
            seed=self._random.randrange(10**9),
            rules=GUIDE.changed(choices),
            chaos=Chaos(seed=seed, **CHAOS[chaos]),
            clock=Clock(0.0, now - BEGINS_AGO_S),
        )

    def subscribe(self, urls: list[str], secret: str) -> None:
        """The owner's app and the partner's, without asking: the handshake is tried elsewhere."""
        for app, url in zip(self.box.world.apps.values(), urls, strict=True):
            app.secret = secret
            fields = dict.fromkeys([PARTNER_SOLUTIONS, ACCOUNT_UPDATE], FIELD_VERSION)
            app.subscription = Subscription(callback_url=url, verify_token="", fields=fields)

    async def live(self, steps: int) -> None:
        """Both act, time passes, webhooks are delivered as they become due; in the end all of them."""
        for _ in range(steps):
            self._act()
            await self._pass(self._random.choice(PAUSES_S))
        await self.box.courier.settle()

    def _act(self) -> None:
        box, dice = self.box, self._random
        apps = list(box.world.apps.values())
        can = [
            (solution, action, app)
            for solution in box.world.solutions.values()
            for app in apps
            for action in box.allowed(solution, app)
        ]
        if not can or (len(box.world.solutions) < 3 and dice.random() < 0.3):
            owner, partner = dice.sample(apps, 2)
            box.create(
                owner,
                name="A solution",
                partner_app_id=partner.id,
                owner_permissions=["MESSAGING"],
                draft=dice.random() < 0.5,
            )
            return
        solution, action, app = dice.choice(can)
        if action == "rename":
            box.rename(solution, f"Name {dice.randrange(1_000)}", app)
        else:
            box.act(solution, action, app)

    async def _pass(self, seconds: float) -> None:
        box = self.box
        until = box.clock.now() + seconds
        while (due := box.outbox.next_due()) is not None and due <= until:
            box.clock.advance(max(due - box.clock.now(), 0.0))
            await box.courier.deliver_due()
        box.clock.advance(max(until - box.clock.now(), 0.0))

    def truth(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(app id, solution id) -> (status, pending), for each app that may know of the solution."""
        return {
            (app.id, solution.id): (solution.state.status.value, solution.state.pending.value)
            for app in self.box.world.apps.values()
            for solution in self.box.world.solutions_of(app.id)
        }
