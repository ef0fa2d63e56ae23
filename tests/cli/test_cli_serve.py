"""`partnerhook serve`: what it says of its configuration before it listens."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from commands import Command

from running import Serve


def test_no_secret_no_start(empty: Command):
    """Exit 1; both variables are named, and no file is made."""
    ended = empty.run("serve")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("partnerhook: No app secret is set. Set PARTNERHOOK_APP_SECRET (App Dashboard")
    assert "PARTNERHOOK_VERIFY_TOKEN" in ended.stderr
    assert not [*empty.folder.iterdir()]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path):
    """Each with its variable and none with its value."""
    command = Command(tmp_path, APP_SECRET="hush-hush", VERIFY_TOKEN="t", LISTEN="hush", CONNECTIONS_MAX="hush")

    ended = command.run("serve")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "listen (PARTNERHOOK_LISTEN): this is not HOST:PORT" in ended.stderr
    assert "connections_max (PARTNERHOOK_CONNECTIONS_MAX): this should be a valid integer" in ended.stderr
    assert "hush" not in ended.stderr


def test_a_misspelt_variable_is_logged(serve: Serve):
    """It starts all the same: others may share the prefix. The value is not told."""
    server = serve(RAW_BODIES_KEP_DAYS="hush")

    (line,) = server.log_lines(logger="partnerhook.config")

    assert (line["level"], line["event"]) == ("warning", "unknown variable")
    assert line["reason"].endswith("did you mean PARTNERHOOK_RAW_BODIES_KEEP_DAYS?")
    assert "hush" not in server.log_text()


@pytest.mark.parametrize("admin", ["localhost", "0.0.0.0"])
def test_two_listeners_that_overlap_are_told_in_a_sentence(tmp_path: Path, admin: str):
    """Both may bind there, but only one can listen."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"LISTEN": f"127.0.0.1:{port}", "ADMIN_LISTEN": f"{admin}:{port}"}

    ended = Command(tmp_path, APP_SECRET="s", VERIFY_TOKEN="t", **settings).run("serve")

    assert ended.returncode == 1
    assert f"The admin listener cannot have {admin}:{port}: Address already in use." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "line",
    [
        'listen = "x\\u0000y:18080"',
        'database_url = "sqlite:///a\\u0000b"',
        "connections_max = true",
        'path = "/\\u0001"',
    ],
)
def test_values_that_cannot_be_are_told_in_a_sentence(tmp_path: Path, line: str):
    """By their key, and before anything is opened."""
    (tmp_path / "partnerhook.toml").write_text(f'app_secret = "s"\nverify_token = "t"\n{line}\n')

    ended = Command(tmp_path).run("serve")

    assert ended.returncode == 1
    assert line.partition(" ")[0] in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_small_number_of_connections_locks_no_probe_out(serve: Serve):
    """The setting is for Meta's side."""
    server = serve(CONNECTIONS_MAX=1)

    with server.connect(server.admin_url), server.connect(server.admin_url) as second:
        second.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

        assert second.answer().status == 200
