"""`partnerhook config show | check | init`."""

from __future__ import annotations

import os
import secrets
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.keys import Described, Shown, describe_keys, describe_table, show_keys
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import Column, Kind, note, put, show_document, show_list
from partnerhook.core.errors import ConfigurationInvalid, PartnerhookError

VERIFY_TOKEN_BYTES: Final = 24
"""192 bits: nobody guesses it."""

ARRAYS: Final = ("destinations", "forward")
"""Tables of which a TOML file has an array, each with its name inside."""

LINE_CHARS_MAX: Final = 98
"""Of the comments in the written file."""

app = App(
    name="config",
    help="""Show, check or write the configuration.

    Keys come from partnerhook.toml and from the environment, which wins: `listen` is PARTNERHOOK_LISTEN.

    Example: `partnerhook config init`
    """,
)

KEYS: Final = Kind[Shown](
    lambda one: {
        "key": one.described.name,
        "variable": one.described.variable,
        "value": one.value,
        "origin": one.origin,
        "description": one.described.description,
    },
    [
        Column("Key", lambda one: one.described.name, 26),
        Column("Value", lambda one: one.value, 24),
        Column("From", lambda one: one.origin, 11),
        Column("What it is for", lambda one: one.described.description, spare=1),
    ],
)


@app.command
def show(*, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Show every key with its value, where that comes from, and what it is for. Of secrets: set or not set.

    Example: `partnerhook config show --format json`
    """
    reading = config.read(config_file)
    reading.settings_if_right()
    if output == "text" and reading.file:
        note(f"The file is {reading.file}.")
    if output == "text":
        for warning in reading.unknown_variables:
            note(f"Warning: {warning}")
    show_list(show_keys(reading), KEYS, output, if_empty="")


@app.command
def check(*, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Check everything that `serve` needs: exit 0 if it is right, 1 with all that is wrong.

    Tells of environment variables, too, that begin with PARTNERHOOK_ and mean nothing.

    Example: `partnerhook config check --config /etc/partnerhook.toml`
    """
    problems, warnings, urls = _examine(config_file)
    if output == "json":
        show_document({"right": not problems, "problems": problems, "warnings": warnings, "callbacks": urls})
    else:
        for line in (*problems, *(f"Warning: {warning}" for warning in warnings)):
            note(line)
        for name, url in urls.items() if not problems else ():
            put(f"app {name}: callback URL {url}")
        put("The configuration is right." if not problems else f"{len(problems)} to mend.")
    if problems:
        sys.exit(1)


def _examine(config_file: Path | None) -> tuple[list[str], list[str], dict[str, str]]:
    """Problems, warnings, and the callback path by app."""
    try:
        reading = config.read(config_file)
    except ConfigurationInvalid as error:
        return [str(error)], [], {}
    problems = [*reading.problems, *config.incomplete_apps(reading.settings)]
    try:
        bootstrap.check_store(reading.settings)
    except ConfigurationInvalid as error:
        problems.append(str(error))
    apps = reading.settings.all_apps()
    return (
        problems,
        list(reading.unknown_variables),
        {name: config.callback_path(name, app) for name, app in apps.items()},
    )


@app.command
def init(
    *,
    config_file: ConfigFile = None,
    force: Annotated[bool, Parameter(help="Write over a file that is there.", negative="")] = False,
    output: Format = "text",
) -> None:
    """Write a commented partnerhook.toml, readable by its owner alone, with a fresh random verify token.

    Example: `partnerhook config init --config /etc/partnerhook.toml`
    """
    path = config.file_to_write(config_file)
    text = "\n".join(_lines(secrets.token_urlsafe(VERIFY_TOKEN_BYTES))) + "\n"
    try:
        _write(path, text, force=force)
    except FileExistsError:
        raise PartnerhookError(f"{path} is there already; --force writes over it, and its secrets are lost.") from None
    except OSError as error:
        raise PartnerhookError(f"{path} cannot be written: {error.strerror}.") from None
    if output == "json":
        show_document({"file": str(path)})
        return
    put(f"Wrote {path}, readable by you alone, with a fresh verify token.")
    put("Next: put the app secret (App Dashboard > Settings > Basic) into it as app_secret, or set")
    put("PARTNERHOOK_APP_SECRET; then `partnerhook config check`, then `partnerhook serve`.")


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write the file, readable by its owner alone; over one that is there only as a whole. Raises OSError."""
    path = path.resolve() if force else path  # through a link, to where the file really is
    written = path.with_name(f".{path.name}.{secrets.token_hex(4)}") if force else path
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    try:
        written.replace(path)
    except OSError:
        written.unlink()
        raise


def _lines(verify_token: str) -> Iterator[str]:
    """The commented file."""
    yield "# The configuration of Partnerhook. A line that is commented out shows the default."
    yield "# Every key can be set in the environment instead, which wins: its variable stands beside it."
    yield "# Relative paths are relative to the folder that the program is started in."
    for described in describe_keys():
        yield from _described(described, verify_token if described.name == "verify_token" else None)
    for kind, opening in (("apps", ["[apps.NAME]"]), *((kind, [f"[[{kind}]]", 'name = "NAME"']) for kind in ARRAYS)):
        yield from ("", *_comment(config.Settings.model_fields[kind].description or ""), "#")
        yield from (f"#{line}" for line in opening)
        for described in describe_table(kind, "NAME"):
            yield f"#{_set(described):<22} # {described.variable}"


def _described(described: Described, value: str | None) -> Iterator[str]:
    setting = f"#{_set(described)}" if value is None else f'{described.key[-1]} = "{value}"'
    yield from ("", *_comment(described.description), f"# {described.variable}", setting)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, LINE_CHARS_MAX)]


def _set(described: Described) -> str:
    return f"{described.key[-1]} = {described.default}" if described.default else f'{described.key[-1]} = ""'
