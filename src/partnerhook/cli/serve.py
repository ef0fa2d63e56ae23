"""`partnerhook serve`."""

from __future__ import annotations

from typing import Annotated, Literal

import structlog
from cyclopts import Parameter

from partnerhook import bootstrap, config
from partnerhook.bootstrap.logs import set_up_logs
from partnerhook.cli.options import ConfigFile


def serve(
    *,
    role: Annotated[
        Literal["all", "receiver", "worker"],
        Parameter(
            help="With PostgreSQL there may be any number of processes: a receiver takes webhooks, a worker delivers,"
            " reconciles and looks after the rest."
        ),
    ] = "all",
    config_file: ConfigFile = None,
) -> None:
    """Receive Meta's webhooks and keep the state of every solution.

    Needs an app secret and a verify token: PARTNERHOOK_APP_SECRET and PARTNERHOOK_VERIFY_TOKEN, or what
    `partnerhook config init` writes. Meta's callback is /webhook on 127.0.0.1:8080, behind your TLS proxy; the
    console, the API, /healthz, /readyz and /metrics are on 127.0.0.1:8081 (PARTNERHOOK_LISTEN,
    PARTNERHOOK_ADMIN_LISTEN). The first start prints a link that lets you into the console, once.

    Creates and migrates its SQLite file by itself; a PostgreSQL database has to be migrated before (`partnerhook
    migrate`). SIGHUP reads the configuration again: secrets, destinations and
    forward targets change without losing a request. Ends on SIGTERM or Ctrl-C, having finished what it holds.

    Example: `partnerhook serve --config /etc/partnerhook.toml`
    """
    reading = config.read(config_file)
    settings = reading.settings_if_right()
    set_up_logs(settings.log_format)
    for sentence in reading.unknown_variables:
        structlog.get_logger("partnerhook.config").warning("unknown variable", reason=sentence)

    def read_again() -> config.Settings:
        return config.load(config_file)

    bootstrap.serve(settings, read_again, bootstrap.Role(role))
