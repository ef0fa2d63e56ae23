"""Reads the settings: the only reader of environment and file. Environment wins, key by key."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.settings import (
    ALTERNATIVES,
    DEFAULT_APP,
    SECRETS,
    TABLES,
    AppSettings,
    Settings,
    callback_path,
    contradictions,
)
from partnerhook.settings.values import split_listen, split_secrets

__all__ = [
    "DEFAULT_APP",
    "AppSettings",
    "Key",
    "Reading",
    "Settings",
    "callback_path",
    "config_file",
    "file_to_write",
    "incomplete_apps",
    "load",
    "read",
    "read_secret_file",
    "require_apps",
    "restart_needed",
    "split_listen",
    "split_secrets",
    "variable",
]

PREFIX: Final = "PARTNERHOOK_"
FILE_VARIABLE: Final = f"{PREFIX}CONFIG"
OTHER_VARIABLES: Final = frozenset({FILE_VARIABLE, "PARTNERHOOK_API_KEY"})
"""They set no key: the file itself, and the key that `listen --server` shows."""
DEFAULT_FILE: Final = "partnerhook.toml"
FILE: Final = "file"
ENVIRONMENT: Final = "environment"

Key = tuple[str, ...]
"""Where a value stands: ("listen",) or ("apps", NAME, "app_secret")."""

Layer = Mapping[Key, Any]
"""All that one source sets."""

KEYS: Final = frozenset(Settings.model_fields) - frozenset(TABLES)
KEYS_OF_TABLE: Final = {table: frozenset(model.model_fields) for table, model in TABLES.items()}


class Reading(NamedTuple):
    """What file and environment say, right or wrong."""

    settings: Settings
    """All that is right; the default where something is wrong."""
    origins: Mapping[Key, str]
    """Where each key comes from that is set: `environment` or `file`."""
    file: Path | None
    problems: tuple[str, ...]
    unknown_variables: tuple[str, ...]
    """A sentence for each variable with our prefix that means nothing."""

    def settings_if_right(self) -> Settings:
        """The settings. Raises ConfigurationInvalid, which names each wrong key and never a value."""
        if self.problems:
            raise ConfigurationInvalid("\n".join(self.problems))
        return self.settings


def load(given: Path | None = None) -> Settings:
    """Read file and environment. Raises ConfigurationInvalid, which names each wrong key and never a value."""
    return read(given).settings_if_right()


def read(given: Path | None = None) -> Reading:
    """Read file and environment, and find all that is wrong. Raises ConfigurationInvalid where the file is no TOML."""
    path = config_file(given)
    file = _of_file(path) if path else {}
    environment, unknown = _of_environment(os.environ, {key[:2] for key in file if key[0] in TABLES})
    problems = [*_twice(file, lambda key: f"{'.'.join(key)} in {path}"), *_twice(environment, variable)]
    origins = _overlaid(dict.fromkeys(file, FILE), dict.fromkeys(environment, ENVIRONMENT))
    values = {key: (environment if origin == ENVIRONMENT else file)[key] for key, origin in origins.items()}
    problems += _read_secret_files(values, origins)
    settings = _validated(values, problems)
    return Reading(settings, origins, path, (*problems, *contradictions(settings)), tuple(unknown))


def config_file(given: Path | None = None) -> Path | None:
    """The file to read: as given, PARTNERHOOK_CONFIG, or partnerhook.toml here; None where none is named or there."""
    # A folder or a broken link of that name counts too: a mount that went wrong must not pass unseen.
    return _named_file(given) or (Path(DEFAULT_FILE) if os.path.lexists(DEFAULT_FILE) else None)


def file_to_write(given: Path | None = None) -> Path:
    """The file that would be read, whether it is there or not."""
    return _named_file(given) or Path(DEFAULT_FILE)


def _named_file(given: Path | None) -> Path | None:
    return given or (Path(os.environ[FILE_VARIABLE]) if os.environ.get(FILE_VARIABLE) else None)


def _of_file(path: Path) -> Layer:
    """What a TOML file sets. Raises ConfigurationInvalid."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationInvalid(f"{path} is not TOML: {error}.") from None
    except UnicodeDecodeError:
        raise ConfigurationInvalid(f"{path} is not TOML: it is not UTF-8.") from None
    except RecursionError:
        raise ConfigurationInvalid(f"{path} is nested too deeply.") from None
    except ValueError:
        raise ConfigurationInvalid(f"{path} is not TOML: a number in it is too long.") from None
    except FileNotFoundError:
        raise ConfigurationInvalid(
            f"There is no configuration file {path}; `partnerhook config init` writes one."
        ) from None
    except OSError as error:
        raise ConfigurationInvalid(f"{path} cannot be read: {error.strerror}.") from None
    apps = document.pop("apps", {})
    if not isinstance(apps, dict) or not all(isinstance(table, dict) for table in apps.values()):
        raise ConfigurationInvalid(f"{path}: each app is a table of its own, [apps.NAME].")
    tables = {"apps": apps} | {kind: _named(document.pop(kind, []), kind, path) for kind in TABLES if kind != "apps"}
    found: dict[Key, Any] = {(key,): value for key, value in document.items()}
    for kind, named in tables.items():
        for name, table in named.items():
            found[kind, name] = {}  # an app that sets nothing is still an app, and incomplete
            found |= {(kind, name, key): value for key, value in table.items()}
    return found


