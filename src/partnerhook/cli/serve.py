"""`partnerhook serve`."""

from __future__ import annotations

import structlog

from partnerhook import bootstrap, config
from partnerhook.cli.logs import set_up_logs
from partnerhook.cli.options import ConfigFile


def serve(*, config_file: ConfigFile = None) -> None:
    """Receive Meta's webhooks and keep the state of every solution.

    Creates and migrates its SQLite file by itself. Ends on SIGTERM, having finished what it holds.
    """
    reading = config.read(config_file)
    settings = reading.settings_if_right()
    set_up_logs(settings.log_format)
    for sentence in reading.unknown_variables:
        structlog.get_logger("partnerhook.config").warning("unknown variable", reason=sentence)
    bootstrap.serve(settings)
