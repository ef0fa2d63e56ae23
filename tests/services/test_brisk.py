"""While people are served, Python's threads take short turns; and long ones again when nobody is."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from partnerhook.services.brisk import TURN_S, brisk

WITHIN_S = 20.0


def test_turns_are_short_until_the_last_one_is_done():
    """However many are at it."""
    usual_s = sys.getswitchinterval()
    both = Barrier(2, timeout=WITHIN_S)

    def serve() -> float:
        with brisk():
            both.wait()
            return sys.getswitchinterval()

    with ThreadPoolExecutor(2) as people:
        seen = [one.result(WITHIN_S) for one in [people.submit(serve) for _ in range(2)]]

    assert [round(one, 6) for one in seen] == [TURN_S, TURN_S]
    assert sys.getswitchinterval() == usual_s
