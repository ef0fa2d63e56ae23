"""What can be set: every key with its type, its default, its bounds and what it is for.

`config show`, `config init` and docs/configuration.md are made of these texts; `config.py` reads the values.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from partnerhook.core.access import Role
from partnerhook.settings.targets import DestinationSettings, ForwardSettings, target_contradictions
from partnerhook.settings.values import (
    Address,
    CallbackPath,
    Identifier,
    Networks,
    Number,
    Secret,
    SecretList,
    WebAddress,
    Whole,
    split_listen,
)

DEFAULT_APP: Final = "default"
APP_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
HEALTH_PATH: Final = "/healthz"

ALTERNATIVES: Final = (
    ("app_secret", "app_secret_file", "app_secrets", "app_secrets_file"),
    ("verify_token", "verify_token_file"),
    ("database_url", "database_url_file"),
    ("access_token", "access_token_file"),
    ("secret", "secret_file", "secrets", "secrets_file"),
    ("url", "url_file"),
    ("urls", "urls_file"),
)
"""Ways to say the same: one of each row at most."""

SECRETS: Final = frozenset(
    {"app_secret", "app_secrets", "verify_token", "database_url", "access_token", "secret", "secrets", "url", "urls"}
)
"""Never shown. Each may also come from a file: `NAME_file`."""


class AppSettings(BaseModel):
    """One Meta app: its secrets, its callback path, and how it asks the Graph API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app_secret: Secret | None = Field(
        None, description="App secret of the Meta app (App Dashboard > Settings > Basic). Checks every signature."
    )
    app_secret_file: Path | None = Field(None, description="A file that holds app_secret.")
    app_secrets: SecretList = Field(
        (), description="Several app secrets, newest first, while one is being rotated. Instead of app_secret."
    )
    app_secrets_file: Path | None = Field(
        None, description="A file that holds app_secrets: comma separated, or a line each."
    )
    verify_token: Secret | None = Field(
        None, description="Verify token: any text of your choice, the same as in App Dashboard > Webhooks."
    )
    verify_token_file: Path | None = Field(None, description="A file that holds verify_token.")
    path: CallbackPath | None = Field(
        None, description="Path of the callback URL. Default /webhook, for other apps /webhook/NAME."
    )

    app_id: Identifier | None = Field(
        None, description="Id of the Meta app (App Dashboard > Settings > Basic). For the Graph API."
    )
    access_token: Secret | None = Field(
        None,
        description="Access token of a system user, with whatsapp_business_management. For the Graph API; without it"
        " there is no reconciliation.",
    )
    access_token_file: Path | None = Field(None, description="A file that holds access_token.")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The app secrets, newest first."""
        given = (self.app_secret,) if self.app_secret else self.app_secrets
        return tuple(secret.get_secret_value() for secret in given)


class Settings(AppSettings):
    """Everything that can be set. What an app has, set at the top level, is of app `default`."""

    database_url: Secret = Field(
        SecretStr("sqlite:///partnerhook.db"),
        description="Where everything is stored: sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/DATABASE.",
    )
    database_url_file: Path | None = Field(None, description="A file that holds database_url.")
    listen: Address = Field(
        "127.0.0.1:8080", description="HOST:PORT for Meta; put your TLS proxy in front. Port 0 picks a free one."
    )
    admin_listen: Address = Field(
        "127.0.0.1:8081",
        description="HOST:PORT for people and scripts: the console, /api/v1, /healthz, /readyz, /metrics. Put a TLS"
        " proxy in front where it is more than this machine; not for the internet.",
    )
    console_url: WebAddress | None = Field(
        None,
        description="How people reach `admin_listen` through your proxy: https://partnerhook.example.com. For links"
        " to sign in with; with https, cookies are only sent over https.",
    )
    console_sign_in: Literal["always", "not_on_loopback"] = Field(
        "always",
        description="Who signs in to the console: everybody (always), or not those on this machine, who are then admin"
        " (not_on_loopback). The API asks for a key in any case.",
    )
    console_proxies: Networks = Field(
        (),
        description="Networks of proxies that may say who somebody is, such as 10.0.0.0/24: for single sign-on. From"
        " all others console_user_header is not believed.",
    )
    console_user_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]+$",
        description="Header in which these proxies name who has signed in, such as X-Forwarded-User. Your proxy has to"
        " take it out of what clients send.",
    )
    console_proxy_role: Role = Field(
        Role.VIEWER, description="What those may do whom a proxy names: viewer, operator or admin."
    )
    metrics_open: bool = Field(default=True, description="Whether /metrics answers without a key.")
    log_format: Literal["console", "json"] = Field("console", description="How log lines look: console or json.")
    body_bytes_max: Whole = Field(
        3 * 1024 * 1024, ge=1024, le=1024**3, description="Longest body taken; longer is 413. Meta sends up to 3 MiB."
    )
    bodies_in_flight_bytes_max: Whole = Field(
        64 * 1024 * 1024, ge=1024, description="Memory for all bodies that wait to be stored; beyond it is 503."
    )
    connections_max: Whole = Field(
        2_000, ge=1, description="Open connections of the public listener; beyond it is 503."
    )
    header_deadline_s: Number = Field(10.0, ge=0.1, le=3600, description="Seconds a client has to send its headers.")
    body_deadline_s: Number = Field(30.0, ge=0.1, le=3600, description="Seconds a client has to send its body.")
    shutdown_grace_s: Number = Field(
        5.0, ge=0.1, le=3600, description="Seconds that requests have to finish after SIGTERM."
    )
    raw_bodies_keep_days: Number = Field(
        30.0,
        gt=0,
        le=36_500,
        description="Days that raw bodies are kept, quarantined ones too: they can hold people's messages."
        " Observations and solutions are kept for ever.",
    )
    graph_url: WebAddress = Field(
        "https://graph.facebook.com/v25.0",
        description="The Graph API, with its version. Plain http only on this machine: for `partnerhook emulate`.",
    )
    public_url: WebAddress | None = Field(
        None,
        description="How Meta reaches `listen` through your proxy, without the path: https://hooks.example.com."
        " For `subscribe` and `doctor`.",
    )
    reconcile_every_s: Number = Field(
        3_600.0,
        ge=0,
        le=7 * 86_400,
        description="Seconds between two comparisons with the Graph API inside of `serve`; 0: none.",
    )
    overdue_after_s: Number = Field(
        3 * 86_400,
        ge=0,
        description="Seconds that a request, or a request to deactivate, may wait for its answer until a notice"
        " says that it is overdue; 0: never.",
    )
    silent_after_days: Number = Field(
        7.0, ge=0, description="Days without any webhook after which a notice says so; 0: never."
    )
    health_every_s: Number = Field(
        3_600.0, ge=0, le=86_400, description="Seconds between two looks at our own health inside of `serve`; 0: none."
    )
    forwarded_bodies_keep_hours: Number = Field(
        24.0,
        ge=0,
        le=876_000,
        description="Hours that raw bodies are kept once all forward targets have them, if they tell nothing of a"
        " solution: they hold people's messages.",
    )
    deliveries_keep_days: Number = Field(
        30.0, gt=0, le=36_500, description="Days that settled deliveries are kept, with their attempts."
    )
    receipts_keep_days: Number = Field(
        30.0,
        gt=0,
        le=36_500,
        description="Days that receipts are kept which tell nothing of a solution or a customer, have nothing in"
        " quarantine, and nobody waits for; not before their bodies are dropped. All others are kept for ever.",
    )
    apps: dict[str, AppSettings] = Field(
        default_factory=dict,
        description="More Meta apps, each a table [apps.NAME] with its own secrets, verify token and path.",
    )
    destinations: dict[str, DestinationSettings] = Field(
        default_factory=dict, description="Who is told what happens to solutions, each a table [[destinations]]."
    )
    forward: dict[str, ForwardSettings] = Field(
        default_factory=dict, description="Who gets the POSTs themselves, byte for byte, each a table [[forward]]."
    )

    def all_apps(self) -> dict[str, AppSettings]:
        """Every configured app by name; `default` is there if the top level sets any of its keys."""
        top = {key: getattr(self, key) for key in AppSettings.model_fields}
        # Not validated again: these values are, and a path would be unquoted twice.
        return ({DEFAULT_APP: AppSettings.model_construct(**top)} if any(top.values()) else {}) | self.apps


TABLES: Final[dict[str, type[BaseModel]]] = {
    "apps": AppSettings,
    "destinations": DestinationSettings,
    "forward": ForwardSettings,
}
"""What there may be several of, each a table with a name."""


def callback_path(name: str, app: AppSettings) -> str:
    """The path of an app's callback URL."""
    return app.path or ("/webhook" if name == DEFAULT_APP else f"/webhook/{name}")


