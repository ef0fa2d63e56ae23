"""A story with a mistake in it, and what has to hold of a registry that was taken back to the moment before it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from partnerhook.services.query import Queries, SolutionFilter
from partnerhook.store.engine import open_engine
from partnerhook.testing import MetaInABox
from running import BIN, SECRET, VERIFY_TOKEN, Serve, Server, wait_until

MISTAKE = (
    "DELETE FROM observations WHERE id % 2 = 0",
    "UPDATE solutions SET status = 'ACTIVE', pending = 'NONE', could_be = 'ACTIVE'",
    "DELETE FROM receipts",
)
"""What somebody does by hand, in the wrong window."""

STEPS = ("requested", "activated", "deactivation_requested", "rejected", "deactivated")
DESTINATION = f"""
[[destinations]]
name = "log"
kind = "file"
path = "told.jsonl"
types = {[f"solution.{step}" for step in STEPS]}
"""
"""Without what is told by the clock: who waits for long, and how the registry itself is."""


PATIENCE_S = 120.0


class Story:
    """A server that hears the owner's app of Meta's box; on a file in its folder, unless `settings` say otherwise."""

    def __init__(self, box: MetaInABox, serve: Serve, folder: Path, **settings: object) -> None:
        self._box = box
        self._serve = serve
        box.use_secret("owner", SECRET)
        self.server = self._begin(folder, settings)
        box.subscribe("owner", f"{self.server.url}/webhook", verify_token=VERIFY_TOKEN)
        self._ids: list[str] = []
        self.before: dict[str, tuple[str, str]] = {}
        """The states just before the mistake."""

    @property
    def newest(self) -> str:
        """The solution that was heard of last for the first time."""
        return self._ids[-1]

    def begin(self) -> None:
        """A solution of each kind; what is told of them waits."""
        self._run("destinations", "pause", "log")
        self._ids = [self._box.create(f"Solution {number}") for number in range(4)]
        self._box.advance(60)
        for solution_id in self._ids[1:]:
            self._act(solution_id, "accept")
        self._act(self._ids[2], "request deactivation")
        self._heard()
        self.before = states(self.server)
        assert [self.before[one] for one in self._ids] == [self._box.state(one) for one in self._ids]

    def go_on(self) -> list[str]:
        """What waited goes out; more happens, of which the registry hears. The ids of what waited."""
        self._run("destinations", "resume", "log")
        told = self.told(8)
        self._act(self._ids[0], "reject")
        self._act(self._ids[2], "accept deactivation")
        self._ids.append(self._box.create("One more"))
        self._heard()
        return told

    def go_back(self, folder: Path, told: list[str], **settings: object) -> None:
        """Begin anew on what was restored: as it was, and whole. What waited goes out again; the rest Meta is asked."""
        self.server = self._begin(folder, settings)
        assert states(self.server) == self.before
        assert json.loads(self._run("rebuild", "--check", "--format", "json"))["differences"] == []
        assert self._box.deliver() == []

        self._run("destinations", "resume", "log")
        assert sorted(self.told(len(told))) == sorted(told)  # of one solution in their order, of several in any

        self._box.advance(60)
        self._run("reconcile")
        assert states(self.server) == {one: self._box.state(one) for one in self._ids}
        assert json.loads(self._run("rebuild", "--check", "--format", "json"))["differences"] == []
        again = self.told(len(told) + 3)
        assert len(set(again)) == len(again)

    def told(self, count: int) -> list[str]:
        """The ids of what was told, once it is so many."""
        wait_until(lambda: len(self._told()) >= count, "told", within_s=PATIENCE_S)
        return self._told()

    def _told(self) -> list[str]:
        file = self.server.folder / "told.jsonl"
        return [json.loads(line)["id"] for line in whole_lines(file)]

    def _begin(self, folder: Path, settings: dict[str, object]) -> Server:
        folder.mkdir(exist_ok=True)
        (folder / "partnerhook.toml").write_text(DESTINATION)
        app = self._box.owner
        asking = {"GRAPH_URL": self._box.url, "APP_ID": app.app_id, "ACCESS_TOKEN": app.access_token}
        return self._serve(folder=folder, RECONCILE_EVERY_S=0, **asking, **settings)

    def _act(self, solution_id: str, action: str) -> None:
        self._box.act(solution_id, action)
        self._box.advance(60)  # inside of one second nobody knows which came first

    def _heard(self) -> None:
        delivered = [one for one in self._box.deliver() if one.app_id == self._box.owner.app_id]
        assert delivered
        assert {one.status for one in delivered} == {200}

    def _run(self, *arguments: str) -> str:
        return run(self.server, *arguments)


def run(server: Server, *arguments: str) -> str:
    """A command beside a server, to its end: what it printed."""
    done = subprocess.run(
        [BIN, *arguments],
        cwd=server.folder,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def whole_lines(file: Path) -> list[str]:
    """Those that are written to their end."""
    written, _, _ = (file.read_text() if file.exists() else "").rpartition("\n")
    return written.splitlines()


def states(server: Server) -> dict[str, tuple[str, str]]:
    """(status, pending) of every solution."""
    engine = open_engine(server.environment["PARTNERHOOK_DATABASE_URL"])
    try:
        found = Queries(engine).list_solutions(SolutionFilter())
    finally:
        engine.dispose()
    return {one.solution_id: (one.status, one.pending) for one in found}
