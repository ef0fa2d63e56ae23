"""The command as a process, beside a database that was filled through the writer's own path."""

from __future__ import annotations

import json
import os
import pty
import struct
import subprocess
import termios
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from typing import Any

from running import BIN
from stores import arrive, deliver, new_store
from strategies import NOON_S

SOLUTION = "774485461512159"
ODD = "999"
PORTFOLIO = "506914307656634"
OTHER_PORTFOLIO = "2949482758682047"
MARKUP = "[bold red]NEW[/] \x1b[31m"
PAYLOADS = Path(__file__).parents[1] / "payloads"


class Command:
    """`partnerhook` in a folder of its own; its database is there, whether or not it exists.

    Settings without their prefix, as in `Command(folder, LISTEN="127.0.0.1:0")`.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.database = folder / "partnerhook.db"
        self.settings = {f"PARTNERHOOK_{name}": value for name, value in settings.items()}

    @property
    def environment(self) -> dict[str, str]:
        """All that the process sees."""
        return {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), **self.settings}

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run it to its end, output to pipes."""
        return subprocess.run(
            [BIN, *arguments],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it, output to pipes."""
        return subprocess.Popen(
            [BIN, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def lines(self, *arguments: str) -> list[str]:
        """What it prints, where it succeeds."""
        ended = self.run(*arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()

    def json(self, *arguments: str) -> Any:
        """The one document it prints, where it succeeds and says nothing else."""
        ended = self.run(*arguments, "--format", "json")
        assert (ended.returncode, ended.stderr) == (0, "")
        return json.loads(ended.stdout)

    def on_terminal(self, *arguments: str, columns: int = 80) -> tuple[int, str]:
        """Run it with a terminal for stdout and stderr: its exit status, and what a person gets to see."""
        ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        process = subprocess.Popen(
            [BIN, *arguments],
            cwd=self.folder,
            env=self.environment | {"TERM": "xterm-256color"},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # Linux's way of saying that the other side has closed
            while data := os.read(ours, 65_536):
                seen += data
        os.close(ours)
        return process.wait(30), seen.decode()


def body(status: str, *, solution: str = SOLUTION, portfolio: str = PORTFOLIO, after: int = 0) -> bytes:
    """A webhook with one change, `after` seconds after noon."""
    value = {"event": "SOLUTION_UPDATED", "solution_id": solution, "solution_status": status}
    entry = {"id": portfolio, "time": NOON_S + after, "changes": [{"field": "partner_solutions", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def at(after: float) -> int:
    """Microseconds, `after` seconds after noon."""
    return round((NOON_S + after) * 1_000_000)


def fill(folder: Path) -> None:
    """A story: one solution with a late, a repeated and a test webhook and a customer; an odd one; two bad bodies."""
    engine = new_store(folder)
    customer = (PAYLOADS / "account_update.partner_added_with_solution.json").read_bytes()
    for raw, app, received in (
        (body("DRAFT"), "default", at(0.25)),
        (body("ACTIVE", after=2), "default", at(2.5)),
        (body("INITIATED", after=1), "default", at(9)),
        (body("ACTIVE", after=2), "default", at(10)),
        (body("ACTIVE", after=3, portfolio="0"), "default", at(3)),
        (customer.replace(b"1715120619246906", SOLUTION.encode()), "default", at(11)),
        (body(MARKUP, solution=ODD, portfolio=OTHER_PORTFOLIO, after=4), "other", at(4)),
        (body("PENDING_DEACTIVATION", solution="1000", after=5), "other", at(5)),
        (b'{"entry": \x1b[31m', "default", at(12)),
        (b"\xff\xfe", "other", at(13)),
    ):
        deliver(engine, arrive(raw, app=app, received_at=received))
