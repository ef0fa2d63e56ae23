"""Who is told, and how: destinations and forward targets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from partnerhook.bootstrap.store import existing_store

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from partnerhook.config import Settings
    from partnerhook.core.delivery import Answer
    from partnerhook.services.deliver import Target
    from partnerhook.services.notify import Routes
    from partnerhook.services.outbox import Outbox
    from partnerhook.services.targets import Configured, Tried
    from partnerhook.settings.targets import DestinationSettings, ForwardSettings, TargetSettings
    from partnerhook.sinks.outbound import Outbound
    from partnerhook.sinks.sink import Sink


def routes(settings: Settings) -> Routes:
    """Who wants to hear of what."""
    from partnerhook.core.routing import ForwardRoute, Route
    from partnerhook.services.notify import Routes

    return Routes(
        tuple(
            Route(name, one.types, one.apps, one.statuses, one.portfolios, one.solutions)
            for name, one in settings.destinations.items()
        ),
        tuple(
            ForwardRoute(
                name,
                one.fields,
                one.apps,
                one_by_one=one.concurrency == 1,
                bytes_max=one.backlog_bytes_max,
                drops_oldest=one.when_full == "drop_oldest",
            )
            for name, one in settings.forward.items()
        ),
    )


def outbox(settings: Settings) -> Outbox:
    """What people do with deliveries. Raises StoreUnavailable where there is no database."""
    from partnerhook.services.outbox import Outbox

    return Outbox(existing_store(settings))


def reload(settings: Settings) -> dict[str, str]:
    """Have every running server read its configuration again; what each answered."""
    from partnerhook.services.reload import ask

    return ask(existing_store(settings))


FILTERS = ("types", "apps", "statuses", "portfolios", "solutions", "fields")


def configured_targets(settings: Settings, outbox: Outbox) -> list[Configured]:
    """Every destination and forward target, and how it stands with each."""
    from partnerhook.services.outbox import Overview
    from partnerhook.services.targets import Configured
    from partnerhook.store.targets import FRESH

    overview = outbox.overview()
    kinds: list[tuple[str, str, TargetSettings]] = [
        *[(name, one.kind, one) for name, one in settings.destinations.items()],
        *[(name, "forward", one) for name, one in settings.forward.items()],
    ]
    return [
        Configured(
            name,
            kind,
            _where(one),
            {key: list(getattr(one, key)) for key in FILTERS if getattr(one, key, ())},
            overview.get(name, Overview(FRESH, None, 0)),
        )
        for name, kind, one in kinds
    ]


def _where(one: TargetSettings) -> str:
    """Scheme, host and port of a URL, or a path: what may be shown."""
    if one.url is None:
        return getattr(one, "path", "") or getattr(one, "function", "")
    parts = urlsplit(_url(one))
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


HandOver = Callable[[dict[str, Any]], Awaitable["Answer"]]
"""One attempt to deliver a notice's document; whatever goes wrong is the answer."""


def developers_sink(url: str, secret: str | None) -> HandOver:
    """What `listen` passes notices on with: to wherever a developer says. Raises ConfigurationInvalid."""
    from partnerhook.core.errors import ConfigurationInvalid
    from partnerhook.services.deliver import one_attempt
    from partnerhook.settings.targets import DestinationSettings
    from partnerhook.sinks.sink import Message

    try:
        one = DestinationSettings.model_validate({"url": url, "secret": secret, "internal": True})
        sink = open_sink("--forward-to", one)
    except ValueError as problem:
        raise ConfigurationInvalid(f"--forward-to or --secret is wrong: {problem}") from None

    async def hand_over(document: dict[str, Any]) -> Answer:
        message = Message(document["id"], document["subject"], document["type"], document)
        return await one_attempt(sink.deliver(message), one.timeout_s)

    return hand_over