def contradictions(settings: Settings) -> list[str]:
    """What is wrong although each key by itself is right."""
    problems: list[str] = []
    paths = {HEALTH_PATH: "the health check"}
    for name, app in settings.all_apps().items():
        path = callback_path(name, app)
        if path in paths:
            problems.append(f"App {name} and {paths[path]} have the same path {path}; set another one.")
        paths.setdefault(path, f"app {name}")
    words = {name.replace("-", "_"): name for name in settings.apps}
    for name in settings.apps:
        other = words[name.replace("-", "_")]
        if name != other:
            problems.append(f"apps.{name} and apps.{other} have the same environment variables; rename one of them.")
        if name == DEFAULT_APP:
            problems.append(f"apps.{name}: app {DEFAULT_APP} is set at the top level; give this table another name.")
        elif not APP_NAME.fullmatch(name):
            problems.append(f"apps.{name}: a name has small letters, digits, - and _, 63 at most.")
    problems += target_contradictions(settings.destinations, settings.forward, set(settings.all_apps()))
    if settings.listen == settings.admin_listen and split_listen(settings.listen, "listen")[1]:
        problems.append("listen and admin_listen are the same; set another port for one of them.")
    if settings.console_user_header and not settings.console_proxies:
        problems.append("console_user_header is set, but no console_proxies: nobody would be believed.")
    if settings.body_bytes_max > settings.bodies_in_flight_bytes_max:
        problems.append("body_bytes_max is more than bodies_in_flight_bytes_max: the longest bodies would never fit.")
    return problems
