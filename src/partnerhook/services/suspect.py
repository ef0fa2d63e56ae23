"""Tell the operator what goes wrong at the door: at most one line per second and cause."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from partnerhook.core.errors import SignatureProblem
from partnerhook.core.signature import ADVICE, Diagnosis, diagnose

LINES_EVERY_S: Final = 1.0

log = structlog.get_logger("partnerhook.door")


class Suspect:
    """Diagnoses refused requests. `secrets`: each app's app secrets, newest first."""

    def __init__(self, secrets: Mapping[str, tuple[str, ...]], clock: Callable[[], float] = time.monotonic) -> None:
        self._secrets = secrets
        self._clock = clock
        self._told_at: dict[tuple[str, str], float] = {}
        self._left_out: dict[tuple[str, str], int] = {}

    def signature(self, app: str, problem: SignatureProblem, body: bytes, header: bytes | None) -> None:
        """A signature was refused: find out why, but not for every one of a flood."""
        # Finding out costs several times what refusing costs; a flood of forgeries must not buy that.
        if not self._due(app, problem):
            return
        others = [secret for name, secrets in self._secrets.items() if name != app for secret in secrets]
        cause = diagnose(body, header, self._secrets[app], others)
        self._tell(app, problem, cause, ADVICE[cause])

    def previous_secret(self, app: str) -> None:
        """A signature was right, but by an older secret."""
        cause = Diagnosis.PREVIOUS_SECRET
        if self._due(app, cause):
            self._tell(app, cause, cause, ADVICE[cause])

    def handshake(self, app: str, reason: str) -> None:
        """A verification request was refused."""
        if self._due(app, "handshake_refused"):
            self._tell(app, "handshake_refused", "handshake_refused", reason)

    def unavailable(self, reason: str) -> None:
        """A webhook could not be stored."""
        if self._due("", "store_unavailable"):
            self._tell("", "store_unavailable", "store_unavailable", reason)

    def _due(self, app: str, cause: str) -> bool:
        due = self._clock() - self._told_at.get((app, cause), -LINES_EVERY_S) >= LINES_EVERY_S
        if not due:
            self._left_out[app, cause] = self._left_out.get((app, cause), 0) + 1
        return due

    def _tell(self, app: str, limited_by: str, cause: str, advice: str) -> None:
        self._told_at[app, limited_by] = self._clock()
        left_out = self._left_out.pop((app, limited_by), 0)
        details = {name: value for name, value in (("app", app), ("and_more_like_it", left_out)) if value}
        log.warning(advice, cause=str(cause), **details)
