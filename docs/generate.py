"""Writes the documents that are made from the code: `make docs`. With --check it only says what is not up to date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from pages import commands, configuration, deliveries, emulator, lifecycle, scenarios, schemas

DOCS = Path(__file__).parent

PAGES: dict[str, Callable[[], str]] = {
    "lifecycle.md": lifecycle.page,
    "configuration.md": configuration.page,
    "commands.md": commands.page,
    "scenarios.md": scenarios.page,
    "emulator.md": emulator.page,
    "deliveries.md": deliveries.page,
    **schemas.PAGES,
}


def main() -> int:
    """Write all pages, or check them. Exit 1: with --check, where one is missing or stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is not up to date")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the pages are (docs/)")
    arguments = parser.parse_args()
    problems = [
        problem
        for name, page in PAGES.items()
        if (problem := (find_problem if arguments.check else write)(arguments.folder / name, page()))
    ]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def write(path: Path, text: str) -> str:
    """Write a page; never a problem."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return ""


def find_problem(path: Path, text: str) -> str:
    """Why a page is not as the code would have it, in a sentence; empty where it is."""
    if not path.is_file():
        return f"{path} is missing: run `make docs`."
    if path.read_bytes() != text.encode():
        return f"{path} is stale: run `make docs`."
    return ""


if __name__ == "__main__":
    sys.exit(main())