def _named(tables: Any, kind: str, path: Path) -> dict[str, dict[str, Any]]:
    """An array of tables by their names. Raises ConfigurationInvalid."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigurationInvalid(f"{path}: each of {kind} is a table of its own, [[{kind}]].")
    found: dict[str, dict[str, Any]] = {}
    for number, table in enumerate(tables, 1):
        name = table.get("name")
        if not isinstance(name, str) or not name:
            raise ConfigurationInvalid(f'{path}: number {number} of [[{kind}]] has no name; give it one: name = "...".')
        if name in found:
            raise ConfigurationInvalid(f"{path}: two of [[{kind}]] have the name {name!r}; rename one of them.")
        found[name] = {key: value for key, value in table.items() if key != "name"}
    return found


def _of_environment(environment: Mapping[str, str], named: Iterable[Key]) -> tuple[Layer, list[str]]:
    """What the variables set, and a sentence about each that sets nothing. An empty one counts as not set.

    `named`: the tables that the file has.
    """
    table_of_words: dict[Key, Key] = {}
    for kind, name, *_ in sorted(set(named)):
        table_of_words[kind, name.replace("-", "_")] = kind, name
    found: dict[Key, Any] = {}
    unknown: list[str] = []
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in OTHER_VARIABLES:
            continue
        key = _key(name, table_of_words)
        if key is None:
            unknown.append(_sentence_on_unknown(name))
        elif environment[name].strip():
            found[key] = environment[name].strip()
    return found, unknown


def _key(name: str, table_of_words: Mapping[Key, Key]) -> Key | None:
    """The key that a variable sets. A shell knows no `-` in names: ACME_EU is also the file's app acme-eu."""
    words = name.removeprefix(PREFIX)
    if words.lower() in KEYS and words.isupper():
        return (words.lower(),)
    kind, _, rest = words.partition("__")
    table, _, key = rest.rpartition("__")
    if not table or key.lower() not in KEYS_OF_TABLE.get(kind.lower(), ()):
        return None
    known = kind.lower(), table.lower()
    return *table_of_words.get(known, known), key.lower()


def _sentence_on_unknown(name: str) -> str:
    words = name.removeprefix(PREFIX).upper()
    known = [FILE_VARIABLE.removeprefix(PREFIX), *(key.upper() for key in KEYS)]
    for kind, keys in KEYS_OF_TABLE.items():
        table, _, _ = words.removeprefix(f"{kind.upper()}__").rpartition("__")
        known += [f"{kind.upper()}__{table or 'NAME'}__{key.upper()}" for key in keys]
    alike = difflib.get_close_matches(words, sorted(known), n=1)  # without the prefix, in which all are alike
    return f"{name} means nothing to this program{f'; did you mean {PREFIX}{alike[0]}?' if alike else '.'}"


def variable(key: Key) -> str:
    """The environment variable of a key."""
    return PREFIX + "__".join(key).upper().replace("-", "_")


def _alternatives(key: Key) -> Iterator[Key]:
    """The other keys that say the same as `key`."""
    for row in ALTERNATIVES:
        if key[-1] in row:
            yield from ((*key[:-1], other) for other in row if other != key[-1])


def _twice(layer: Layer, told: Callable[[Key], str]) -> Iterator[str]:
    """A sentence about each pair of keys that say the same in one layer. `told`: what a key is called there."""
    for key in layer:
        for other in _alternatives(key):
            if other in layer and key < other:
                yield f"{told(key)} and {told(other)} are both set; set one of them."


def _overlaid(lower: Mapping[Key, str], upper: Mapping[Key, str]) -> dict[Key, str]:
    """Both, the upper one winning: also over what says the same in other words.

    A secret from the environment beside a list of secrets from the file is no contradiction.
    """
    displaced = {other for key in upper for other in _alternatives(key)}
    return {key: origin for key, origin in lower.items() if key not in displaced} | dict(upper)


