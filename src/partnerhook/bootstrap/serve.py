"""The receiver with everything that works beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partnerhook.bootstrap.deliveries import routes
from partnerhook.bootstrap.graph import asking_apps
from partnerhook.bootstrap.store import open_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from partnerhook.config import Settings
    from partnerhook.receiver.server import Listener
    from partnerhook.services.meters import Meters


ADMIN_CONNECTIONS_MAX: Final = 100
"""Probes, scrapers and people; the setting is for Meta's side, and a small one must not lock these out."""


def serve(settings: Settings) -> None:
    """Run both listeners until SIGTERM or SIGINT. Raises ConfigurationInvalid, StoreUnavailable."""
    import uvloop

    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    import asyncio

    import structlog

    from partnerhook.api.health import Health
    from partnerhook.config import callback_path, require_apps
    from partnerhook.receiver.app import Callback, Receiver
    from partnerhook.receiver.limits import BodiesInFlight
    from partnerhook.receiver.server import serve as serve_listeners
    from partnerhook.services.meters import Meters
    from partnerhook.services.notify import Routing
    from partnerhook.services.query import Queries
    from partnerhook.services.retain import retain
    from partnerhook.services.suspect import Suspect
    from partnerhook.services.write import Work
    from partnerhook.store.engine import probe
    from partnerhook.store.migrate import migrate
    from partnerhook.store.writer import GroupCommit

    apps = require_apps(settings)
    engine = open_store(settings)
    before, after = migrate(engine)
    if before != after:
        structlog.get_logger("partnerhook.store").info("database migrated", before=before or "empty", after=after)
    meters = Meters()
    routing = Routing(routes(settings))
    work = Work(routing)
    writer = GroupCommit(engine, asyncio.get_running_loop(), work.apply, work.salvage, meters.committed)
    callbacks = {
        callback_path(name, app): Callback(name, app.secrets, app.verify_token.get_secret_value())
        for name, app in apps.items()
        if app.verify_token
    }
    receiver = Receiver(
        callbacks=callbacks,
        writer=writer,
        meters=meters,
        suspect=Suspect({name: app.secrets for name, app in apps.items()}),
        in_flight=BodiesInFlight(settings.bodies_in_flight_bytes_max),
        body_bytes_max=settings.body_bytes_max,
    )

    async def ready() -> None:
        writer.check()
        await asyncio.to_thread(probe, engine)

    writer.start()
    _spare_the_collector()
    beside = [asyncio.create_task(retain(engine, keep_days=settings.raw_bodies_keep_days))]
    asking = asking_apps(settings)
    if asking and settings.reconcile_every_s:
        from partnerhook.services.reconcile_schedule import keep_reconciled

        reconciled = keep_reconciled(engine, asking, meters, routing, every_s=settings.reconcile_every_s)
        beside.append(asyncio.create_task(reconciled))
    else:
        why = "reconcile_every_s is 0" if asking else "no app has an app_id and an access_token"
        structlog.get_logger("partnerhook.reconcile").info("reconciliation is off", reason=why)
    try:
        await serve_listeners(
            [
                _public(settings, receiver, meters),
                _admin(settings, Health(meters, Queries(engine), ready), meters),
            ],
        )
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await asyncio.to_thread(writer.stop, settings.shutdown_grace_s)


def _spare_the_collector() -> None:
    """Under load the garbage collector costs an eighth of the time, for objects that are freed without it."""
    import gc

    gc.collect()
    gc.freeze()  # what was imported stays: it need not be looked through again
    gc.set_threshold(50_000, 20, 100)


def _public(settings: Settings, app: Callable[..., Awaitable[None]], meters: Meters) -> Listener:
    from functools import partial

    from partnerhook.config import split_listen
    from partnerhook.receiver.protocol import Bounds
    from partnerhook.receiver.server import KEEP_ALIVE_S, Listener

    host, port = split_listen(settings.listen, "listen")
    return Listener(
        name="public",
        host=host,
        port=port,
        app=app,
        bounds=Bounds(
            header_deadline_s=settings.header_deadline_s,
            body_deadline_s=settings.body_deadline_s,
            keep_alive_s=KEEP_ALIVE_S,
            shutdown_grace_s=settings.shutdown_grace_s,
            connections_max=settings.connections_max,
            refused=partial(meters.refused, ""),
        ),
    )


def _admin(settings: Settings, app: Callable[..., Awaitable[None]], meters: Meters) -> Listener:
    from dataclasses import replace

    from partnerhook.config import split_listen

    host, port = split_listen(settings.admin_listen, "admin_listen")
    public = _public(settings, app, meters)
    bounds = replace(public.bounds, connections_max=ADMIN_CONNECTIONS_MAX)
    return replace(public, name="admin", host=host, port=port, bounds=bounds)
