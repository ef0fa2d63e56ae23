"""What goes wrong between Meta and a callback: seeded, so that the same seed does the same again."""

from __future__ import annotations

import random
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Chaos(BaseModel):
    """How often what goes wrong. Shares are from 0 (never) to 1 (always); seconds are of the emulated clock."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    seed: int = Field(0, description="The same seed does the same again.")
    duplicate: Share = Field(0.0, description="Share of changes that are sent twice although they were delivered.")
    reorder: Share = Field(0.0, description="Share of changes that later ones overtake, by some seconds.")
    delay: Share = Field(0.0, description="Share of changes that are held back.")
    delay_s: float = Field(3_600.0, gt=0, description="How long at most, in seconds.")
    drop: Share = Field(0.0, description="Share of changes that are never sent: lost for good.")
    unreachable: Share = Field(0.0, description="Share of attempts that do not reach the callback.")
    lost_answer: Share = Field(0.0, description="Share of attempts whose answer is lost: taken, and sent again.")
    batch_max: int = Field(1, ge=1, le=1_000, description="The most changes in one POST.")
    batch_wait_s: float = Field(0.0, ge=0, description="How long changes wait for company, in seconds.")
    recut: Share = Field(0.0, description="Share of retries whose batch is cut anew.")
    new_time: Share = Field(0.0, description="Share of retries that carry a new `time`.")
    burst_s: float = Field(0.0, ge=0, description="Changes are held and come all at once, every so many seconds.")
    skew_s: float = Field(0.0, description="How far Meta's clock is ahead of the emulated one, in seconds.")


class Dice:
    """Decides what happens, by a seed."""

    def __init__(self, chaos: Chaos) -> None:
        self.chaos = chaos
        self._random = random.Random(chaos.seed)  # noqa: S311 - chances, not secrets

    def falls(self, share: float) -> bool:
        """Whether a thing of this share happens now."""
        return share > 0 and self._random.random() < share

    def between(self, low: float, high: float) -> float:
        """Some number between."""
        return self._random.uniform(low, high)

    def up_to(self, most: int) -> int:
        """A whole number from 1."""
        return self._random.randint(1, most)

    def due(self, now: float) -> float:
        """When a change that happens `now` is sent for the first time."""
        chaos = self.chaos
        due = now + chaos.batch_wait_s
        if self.falls(chaos.reorder):
            due += self.between(1, 30)
        if self.falls(chaos.delay):
            due += self.between(0, chaos.delay_s)
        if chaos.burst_s:
            due = (due // chaos.burst_s + 1) * chaos.burst_s
        return due
