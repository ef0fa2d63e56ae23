"""Who is told, and how: destinations and forward targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from partnerhook.config import Settings
    from partnerhook.services.deliver import Target
    from partnerhook.services.notify import Routes
    from partnerhook.settings.targets import DestinationSettings, ForwardSettings
    from partnerhook.sinks.outbound import Outbound
    from partnerhook.sinks.sink import Sink

    TargetSettings = DestinationSettings | ForwardSettings


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
            ForwardRoute(name, one.fields, one.apps, one_by_one=one.concurrency == 1)
            for name, one in settings.forward.items()
        ),
    )


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
        concurrency=one.concurrency,
        timeout_s=one.timeout_s,
        schedule=Schedule(give_up_after_s=one.give_up_after_s),
        pause_after_s=one.pause_after_s,
    )


def _forward(name: str, one: ForwardSettings, engine: Engine) -> Target:
    from partnerhook.core.delivery import Schedule
    from partnerhook.services.deliver import Target
    from partnerhook.services.post_parcels import load_posts
    from partnerhook.sinks.forward import Forward

    forward = Forward(url=_url(one), outbound=_outbound(one))
    return Target(
        name=name,
        load=load_posts(engine, forward),
        close=forward.close,
        concurrency=one.concurrency,
        timeout_s=one.timeout_s,
        schedule=Schedule(give_up_after_s=one.give_up_after_s),
        pause_after_s=one.pause_after_s,
    )


def open_sink(name: str, one: DestinationSettings) -> Sink:
    """What a destination is delivered to with. Nothing is connected yet. Raises ConfigurationInvalid."""
    from partnerhook.core.errors import ConfigurationInvalid

    try:
        return _SINKS[one.kind](one)
    except (ValueError, ConfigurationInvalid) as problem:
        raise ConfigurationInvalid(f"destinations.{name} {problem}") from None


def _url(one: TargetSettings) -> str:
    return "" if one.url is None else one.url.get_secret_value()


def _outbound(one: TargetSettings) -> Outbound:
    from partnerhook.sinks.outbound import Outbound

    return Outbound(internal=one.internal, timeout_s=one.timeout_s, connections_max=one.concurrency)


def _http(one: DestinationSettings) -> Sink:
    from partnerhook.sinks.http import HttpSink

    return HttpSink(url=_url(one), secrets=one.signing_secrets, outbound=_outbound(one), binary=one.mode == "binary")


def _python(one: DestinationSettings) -> Sink:
    from partnerhook.sinks.python import PythonSink

    return PythonSink(path=one.function, concurrency=one.concurrency)


_SINKS: dict[str, Callable[[DestinationSettings], Sink]] = {"http": _http, "python": _python}
