"""`partnerhook serve`: what it says of its configuration before it listens."""

from __future__ import annotations

from pathlib import Path

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
