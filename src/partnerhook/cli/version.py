"""`partnerhook version`."""

from __future__ import annotations

import platform
import sqlite3

from partnerhook import __version__
from partnerhook.cli.options import Format
from partnerhook.cli.output import put, show_document


def version(*, output: Format = "text") -> None:
    """Print the version, with those of Python and SQLite: all that a bug report needs.

    Example: `partnerhook version --format json`
    """
    if output == "json":
        versions = {"partnerhook": __version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
        show_document(versions)
    else:
        put(f"partnerhook {__version__} (Python {platform.python_version()}, SQLite {sqlite3.sqlite_version})")
