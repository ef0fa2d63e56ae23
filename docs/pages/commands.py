"""docs/commands.md: every command with its arguments and options, from the command line's own texts.

cyclopts can write Markdown itself. It is not used, since it tells of a command no more than the
overview does (`cli/__init__.py` gives each a line, so that `--help` loads nothing), and its types are
Python's: `--time INT` takes RFC 3339 too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, get_args

from cyclopts import App, Argument

from pages.markdown import code, document, fence, generated, table
from partnerhook.cli import app

INTRODUCTION: Final = """
The program tells the same with `--help`, alone and after every command. Exit 0: done; 1: it could not be done, or what
was asked is not so; 2: it was called wrongly. With `--format json` a command prints one document on stdout
(`observations tail`: one object a line), logs and progress on stderr, [stable keys](json.md). What takes `--config`
reads the [configuration](configuration.md), from the environment too.
"""


def page() -> str:
    """The whole document."""
    blocks = [block for name, command in _children(app) for block in _command((name,), command)]
    return document("# Commands", generated("cli/__init__.py"), INTRODUCTION, _overview(), *blocks)


def _overview() -> str:
    rows = []
    for name, command in _children(app):
        rows.append([f"[{name}](#partnerhook-{name})", command.help.partition("\n")[0]])
    return table(["command", "what it does"], rows)


def _children(parent: App) -> Iterator[tuple[str, App]]:
    """The commands of an app or a family, in the order of the source."""
    for name in parent:
        if not name.startswith("-"):
            yield name, parent[name]


def _command(path: tuple[str, ...], command: App) -> Iterator[str]:
    yield f"{'#' * (len(path) + 1)} partnerhook {' '.join(path)}"
    if command.default_command is None:
        yield command.help
    else:
        yield from _called(path, command, command.default_command)
    for name, child in _children(command):
        yield from _command((*path, name), child)


def _called(path: tuple[str, ...], command: App, function: Callable[..., Any]) -> Iterator[str]:
    """How a command is called, what it says of itself, and what it takes."""
    taken = [one for one in command.assemble_argument_collection() if one.show]
    arguments = [one for one in taken if one.field_info.is_positional]
    options = [one for one in taken if one not in arguments]
    required = [_spelled(one) for one in options if one.required]
    words = [*(_placeholder(one) for one in arguments), *required, *(["[options]"] if options else [])]
    yield fence("", [" ".join(["partnerhook", *path, *words])])
    yield inspect.getdoc(function) or command.help
    if arguments:
        yield table(["argument", "what it is"], [[_argument(one), _help(one)] for one in arguments])
    if options:
        yield table(["option", "default", "what it does"], [_option(one) for one in options])


def _argument(one: Argument) -> str:
    """Its place in the usage line; most can be named as well."""
    named = [name for name in one.names if name.startswith("--")]
    return ", ".join(code(name) for name in (_placeholder(one), *named))


def _option(one: Argument) -> list[str]:
    return [code(_spelled(one)), "required" if one.required else code(_default(one)), _help(one)]


def _help(one: Argument) -> str:
    return one.parameter.help or ""


def _placeholder(one: Argument) -> str:
    """An argument's name in capitals."""
    return one.names[0].lstrip("-").upper()


def _spelled(one: Argument) -> str:
    """An option with all its names, and a word for its value where it takes one."""
    names = ", ".join(one.names)
    kinds = {one.hint, *get_args(one.hint)}
    if bool in kinds:
        return names
    choices = one.get_choices()
    return f"{names} {'|'.join(choices) if choices else 'FILE' if Path in kinds else 'VALUE'}"


def _default(one: Argument) -> str:
    """What holds where it is not given; empty where that is nothing at all."""
    default = one.field_info.default
    return "" if default in (None, False, inspect.Parameter.empty) else str(default)
