"""`partnerhook emulate` as a process."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from commands import Command

Emulate = Callable[..., tuple[subprocess.Popen[str], dict[str, Any]]]


@pytest.fixture
def emulate(empty: Command) -> Iterator[Emulate]:
    """Starts it on a free port; what its first line says."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        process = empty.start("emulate", "--listen", "127.0.0.1:0", "--format", "json", *arguments)
        processes.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    yield start

    for process in processes:
        process.kill()
        process.communicate()


def test_its_first_line_is_all_one_needs(emulate: Emulate):
    """Two apps of two portfolios; the port accepts connections by then; SIGTERM ends it with 0."""
    process, told = emulate()

    for app in told["apps"]:
        answer = httpx2.get(f"{told['url']}/me", params={"access_token": app["access_token"]}, trust_env=False)
        assert answer.json()["id"] == app["portfolio_id"]
        assert app["app_token"] == f"{app['app_id']}|{app['app_secret']}"
        assert set(app) == {"name", "app_id", "app_secret", "access_token", "app_token", "portfolio_id"}
    assert len({app["portfolio_id"] for app in told["apps"]}) == 2
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=10)[1] == ""
    assert process.returncode == 0


def test_the_same_seed_has_the_same_ids(emulate: Emulate):
    """Another has others."""
    first, again, other = (emulate("--seed", seed)[1]["apps"] for seed in ("1", "1", "2"))

    assert first == again
    assert first != other


def test_its_state_survives_in_a_file(emulate: Emulate, tmp_path: Path):
    """Solutions, tokens and the clock; the file is its owner's alone."""
    file = tmp_path / "box.json"
    process, told = emulate("--state", str(file), "--speed", "0")
    owner, partner = told["apps"]
    solution = {"app_id": owner["app_id"], "partner_app_id": partner["app_id"], "name": "Ours", "draft": False}
    made = httpx2.post(f"{told['url']}/_control/solutions", json=solution, trust_env=False).json()
    before = httpx2.get(f"{told['url']}/_control/", trust_env=False).json()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)

    _, again = emulate("--state", str(file))

    after = httpx2.get(f"{again['url']}/_control/", trust_env=False).json()
    assert again["apps"] == told["apps"]
    assert after["solutions"] == [made]
    assert (after["now"], after["speed"]) == (before["now"], 0)
    assert file.stat().st_mode & 0o777 == 0o600


def test_apps_from_a_file(emulate: Emulate, tmp_path: Path):
    """Two of them in one portfolio."""
    file = tmp_path / "apps.toml"
    file.write_text(
        '[[apps]]\nname = "A"\nportfolio = "P"\n[[apps]]\nname = "B"\nportfolio = "P"\n[[apps]]\nname = "C"\n'
    )

    apps = emulate("--apps", str(file))[1]["apps"]

    assert [app["name"] for app in apps] == ["A", "B", "C"]
    assert apps[0]["portfolio_id"] == apps[1]["portfolio_id"] != apps[2]["portfolio_id"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--listen", "here"], "--listen is not HOST:PORT"),
        (["--set", "decline_webhook"], "--set decline_webhook: it is NAME=VALUE"),
        (["--set", "decline_webhook=maybe"], "decline_webhook: Input should be 'none' or 'active'"),
        (["--set", "no_such=1"], "no_such: Extra inputs are not permitted"),
        (["--chaos", "drop=2"], "drop: Input should be less than or equal to 1"),
        (["--apps", "/nowhere.toml"], "/nowhere.toml cannot be read"),
        (["--state", "/nowhere/box.json"], "/nowhere/box.json cannot be written"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_is_said(empty: Command, arguments: list[str], sentence: str):
    """Exit 1 and one sentence."""
    ended = empty.run("emulate", *(["--listen", "127.0.0.1:0"] if "--listen" not in arguments else []), *arguments)

    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_state_file_that_is_none_is_not_overwritten(empty: Command, tmp_path: Path):
    """It may be somebody's."""
    file = tmp_path / "mine.json"
    file.write_text('{"mine": 1}')

    ended = empty.run("emulate", "--listen", "127.0.0.1:0", "--state", str(file))

    assert (ended.returncode, file.read_text()) == (1, '{"mine": 1}')
    assert "is no emulator's state" in ended.stderr


def test_a_person_gets_what_to_do_next(empty: Command):
    """Ids, secrets and the next commands in text."""
    process = empty.start("emulate", "--listen", "127.0.0.1:0")
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    while "dashboard" not in lines[-1]:
        lines.append(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)

    assert process.returncode == 0
    assert lines[0].startswith("Meta in a box listens at http://127.0.0.1:")
    assert sum(line.startswith("  app secret") for line in lines) == 2
