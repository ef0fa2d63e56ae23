"""Which app's secrets a command signs or verifies with. Never a value on the command line: `ps` shows those."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

from cyclopts import Parameter

from partnerhook import config
from partnerhook.core.errors import ConfigurationInvalid

SecretFile = Annotated[
    Path | None,
    Parameter(
        help="A file that holds the app secret (several: newest first, comma separated)."
        " Without it: PARTNERHOOK_APP_SECRET, or the configuration."
    ),
]
AppName = Annotated[
    str | None, Parameter(name="--app", help="The configured app whose secret it is. Without it: the only one.")
]


class Secrets(NamedTuple):
    """What to sign and verify with."""

    app: str
    """Its name; empty where the secrets come from a file."""
    own: tuple[str, ...]
    """Newest first."""
    of_others: tuple[str, ...]
    """Those of the other configured apps."""


def find_secrets(app: str | None, secret_file: Path | None, config_file: Path | None) -> Secrets:
    """The secrets to use. Raises ConfigurationInvalid where there are none, or which ones is not clear."""
    if secret_file is not None:
        return Secrets("", _of_file(secret_file), ())
    settings = config.load(config_file)
    name = choose_app(settings, app)
    apps = settings.all_apps()
    if not apps[name].secrets:
        raise ConfigurationInvalid(f"App {name} has no app secret; name a file that holds it with --secret-file.")
    others = (secret for other, one in apps.items() if other != name for secret in one.secrets)
    return Secrets(name, apps[name].secrets, tuple(others))


def choose_app(settings: config.Settings, app: str | None) -> str:
    """The name of the app that is meant. Raises ConfigurationInvalid."""
    apps = settings.all_apps()
    if app in apps:
        return app
    known = ", ".join(apps)
    if app is not None:
        raise ConfigurationInvalid(f"There is no app {app!r} in the configuration (there is: {known or 'none'}).")
    if len(apps) == 1:
        return next(iter(apps))
    if not apps:
        raise ConfigurationInvalid(
            "No app secret is set. Set PARTNERHOOK_APP_SECRET, or name a file that holds it with --secret-file."
        )
    raise ConfigurationInvalid(f"Several apps are configured ({known}); name one with --app.")


def _of_file(path: Path) -> tuple[str, ...]:
    try:
        secrets = config.split_secrets(config.read_secret_file(path))
    except ConfigurationInvalid as problem:
        # Not the path: it may be the secret itself, and what goes wrong often ends in a log.
        raise ConfigurationInvalid(f"The file that --secret-file names {problem}.") from None
    if not secrets:
        raise ConfigurationInvalid("The file that --secret-file names has commas only.")
    return tuple(secrets)
