"""`partnerhook migrate`."""

from __future__ import annotations

from partnerhook import bootstrap, config
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import put, show_document


def migrate(*, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Create the database, or bring it to the version of this program. Never asks anything.

    `serve` does the same when it starts; this is for those who want it done at a time of their own.
    All steps are one transaction: either all are done or none. Running it again does nothing. A newer
    schema that says that this program works with it is left as it is; another one is refused.

    Example: `partnerhook migrate --format json`
    """
    before, after = bootstrap.migrate(config.load(config_file))
    if output == "json":
        show_document({"before": before, "after": after, "changed": before != after})
    elif before == after:
        put(f"The database is at version {after} already.")
    else:
        put(f"The database was {f'at version {before}' if before else 'empty'}; it is at version {after} now.")
