"""`partnerhook demo` as a process, and its comparison, which must be able to fail."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from commands import Command

from partnerhook.cli.demo.compare import Heard, Told, differences
from partnerhook.cli.demo.play import play
from partnerhook.cli.demo.process import receiving
from partnerhook.cli.demo.story import STORY, Post, Standing, Story
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.triggers import TRIGGERS
from running import BIN

ROOT = Path(__file__).parents[2]
AS_IMPLIED = Told(
    tuple(Heard(step.answer, step.implied) for step in STORY.steps), STORY.ending, STORY.quarantined, exit_status=0
)
LAST_STEP = len(STORY.steps)
FIRST = STORY.ending[0]


LONG_STORY = """
from partnerhook.cli.demo.play import play
from partnerhook.cli.demo.story import STORY
play(STORY._replace(scenes=STORY.scenes * 1_000))
"""


class Demo:
    """The command in a folder that holds a person's own settings, with a place for temporary files beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "home"
        self.temporary = folder / "tmp"
        self.folder.mkdir()
        self.temporary.mkdir()
        (self.folder / "partnerhook.toml").write_text("app_secret = 'their-own'\nlisten = '127.0.0.1:9'\n")

    def start(self, *command: str | Path) -> subprocess.Popen[str]:
        """Start it, or another command, with settings of a person that must not matter."""
        return subprocess.Popen(
            command or [BIN, "demo"],
            cwd=self.folder,
            env={
                "PATH": os.environ.get("PATH", ""),
                "TMPDIR": str(self.temporary),
                "PARTNERHOOK_DATABASE_URL": f"sqlite:///{self.folder / 'their-own.db'}",
                "PARTNERHOOK_APP_SECRETS": "a,b",
                "PARTNERHOOK_LISTEN": "no address",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def left_behind(self) -> list[Path]:
        """Files that are there now and were not before."""
        return [path for path in (*self.folder.iterdir(), *self.temporary.iterdir()) if path.name != "partnerhook.toml"]


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    """Not started yet."""
    return Demo(tmp_path)


def test_it_shows_a_story_that_goes_as_implied(demo: Demo):
    """Exit 0, on two screens, whatever a person's own settings are; nothing is left behind."""
    process = demo.start()

    shown, complaints = process.communicate(timeout=60)

    lines = shown.splitlines()
    assert (process.returncode, complaints) == (0, "")
    assert "As the story implies." in lines
    assert len(lines) <= 70
    assert max(map(len, lines)) <= 100
    assert demo.left_behind() == []


def test_every_change_and_every_solution_is_shown(demo: Demo):
    """Meta's words, the answer and the meaning on one line; each solution with its history below it."""
    shown = demo.start().communicate(timeout=60)[0]

    for step in STORY.steps:
        for sent, means in zip(step.sent, step.implied, strict=True):
            (line,) = [line for line in shown.splitlines() if line.endswith(f"  {means}") and _holds(line, sent)]
            assert str(step.answer) in line or len(step.implied) > 1
    for one in STORY.ending:
        assert f"{one.solution_id}  {one.portfolio_id}  {one.status}" in shown
        assert all(happened in shown for happened in one.history)


def test_the_readme_shows_what_it_shows(demo: Demo):
    """In part, but word for word and in order."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.partition("## What it looks like")[2].split("```")[1]
    lines = iter(demo.start().communicate(timeout=60)[0].splitlines())

    for line in block.strip().splitlines():
        assert line == "..." or line in lines, line


def _holds(line: str, sent: tuple[str, ...]) -> bool:
    return all(word in line for word in sent)


def test_a_narrow_terminal_gets_narrow_lines(empty: Command):
    """At 80 columns nothing is wider."""
    status, shown = empty.on_terminal("demo", columns=80)

    assert status == 0
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)], ids=str)
def test_it_cleans_up_when_it_is_interrupted(demo: Demo, number: signal.Signals, status: int):
    """The receiver is ended and the folder removed, also in the middle of a story, here one that takes long."""
    process = demo.start(sys.executable, "-c", LONG_STORY)
    assert process.stdout is not None
    first_line = process.stdout.readline()

    process.send_signal(number)
    process.communicate(timeout=60)

    assert process.returncode == status
    assert demo.left_behind() == []
    address = urlsplit(first_line.split()[-1].removesuffix("."))
    with pytest.raises(ConnectionRefusedError), socket.create_connection((address.hostname, address.port)):
        pass


def test_a_receiver_that_does_not_start_is_told_with_the_end_of_its_log(tmp_path: Path):
    """Here its database is a folder."""
    (tmp_path / "partnerhook.db").mkdir()

    failure = pytest.raises(PartnerhookError, match=r"The receiver ended with 1\. The end of its log:\n.*database")
    with failure, receiving(tmp_path, "secret", "token"):
        pass


def test_the_story_has_all_six_triggers():
    """With the event and the status that the webhook reference gives them."""
    sent = {
        (change.event, change.solution_status)
        for step in STORY.steps
        if isinstance(step, Post) and not step.forged
        for change in step.changes
    }

    assert {(trigger.event, trigger.solution_status) for trigger in TRIGGERS} <= sent


def test_what_is_as_implied_has_no_differences():
    """The comparison alone."""
    assert differences(STORY, AS_IMPLIED) == []


def wrong_results() -> Iterator[tuple[Told, str]]:
    """Everything that can differ, one at a time, and how it is named."""
    last = AS_IMPLIED.heard[-1]
    yield _last_heard(last._replace(answer=500)), f"step {LAST_STEP} was answered 500, not 200"
    yield _last_heard(last._replace(means=("x",))), f"step {LAST_STEP} meant 'x', not {last.means[0]!r}"
    yield _last_heard(last._replace(means=())), f"step {LAST_STEP} meant '', not {last.means[0]!r}"
    yield _last_heard(last._replace(means=(*last.means, "x"))), f"step {LAST_STEP} meant 'x', not ''"
    yield AS_IMPLIED._replace(heard=AS_IMPLIED.heard[:-1]), f"{LAST_STEP - 1} steps were played, not {LAST_STEP}"
    for name, value in FIRST._asdict().items():
        if name != "solution_id":
            yield _first_standing(FIRST._replace(**{name: "x"})), f"{FIRST.solution_id} has {name} 'x', not {value!r}"
    yield AS_IMPLIED._replace(ending=STORY.ending[1:]), f"solution {FIRST.solution_id} is not known"
    more = FIRST._replace(solution_id="7")
    yield AS_IMPLIED._replace(ending=(*STORY.ending, more)), "solution 7 is known, and should not be"
    yield AS_IMPLIED._replace(quarantined=()), f"in quarantine are (), not {STORY.quarantined!r}"
    yield AS_IMPLIED._replace(exit_status=-9), "the receiver ended with -9 after SIGTERM, not 0"


def _last_heard(heard: Heard) -> Told:
    return AS_IMPLIED._replace(heard=(*AS_IMPLIED.heard[:-1], heard))


def _first_standing(standing: Standing) -> Told:
    return AS_IMPLIED._replace(ending=(standing, *STORY.ending[1:]))


@pytest.mark.parametrize(("told", "sentence"), list(wrong_results()))
def test_each_difference_is_named(told: Told, sentence: str):
    """That one and no other."""
    (found,) = differences(STORY, told)

    assert sentence in found


def test_a_story_that_goes_otherwise_fails(capsys: pytest.CaptureFixture[str]):
    """The real receiver is not what a wrong table says: exit 1, and every difference is named."""
    scene = STORY.scenes[2]
    request, rejection = scene.steps
    wrong = Story(
        scenes=(scene._replace(steps=(request, rejection._replace(answer=401))),),
        ending=(STORY.ending[1]._replace(status="ACTIVE", usable=True), STORY.ending[2]),
        quarantined=("never",),
    )

    status = play(wrong)

    shown = capsys.readouterr().out
    assert status == 1
    assert shown[shown.index("This is NOT") :].splitlines() == [
        "This is NOT as the story implies:",
        "- step 2 was answered 200, not 401",
        "- solution 222222222222 has status 'REJECTED', not 'ACTIVE'",
        "- solution 222222222222 has usable False, not True",
        "- solution 333333333333 is not known",
        "- in quarantine are (), not ('never',)",
    ]
