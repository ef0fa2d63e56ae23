"""The field `partner_solutions`: one change of one Multi-Partner Solution.

    {"event": "SOLUTION_CREATED", "solution_id": "774485461512159", "solution_status": "INITIATED"}

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/partner_solutions
(read 2026-06-17). There is no event id, actor, previous status or name in it; `entry.id` is a
business portfolio, not a WhatsApp business account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from partnerhook.core.names import DASHBOARD_TEST_ID, EVENTS, STATE_OF_WORD, UNKNOWN, WORD_OF_STATE, Flag, State
from partnerhook.core.reading import NotUnderstood, as_id, as_word


class SolutionUpdate(NamedTuple):
    """One change of a solution, in Meta's words, with what is odd about it in `flags`."""

    path: str
    """Where in the body it stood: `entry[0].changes[0]`."""
    portfolio_id: str
    """The receiving business portfolio; empty where the entry names none."""
    time: int | None
    """Unix seconds, as sent; None where missing or unreadable."""
    event: str
    solution_id: str
    solution_status: str
    flags: tuple[Flag, ...] = ()

    @property
    def state(self) -> State:
        """What the word means: status and pending request. UNKNOWN for a word we do not know."""
        return STATE_OF_WORD.get(self.solution_status, UNKNOWN)

    @property
    def test(self) -> bool:
        """Sent by the App Dashboard's Test button: tells nothing about a real solution."""
        return self.portfolio_id == DASHBOARD_TEST_ID


def read(
    value: Mapping[str, Any], path: str, entry_id: str, time: int | None, time_flag: Flag | None
) -> SolutionUpdate:
    """Read the change's value. Raises NotUnderstood where it does not say which solution is how."""
    solution_id = as_id(value.get("solution_id"))
    if solution_id is None:
        raise NotUnderstood("value.solution_id is not a string of digits")
    word = as_word(value.get("solution_status"))
    if word is None:
        raise NotUnderstood("value.solution_status is not a short text")
    event = as_word(value.get("event")) or ""
    # The documented case, spelled out first: no flag at all.
    if time_flag is None and entry_id and event in EVENTS and word in DOCUMENTED_WORDS:
        return SolutionUpdate(path, entry_id, time, event, solution_id, word)
    return SolutionUpdate(path, entry_id, time, event, solution_id, word, _flags(entry_id, time_flag, event, word))


DOCUMENTED_WORDS = frozenset(WORD_OF_STATE.values())


def _flags(entry_id: str, time_flag: Flag | None, event: str, word: str) -> tuple[Flag, ...]:
    found = [time_flag]
    if not entry_id:
        found.append(Flag.PORTFOLIO_MISSING)
    if event not in EVENTS:
        found.append(Flag.EVENT_UNKNOWN if event else Flag.EVENT_MISSING)
    if word not in DOCUMENTED_WORDS:
        found.append(Flag.STATUS_PENDING if word in STATE_OF_WORD else Flag.STATUS_UNKNOWN)
    return tuple(sorted(flag for flag in found if flag))
