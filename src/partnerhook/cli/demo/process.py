"""The receiver as a process of its own: started on free ports, reconciled, ended by SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from partnerhook.core.errors import PartnerhookError

STARTED_WITHIN_S: Final = 30.0
"""It takes a second; a busy machine may take more."""

ENDED_WITHIN_S: Final = 15.0
"""Three times the grace that `serve` gives to requests under way."""

RECONCILED_WITHIN_S: Final = 60.0

LOG_LINES_SHOWN: Final = 15


class Receiver:
    """`partnerhook serve` in `folder`, with its database and its log.

    `settings`: variables without their prefix; `configuration`: what its file says.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], configuration: str) -> None:
        self.database_url = f"sqlite:///{folder / 'partnerhook.db'}"
        self.url = ""
        """Of its public listener, once it listens."""
        self._folder = folder
        self._log = folder / "serve.log"
        (folder / "partnerhook.toml").write_text(configuration, encoding="utf-8")
        # Nothing of the person's own settings.
        foreign = {name: value for name, value in os.environ.items() if not name.startswith("PARTNERHOOK_")}
        ours = {
            "DATABASE_URL": self.database_url,
            "LISTEN": "127.0.0.1:0",
            "ADMIN_LISTEN": "127.0.0.1:0",
            "LOG_FORMAT": "json",
            "RECONCILE_EVERY_S": "0",  # the story says when
            **settings,
        }
        self._environment = foreign | {f"PARTNERHOOK_{name}": value for name, value in ours.items()}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                self._command("serve"),
                cwd=folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_until_it_listens(self) -> None:
        """Learn its URL from the log. Raises PartnerhookError with the log's end where it does not start."""
        until = time.monotonic() + STARTED_WITHIN_S
        while not (public := self._public_url()):
            if self._process.poll() is not None:
                raise PartnerhookError(f"The receiver ended with {self._process.returncode}. {self._log_end()}")
            if time.monotonic() > until:
                raise PartnerhookError(f"The receiver did not start in {STARTED_WITHIN_S:g} s. {self._log_end()}")
            time.sleep(0.01)
        self.url = public

    def reconcile(self) -> Any:
        """Run `partnerhook reconcile` beside it; its report. Raises PartnerhookError where that fails."""
        ended = subprocess.run(  # noqa: S603 - our own program
            self._command("reconcile", "--format", "json"),
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RECONCILED_WITHIN_S,
            check=False,
        )
        if ended.returncode:
            raise PartnerhookError(f"`partnerhook reconcile` ended with {ended.returncode}. {ended.stderr}")
        return json.loads(ended.stdout)

    def end(self) -> int:
        """Send SIGTERM and wait; the exit status. What does not end in time is killed."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(ENDED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "partnerhook", *arguments]

    def console_link(self) -> str:
        """What lets somebody into its console, once: it says so when it starts."""
        return next(str(told["url"]) for told in self._told() if "sign in to the console" in told["event"])

    def _public_url(self) -> str:
        return next(
            (
                str(told["url"])
                for told in self._told()
                if (told["event"], told.get("listener")) == ("listening", "public")
            ),
            "",
        )

    def _told(self) -> Iterator[dict[str, Any]]:
        """The lines of its log so far."""
        for line in self._log.read_bytes().splitlines(keepends=True):
            if line.startswith(b"{") and line.endswith(b"\n"):
                yield json.loads(line)

    def _log_end(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return "\n".join(["The end of its log:", *lines]) if lines else "It said nothing."


@contextmanager
def receiving(folder: Path, settings: Mapping[str, str], configuration: str = "") -> Iterator[Receiver]:
    """A receiver that listens, ended in any case."""
    receiver = Receiver(folder, settings, configuration)
    try:
        receiver.wait_until_it_listens()
        yield receiver
    finally:
        receiver.end()
