"""What the load tells: solutions from their draft to their end. load.lua tells it to wrk.

Changes are numbered. Change n speaks of one solution; its solution's next step comes `apart` changes
later, so that the server has long committed the one before and must look it up again.
"""

from __future__ import annotations

from typing import Final

FIRST_ID: Final = 700_000_000_000_000
IDS: Final = 2**27
"""Solution ids lie in [FIRST_ID, FIRST_ID + IDS)."""

SCRAMBLE: Final = 41_473_883
"""Odd, so n -> n * SCRAMBLE mod IDS meets each id once: neighbours in time are far apart in every index.
Below 2^26, so that the product is exact in Lua, too."""

FIRST_TIME: Final = 1_739_321_024
CHANGES_PER_SECOND: Final = 1_000
STEPS: Final = (
    ("SOLUTION_CREATED", "DRAFT"),
    ("SOLUTION_UPDATED", "INITIATED"),
    ("SOLUTION_UPDATED", "ACTIVE"),
    ("SOLUTION_UPDATED", "PENDING_DEACTIVATION"),
    ("SOLUTION_UPDATED", "DEACTIVATED"),
)
APART: Final = 1_000
"""More than the most connections: two steps of a solution are never under way at once."""

PORTFOLIO_ID: Final = "506914307656634"


def for_lua() -> list[str]:
    """These numbers, as arguments 6 to 16 of load.lua."""
    numbers = (FIRST_ID, IDS, SCRAMBLE, PORTFOLIO_ID, FIRST_TIME, CHANGES_PER_SECOND)
    return [*map(str, numbers), *(f"{event}:{status}" for event, status in STEPS)]


def body(number: int, changes: int = 1, apart: int = APART) -> bytes:
    """The POST whose first change has this number: compact, with the documented example's key order."""
    told = ",".join(_change(each, apart) for each in range(number, number + changes))
    time = FIRST_TIME + number // CHANGES_PER_SECOND
    return (
        f'{{"entry":[{{"changes":[{told}],"id":"{PORTFOLIO_ID}","time":{time}}}],"object":"whatsapp_business_account"}}'
    ).encode()


def _change(number: int, apart: int) -> str:
    block, in_block = divmod(number, len(STEPS) * apart)
    event, status = STEPS[in_block // apart]
    solution = block * apart + number % apart
    solution_id = FIRST_ID + solution * SCRAMBLE % IDS
    return (
        f'{{"field":"partner_solutions","value":{{"event":"{event}",'
        f'"solution_id":"{solution_id}","solution_status":"{status}"}}}}'
    )
