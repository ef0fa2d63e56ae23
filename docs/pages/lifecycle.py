"""docs/lifecycle.md: drawn from the literal table, with an example that the real fold computes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import partnerhook
from pages.markdown import code, document, fence, generated, table
from partnerhook import Observation, Solution
from partnerhook.core.compose import compose
from partnerhook.core.lifecycle import fold
from partnerhook.core.names import MEANING_OF_FLAG, STATE_OF_WORD, STATES, UNKNOWN, WORD_OF_STATE, Flag, State
from partnerhook.core.observations import MICROSECONDS, distinct
from partnerhook.core.timeline import clock, say, sentence, timeline
from partnerhook.core.transitions import TRANSITIONS, Transition, oddity
from partnerhook.core.triggers import TRIGGER_OF_NAME, TRIGGERS

MEANING_OF_WORD: Final = {
    "DRAFT": "saved, and not sent to the partner yet",
    "INITIATED": "the request was sent; the partner has not answered",
    "ACTIVE": "the partner accepted",
    "PENDING_DEACTIVATION": "active still; a request to deactivate it waits for an answer",
    "REJECTED": "the partner rejected the request",
    "DEACTIVATED": "the request to deactivate it was accepted",
    "PENDING": "the same as INITIATED; only the guide has it, so it is flagged `status_pending`",
}

INTRODUCTION: Final = """
What a Multi-Partner Solution goes through, as Meta's webhook reference and guide tell it ([sources](sources.md)), and
what Partnerhook makes of each webhook. The steps are one literal table, `core/transitions.py:TRANSITIONS`, which the
program itself reads. Other words are in the [glossary](glossary.md).
"""

STATES_TEXT: Final = """
A state is two fields, as the Graph API has them: `status` and `pending` (there `status_for_pending_request`). Customers
can be onboarded with a solution, it is usable, where `status` is ACTIVE, also while a deactivation waits for its answer
([ADR 0003](adr/0003-two-fields-as-in-graph.md)).
"""

WORDS_TEXT: Final = """
A webhook has one word for both fields, `solution_status`. What Meta sent stays beside the state as `reported_status`.
"""

STEPS_TEXT: Final = """
`event` and `solution_status` are what the webhook of a step carries. The state does not depend on `event`: it is kept,
and flagged where it is missing or in no document. The owner proposed the solution, the partner was invited; no webhook
says who acted. "choice" marks what Meta's documents leave open, and what we take it to be.
"""

TRIGGERS_TEXT: Final = """
The webhook reference lists six triggers. `partnerhook trigger NAME` sends what Meta would:
"""

ODD_TEXT: Final = """
Meta is the authority: whatever is signed is taken, also where the table has no such step
([ADR 0004](adr/0004-meta-is-the-authority.md)). The table only decides what to call it. Rows are the state before,
columns the word that comes next; `step` is one of the table's own, and a solution that is first heard of in the middle
of its life is not odd. From and to UNKNOWN everything is a step, for nobody knows what lies around it. Webhooks of one
second are taken in the order that misses the fewest steps.
"""

FLAGS_TEXT: Final = """
An anomaly of a solution is gone after its next regular step. All flags:
"""

EXAMPLE_TEXT: Final = """
The state is a function of the set of observations: order of arrival, repeats and batches do not matter
([ADR 0002](adr/0002-order-does-not-matter.md)). Here the webhook about the acceptance comes after the one about the
deactivation, and again later. This is what the fold makes of it, computed as this page was generated:
"""

EXAMPLE_ID: Final = "774485461512159"
EXAMPLE_PORTFOLIO: Final = "506914307656634"
EXAMPLE_SECRET: Final = "a secret for this page alone"  # noqa: S105 - it signs the example and nothing else
EXAMPLE_BEGINS: Final = 1_781_683_200
"""2026-06-17T08:00:00Z."""

EXAMPLE_ARRIVALS: Final = (
    ("request-sent", 0, 1),
    ("deactivation-requested", 172_800, 172_801),
    ("accepted", 3_600, 172_830),
    ("accepted", 3_600, 176_430),
)
"""Trigger, Meta's `time`, and when it is received; seconds after the beginning."""


