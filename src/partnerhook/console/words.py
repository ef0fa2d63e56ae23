"""How pages say things: times, states, numbers. Filters of the templates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup

from partnerhook.core.names import (
    ACTIVE,
    DEACTIVATED,
    DEACTIVATION_REQUESTED,
    DRAFT,
    INITIATED,
    MEANING_OF_FLAG,
    REJECTED,
    UNKNOWN,
    State,
)
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.timeline import say

MINUTE_S: Final = 60
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
YEAR_S: Final = 365 * DAY_S

NAME_OF_STATE: Final = {
    DRAFT: "Draft",
    INITIATED: "Requested",
    ACTIVE: "Active",
    DEACTIVATION_REQUESTED: "Deactivation requested",
    REJECTED: "Rejected",
    DEACTIVATED: "Deactivated",
    UNKNOWN: "Unknown word",
}
"""What a state is called, in no more room than a badge has."""

CLASS_OF_STATE: Final = {
    DRAFT: "state-draft",
    INITIATED: "state-initiated",
    ACTIVE: "state-active",
    DEACTIVATION_REQUESTED: "state-asked",
    REJECTED: "state-rejected",
    DEACTIVATED: "state-deactivated",
    UNKNOWN: "state-unknown",
}
"""What colours it."""

NAME_OF_FATE: Final = {"done": "delivered", "dead": "given up"}
"""Words of deliveries that say something else to people."""

TONE_OF_WORD: Final = {
    "waiting": "tone-waiting",
    "done": "tone-good",
    "dead": "tone-bad",
    "discarded": "tone-over",
    "observed": "tone-good",
    "test": "tone-info",
    "customer": "tone-good",
    "quarantined": "tone-bad",
    "works": "tone-good",
    "failing": "tone-waiting",
    "paused": "tone-bad",
}
"""What colours the fate of a delivery or of a change, and how a target does; all others are quiet."""

NO_KIND: Final = Markup()
EXACT: Final = Markup(" data-exact")
AGE: Final = Markup(" data-age")
"""How the script is to tell a time."""


def moment(at: int) -> Markup:
    """Unix seconds as a time. The script shows it in the viewer's zone, and UTC on hover."""
    return _time(at, _utc(at).strftime("%Y-%m-%d %H:%M UTC"))


def moment_us(at: int) -> Markup:
    """Unix microseconds as a time."""
    return moment(at // MICROSECONDS)


def exact(at: int) -> Markup:
    """Unix seconds as a time, to the second."""
    return _time(at, _utc(at).strftime("%Y-%m-%d %H:%M:%S UTC"), EXACT)


def exact_us(at: int) -> Markup:
    """Unix microseconds as a time, to the second."""
    return exact(at // MICROSECONDS)


def age(at: int, now: int) -> Markup:
    """How long ago Unix seconds are. The script counts on."""
    return _time(at, lasted(now - at), AGE)


def lasted(seconds: int) -> str:
    """A span of time, as short as it can be said. The script says it so, too."""
    if seconds < MINUTE_S:
        return "just now"
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S} min"
    if seconds < 2 * DAY_S:
        return f"{seconds // HOUR_S} h"
    if seconds < 2 * YEAR_S:
        return f"{seconds // DAY_S} days"
    return f"{seconds // YEAR_S} years"


def number(count: int) -> str:
    """With a comma for each thousand."""
    return f"{count:,}"


def state_name(state: State) -> str:
    """What a state is called."""
    return NAME_OF_STATE[state]


def state_class(state: State) -> str:
    """The class that colours a state."""
    return CLASS_OF_STATE[state]


def _time(at: int, text: str, kind: Markup = NO_KIND) -> Markup:
    told = _utc(at)
    return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(
        told.strftime("%Y-%m-%dT%H:%M:%SZ"), told.strftime("%Y-%m-%d %H:%M:%S UTC"), kind, text
    )


def _utc(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def fate_name(fate: str) -> str:
    """What became of a delivery or a change, as people say it."""
    return NAME_OF_FATE.get(fate, fate.replace("_", " "))


def fate_class(word: str) -> str:
    """What colours its badge."""
    return TONE_OF_WORD.get(word, "tone-quiet")


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "moment": moment,
    "moment_us": moment_us,
    "exact": exact,
    "exact_us": exact_us,
    "age": age,
    "number": number,
    "state_name": state_name,
    "state_class": state_class,
    "state_word": say,
    "flag_meaning": MEANING_OF_FLAG.__getitem__,
    "fate_name": fate_name,
    "fate_class": fate_class,
}