def _read_secret_files(values: dict[Key, Any], origins: dict[Key, str]) -> Iterator[str]:
    """Put the content of each `..._file` under the key it stands for; a sentence about each that cannot be read."""
    for key in list(values):
        target = (*key[:-1], key[-1].removesuffix("_file"))
        if not key[-1].endswith("_file") or target[-1] not in SECRETS or not isinstance(values[key], str):
            continue
        try:
            content = read_secret_file(Path(values[key]))
        except ConfigurationInvalid as problem:
            # Not the path: often enough it is the secret itself, set under the wrong name.
            yield f"{_both_spellings(key)}: the file that this names {problem}."
            continue
        values.setdefault(target, content)
        origins.setdefault(target, origins[key])


def read_secret_file(path: Path) -> str:
    """What is in a file that holds a secret. Raises ConfigurationInvalid, which goes on after "the file"."""
    try:
        content = path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise ConfigurationInvalid(f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigurationInvalid("cannot be read: it is no text in UTF-8") from None
    if not content:
        raise ConfigurationInvalid("is empty")
    return content


def _validated(values: Mapping[Key, Any], problems: list[str]) -> Settings:
    """The settings, without the keys that are wrong; a sentence about each of these is added to `problems`."""
    right = dict(values)
    while True:
        try:
            return Settings.model_validate(_nested(right))
        except ValidationError as error:
            wrong = [(_place(problem), problem) for problem in error.errors(include_url=False, include_context=False)]
            problems += [f"{_both_spellings(key)}: {_reason(problem, key)}." for key, problem in wrong]
            for key in {key for key, _ in wrong}:
                del right[key]


def _place(problem: ErrorDetails) -> Key:
    place = tuple(str(part) for part in problem["loc"])
    return place[: 3 if place[0] in TABLES else 1]


def _nested(values: Mapping[Key, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        table = tree
        for part in key[:-1]:
            table = table.setdefault(part, {})
        # A copy: what is put into it below must not stay in `values`.
        table[key[-1]] = dict(value) if isinstance(value, dict) else value
    return tree


def _reason(problem: ErrorDetails, key: Key) -> str:
    """Why a key is wrong, and never what its value is."""
    if problem["type"] != "extra_forbidden":
        return problem["msg"].removeprefix("Value error, ").replace("Input should", "this should")
    alike = difflib.get_close_matches(
        key[-1], sorted(KEYS_OF_TABLE[key[0]] if len(key) == 3 else {*KEYS, *TABLES}), n=1
    )
    return f"there is no such key{f'; the nearest is {alike[0]}' if alike else ''}"


def _both_spellings(key: Key) -> str:
    return f"{'.'.join(key)} ({variable(key)})"


def incomplete_apps(settings: Settings) -> list[str]:
    """A sentence about everything that is missing for `serve`: without a secret nothing can be believed."""
    apps = settings.all_apps()
    if not apps:
        secret, token = variable(("app_secret",)), variable(("verify_token",))
        where = "App Dashboard > Settings > Basic > App secret"
        return [f"No app secret is set. Set {secret} ({where}) and {token}, or see `partnerhook config init`."]
    problems: list[str] = []
    for name, app in apps.items():
        table: Key = () if name == DEFAULT_APP else ("apps", name)
        secret, token = variable((*table, "app_secret")), variable((*table, "verify_token"))
        if not app.secrets:
            problems.append(
                f"App {name} has no app secret. Set {secret} or {secret}_FILE, or app_secret in the file"
                " (App Dashboard > Settings > Basic)."
            )
        if not app.verify_token:
            problems.append(
                f"App {name} has no verify token. Set {token} to a text of your choice, the same as in"
                " App Dashboard > Webhooks."
            )
    return problems


RELOADED: Final = frozenset(
    {
        *TABLES,
        *AppSettings.model_fields,
        *("graph_url", "public_url", "reconcile_every_s"),
        *("overdue_after_s", "silent_after_days", "health_every_s"),
    }
)
"""What a running server takes over; all else needs a restart."""


def restart_needed(before: Settings, after: Settings) -> list[str]:
    """The keys that differ and that a running server cannot take over."""
    return [key for key in Settings.model_fields if key not in RELOADED and getattr(before, key) != getattr(after, key)]


def require_apps(settings: Settings) -> dict[str, AppSettings]:
    """Every app, complete. Raises ConfigurationInvalid."""
    problems = incomplete_apps(settings)
    if problems:
        raise ConfigurationInvalid("\n".join(problems))
    return settings.all_apps()
