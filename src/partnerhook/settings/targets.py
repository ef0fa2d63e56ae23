"""Who is told, and who gets what came in: destinations and forward targets."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from partnerhook.core.delivery import BASE_S, DAY_S, LONGEST_S
from partnerhook.core.names import WORD_OF_STATE
from partnerhook.settings.values import Number, Secret, SecretList, Texts, WebhookSecret, WebhookSecrets, Whole

TARGET_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
STATUSES: Final = frozenset({*WORD_OF_STATE.values(), "UNKNOWN"})

DestinationKind = Literal["http", "nats", "kafka", "redis", "amqp", "file", "alert", "python"]

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "http": ("url",),
    "nats": ("url", "subject"),
    "kafka": ("url", "topic"),
    "redis": ("url", "stream"),
    "amqp": ("url", "routing_key"),
    "file": ("path",),
    "alert": ("urls",),
    "python": ("function",),
}
"""What each kind cannot do without."""

ONLY: Final[Mapping[str, tuple[str, ...]]] = {
    "secret": ("http",),
    "secrets": ("http",),
    "mode": ("http",),
    "internal": ("http",),
    "url": ("http", "nats", "kafka", "redis", "amqp"),
    "subject": ("nats",),
    "topic": ("kafka",),
    "stream": ("redis",),
    "exchange": ("amqp",),
    "routing_key": ("amqp",),
    "path": ("file",),
    "urls": ("alert",),
    "template": ("alert",),
    "title": ("alert",),
    "group_s": ("alert",),
    "function": ("python",),
}
"""Which kinds a key is for; all others are for every kind."""


class TargetSettings(BaseModel):
    """What destinations and forward targets have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Secret | None = Field(None, description="Where to: https://... for http, nats://..., redis://..., amqp://...,")
    url_file: Path | None = Field(None, description="A file that holds url.")
    apps: Texts = Field((), description="Only what these apps heard, by their names here. None given: all.")
    internal: bool = Field(
        default=False,
        description="The URL may lead into a private network, and may be plain http. Without it: https to public"
        " addresses alone.",
    )
    concurrency: Whole = Field(8, ge=1, le=256, description="Deliveries under way at once.")
    timeout_s: Number = Field(15.0, ge=0.1, le=600, description="Seconds that one attempt may take.")
    retry_first_s: Number = Field(
        BASE_S,
        ge=0.01,
        le=3600,
        description="Longest wait until the second attempt, in seconds; twice as long each time. Each is a random part"
        " of that.",
    )
    retry_longest_s: Number = Field(LONGEST_S, ge=0.01, description="No wait is longer than that, in seconds.")
    pause_after_s: Number = Field(
        DAY_S, ge=1, description="Seconds that every attempt has failed after which the target is paused."
    )


class DestinationSettings(TargetSettings):
    """One destination of notices."""

    kind: DestinationKind = Field("http", description="http, nats, kafka, redis, amqp, file, alert or python.")
    types: Texts = Field(
        (), description='Only notices of these types, such as "solution.activated" or "solution.*". None given: all.'
    )
    statuses: Texts = Field((), description="Only where the solution came to one of these statuses, in Meta's words.")
    portfolios: Texts = Field((), description="Only solutions that these business portfolios were named with.")
    solutions: Texts = Field((), description="Only these solutions, by id.")
    secret: WebhookSecret | None = Field(
        None,
        description="http: whsec_..., signs as Standard Webhooks asks for. `destinations rotate-secret` makes one.",
    )
    secret_file: Path | None = Field(None, description="A file that holds secret.")
    secrets: WebhookSecrets = Field((), description="http: several, newest first, while one is rotated. All sign.")
    secrets_file: Path | None = Field(None, description="A file that holds secrets, comma separated or a line each.")
    mode: Literal["structured", "binary"] = Field(
        "structured", description="http: a CloudEvents document in the body, or its attributes in headers."
    )
    subject: str = Field("", description="nats: the subject; {type} in it is the notice's type.")
    topic: str = Field("", description="kafka: the topic.")
    stream: str = Field("", description="redis: the key of the stream.")
    exchange: str = Field("", description="amqp: the exchange; empty is the default one.")
    routing_key: str = Field("", description="amqp: the routing key; {type} in it is the notice's type.")
    path: str = Field("", description="file: JSON lines are appended to it.")
    urls: SecretList = Field((), description="alert: Apprise URLs (Slack, Teams, mailto://...), each told.")
    urls_file: Path | None = Field(None, description="A file that holds urls, a line each.")
    template: str = Field("", description="alert: the text of a message; docs/deliveries.md has its fields.")
    title: str = Field("", description="alert: the title of a message; {summary} and {count} stand for what it says.")
    group_s: Number = Field(5.0, ge=0, le=600, description="alert: what comes within so many seconds is one message.")
    function: str = Field("", description="python: package.module:function, called with the document.")
    give_up_after_s: Number = Field(
        3 * DAY_S, ge=1, description="Seconds after the first attempt until a delivery is given up (dead)."
    )

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """All that sign."""
        given = (self.secret,) if self.secret else self.secrets
        return tuple(secret.get_secret_value() for secret in given)


class ForwardSettings(TargetSettings):
    """One target of the pass-through."""

    fields: Texts = Field((), description="Only POSTs with a change of one of these fields. None given: all.")
    give_up_after_s: Number = Field(
        7 * DAY_S, ge=1, description="Seconds after the first attempt until a POST is given up (dead)."
    )
    backlog_bytes_max: Whole = Field(
        1024**3, ge=1024**2, description="Bytes of bodies that may wait for it; at four fifths there is an alarm."
    )
    when_full: Literal["refuse", "drop_oldest"] = Field(
        "refuse",
        description="At that bound: refuse (503, so that Meta keeps them; never what tells of a solution) or"
        " drop_oldest.",
    )


def target_contradictions(
    destinations: Mapping[str, DestinationSettings], forward: Mapping[str, ForwardSettings], apps: Collection[str]
) -> Iterator[str]:
    """What is wrong with a destination or a forward target although each key by itself is right."""
    for table, targets in (("destinations", destinations), ("forward", forward)):
        for name, target in targets.items():
            place = f"{table}.{name}"
            if not TARGET_NAME.fullmatch(name):
                yield f"{place}: a name has small letters, digits, - and _, 63 at most."
            for app in target.apps:
                if app not in apps:
                    yield f"{place}: there is no app {app!r}; there are: {', '.join(sorted(apps)) or 'none'}."
    for name in destinations.keys() & forward.keys():
        yield f"destinations.{name} and forward.{name} have the same name; rename one of them."
    for name, one in destinations.items():
        yield from _of_kind(f"destinations.{name}", one)
    for name, target in forward.items():
        if target.url is None:
            yield f"forward.{name} needs url."
        if not target.apps and len(apps) > 1:
            there_are = ", ".join(sorted(apps))
            yield f"forward.{name} needs apps: each app signs with its own secret. There are: {there_are}."


def _of_kind(place: str, one: DestinationSettings) -> Iterator[str]:
    """What its kind needs and it has not, or has and cannot use."""
    for key in NEEDED[one.kind]:
        if not getattr(one, key):
            yield f"{place} is of kind {one.kind} and needs {key}."
    for key, kinds in ONLY.items():
        if key in one.model_fields_set and getattr(one, key) and one.kind not in kinds:
            yield f"{place} is of kind {one.kind}; {key} is for {', '.join(kinds)}."
    for status in one.statuses:
        if status not in STATUSES:
            yield f"{place}: there is no status {status!r}; there are: {', '.join(sorted(STATUSES))}."
