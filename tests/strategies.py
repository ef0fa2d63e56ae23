"""What Hypothesis draws from: things Meta may say, walks through the lifecycle, and JSON that nobody should send."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from partnerhook.core import partner_solutions
from partnerhook.core.graph_readings import GraphReading, observe_reading
from partnerhook.core.names import WORD_OF_STATE, Flag, State
from partnerhook.core.observations import MICROSECONDS, Observation, observe
from partnerhook.core.transitions import TRANSITIONS, Transition

SECRET = "test_app_secret"
NOON_S = 1_750_000_000
"""The second in which everything in these tests happens, give or take some."""

WORDS = (*WORD_OF_STATE.values(), "PENDING", "LIMBO", "SUSPENDED")
EVENTS = ("SOLUTION_CREATED", "SOLUTION_UPDATED", "SOLUTION_MOVED", "")

receipt_times = st.integers((NOON_S - 3) * MICROSECONDS, (NOON_S + 3) * MICROSECONDS)
"""Close to the seconds that Meta names, so that things without a time fall between those that have one."""


def examples(count: int) -> settings:
    """Settings for a property: `count` examples, and no deadline on a machine that others use too."""
    return settings(max_examples=count, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def observation(
    word: str,
    time: int | None,
    *,
    received_at: int = NOON_S * MICROSECONDS,
    event: str = "SOLUTION_UPDATED",
    portfolio_id: str = "506914307656634",
    time_flag: Flag | None = None,
) -> Observation:
    """What a webhook with these words becomes."""
    update = partner_solutions.read(
        {"event": event, "solution_id": "774485461512159", "solution_status": word},
        path="entry[0].changes[0]",
        entry_id=portfolio_id,
        time=time,
        time_flag=(time_flag or Flag.TIME_MISSING) if time is None else None,
    )
    return observe(update, app="default", received_at=received_at)


def graph_reading(word: str, read_at: int, *, received_at: int = NOON_S * MICROSECONDS) -> Observation:
    """What a reading from the Graph API becomes."""
    pending = "PENDING_DEACTIVATION" if word == "PENDING_DEACTIVATION" else "NONE"
    status = "ACTIVE" if word == "PENDING_DEACTIVATION" else word
    reading = GraphReading("774485461512159", status, pending, read_at, asked_at=received_at)
    return observe_reading(reading, app="default", received_at=received_at)


webhooks = st.builds(
    observation,
    st.sampled_from(WORDS),
    st.none() | st.integers(NOON_S - 2, NOON_S + 2),
    received_at=receipt_times,
    event=st.sampled_from(EVENTS),
    portfolio_id=st.sampled_from(["506914307656634", "506914307656634", "2949482758682047", "", "0"]),
    time_flag=st.sampled_from([Flag.TIME_MISSING, Flag.TIME_UNREADABLE]),
)
"""All of one solution; few seconds and few words, so that they meet."""

readings = st.builds(
    graph_reading, st.sampled_from(WORDS), st.integers(NOON_S - 2, NOON_S + 2), received_at=receipt_times
)
observations = webhooks | webhooks | webhooks | readings


@st.composite
def walks(draw: st.DrawFn, *, crowded: bool) -> list[tuple[Transition, int]]:
    """A legal way through the lifecycle, each step with its second.

    Not crowded: every step has a second of its own. Crowded: steps share seconds, and may come back
    to a state within one.
    """
    walk: list[tuple[Transition, int]] = []
    state: State | None = None
    at = NOON_S
    for _ in range(draw(st.integers(1, 9))):
        ways = [row for row in TRANSITIONS if row.before == state]
        if not ways:
            break
        row = draw(st.sampled_from(ways))
        at += draw(st.integers(0 if crowded else 1, 2))
        walk.append((row, at))
        state = row.after
    return walk


def heard_on(walk: Sequence[tuple[Transition, int]]) -> list[Observation]:
    """What Meta sends while a solution goes this way."""
    return [observation(WORD_OF_STATE[row.after], at, event=row.event) for row, at in walk]


texts = st.text(st.characters(), max_size=20) | st.sampled_from(["\x00", "\ud800", "\u202e", "\n", " ", "'; --", "0"])
"""All of Unicode, lone surrogates and NUL among it."""

numbers = (
    st.integers()
    | st.integers(-(10**300), 10**300)
    | st.floats()
    | st.sampled_from([2**63, 2**64, -1, NOON_S * 1000, 1.5])
)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)

_ids = st.sampled_from(["774485461512159", 774485461512159, "0", 0, "", "007", "٣", "9" * 40, 10**40]) | json_values
_words = st.sampled_from([*WORDS, *EVENTS, "PARTNER_ADDED"]) | json_values
_customer = st.fixed_dictionaries(
    {},
    optional={
        "waba_id": _ids,
        "owner_business_id": _ids,
        "solution_id": _ids,
        "solution_partner_business_ids": st.lists(_ids, max_size=3) | json_values,
    },
)
_value = st.fixed_dictionaries(
    {},
    optional={
        "event": _words,
        "solution_id": _ids,
        "solution_status": _words,
        "waba_info": _customer | json_values,
    },
)
_change = st.fixed_dictionaries(
    {},
    optional={
        "field": st.sampled_from(["partner_solutions", "account_update", "messages"]) | json_values,
        "value": _value | json_values,
    },
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "id": _ids,
        "time": st.integers(NOON_S - 2, NOON_S + 2) | st.sampled_from([str(NOON_S), float(NOON_S), True]) | json_values,
        "changes": st.lists(_change | json_values, max_size=3) | json_values,
        "changed_fields": json_values,
    },
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "object": st.sampled_from(["whatsapp_business_account", "page", None]) | json_values,
        "entry": st.lists(entries | json_values, max_size=3) | json_values,
    },
)
"""Almost webhooks: each part is missing, right, or any JSON at all."""


@st.composite
def bodies(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> bytes:
    """`values` as JSON in one of the spellings that JSON allows."""
    text = json.dumps(draw(values), ensure_ascii=draw(st.booleans()), indent=draw(st.none() | st.just(1)))
    return text.encode("utf-8", "surrogatepass")
