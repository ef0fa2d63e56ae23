"""A Containerfile, read; and as much of it carried out as needs no container engine."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

INSTALLED = "/opt/partnerhook"


class Instruction(NamedTuple):
    """Such as RUN, and what stands after it."""

    word: str
    rest: str

    def command(self) -> list[str]:
        """Of an instruction in JSON form; options stand before it."""
        found: list[str] = json.loads(self.rest[self.rest.index("[") :])
        return found


def stages(file: Path) -> list[list[Instruction]]:
    """The instructions of each stage, FROM first."""
    lines = (line for line in file.read_text().splitlines() if not line.startswith("#"))
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[list[Instruction]] = []
    for line in filter(None, text.splitlines()):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append(Instruction(word, rest))
    return found


def copied(stage: list[Instruction]) -> list[str]:
    """What a stage takes from the folder that it is built from."""
    taken = (one.rest.split() for one in stage if one.word == "COPY" and "--from=" not in one.rest)
    return [source for *sources, _ in taken for source in sources]


def only(stage: list[Instruction], word: str) -> Instruction:
    """The one instruction of this kind."""
    (found,) = [one for one in stage if one.word == word]
    return found


def environment(stage: list[Instruction]) -> dict[str, str]:
    """What ENV sets."""
    return dict(part.split("=", 1) for one in stage if one.word == "ENV" for part in shlex.split(one.rest))  # type: ignore[misc]


def build(stage: list[Instruction], context: Path, folder: Path) -> Path:
    """Carry out COPY and RUN in a folder, on this Python; where it was installed to."""
    work, installed = folder / "work", folder / "installed"
    for one in stage:
        if one.word == "COPY":
            *sources, target = one.rest.split()
            for source in sources:
                _copy(context / source, work / target / source if target.endswith("/") else work / target)
        elif one.word == "RUN":
            _run(one.rest.replace(INSTALLED, str(installed)), work)
    return installed


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _run(line: str, work: Path) -> None:
    python = Path(sys.base_prefix) / "bin"
    search = os.pathsep.join([str(python), os.environ["PATH"]])
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=work,
        env=os.environ | {"PATH": search},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
