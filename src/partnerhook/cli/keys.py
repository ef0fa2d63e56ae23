"""The keys of the configuration as texts: for `config show`, for `config init`, for docs/configuration.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, SecretStr

from partnerhook.config import DEFAULT_APP, AppSettings, Key, Reading, Settings, callback_path, variable
from partnerhook.settings import SECRETS, TABLES

DEFAULT_ORIGIN: Final = "default"


class Described(NamedTuple):
    """A key that can be set."""

    key: Key
    description: str
    default: str
    """As it would stand in a TOML file; empty where there is none."""

    @property
    def name(self) -> str:
        """As it stands in a TOML file, tables with dots."""
        return ".".join(self.key)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return variable(self.key)

    @property
    def secret(self) -> bool:
        """What it is set to is never shown."""
        return self.key[-1] in SECRETS


class Shown(NamedTuple):
    """A key with what it is set to."""

    described: Described
    value: str
    origin: str
    """`default`, `file` or `environment`."""


def describe_keys() -> list[Described]:
    """Every key of the top level, in order; tables are described by `describe_table`."""
    return [
        Described((name,), field.description or "", _literal(field.default))
        for name, field in Settings.model_fields.items()
        if name not in TABLES
    ]


def describe_table(kind: str, name: str) -> list[Described]:
    """Every key of a table of `apps`, `destinations` or `forward`."""
    return [
        Described((kind, name, key), field.description or "", _literal(field.default))
        for key, field in TABLES[kind].model_fields.items()
    ]


def show_keys(reading: Reading) -> Iterator[Shown]:
    """Every key of the top level and of every configured table, with its value."""
    settings = reading.settings
    for described in describe_keys():
        yield _shown(described, DEFAULT_APP, settings, reading)
    for kind in TABLES:
        for name, table in getattr(settings, kind).items():
            for described in describe_table(kind, name):
                yield _shown(described, name, table, reading)


def _shown(described: Described, name: str, table: BaseModel, reading: Reading) -> Shown:
    origin = reading.origins.get(described.key, DEFAULT_ORIGIN)
    value = getattr(table, described.key[-1])
    if described.secret and not (value and origin == DEFAULT_ORIGIN):
        return Shown(described, "set" if value else "not set", origin)
    if described.key[-1] == "path" and isinstance(table, AppSettings):
        value = callback_path(name, table)
    return Shown(described, _plain(value), origin)


def _plain(value: Any) -> str:
    """A value as a person reads it. Of secrets only a default comes here."""
    if value is None or value == ():
        return ""
    return str(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _literal(default: Any) -> str:
    """A default in TOML; its texts have no other escapes than JSON's."""
    if isinstance(default, bool):
        return str(default).lower()
    if default == ():
        return "[]"
    return _plain(default) if isinstance(default, (int, float)) or not _plain(default) else json.dumps(_plain(default))
