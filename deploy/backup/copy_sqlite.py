"""A whole, checked copy of Partnerhook's SQLite file, made beside a running `serve`; the newest few are kept.

    python copy_sqlite.py /var/lib/partnerhook/partnerhook.db /var/lib/partnerhook-backup/copies --keep 14

The copy appears under its name when it is complete, checked and on the disk. Exit 0: it is; 1: it is not, with the
reason on stderr. Needs the standard library alone.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

BUSY_TIMEOUT_S: Final = 30.0
"""For a checkpoint that is in the way."""


def main() -> int:
    """Copy, then drop the oldest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=int, default=14, help="how many copies stay (14)")
    asked = parser.parse_args()
    try:
        copied = copy(asked.database, asked.folder)
    except (OSError, sqlite3.Error) as problem:
        sys.stderr.write(f"{asked.database} was not copied: {problem}\n")
        return 1
    for old in sorted(asked.folder.glob("partnerhook-*.db"))[: -max(asked.keep, 1)]:
        old.unlink()
    sys.stdout.write(f"{copied}\n")
    return 0


def copy(database: Path, folder: Path) -> Path:
    """One copy, named for the moment (UTC) at which it was begun."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"partnerhook-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.db"
    part = folder / f"{name}.part"
    try:
        # mode=rw: a name that is mistyped must not make an empty database.
        with closing(
            sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S)
        ) as source:
            source.execute("VACUUM INTO ?", (str(part),))
        with closing(sqlite3.connect(part)) as made:
            (found,) = made.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged: {found}")
        sync(part)
        part.rename(folder / name)
        sync(folder)
    finally:
        part.unlink(missing_ok=True)
    return folder / name


def sync(path: Path) -> None:
    """Have a file, or a folder's list of names, on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


if __name__ == "__main__":
    sys.exit(main())
