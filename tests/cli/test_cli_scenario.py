"""`partnerhook scenario` against the real receiver."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Command

from running import SECRET, VERIFY_TOKEN, Serve

EXAMPLES = Path(__file__).parents[2] / "examples" / "scenarios"


@pytest.fixture
def knowing(empty: Command) -> Command:
    """The command beside a receiver's secret and verify token."""
    empty.settings |= {"PARTNERHOOK_APP_SECRET": SECRET, "PARTNERHOOK_VERIFY_TOKEN": VERIFY_TOKEN}
    return empty


@pytest.mark.parametrize("name", ["late_and_twice", "customers", "a_bad_week", "story"])
def test_the_examples_go_as_they_say(knowing: Command, serve: Serve, name: str):
    """Exit 0; the registry is where the scenario ends, but for what only the story's reconciliation repairs."""
    server = serve()

    lines = knowing.lines("scenario", "run", str(EXAMPLES / f"{name}.toml"), "--url", f"{server.url}/webhook")

    assert lines[-1] == "All as the scenario says."


def test_the_partner_can_be_the_one_who_listens(knowing: Command, serve: Serve):
    """As JSON: one document, each step with its attempts."""
    server = serve()
    file, url = str(EXAMPLES / "customers.toml"), f"{server.url}/webhook"

    told = knowing.json("scenario", "run", file, "--url", url, "--as", "partner")

    assert told["problems"] == []
    assert [len(one["attempts"]) for one in told["steps"]] == [1, 0, 1, 2, 2]
    assert told["steps"][1]["refusal"] == "Cannot onboard a customer: the solution is INITIATED."


def test_a_receiver_that_answers_otherwise_is_named(knowing: Command, serve: Serve):
    """Here it knows another secret: exit 1."""
    server = serve(APP_SECRET="another")
    file, url = str(EXAMPLES / "customers.toml"), f"{server.url}/webhook"

    ended = knowing.run("scenario", "run", file, "--url", url)

    assert ended.returncode == 1
    assert "- step 1: Owner app: answered 401, not 200. The signature does not match the body." in ended.stdout


def test_a_wrong_verify_token_is_metas_refusal(knowing: Command, serve: Serve, tmp_path: Path):
    """Before anything is played."""
    server = serve()
    token = tmp_path / "token"
    token.write_text("wrong")
    file, url = str(EXAMPLES / "customers.toml"), f"{server.url}/webhook"

    ended = knowing.run("scenario", "run", file, "--url", url, "--verify-token-file", str(token))

    assert ended.returncode == 1
    assert "HTTP Status Code = 403" in ended.stderr


def test_check_says_what_is_wrong(empty: Command, tmp_path: Path):
    """With the place; and counts what is right."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('title = "T"\n[[scene]]\ntitle = "S"\n[[scene.step]]\ndoes = "nothing"\n')

    ended = empty.run("scenario", "check", str(wrong))

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "scene 1, step 1, does: it is none of" in ended.stderr
    assert empty.json("scenario", "check", str(EXAMPLES / "customers.toml")) == {
        "title": "A customer comes and goes",
        "scenes": 1,
        "steps": 5,
    }


def test_without_a_secret_it_says_which_variable(empty: Command):
    """Exit 1."""
    ended = empty.run("scenario", "run", str(EXAMPLES / "customers.toml"), "--url", "http://127.0.0.1:9/webhook")

    assert ended.returncode == 1
    assert "PARTNERHOOK_APP_SECRET" in ended.stderr
    assert json.dumps(SECRET) not in ended.stderr
