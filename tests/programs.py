"""Partnerhook as it was, as it is and as it may become: source trees, each run with this environment's packages."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from running import Server

ROOT: Final = Path(__file__).parents[1]

LAST_RELEASE: Final = "11d13d4fa957d7cd49061f964ce2bb17cbf8d3f5"
"""The tag of the newest release. There is none yet: until then the last commit with schema 0004."""

KNOWS_NEWER_SCHEMAS: Final = "0005"
"""Programs from here on ask a newer schema whether they may work on it; older ones refuse it when they start."""

NAMES_HEAD: Final = re.compile(r'^HEAD: Final = "(\d{4})"$', re.MULTILINE)


class Program:
    """A folder that has `partnerhook` in it."""

    def __init__(self, source: Path) -> None:
        self.source = source
        (self.head,) = NAMES_HEAD.findall((source / "partnerhook/store/schema.py").read_text())

    def __str__(self) -> str:
        return f"the program of schema {self.head}"

    @property
    def knows_newer_schemas(self) -> bool:
        """Whether it can be started on one."""
        return self.head >= KNOWS_NEWER_SCHEMAS

    def server(self, folder: Path, settings: Mapping[str, object]) -> Server:
        """Its `serve`, not yet started."""
        folder.mkdir(exist_ok=True)
        return Server(folder, settings, ["env", f"PYTHONPATH={self.source}"])

    def run(self, server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One of its commands, run to its end, with the settings of a server."""
        return subprocess.run(
            [sys.executable, "-m", "partnerhook", *arguments],
            cwd=server.folder,
            env=server.environment | {"PYTHONPATH": str(self.source)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def json(self, server: Server, *arguments: str) -> Any:
        """The document that a command prints, where it succeeds."""
        ended = self.run(server, *arguments, "--format", "json")
        assert ended.returncode == 0, f"{self}: {ended.stderr}"
        return json.loads(ended.stdout)


def todays() -> Program:
    """What is in this checkout."""
    return Program(ROOT / "src")


def last_released(folder: Path) -> Program:
    """The newest release, unpacked from the history; the test is skipped where that is not there."""
    source = folder / "last_release"
    if not source.exists():
        _require_history()
        packed = _git("archive", "--format=tar", LAST_RELEASE, "src")
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(source, filter="data")
    return Program(source / "src")


def made_up(folder: Path, *, head: str, works_with: str, migration: str) -> Program:
    """Today's program with one more migration: `migration` is the body of its `upgrade`."""
    source = folder / f"made_up_{head}"
    before = todays()
    if source.exists():
        return Program(source)
    for file in (before.source / "partnerhook").rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            copy = source / file.relative_to(before.source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    schema = source / "partnerhook/store/schema.py"
    schema.write_text(NAMES_HEAD.sub(f'HEAD: Final = "{head}"', schema.read_text()))
    (source / f"partnerhook/store/migrations/versions/{head}_made_up.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f'revision = "{head}"\ndown_revision = "{before.head}"\nworks_with = "{works_with}"\n'
        f"def upgrade():\n{migration}\n"
    )
    return Program(source)


@cache
def _require_history() -> None:
    if _git("rev-parse", "--git-dir").returncode != 0:
        pytest.skip("the last release's code is in the history, and this is no checkout of the repository")
    if _git("cat-file", "-e", f"{LAST_RELEASE}^{{commit}}").returncode != 0:
        shallow = _git("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
        assert shallow, f"{LAST_RELEASE} is not in the history"
        pytest.skip("the last release's code is in the history, and this checkout has only the end of it")


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """In this repository, whoever owns its files."""
    command = ["git", "-C", str(ROOT), "-c", f"safe.directory={ROOT}", *arguments]
    environment = {"PATH": os.environ.get("PATH", ""), "GIT_CEILING_DIRECTORIES": str(ROOT.parent)}
    return subprocess.run(command, capture_output=True, env=environment, check=False)
