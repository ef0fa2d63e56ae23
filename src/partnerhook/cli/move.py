"""`partnerhook move`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import note, put, show_document
from partnerhook.cli.progress import progress


def move(
    *,
    from_: Annotated[str, Parameter(name="--from", help="The SQLite database: sqlite:///FILE.")],
    to: Annotated[
        str | None,
        Parameter(help="The PostgreSQL database, migrated and empty. Without it: database_url of the configuration."),
    ] = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Move everything from an SQLite file to PostgreSQL, and compare.

    Stop `serve` before: the file is locked while it is read, and a receiver on it answers 503 until the end, so that
    Meta keeps what it has. When it is interrupted run it again: it goes on where it was. The file stays as it is.
    In the end every table has as many rows as before, and all solutions have the same checksum.

    A URL on the command line can be seen by other users of this machine: with a password, leave out --to and set
    PARTNERHOOK_DATABASE_URL.

    Example: `partnerhook move --from sqlite:///partnerhook.db --to postgresql://db.internal/partnerhook`
    """
    with progress("Moving rows") as on_progress:
        moved = bootstrap.move(from_, to or config.load(config_file).database_url.get_secret_value(), on_progress)
    if output == "json":
        show_document({"rows": moved.rows, "resumed": moved.resumed, "solutions_sha256": moved.checksum})
        return
    for table, count in moved.rows.items():
        put(f"{count:>12,}  {table}")
    went_on = "gone on with, and " if moved.resumed else ""
    note(f"{went_on}moved; all solutions have the same checksum in both ({moved.checksum[:16]}).".capitalize())
