"""`partnerhook demo` as a process, and its comparison, which must be able to fail."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from commands import Command

import partnerhook.cli.demo
from partnerhook.cli.demo.compare import Came, Told, differences
from partnerhook.cli.demo.ears import Heard
from partnerhook.cli.demo.play import PARTIES, play
from partnerhook.cli.demo.process import receiving
from partnerhook.cli.demo.registry import Standing
from partnerhook.cli.demo.screen import Screen
from partnerhook.core.errors import PartnerhookError
from partnerhook.core.health import HealthKind, HealthNotice
from partnerhook.core.names import STATES
from partnerhook.core.notice_documents import Notice, document
from partnerhook.core.notice_documents import Standing as NoticeStanding
from partnerhook.core.notices import NoticeKind
from partnerhook.core.triggers import TRIGGERS
from partnerhook.emulator.scenario.script import Ending, read
from running import BIN, wait_until

ROOT = Path(__file__).parents[2]
STORY_FILE = Path(partnerhook.cli.demo.__file__).with_name("story.toml")
STORY = read(STORY_FILE)
STEPS = [step for scene in STORY.scene for step in scene.step]
NAMES = {str(number): ending.solution for number, ending in enumerate(STORY.ending, start=100)}
ID_OF = {name: number for number, name in NAMES.items()}


def standing(ending: Ending, app: str, history: tuple[str, ...]) -> Standing:
    """As the story implies it."""
    return Standing(
        app,
        ID_OF[ending.solution],
        ending.status,
        ending.pending,
        usable=True,
        since="",
        anomalies=ending.anomalies,
        history=history,
    )


STANDINGS = tuple(standing(ending, app, history) for ending in STORY.ending for app, history in ending.history.items())


def notice(one: Standing) -> Notice:
    """The last thing that was told of it."""
    state = next(each for each in STATES if (each.status, each.pending) == (one.status, one.pending))
    after = NoticeStanding((state,), 1_739_321_024)
    kind = NoticeKind.DEACTIVATION_REQUESTED
    return Notice(kind, one.app, one.solution_id, None, after, False, None, 1, "")


NOTICES = tuple(notice(one) for one in STANDINGS)
HEARD = Heard(tuple(dict(document(one)) for one in NOTICES), 0, "v1,", (("title", "text"),))
AS_IMPLIED = Told(
    tuple(Came(step, tuple(step.means.split("; ")) if step.means else (), ()) for step in STEPS),
    STANDINGS,
    NAMES,
    ("value.solution_id is not a string of digits",),
    (),
    (),
    exit_status=0,
    notices=NOTICES,
    heard=HEARD,
)

LONG_STORY = """
from pathlib import Path
from partnerhook.cli.demo.play import PARTIES, play
from partnerhook.emulator.scenario.script import read
script = read(Path({file!r}))
play(script.model_copy(update={{"scene": script.scene[:1] * 1_000}}))
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
                "PARTNERHOOK_ACCESS_TOKEN": "their-own",
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
    """Exit 0, on little more than two screens, whatever a person's own settings are; nothing is left behind."""
    process = demo.start()

    shown, complaints = process.communicate(timeout=60)

    lines = shown.splitlines()
    assert (process.returncode, complaints) == (0, "")
    assert "As the story implies." in lines
    assert len(lines) <= 115
    assert max(map(len, lines)) <= 100
    assert demo.left_behind() == []


def test_every_meaning_and_every_history_is_shown(demo: Demo):
    """In the order of the story."""
    shown = demo.start().communicate(timeout=60)[0]

    rest = unfolded = re.sub(r"\n {2,}", " ", shown)
    for step in STEPS:
        for meaning in (step.means or "").split("; "):
            assert meaning in rest
            rest = rest.partition(meaning)[2] if meaning else rest
    for ending in STORY.ending:
        for history in ending.history.values():
            assert " > ".join(history) in unfolded


