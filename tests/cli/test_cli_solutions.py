"""`partnerhook solutions`: what is shown, to whom, and in which form."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from commands import ODD, OTHER_PORTFOLIO, PORTFOLIO, SOLUTION, Command, body

from stores import arrive, deliver, new_store


def test_list_as_json(command: Command):
    """One array with every documented key; times are RFC 3339 in UTC, ids are texts."""
    one, _, odd = command.json("solutions", "list")

    assert one == {
        "app": "default",
        "portfolio_id": PORTFOLIO,
        "solution_id": SOLUTION,
        "status": "ACTIVE",
        "pending": "NONE",
        "reported_status": "ACTIVE",
        "usable": True,
        "since": "2025-06-15T15:06:42Z",
        "first_seen": "2025-06-15T15:06:40.250000Z",
        "last_seen": "2025-06-15T15:06:50.000000Z",
        "observations": 3,
        "anomalies": [],
        "could_be": ["ACTIVE"],
        "graph": None,
    }
    assert (odd["status"], odd["usable"], odd["anomalies"]) == ("UNKNOWN", False, ["status_unknown"])


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (["--status", "ACTIVE"], [SOLUTION, "1000"]),
        (["--status", "active", "--pending", "none"], [SOLUTION]),
        (["--pending", "pending_DEACTIVATION"], ["1000"]),
        (["--status", "unknown"], [ODD]),
        (["--app", "other"], ["1000", ODD]),
        (["--portfolio", OTHER_PORTFOLIO], [ODD]),
        (["--usable"], [SOLUTION, "1000"]),
        (["--no-usable"], [ODD]),
        (["--anomalous"], [ODD]),
        (["--no-anomalous", "--app", "other"], ["1000"]),
        (["--app", "nobody"], []),
    ],
    ids=" ".join,
)
def test_filters(command: Command, filters: Sequence[str], ids: Sequence[str]):
    """They combine; words count in any case."""
    found = command.json("solutions", "list", *filters)

    assert [one["solution_id"] for one in found] == ids


def test_a_word_that_is_no_status(command: Command):
    """It is called wrongly: exit 2, and the words there are."""
    ended = command.run("solutions", "list", "--status", "SLEEPING")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "DEACTIVATED" in ended.stderr


def test_list_as_lines(command: Command):
    """In a pipe one line for each, no tabs, no markup, no control characters."""
    lines = command.lines("solutions", "list")

    assert [line.split()[1] for line in lines] == [SOLUTION, "1000", ODD]
    assert lines[0].split()[:5] == ["default", SOLUTION, "ACTIVE", "-", "usable"]
    assert lines[2].endswith(r"status_unknown  [bold red]NEW[/] \x1b[31m")
    assert all(line.isprintable() for line in lines)


def test_list_on_a_terminal(command: Command):
    """A table with a heading; what Meta sent stands there as it is, and steers nothing."""
    status, seen = command.on_terminal("solutions", "list", columns=200)

    assert status == 0
    assert "Portfolio" in seen
    assert r"[bold red]NEW[/] \x1b[31m" in seen
    assert "\x1b[31m" not in seen


def test_a_narrow_terminal(command: Command):
    """Columns that can be spared are left out, so that ids and times stay whole."""
    status, seen = command.on_terminal("solutions", "list", columns=80)

    assert status == 0
    assert SOLUTION in seen
    assert "2025-06-15T15:06:42Z" in seen
    assert "Portfolio" not in seen


def test_show_as_json(command: Command):
    """The solution, its timeline with what each observation did, and its customers."""
    shown = command.json("solutions", "show", SOLUTION)

    (listed,) = command.json("solutions", "list", "--app", "default")
    timeline, customers = shown.pop("timeline"), shown.pop("customers")
    assert shown["graph"] is None
    assert shown == listed
    assert [one["effect"] for one in timeline] == ["changed", "late", "changed", "test"]
    assert [(one["before"], one["after"]) for one in timeline[:3]] == [
        (None, "DRAFT"),
        ("DRAFT", "INITIATED"),
        ("INITIATED", "ACTIVE"),
    ]
    assert timeline[2] == {
        "at": "2025-06-15T15:06:42Z",
        "received_at": "2025-06-15T15:06:42.500000Z",
        "source": "webhook",
        "event": "SOLUTION_UPDATED",
        "reported_status": "ACTIVE",
        "effect": "changed",
        "before": "INITIATED",
        "after": "ACTIVE",
        "flags": [],
        "repeats": 1,
        "key": timeline[2]["key"],
        "receipt_id": "2",
    }
    assert re.fullmatch("[0-9a-f]{32}", timeline[2]["key"])
    assert customers == [
        {
            "event": "PARTNER_ADDED",
            "waba_id": "980198427658004",
            "owner_business_id": "2329417887457253",
            "partner_app_id": "",
            "solution_partner_business_ids": ["2949482758682047", "520744086200222"],
            "entry_id": customers[0]["entry_id"],
            "time": "2025-04-16T17:18:52Z",
            "received_at": "2025-06-15T15:06:51.000000Z",
            "repeats": 0,
            "receipt_id": "6",
        }
    ]


def test_show_as_text(command: Command):
    """Attributes, timeline, customers; anomalies with what they mean."""
    lines = command.lines("solutions", "show", SOLUTION)

    assert "status            ACTIVE" in lines
    assert [line for line in lines if line.startswith("2025") and "  late  " in line]
    assert "980198427658004" in lines[-1]
    assert "Meta sent a status word that is in none of its documents" in "\n".join(
        command.lines("solutions", "show", ODD)
    )


def test_show_on_a_terminal(command: Command):
    """No foreign word steers it."""
    status, seen = command.on_terminal("solutions", "show", ODD)

    assert status == 0
    assert r"[bold red]NEW[/] \x1b[31m" in seen
    assert "\x1b[31m" not in seen


def test_explain(command: Command):
    """A sentence for each observation, and what comes of it."""
    lines = command.lines("solutions", "explain", SOLUTION)

    assert lines[0] == "2025-06-15T15:06:40Z  webhook said DRAFT: first heard of, as DRAFT."
    assert "received late, at 2025-06-15T15:06:49Z" in lines[1]
    assert lines[2].endswith("INITIATED became ACTIVE; it came once more.")
    assert "Test button" in lines[3]
    assert lines[4] == f"So solution {SOLUTION} is ACTIVE since 2025-06-15T15:06:42Z: customers can be onboarded."
    told = command.json("solutions", "explain", SOLUTION)
    assert (told["app"], told["solution_id"]) == ("default", SOLUTION)
    assert [*told["sentences"], told["summary"]] == lines


@pytest.mark.parametrize("verb", ["show", "explain"])
def test_an_unknown_solution(command: Command, verb: str):
    """Exit 1, one sentence that says where to look."""
    ended = command.run("solutions", verb, "5", "--format", "json")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("partnerhook: No solution '5' is known. `partnerhook solutions list`")


def test_a_solution_that_another_app_heard(command: Command):
    """With --app only that app's counts."""
    assert command.run("solutions", "show", SOLUTION, "--app", "other").returncode == 1
    assert command.json("solutions", "show", ODD, "--app", "other")["app"] == "other"