def page() -> str:
    """The whole document."""
    return document(
        "# Lifecycle of a solution",
        generated("core/transitions.py", "core/names.py", "core/triggers.py", "core/lifecycle.py"),
        INTRODUCTION,
        "## States",
        STATES_TEXT,
        table(["state", "`status`", "`pending`", "usable"], [_state_row(state) for state in STATES]),
        "## Words that Meta sends",
        WORDS_TEXT,
        table(["`solution_status`", "what it means", "`status`", "`pending`"], _word_rows()),
        "## Steps",
        fence("mermaid", diagram()),
        STEPS_TEXT,
        table(
            ["before", "action", "who", "`event`", "`solution_status`", "after", "note"],
            [_step_row(step) for step in TRANSITIONS],
        ),
        TRIGGERS_TEXT,
        table(["trigger", "action", "`event`", "`solution_status`"], _trigger_rows()),
        "## What is flagged, and never refused",
        ODD_TEXT,
        table(["before", *(say(state) for state in KNOWN_STATES)], [_odd_row(state) for state in KNOWN_STATES]),
        FLAGS_TEXT,
        table(["flag", "what"], [(code(flag), MEANING_OF_FLAG[flag]) for flag in Flag]),
        "## An example",
        EXAMPLE_TEXT,
        *_example(),
    )


KNOWN_STATES: Final = tuple(state for state in STATES if state is not UNKNOWN)


def _state_row(state: State) -> list[str]:
    return [say(state), state.status, state.pending, "usable" if state.usable else "no"]


def _word_rows() -> Iterator[list[str]]:
    for word, state in STATE_OF_WORD.items():
        yield [code(word), MEANING_OF_WORD[word], state.status, state.pending]
    yield ["any other", "unknown; flagged `status_unknown`, not usable", UNKNOWN.status, UNKNOWN.pending]


def diagram() -> Iterator[str]:
    """The table as a Mermaid state diagram; its labels have no colon, which would end them."""
    yield "stateDiagram-v2"
    for step in TRANSITIONS:
        before = say(step.before) if step.before else "[*]"
        yield f"    {before} --> {say(step.after)}: {step.action} ({step.party})"


def _step_row(step: Transition) -> list[str]:
    before = say(step.before) if step.before else "(none yet)"
    return [
        before,
        step.action,
        step.party,
        code(step.event),
        code(WORD_OF_STATE[step.after]),
        say(step.after),
        step.note,
    ]


def _trigger_rows() -> Iterator[list[str]]:
    for trigger in TRIGGERS:
        step = trigger.transition
        yield [code(trigger.name), f"{step.party}: {step.action}", code(trigger.event), code(trigger.solution_status)]


def _odd_row(before: State) -> list[str]:
    return [
        say(before),
        *("same" if after is before else code(oddity(before, after) or "") or "step" for after in KNOWN_STATES),
    ]


def _example() -> Iterator[str]:
    heard: list[Observation] = []
    rows: list[list[str]] = []
    for name, time, received in EXAMPLE_ARRIVALS:
        heard.append(_observation(name, EXAMPLE_BEGINS + time, EXAMPLE_BEGINS + received))
        rows.append([*_arrival(heard[-1]), *_told(fold(distinct(heard)))])
    yield table(["received", "Meta's `time`", "`solution_status`", "state then", "usable", "anomalies"], rows)
    yield "What `partnerhook solutions explain` says of it in the end:"
    yield fence("", (sentence(entry) for entry in timeline(distinct(heard))))


def _observation(trigger: str, time: int, received: int) -> Observation:
    body = compose(EXAMPLE_PORTFOLIO, time, [TRIGGER_OF_NAME[trigger].update(EXAMPLE_ID)])
    envelope = partnerhook.receive(body, partnerhook.sign(body, EXAMPLE_SECRET), EXAMPLE_SECRET)
    (update,) = envelope.solution_updates
    return partnerhook.observe(update, app="default", received_at=received * MICROSECONDS)


def _arrival(one: Observation) -> list[str]:
    return [clock(one.received_at // MICROSECONDS), clock(one.at), code(one.reported_status)]


def _told(solution: Solution | None) -> list[str]:
    if solution is None:
        return ["", "", ""]
    anomalies = ", ".join(code(flag) for flag in solution.anomalies)
    return [f"{solution.status}, {solution.pending}", "usable" if solution.usable else "no", anomalies]
