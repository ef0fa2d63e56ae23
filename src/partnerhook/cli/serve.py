"""`partnerhook serve`."""

from __future__ import annotations

from partnerhook import bootstrap, config
from partnerhook.cli.logs import set_up_logs
from partnerhook.cli.options import ConfigFile


def serve(*, config_file: ConfigFile = None) -> None:
    """Receive Meta's webhooks and keep the state of every solution.

    Creates and migrates its SQLite file by itself. Ends on SIGTERM, having finished what it holds.
    """
    settings = config.load(config_file)
    set_up_logs(settings.log_format)
    bootstrap.serve(settings)