def test_a_solution_of_several_apps(own: Command):
    """Nothing is guessed: it asks for --app."""
    deliver(new_store(own.folder), arrive(body("REJECTED", solution=ODD)))

    ended = own.run("solutions", "show", ODD)

    assert ended.returncode == 1
    assert "several apps (default, other); name one with --app" in ended.stderr
    assert own.json("solutions", "show", ODD, "--app", "default")["status"] == "REJECTED"


def test_nothing_yet(empty: Command):
    """`[]` for scripts; for people what to do, on stderr."""
    new_store(empty.folder)

    ended = empty.run("solutions", "list")

    assert (ended.returncode, ended.stdout) == (0, "")
    assert "partnerhook serve" in ended.stderr
    assert empty.run("solutions", "list", "--format", "json").stdout == "[]\n"


def test_no_database(empty: Command):
    """Looking creates none, and says what does."""
    ended = empty.run("solutions", "list")

    assert ended.returncode == 1
    assert "There is no database at partnerhook.db" in ended.stderr
    assert "partnerhook migrate" in ended.stderr
    assert not empty.database.exists()


def test_a_reader_that_has_seen_enough(command: Command):
    """`| head` closes the pipe: no traceback, no failure."""
    with command.start("solutions", "list") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()

        assert process.wait(30) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    "of",
    [
        ["solutions"],
        *[["solutions", verb] for verb in ("list", "show", "explain")],
        *[["observations", verb] for verb in ("list", "tail")],
        *[["receipts", verb] for verb in ("list", "show")],
        ["rebuild"],
        ["migrate"],
        ["version"],
    ],
    ids=" ".join,
)
def test_help(empty: Command, of: Sequence[str]):
    """Each command has an example in its help."""
    told = "\n".join(empty.lines(*of, "--help"))

    assert f"Example: partnerhook {of[0]}" in told
