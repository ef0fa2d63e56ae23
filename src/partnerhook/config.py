"""Settings: the only reader of environment and file. Environment wins; each key says what it is for."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from partnerhook.core.errors import ConfigurationInvalid

PREFIX: Final = "PARTNERHOOK_"
DEFAULT_FILE: Final = "partnerhook.toml"
DEFAULT_APP: Final = "default"
APP_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
SECRETS: Final = ("app_secret", "app_secrets", "verify_token", "database_url")
"""Each may also come from a file: `NAME_file`."""


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]


class AppSettings(BaseModel):
    """One Meta app: its secrets and its callback path."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app_secret: SecretStr | None = Field(
        None, description="App secret of the Meta app (App Dashboard > Settings > Basic). Checks every signature."
    )
    app_secrets: SecretList = Field(
        (), description="Several app secrets, newest first, while one is being rotated. Instead of app_secret."
    )
    verify_token: SecretStr | None = Field(
        None, description="Verify token: any text of your choice, the same as in App Dashboard > Webhooks."
    )
    app_secret_file: Path | None = Field(None, description="A file that holds app_secret.")
    app_secrets_file: Path | None = Field(None, description="A file that holds app_secrets, comma separated.")
    verify_token_file: Path | None = Field(None, description="A file that holds verify_token.")
    path: str | None = Field(
        None,
        pattern=r"^/[^?#\s]*$",
        description="Path of the callback URL. Default /webhook, for other apps /webhook/NAME.",
    )

    @model_validator(mode="after")
    def _one_kind_of_secret(self) -> Self:
        if self.app_secret and self.app_secrets:
            raise ValueError("app_secret and app_secrets are both set; set one of them")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """The app secrets, newest first."""
        given = (self.app_secret,) if self.app_secret else self.app_secrets
        return tuple(secret.get_secret_value() for secret in given)


class Settings(BaseSettings, AppSettings):
    """Everything that can be set. The top level's app_secret, verify_token and path are app `default`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )

    database_url: SecretStr = Field(
        SecretStr("sqlite:///partnerhook.db"), description="Where everything is stored: sqlite:///FILE."
    )
    database_url_file: Path | None = Field(None, description="A file that holds database_url.")
    listen: str = Field(
        "127.0.0.1:8080", description="HOST:PORT for Meta; put your TLS proxy in front. 0 picks a free port."
    )
    admin_listen: str = Field(
        "127.0.0.1:8081",
        description="HOST:PORT for people and scrapers: /healthz, /readyz, /metrics. Not for the internet.",
    )
    log_format: Literal["console", "json"] = Field("console", description="How log lines look: console or json.")
    body_bytes_max: int = Field(
        3 * 1024 * 1024, ge=1024, le=1024**3, description="Longest body taken; longer is 413. Meta sends up to 3 MiB."
    )
    bodies_in_flight_bytes_max: int = Field(
        64 * 1024 * 1024, ge=1024, description="Memory for all bodies that wait to be stored; beyond it is 503."
    )
    connections_max: int = Field(2_000, ge=1, description="Open connections of the public listener; beyond it is 503.")
    header_deadline_s: float = Field(10.0, gt=0, le=3600, description="Seconds a client has to send its headers.")
    body_deadline_s: float = Field(30.0, gt=0, le=3600, description="Seconds a client has to send its body.")
    shutdown_grace_s: float = Field(
        5.0, gt=0, le=3600, description="Seconds that requests have to finish after SIGTERM."
    )
    raw_bodies_keep_days: float = Field(
        30.0,
        gt=0,
        description="Days that raw bodies are kept, quarantined ones too: they can hold people's messages."
        " Observations and solutions are kept for ever.",
    )
    apps: dict[str, AppSettings] = Field(
        default_factory=dict,
        description="More Meta apps, each a table [apps.NAME] with its own secrets, verify token and path.",
    )

    @model_validator(mode="after")
    def _names_and_paths(self) -> Self:
        for name in self.apps:
            if not APP_NAME.fullmatch(name):
                raise ValueError(f"apps.{name}: a name has small letters, digits, - and _, 63 at most")
        paths: dict[str, str] = {"/healthz": "the health check"}
        for name, app in self.all_apps().items():
            path = callback_path(name, app)
            if path in paths:
                raise ValueError(f"{name} and {paths[path]} have the same path {path}")
            paths[path] = name
        for key in ("listen", "admin_listen"):
            split_listen(getattr(self, key), key)
        return self

    def all_apps(self) -> dict[str, AppSettings]:
        """Every configured app by name; `default` is there if the top level sets any of its keys."""
        top = {key: getattr(self, key) for key in AppSettings.model_fields}
        return ({DEFAULT_APP: AppSettings(**top)} if any(top.values()) else {}) | self.apps


def split_listen(listen: str, key: str) -> tuple[str, int]:
    """HOST:PORT apart; [::1]:8080 for IPv6. Raises ValueError."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{key} is not HOST:PORT, such as 127.0.0.1:8080")
    return host.removeprefix("[").removesuffix("]"), int(port)


