"""What a scenario file can say, and how what is wrong with it is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.emulator.scenario.play import Played, Player
from partnerhook.emulator.scenario.script import Script, parse, read, span_s

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "scenarios").glob("*.toml"))

OF_CALLBACKS = {"subscribe", "press test"}

STEP = """
[[scene.step]]
by = "{by}"
does = "{does}"
solution = "{solution}"
{more}
"""


def step(does: str, by: str = "owner", solution: str = "First", more: str = "") -> str:
    """A step of a file."""
    return STEP.format(does=does, by=by, solution=solution, more=more)


def script(*steps: str, ending: str = "") -> Script:
    """A scenario of one scene."""
    return parse("\n".join(['title = "T"', "[[scene]]", 'title = "S"', *steps, ending]), "file.toml")


def played(wanted: Script) -> tuple[list[Played], list[str]]:
    """All steps without a callback, and the endings that are not met."""
    player = Player(wanted)

    async def play() -> list[Played]:
        return [one async for one in player.play()]

    return asyncio.run(play()), player.unmet_endings()


def test_there_are_examples():
    """A loop over nothing would pass as well."""
    assert {"story.toml", "late_and_twice.toml", "customers.toml", "a_bad_week.toml"} <= {one.name for one in EXAMPLES}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_ends_as_it_says(file: Path):
    """Nobody needs to listen for the truth to be the truth; what needs a callback is tried elsewhere."""
    steps, unmet = played(read(file))

    problems = [problem for one in steps for problem in one.problems if one.step.does not in OF_CALLBACKS]
    assert (problems, unmet) == ([], [])


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1.5m", 90), ("2h", 7_200), ("7d", 604_800)])
def test_a_span_of_time(text: str, seconds: float):
    """A number and a unit."""
    assert span_s(text) == seconds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("title = ", "file.toml is not TOML"),
        ('title = "T"', "scene: Field required"),
        ('title = "T"\nscenes = 1', "scenes: Extra inputs are not permitted"),
        (
            f'title = "T"\n[[scene]]\ntitle = "S"\n{step("acept")}',
            "scene 1, step 1, does: it is none of: save as draft, create, ",
        ),
        (
            f'title = "T"\n[[scene]]\ntitle = "S"\n{step("create", more="after = 5")}',
            "scene 1, step 1, after: Input should be a valid string",
        ),
        (
            f'title = "T"\n[[scene]]\ntitle = "S"\n{step("create", more=chr(10) + "after = " + repr("5 min"))}',
            "scene 1, step 1, after: a span of time is a number and s, m, h or d",
        ),
        (f'title = "T"\n[[scene]]\ntitle = "S"\n{step("create", by="meta")}', "is done by the owner or the partner"),
        (f'title = "T"\n[[scene]]\ntitle = "S"\n{step("create", solution="")}', "`create` names its solution"),
        (f'title = "T"\n[[scene]]\ntitle = "S"\n{step("say", more="to = " + repr("owner"))}', "names its changes"),
        (f'title = "T"\n[[scene]]\ntitle = "S"\n{step("press test")}', "names a party with `to`"),
        (f'title = "T"\n[[scene]]\ntitle = "S"\n{step("accept")}', "'First' is not created before it is used"),
        (
            f'title = "T"\n[[scene]]\ntitle = "S"\n{step("create")}\n[[ending]]\nsolution = "X"\nstatus = "ACTIVE"',
            "'X' has an ending, but nobody creates it",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, sentence: str):
    """Counted as people do, from 1."""
    with pytest.raises(ConfigurationInvalid) as problem:
        parse(text, "file.toml")

    assert sentence in str(problem.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path):
    """And one that is no text."""
    (tmp_path / "binary.toml").write_bytes(b"\xff")

    with pytest.raises(ConfigurationInvalid, match="No such file"):
        read(tmp_path / "none.toml")
    with pytest.raises(ConfigurationInvalid, match="not UTF-8"):
        read(tmp_path / "binary.toml")


def test_a_refusal_that_was_not_expected_is_a_problem():
    """And so is one that was expected and did not come."""
    steps, _ = played(script(step("create"), step("accept"), step("accept", by="partner", more="refused = true")))

    assert [one.problems for one in steps] == [
        (),
        ("Meta refused: Cannot accept: that is the other party's to do.",),
        ("Meta must refuse it, and did not.",),
    ]


def test_an_ending_that_is_not_met_is_named():
    """With what it is and what it must be."""
    _, unmet = played(script(step("create"), ending='[[ending]]\nsolution = "First"\nstatus = "ACTIVE"'))

    assert unmet == ["First ends as ('INITIATED', 'PENDING_ACTIVATION'), and must end as ('ACTIVE', 'NONE')"]


def test_time_passes_between_steps():
    """By the emulated clock, in no real time."""
    steps, _ = played(script(step("create"), step("accept", by="partner", more='after = "7d"')))

    assert round(steps[1].at - steps[0].at) == 604_800
