"""A moment as people type it: a time, a date, or how long ago."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from cyclopts import Parameter, Token

from partnerhook.core.observations import MICROSECONDS

SPAN: Final = re.compile(r"(\d{1,6})([smhd])")
SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
WAYS_TO_SAY: Final = "a time in RFC 3339, a date, or a span back (90s, 30m, 2h, 7d)"


def moment(_hint: Any, tokens: Sequence[Token]) -> int:
    """Unix microseconds, from `2h` (that long ago), a date, or a time in RFC 3339; without an offset it is UTC."""
    given = tokens[0].value
    if span := SPAN.fullmatch(given):
        return int((time.time() - int(span[1]) * SECONDS[span[2]]) * MICROSECONDS)
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError(f"{given!r} is neither a time such as 2026-06-17T08:00:00Z nor a span such as 2h") from None
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * MICROSECONDS)


Moment = Annotated[int, Parameter(converter=moment)]
"""Unix microseconds."""
