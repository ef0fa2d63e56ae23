"""`partnerhook reconcile` as a process, and the schedule inside of `serve`, against Meta's box."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from commands import Command

from partnerhook.testing import MetaInABox
from running import SECRET, VERIFY_TOKEN, Serve, Server, wait_until


@pytest.fixture
def box() -> Iterator[MetaInABox]:
    """Meta in a box, whose owner's app has the secret of the app under test."""
    with MetaInABox() as box:
        box.use_secret("owner", SECRET)
        yield box


@pytest.fixture
def receiver(box: MetaInABox, serve: Serve) -> Server:
    """It hears the owner's app, and does not reconcile by itself."""
    server = serve(**asking(box), RECONCILE_EVERY_S=0)
    box.subscribe("owner", f"{server.url}/webhook", verify_token=VERIFY_TOKEN)
    return server


@pytest.fixture
def command(receiver: Server, empty: Command) -> Command:
    """The command beside it, with the same settings."""
    empty.settings = {name: value for name, value in receiver.environment.items() if name.startswith("PARTNERHOOK_")}
    return empty


def asking(box: MetaInABox) -> dict[str, str]:
    """What it takes to ask the Graph API as the owner's app."""
    return {"GRAPH_URL": box.url, "APP_ID": box.owner.app_id, "ACCESS_TOKEN": box.owner.access_token}


def test_a_lost_webhook_is_found_and_repaired(command: Command, box: MetaInABox, receiver: Server):
    """--check finds it and changes nothing, exit 1; without it, exit 0; then there is nothing more to find."""
    solution_id = box.create()
    box.deliver()
    box.act(solution_id, "accept")
    box.lose()
    box.advance(60)

    found = command.run("reconcile", "--check", "--format", "json")
    text = command.run("reconcile", "--check")
    repaired = command.json("reconcile")
    again = command.json("reconcile", "--check")

    (drift,) = json.loads(found.stdout)["drift"]
    assert found.returncode == text.returncode == 1
    assert (drift["thought"], drift["graph"], drift["missed"]) == ("INITIATED", "ACTIVE", ["ACTIVE"])
    assert text.stdout.splitlines() == [
        f"default  {solution_id}  the registry had INITIATED, the Graph API says ACTIVE; missed: ACTIVE"
    ]
    assert "nothing was changed" in text.stderr
    assert (repaired["drift"], repaired["check"]) == ([drift | {"read_at": repaired["drift"][0]["read_at"]}], False)
    assert again["drift"] == []
    assert receiver.queries().find_solutions(solution_id)[0].usable
    assert "which no webhook had told" in command.lines("solutions", "explain", solution_id)[-2]


def test_for_people(command: Command, box: MetaInABox):
    """A line for what was found, the summary on stderr; a solution shows its name then."""
    solution_id = box.create("Ours")
    box.advance(60)

    ended = command.run("reconcile")

    assert ended.returncode == 0
    assert ended.stdout == f"default  {solution_id}  the registry had nothing, the Graph API says INITIATED\n"
    assert ended.stderr == "1 solution of 1 app read; 1 differed, repaired as above.\n"
    assert any(
        line.startswith("Name ") and line.endswith("Ours") for line in command.lines("solutions", "show", solution_id)
    )


def test_lists_have_what_the_graph_api_told(command: Command, box: MetaInABox):
    """null, until it was asked."""
    box.create("Ours")
    box.deliver()
    box.advance(60)
    (before,) = command.json("solutions", "list")

    command.json("reconcile")
    (after,) = command.json("solutions", "list")

    assert before == after | {"graph": None}
    assert (after["graph"]["name"], after["graph"]["role"]) == ("Ours", "OWNER")
    assert after["graph"] == command.json("solutions", "show", after["solution_id"])["graph"]


def test_a_progress_bar_on_a_terminal(command: Command, box: MetaInABox):
    """For long work; it is gone at the end."""
    box.create()
    box.advance(60)

    status, shown = command.on_terminal("reconcile")

    assert status == 0
    assert "Reading solutions" in shown


def test_what_is_missing_is_named(empty: Command):
    """Without a token there is nothing to ask with."""
    empty.settings |= {"PARTNERHOOK_APP_SECRET": "x", "PARTNERHOOK_VERIFY_TOKEN": "x"}

    ended = empty.run("reconcile")

    assert ended.returncode == 1
    assert "set PARTNERHOOK_APP_ID and PARTNERHOOK_ACCESS_TOKEN" in ended.stderr


def test_a_wrong_token_is_said_and_not_shown(command: Command):
    """Exit 1: that app could not be read."""
    command.settings["PARTNERHOOK_ACCESS_TOKEN"] = "EAAwrong"

    ended = command.run("reconcile")

    assert ended.returncode == 1
    assert "was not read to its end" in ended.stdout
    assert "EAAwrong" not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_serve_reconciles_by_itself(box: MetaInABox, serve: Serve):
    """What was lost is there after a while, the log says which webhook it was, and the metrics count it."""
    server = serve(**asking(box), RECONCILE_EVERY_S=1)
    solution_id = box.create()
    box.advance(60)

    def found() -> bool:
        return bool(server.queries().find_solutions(solution_id))

    wait_until(found, "reconciled", within_s=30)
    wait_until(lambda: server.log_lines(event="drift repaired", solution=solution_id), "told")
    metrics = server.metrics()
    assert metrics['partnerhook_drift_total{app="default",difference="new"}'] == 1
    assert metrics['partnerhook_reconciliations_total{outcome="complete"}'] >= 1
    assert box.owner.access_token not in server.log_text()


def test_serve_goes_on_where_meta_does_not_answer(serve: Serve):
    """A line in the log for each failure, and webhooks as before."""
    server = serve(GRAPH_URL="http://127.0.0.1:9", APP_ID="1", ACCESS_TOKEN="EAA", RECONCILE_EVERY_S=0.2)

    wait_until(lambda: server.log_lines(event="an app was not reconciled"), "told", within_s=90)

    assert server.lives()


def test_without_a_token_it_is_off_and_said_once(serve: Serve):
    """At the start."""
    server = serve()

    (line,) = server.log_lines(event="reconciliation is off")

    assert line["reason"] == "no app has an app_id and an access_token"