async def try_destination(settings: Settings, name: str) -> Tried:
    """Send a test notice past the queue. Raises ConfigurationInvalid."""
    import time
    from secrets import token_hex

    from partnerhook.core.errors import ConfigurationInvalid
    from partnerhook.core.notice_documents import test_document
    from partnerhook.services.deliver import one_attempt
    from partnerhook.services.targets import Tried
    from partnerhook.sinks.sink import Message

    one = settings.destinations.get(name)
    if one is None:
        raise ConfigurationInvalid(f"{name} gets POSTs as they came; there is no test notice for it.")
    sink = open_sink(name, one)
    message_id = f"test-{token_hex(8)}"
    made = test_document(message_id, time.time_ns() // 1_000)
    started = time.perf_counter()
    message = Message(message_id, "test", made["type"], made)
    try:
        answer = await one_attempt(sink.deliver(message), _timeout_s(one, sink))
    finally:
        await sink.close()
    return Tried(message_id, answer, time.perf_counter() - started)


def targets(settings: Settings, engine: Engine) -> list[Target]:
    """Everybody to deliver to; made on the event loop that they are used on. Raises ConfigurationInvalid."""
    return [
        *[_destination(name, one, engine) for name, one in settings.destinations.items()],
        *[_forward(name, one, engine) for name, one in settings.forward.items()],
    ]


def _destination(name: str, one: DestinationSettings, engine: Engine) -> Target:
    from partnerhook.core.delivery import Schedule
    from partnerhook.services.deliver import Target
    from partnerhook.services.notice_parcels import load_notices

    sink = open_sink(name, one)
    return Target(
        name=name,
        load=load_notices(engine, sink),
        close=sink.close,
        # All messages that an alert groups wait for the one that is sent: their number is no load.
        concurrency=ALERTS_TOGETHER if one.kind == "alert" else one.concurrency,
        timeout_s=_timeout_s(one, sink),
        schedule=Schedule(one.retry_first_s, one.retry_longest_s, one.give_up_after_s),
        pause_after_s=one.pause_after_s,
    )


ALERTS_TOGETHER = 256


def _timeout_s(one: DestinationSettings, sink: Sink) -> float:
    """What one attempt may take: an alert waits for others to join it, and then for people's services."""
    return max(one.timeout_s, getattr(sink, "longest_s", 0.0))


def _forward(name: str, one: ForwardSettings, engine: Engine) -> Target:
    from partnerhook.core.delivery import Schedule
    from partnerhook.core.errors import ConfigurationInvalid
    from partnerhook.services.deliver import Target
    from partnerhook.services.post_parcels import load_posts
    from partnerhook.sinks.forward import Forward

    try:
        forward = Forward(url=_http_url(one), outbound=_outbound(one))
    except ValueError as problem:
        raise ConfigurationInvalid(f"forward.{name}: url {problem}.") from None
    return Target(
        name=name,
        load=load_posts(engine, forward),
        close=forward.close,
        concurrency=one.concurrency,
        timeout_s=one.timeout_s,
        schedule=Schedule(one.retry_first_s, one.retry_longest_s, one.give_up_after_s),
        pause_after_s=one.pause_after_s,
    )


def open_sink(name: str, one: DestinationSettings) -> Sink:
    """What a destination is delivered to with. Nothing is connected yet. Raises ConfigurationInvalid."""
    from partnerhook.core.errors import ConfigurationInvalid

    try:
        return _SINKS[one.kind](one)
    except (ValueError, ConfigurationInvalid) as problem:
        raise ConfigurationInvalid(f"destinations.{name} {problem}".rstrip(".") + ".") from None


def _url(one: TargetSettings) -> str:
    return "" if one.url is None else one.url.get_secret_value()


def _http_url(one: TargetSettings) -> str:
    from partnerhook.sinks.outbound import check_url

    return check_url(_url(one), internal=one.internal)


def _outbound(one: TargetSettings) -> Outbound:
    from partnerhook.sinks.outbound import Outbound

    return Outbound(internal=one.internal, timeout_s=one.timeout_s, connections_max=one.concurrency)


def _http(one: DestinationSettings) -> Sink:
    from partnerhook.sinks.http import HttpSink

    try:
        url = _http_url(one)
    except ValueError as problem:
        raise ValueError(f"has a url that {problem}") from None
    return HttpSink(url=url, secrets=one.signing_secrets, outbound=_outbound(one), binary=one.mode == "binary")


def _python(one: DestinationSettings) -> Sink:
    from partnerhook.sinks.python import PythonSink

    return PythonSink(path=one.function, concurrency=one.concurrency)


def _alert(one: DestinationSettings) -> Sink:
    from partnerhook.sinks.alert import AlertSink

    urls = tuple(url.get_secret_value() for url in one.urls)
    return AlertSink(urls=urls, template=one.template or None, title=one.title or None, group_s=one.group_s)


def _nats(one: DestinationSettings) -> Sink:
    from partnerhook.sinks.nats import NatsSink

    return NatsSink(url=_url(one), subject=one.subject)


def _kafka(one: DestinationSettings) -> Sink:
    from partnerhook.sinks.kafka import KafkaSink

    return KafkaSink(url=_url(one), topic=one.topic)


def _redis(one: DestinationSettings) -> Sink:
    from partnerhook.sinks.redis import RedisSink

    return RedisSink(url=_url(one), stream=one.stream)


def _amqp(one: DestinationSettings) -> Sink:
    from partnerhook.sinks.amqp import AmqpSink

    return AmqpSink(url=_url(one), exchange=one.exchange, routing_key=one.routing_key)


def _file(one: DestinationSettings) -> Sink:
    from partnerhook.sinks.file import FileSink

    return FileSink(path=one.path)


_SINKS: dict[str, Callable[[DestinationSettings], Sink]] = {
    "http": _http,
    "nats": _nats,
    "kafka": _kafka,
    "redis": _redis,
    "amqp": _amqp,
    "file": _file,
    "alert": _alert,
    "python": _python,
}
