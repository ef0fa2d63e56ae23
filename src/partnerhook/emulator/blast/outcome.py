"""What came of a load. It does not grow with it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

REASONS_KEPT: Final = 20
"""Different ones; a receiver that makes up its own has the others counted together."""


class Latencies:
    """How long answers took, in steps of 2 %: some hundred numbers, however many answers there were."""

    GROWS: Final = 1.02

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """One more."""
        self._counts[math.ceil(math.log(max(seconds, 1e-6) * 1e6, self.GROWS))] += 1

    def milliseconds(self, share: float) -> float | None:
        """What this share of the answers did not take longer than; None where there were none."""
        left = math.ceil(self._counts.total() * share)
        for step in sorted(self._counts):
            left -= self._counts[step]
            if left <= 0:
                return float(f"{self.GROWS**step / 1000:.3g}")
        return None


@dataclass
class Outcome:
    """What came of a load."""

    posts: int = 0
    """Sent, whatever came of them."""
    statuses: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why there was no answer."""
    seconds: float = 0.0
    latencies: Latencies = field(default_factory=Latencies)

    def failed(self, why: str) -> None:
        """One POST had no answer."""
        known = why in self.reasons or len(self.reasons) < REASONS_KEPT
        self.reasons[why if known else "other reasons"] += 1

    @property
    def answered(self) -> int:
        """POSTs that were answered, whatever the answer."""
        return self.statuses.total()

    @property
    def errors(self) -> int:
        """POSTs without an answer."""
        return self.reasons.total()

    @property
    def all_taken(self) -> bool:
        """Each was answered with 200: what Meta counts as delivered."""
        return self.errors == 0 and self.answered == self.statuses[200] == self.posts > 0
