"""How long to wait before the next call, by what Meta tells of our use.

    X-App-Usage: {"call_count": 28, "total_time": 25, "total_cputime": 25}                   per cent
    X-Business-Use-Case-Usage: {"<id>": [{"type", "call_count", "total_cputime", "total_time",
                                          "estimated_time_to_regain_access"}]}               the last: minutes
    Retry-After: seconds, or a date

Source: https://developers.facebook.com/docs/graph-api/overview/rate-limiting (read 2026-06-17). Calls
made while throttled make the throttling longer: a wait that is too long is an error, not a call.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from partnerhook.graph.dates import http_date
from partnerhook.graph.errors import RateLimited

Sleep = Callable[[float], Awaitable[object]]

SLOW_AT_PERCENT: Final = 95
"""From here on there is a pause before each call: five seconds, thirty where all is used up."""
PAUSE_S: Final = 5.0
PAUSE_S_MAX: Final = 30.0

USE_CASES_MAX: Final = 32
"""As many objects as Meta says the header has."""

REGAIN_S_MAX: Final = 86_400.0
"""Longer than any of Meta's windows; a header cannot stop us for longer."""


class Throttle:
    """Keeps the time before which no call is made. One for all calls of a client."""

    def __init__(self, *, wait_s_max: float, sleep: Sleep) -> None:
        self._wait_s_max = wait_s_max
        self._sleep = sleep
        self._not_before = 0.0

    def heed(self, headers: Mapping[str, str], now_s: float) -> float | None:
        """Remember what the headers of an answer say. Returns the seconds to wait, None where they say nothing."""
        waits = [*_retry_after(headers, now_s), *_usage(headers), *_use_cases(headers)]
        if not waits:
            return None
        wait_s = min(max(waits), REGAIN_S_MAX)
        self._not_before = max(self._not_before, time.monotonic() + wait_s)
        return wait_s

    @property
    def wait_s(self) -> float:
        """Seconds until the next call may be made."""
        return max(self._not_before - time.monotonic(), 0.0)

    @property
    def blocked(self) -> bool:
        """The wait is longer than anybody is to wait for an answer."""
        return self.wait_s > self._wait_s_max

    async def turn(self) -> None:
        """Wait until a call may be made. Raises RateLimited, without a call, where that takes too long."""
        wait_s, until = self.wait_s, self._not_before
        if self.blocked:
            raise RateLimited(
                f"Meta allows no further calls for about {math.ceil(wait_s)} s; none was made.", retry_after_s=wait_s
            )
        if wait_s > 0:
            await self._sleep(wait_s)
            if self._not_before == until:
                self._not_before = 0.0  # waited for, by whatever clock `sleep` has


def _retry_after(headers: Mapping[str, str], now_s: float) -> Iterator[float]:
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        yield float(told[:9])
    elif (date := http_date(told)) is not None:
        yield max(date - now_s, 0.0)


def _usage(headers: Mapping[str, str]) -> Iterator[float]:
    usage = _json(headers.get("x-app-usage"))
    if isinstance(usage, dict):
        yield from _pause(usage)


def _use_cases(headers: Mapping[str, str]) -> Iterator[float]:
    businesses = _json(headers.get("x-business-use-case-usage"))
    if not isinstance(businesses, dict):
        return
    for cases in list(businesses.values())[:USE_CASES_MAX]:
        for case in cases[:USE_CASES_MAX] if isinstance(cases, list) else ():
            if isinstance(case, dict):
                regain_min = _number(case.get("estimated_time_to_regain_access"))
                if regain_min > 0:
                    yield regain_min * 60
                yield from _pause(case)


def _pause(usage: Mapping[str, Any]) -> Iterator[float]:
    """Longer, the less there is left."""
    percent = max(_number(usage.get(name)) for name in ("call_count", "total_time", "total_cputime"))
    if percent >= SLOW_AT_PERCENT:
        used_up = min((percent - SLOW_AT_PERCENT) / (100 - SLOW_AT_PERCENT), 1.0)
        yield PAUSE_S + used_up * (PAUSE_S_MAX - PAUSE_S)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and -1e9 < value < 1e9 else 0.0


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
