"""Which configured app a command speaks for at the Graph API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

from cyclopts import Parameter

from partnerhook import config
from partnerhook.bootstrap.logs import set_up_logs
from partnerhook.cli.app_secrets import choose_app
from partnerhook.cli.trigger import check_digits
from partnerhook.core.errors import ConfigurationInvalid

AppName = Annotated[
    str | None, Parameter(name="--app", help="The configured app whose token is used. Without it: the only one.")
]
SolutionId = Annotated[
    str, Parameter(validator=check_digits, help="The solution's id, as Meta has it.", show_default=False)
]


class GraphApp(NamedTuple):
    """An app with all that the Graph API wants of it."""

    settings: config.Settings
    name: str
    app_id: str


def graph_app(app: str | None, config_file: Path | None) -> GraphApp:
    """The app that is meant. Raises ConfigurationInvalid, which names what is missing."""
    set_up_logs("console")
    settings = config.load(config_file)
    apps = settings.all_apps()
    able = [name for name, one in apps.items() if one.app_id and one.access_token]
    name = able[0] if app is None and len(able) == 1 else choose_app(settings, app)
    chosen = apps[name]
    missing = [key for key in ("app_id", "access_token") if getattr(chosen, key) is None]
    if missing:
        place = () if name == config.DEFAULT_APP else ("apps", name)
        variables = " and ".join(config.variable((*place, key)) for key in missing)
        raise ConfigurationInvalid(f"App {name} cannot ask the Graph API: set {variables}.")
    return GraphApp(settings, name, str(chosen.app_id))
