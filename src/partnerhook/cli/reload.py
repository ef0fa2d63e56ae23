"""`partnerhook reload`."""

from __future__ import annotations

import sys

from partnerhook import bootstrap, config
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import put, show_document
from partnerhook.core.errors import PartnerhookError


def reload(*, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Have every running `serve` of this database read its configuration again, as SIGHUP does.

    App secrets, verify tokens, destinations and forward targets change without losing a request; all else needs a
    restart, and the answer says so. What is wrong changes nothing. Exit 1 where a server could not, or none runs.

    Example: `partnerhook reload`
    """
    settings = config.load(config_file)
    config.require_apps(settings)
    answers = bootstrap.reload(settings)
    if output == "json":
        show_document([{"server": name, "outcome": outcome} for name, outcome in answers.items()])
    for name, outcome in answers.items() if output == "text" else ():
        put(f"{name}: {outcome}")
    if not answers:
        raise PartnerhookError("No server answered: none runs on this database, or it is of an older version.")
    if any(not outcome.startswith("reloaded") for outcome in answers.values()):
        sys.exit(1)
