"""What came of the story against what the story implies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from partnerhook.cli.demo.ears import Heard
    from partnerhook.cli.demo.registry import Standing
    from partnerhook.core.notice_documents import AnyNotice
    from partnerhook.emulator.scenario.script import Ending, Script, Step


ALERTED: Final = "solution.deactivation_requested"
"""What a person is alerted of."""


class Came(NamedTuple):
    """What came of one step."""

    step: Step
    means: tuple[str, ...]
    """What the registry made of each change, in the order of arrival; each app's, where they differ, is part of it."""
    problems: tuple[str, ...]
    """What did not go as the step says."""


class Told(NamedTuple):
    """What came of all of it, and what the database says in the end."""

    came: tuple[Came, ...]
    standings: tuple[Standing, ...]
    names: Mapping[str, str]
    """Of the solutions, by id."""
    quarantined: tuple[str, ...]
    unmet: tuple[str, ...]
    """Where the truth itself does not end as the story says."""
    not_on_page: tuple[str, ...]
    """Solutions that the emulator's page does not show."""
    exit_status: int | None
    """Of the receiver, after SIGTERM; None: it still runs."""
    notices: tuple[AnyNotice, ...]
    """What the receiver had to tell."""
    heard: Heard
    """What was heard of it."""


def differences(script: Script, told: Told) -> list[str]:
    """A sentence for each; none where all is as the story implies."""
    return [
        *_of_steps(told),
        *told.unmet,
        *_of_endings(script, told),
        *_of_deliveries(told),
        *_of_the_rest(script, told),
    ]


def _of_steps(told: Told) -> Iterator[str]:
    for number, came in enumerate(told.came, start=1):
        yield from (f"step {number}: {problem}" for problem in came.problems)
        meant, implied = "; ".join(came.means), came.step.means or ""
        if meant != implied:
            yield f"step {number} meant {meant!r}, not {implied!r}"


def _of_endings(script: Script, told: Told) -> Iterator[str]:
    implied = {
        (str(app), ending.solution): (ending, history)
        for ending in script.ending
        for app, history in ending.history.items()
    }
    found = {(one.app, told.names.get(one.solution_id, one.solution_id)): one for one in told.standings}
    for app, name in sorted(found.keys() | implied.keys()):
        if (app, name) not in found:
            yield f"{app} does not know {name}"
        elif (app, name) not in implied:
            yield f"{app} knows {name}, and should not"
        else:
            yield from _of_standing(*implied[app, name], found[app, name], f"{app}: {name}")


def _of_standing(ending: Ending, history: Sequence[str], found: Standing, who: str) -> Iterator[str]:
    wanted = {
        "status": ending.status,
        "pending": ending.pending,
        "anomalies": ending.anomalies,
        "history": tuple(history),
    }
    for name, value in wanted.items():
        if getattr(found, name) != value:
            yield f"{who} has {name} {getattr(found, name)!r}, not {value!r}"


def _of_deliveries(told: Told) -> Iterator[str]:
    """Everything was told to the system, signed and in order; whoever listened knows where each solution stands."""
    if told.heard.unverified:
        yield f"{told.heard.unverified} deliveries were not signed as they must be"
    for one in told.standings:
        mine = [each for each in told.notices if (each.app, each.solution_id) == (one.app, one.solution_id)]
        heard = [
            each
            for each in told.heard.documents
            if (each["data"].get("app"), each["subject"]) == (one.app, one.solution_id)
        ]
        who = f"{one.app}: {told.names.get(one.solution_id, one.solution_id)}"
        if [each["id"] for each in heard] != [each.id for each in mine]:
            yield f"{who} was told of in {len(heard)} deliveries, and there were {len(mine)} notices"
        elif heard and _state_in(heard[-1]) != (one.status, one.pending):
            yield f"{who} was last told to be {_state_in(heard[-1])}, and is {(one.status, one.pending)}"
    if any(each.kind == ALERTED for each in told.notices) and not told.heard.alerts:
        yield "nobody was alerted"


def _state_in(document: Mapping[str, Any]) -> tuple[str, str]:
    after = document["data"]["after"]
    return after["status"], after["pending"]


def _of_the_rest(script: Script, told: Told) -> Iterator[str]:
    broken = sum(
        not change.solution_id.isdigit()
        for scene in script.scene
        for step in scene.step
        for change in step.changes
        if change.solution_id
    )
    if len(told.quarantined) != broken:
        yield f"in quarantine are {told.quarantined!r}, and {broken} changes were broken"
    yield from (f"the emulator's page does not show {name}" for name in told.not_on_page)
    if told.exit_status != 0:
        yield f"the receiver ended with {told.exit_status} after SIGTERM, not 0"