def test_both_sides_are_shown(demo: Demo):
    """The emulator's page, the receiver, what either party does, and what reconciliation repairs."""
    shown = demo.start().communicate(timeout=60)[0]

    for words in (
        "Meta in a box",
        "A receiver with an empty database",
        "owner saves a draft Spring",
        "partner accepts Spring",
        "owner+partner 200",
        "its webhook is lost",
        "operator runs `partnerhook reconcile`",
        "missed PENDING_DEACTIVATION",
        "deliveries over HTTP, each signed, each verified",
        "webhook-signature: v1,",
        "A person was alerted, 2 times.",
        "is to be deactivated and waits for the other partner's answer",
    ):
        assert words in shown


def test_the_readme_shows_what_it_shows(demo: Demo):
    """In part, but word for word and in order."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.partition("## What it looks like")[2].split("```")[1]
    lines = iter(demo.start().communicate(timeout=60)[0].splitlines())

    for line in block.strip().splitlines():
        assert line == "..." or line in lines, line


def test_a_narrow_terminal_gets_narrow_lines(empty: Command):
    """At 80 columns nothing is wider."""
    status, shown = empty.on_terminal("demo", columns=80)

    assert status == 0
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)], ids=str)
def test_it_cleans_up_when_it_is_interrupted(demo: Demo, number: signal.Signals, status: int):
    """The receiver is ended and the folder removed, also in the middle of a story, here one that takes long."""
    process = demo.start(sys.executable, "-c", LONG_STORY.format(file=str(STORY_FILE)))
    assert process.stdout is not None
    while "A receiver" not in (line := process.stdout.readline()):
        assert process.poll() is None

    process.send_signal(number)
    process.communicate(timeout=60)

    assert process.returncode == status
    assert demo.left_behind() == []
    address = urlsplit(line.split()[-1])
    with pytest.raises(ConnectionRefusedError), socket.create_connection((address.hostname, address.port)):
        pass


def test_it_can_be_kept(demo: Demo, empty: Command):
    """Until it is interrupted. Both pages are there meanwhile, and what is done on them does not spoil the story."""
    process = demo.start(BIN, "demo", "--keep")
    page_url, link = (line_after(process, told) for told in ("on the emulator's page", "lets you in, once"))
    page = httpx2.get(page_url, trust_env=False).text
    with httpx2.Client(trust_env=False, headers={"Accept": "text/html"}, follow_redirects=True) as console:
        asked = console.get(link)
        board = console.post(link)
        made = json.loads(
            empty.run("dashboard", "create", "Of a visitor", "--url", page_url, "--format", "json").stdout
        )
        wait_until(lambda: made["solution_id"] in console.get(board.url).text, "the board to show what was made")

    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "As the story implies." in shown
    assert all(name in page for name in ("Owner app", "Partner app", *NAMES.values()))
    assert "You will be admin" in asked.text
    assert board.url.path == "/"
    assert "No solution yet" not in board.text


def line_after(process: subprocess.Popen[str], told: str) -> str:
    """The line after the one that says so."""
    assert process.stdout is not None
    while told not in process.stdout.readline():
        assert process.poll() is None
    return process.stdout.readline().strip()


def test_a_receiver_that_does_not_start_is_told_with_the_end_of_its_log(tmp_path: Path):
    """Here its database is a folder."""
    (tmp_path / "partnerhook.db").mkdir()
    settings = {"APP_SECRET": "secret", "VERIFY_TOKEN": "token"}

    failure = pytest.raises(PartnerhookError, match=r"The receiver ended with 1\. The end of its log:\n.*database")
    with failure, receiving(tmp_path, settings):
        pass


def test_the_story_has_all_six_triggers(demo: Demo):
    """With the event and the status that the webhook reference gives them; one of them comes from a draft."""
    shown = demo.start().communicate(timeout=60)[0]

    for trigger in TRIGGERS:
        assert re.search(rf"{trigger.event} +{trigger.solution_status} ", shown)


def test_what_is_as_implied_has_no_differences():
    """The comparison alone."""
    assert differences(STORY, AS_IMPLIED) == []


def wrong_results() -> Iterator[tuple[Told, str]]:
    """Everything that can differ, one at a time, and how it is named."""
    first, last, number = AS_IMPLIED.came[0], AS_IMPLIED.came[-1], len(STEPS)
    yield _last(last._replace(problems=("it went wrong",))), f"step {number}: it went wrong"
    yield _last(last._replace(means=("x",))), f"step {number} meant 'x', not "
    yield _last(last._replace(means=())), f"step {number} meant '', not "
    yield AS_IMPLIED._replace(came=(first._replace(means=("x",)), *AS_IMPLIED.came[1:])), "step 1 meant 'x', not ''"
    for name in ("status", "pending", "anomalies", "history"):
        yield _first(STANDINGS[0]._replace(**{name: "x"})), f"owner: Spring has {name} 'x', not "
    yield AS_IMPLIED._replace(standings=STANDINGS[1:]), "owner does not know Spring"
    yield (
        AS_IMPLIED._replace(standings=(*STANDINGS, STANDINGS[0]._replace(solution_id="7"))),
        "owner knows 7, and should",
    )
    yield AS_IMPLIED._replace(quarantined=()), "in quarantine are (), and 1 changes were broken"
    yield AS_IMPLIED._replace(unmet=("Spring ends as x",)), "Spring ends as x"
    yield AS_IMPLIED._replace(not_on_page=("Spring",)), "the emulator's page does not show Spring"
    yield AS_IMPLIED._replace(heard=HEARD._replace(unverified=2)), "2 deliveries were not signed"
    yield AS_IMPLIED._replace(heard=HEARD._replace(documents=HEARD.documents[1:])), "was told of in 0 deliveries"
    yield AS_IMPLIED._replace(heard=HEARD._replace(alerts=())), "nobody was alerted"
    yield AS_IMPLIED._replace(exit_status=-9), "the receiver ended with -9 after SIGTERM, not 0"


def _last(came: Came) -> Told:
    return AS_IMPLIED._replace(came=(*AS_IMPLIED.came[:-1], came))


def _first(one: Standing) -> Told:
    return AS_IMPLIED._replace(standings=(one, *STANDINGS[1:]))


@pytest.mark.parametrize(("told", "sentence"), list(wrong_results()))
def test_each_difference_is_named(told: Told, sentence: str):
    """That one and no other."""
    found = differences(STORY, told)

    assert sentence in found[0]
    # Where a solution stands is also what was told of it last.
    assert len(found) == 1 or "was last told to be" in found[1]


def test_a_story_that_goes_otherwise_fails(capsys: pytest.CaptureFixture[str]):
    """The real receiver is not what a wrong story says: exit 1, and every difference is named."""
    scene = STORY.scene[2]
    request, rejection = scene.step
    told = ("09:14 INITIATED", "09:19 REJECTED")  # nothing came before it
    wrong = STORY.model_copy(
        update={
            "scene": (
                STORY.scene[0],
                scene.model_copy(update={"step": (request, rejection.model_copy(update={"answer": 401}))}),
            ),
            "ending": (
                STORY.ending[1].model_copy(update={"status": "ACTIVE", "history": dict.fromkeys(PARTIES, told)}),
            ),
        }
    )

    status = play(wrong)

    shown = capsys.readouterr().out
    assert status == 1
    assert shown[shown.index("This is NOT") :].splitlines() == [
        "This is NOT as the story implies:",
        "- step 5: Partner app: answered 200, not 401.",
        "- step 5: Owner app: answered 200, not 401.",
        "- Summer ends as ('REJECTED', 'NONE'), and must end as ('ACTIVE', 'NONE')",
        "- owner: Summer has status 'REJECTED', not 'ACTIVE'",
        "- partner: Summer has status 'REJECTED', not 'ACTIVE'",
    ]


def test_an_alarm_may_be_the_last_that_was_told(capsys: pytest.CaptureFixture[str]):
    """A story that takes longer than a minute hears of what is in quarantine; there is no step in that."""
    alarm = HealthNotice(HealthKind.QUARANTINE, "owner", "not understood", "look at it", 1, 2)
    told = AS_IMPLIED._replace(heard=HEARD._replace(documents=(*HEARD.documents, dict(document(alarm)))))

    Screen().ending(told)

    assert "  partnerhook.health.quarantine\n" in capsys.readouterr().out
