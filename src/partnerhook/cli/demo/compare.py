"""What came of the story against what the story implies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from partnerhook.cli.demo.story import Standing, Story


class Heard(NamedTuple):
    """What came of one step: the answer, and what each of its changes meant."""

    answer: int
    means: tuple[str, ...]


class Told(NamedTuple):
    """What came of all of it: answers, and what the database says."""

    heard: tuple[Heard, ...]
    ending: tuple[Standing, ...]
    quarantined: tuple[str, ...]
    exit_status: int
    """Of the receiver, after SIGTERM."""


def differences(story: Story, told: Told) -> list[str]:
    """A sentence for each; none where all is as the story implies."""
    return [*_of_steps(story, told), *_of_ending(story.ending, told.ending), *_of_the_rest(story, told)]


def _of_steps(story: Story, told: Told) -> Iterator[str]:
    if len(told.heard) != len(story.steps):
        yield f"{len(told.heard)} steps were played, not {len(story.steps)}"
    for number, (step, heard) in enumerate(zip(story.steps, told.heard, strict=False), start=1):
        if heard.answer != step.answer:
            yield f"step {number} was answered {heard.answer}, not {step.answer}"
        for meant, implied in zip_longest(heard.means, step.implied, fillvalue=""):
            if meant != implied:
                yield f"step {number} meant {meant!r}, not {implied!r}"


def _of_ending(implied: Sequence[Standing], found: Sequence[Standing]) -> Iterator[str]:
    found_by_id = {one.solution_id: one for one in found}
    implied_by_id = {one.solution_id: one for one in implied}
    for solution_id in sorted(found_by_id.keys() | implied_by_id.keys()):
        if solution_id not in found_by_id:
            yield f"solution {solution_id} is not known"
        elif solution_id not in implied_by_id:
            yield f"solution {solution_id} is known, and should not be"
        else:
            shown, wanted = found_by_id[solution_id]._asdict(), implied_by_id[solution_id]._asdict()
            for name, value in shown.items():
                if value != wanted[name]:
                    yield f"solution {solution_id} has {name} {value!r}, not {wanted[name]!r}"


def _of_the_rest(story: Story, told: Told) -> Iterator[str]:
    if told.quarantined != story.quarantined:
        yield f"in quarantine are {told.quarantined!r}, not {story.quarantined!r}"
    if told.exit_status != 0:
        yield f"the receiver ended with {told.exit_status} after SIGTERM, not 0"