class Layer(PydanticBaseSettingsSource):
    """One source of settings, with its `..._file` keys read and its own choices complete.

    What a layer says about an app's secrets replaces what the layer below says: a secret from the
    environment beside a list of secrets from the file is no contradiction.
    """

    def __init__(self, source: PydanticBaseSettingsSource, told: str) -> None:
        super().__init__(source.settings_cls)
        self._source = source
        self._told = told

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Not used: the whole layer is read at once."""
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        """All that this layer sets."""
        found = dict(self._source())
        for table in (found, *(app for app in found.get("apps", {}).values() if isinstance(app, dict))):
            self._read_files(table)
        return found

    def _read_files(self, table: dict[str, Any]) -> None:
        for key in SECRETS:
            path = table.get(f"{key}_file")
            if path is None:
                continue
            if table.get(key):
                raise ConfigurationInvalid(f"{self._told}: {key} and {key}_file are both set; set one of them.")
            try:
                table[key] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationInvalid(f"{self._told}: {key}_file cannot be read: {error}.") from None
        for one, other in (("app_secret", "app_secrets"), ("app_secrets", "app_secret")):
            if table.get(one):
                table.setdefault(other, None if other == "app_secret" else ())


def config_file(given: Path | None = None) -> Path | None:
    """The file to read: as given, PARTNERHOOK_CONFIG, or partnerhook.toml here; None where there is none."""
    named = given or (Path(os.environ[f"{PREFIX}CONFIG"]) if os.environ.get(f"{PREFIX}CONFIG") else None)
    if named is not None and not named.is_file():
        raise ConfigurationInvalid(
            f"The configuration file {named} does not exist; `partnerhook config init` writes one."
        )
    if named is None and Path(DEFAULT_FILE).is_file():
        return Path(DEFAULT_FILE)
    return named


def load(given: Path | None = None) -> Settings:
    """Read file and environment. Raises ConfigurationInvalid, which names each wrong key and never a value."""
    path = config_file(given)

    class Sources(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: PydanticBaseSettingsSource, **__: PydanticBaseSettingsSource
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            environment = Layer(EnvSettingsSource(settings_cls), "environment")
            if path is None:
                return (environment,)
            return environment, Layer(TomlConfigSettingsSource(settings_cls, path), str(path))

    try:
        return Sources()
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationInvalid(f"{path} is not TOML: {error}.") from None
    except ValidationError as error:
        raise ConfigurationInvalid("\n".join(_sentence(problem) for problem in error.errors())) from None


def _sentence(problem: Mapping[str, Any]) -> str:
    """Which key is wrong and why, in both spellings; never what its value is."""
    key = ".".join(str(part) for part in problem["loc"])
    reason = (
        "there is no such key" if problem["type"] == "extra_forbidden" else problem["msg"].removeprefix("Value error, ")
    )
    if not key:
        return f"{reason}."
    return f"{key} ({PREFIX}{key.upper().replace('.', '__')}): {reason}."


def require_apps(settings: Settings) -> dict[str, AppSettings]:
    """Every app, complete. Raises ConfigurationInvalid: without a secret nothing can be believed."""
    apps = settings.all_apps()
    if not apps:
        raise ConfigurationInvalid(
            f"No app secret is set. Set {PREFIX}APP_SECRET (App Dashboard > Settings > Basic > App secret)"
            f" and {PREFIX}VERIFY_TOKEN, or write a file with `partnerhook config init`."
        )
    for name, app in apps.items():
        variable = PREFIX if name == DEFAULT_APP else f"{PREFIX}APPS__{name.upper()}__"
        if not app.secrets:
            raise ConfigurationInvalid(
                f"App {name} has no app secret. Set {variable}APP_SECRET or {variable}APP_SECRET_FILE."
            )
        if not app.verify_token or not app.verify_token.get_secret_value():
            raise ConfigurationInvalid(
                f"App {name} has no verify token. Set {variable}VERIFY_TOKEN to a text of your choice, the same as in"
                " App Dashboard > Webhooks."
            )
    return apps


def callback_path(name: str, app: AppSettings) -> str:
    """The path of an app's callback URL."""
    return app.path or ("/webhook" if name == DEFAULT_APP else f"/webhook/{name}")
