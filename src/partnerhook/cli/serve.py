"""`partnerhook serve`."""

from __future__ import annotations

from pathlib import Path

from partnerhook import bootstrap, config
from partnerhook.cli.logs import set_up_logs


def serve(*, config_file: Path | None = None) -> None:
    """Receive Meta's webhooks and keep the state of every solution."""
    settings = config.load(config_file)
    set_up_logs(settings.log_format)
    bootstrap.serve(settings)
