"""The receiver with everything that works beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from partnerhook.bootstrap.deliveries import routes, targets
from partnerhook.bootstrap.graph import asking_apps, watched
from partnerhook.bootstrap.roles import Role
from partnerhook.bootstrap.store import open_store

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping

    from partnerhook.api.front import Probes
    from partnerhook.config import AppSettings, Settings
    from partnerhook.receiver.app import Callback
    from partnerhook.receiver.handover import Elsewhere
    from partnerhook.receiver.server import Listener
    from partnerhook.services.meters import Meters
    from partnerhook.services.write import Result, Writer
    from partnerhook.store.writer import Committed


ADMIN_CONNECTIONS_MAX: Final = 300
"""Probes, and whoever has not said yet what he wants; the setting is for Meta's side, and a small one must not lock
these out."""


def serve(settings: Settings, read_again: Callable[[], Settings], role: Role = Role.ALL) -> None:
    """Run until SIGTERM or SIGINT. Raises ConfigurationInvalid, StoreUnavailable.

    `read_again` reads the configuration anew, on SIGHUP.
    """
    import uvloop

    async def run() -> None:
        await _Server(settings, read_again, role).run()

    uvloop.run(run())


class _Server:
    """The process: all of it, in the order in which it starts. Made on the event loop that it runs on."""

    def __init__(self, settings: Settings, read_again: Callable[[], Settings], role: Role) -> None:
        import asyncio
        from functools import partial

        from partnerhook.bootstrap.management_process import ManagementProcess
        from partnerhook.config import require_apps
        from partnerhook.receiver.app import Receiver
        from partnerhook.receiver.limits import BodiesInFlight
        from partnerhook.services.deliver import holder
        from partnerhook.services.delivery_thread import DeliveryThread
        from partnerhook.services.figures import Bookkeeper
        from partnerhook.services.meters import Meters
        from partnerhook.services.notify import Routing
        from partnerhook.services.query import Queries
        from partnerhook.services.suspect import Suspect
        from partnerhook.services.write import Work
        from partnerhook.store import clock
        from partnerhook.store.writer import GroupCommit

        self._role = role
        self._settings = settings
        self._read_again = read_again
        apps = require_apps(settings)
        self._engine = open_store(settings)
        self._meters = Meters()
        self._figures = Bookkeeper(self._engine, self._meters, holder())
        self._routing = Routing(routes(settings))
        work = Work(self._routing)
        loop = asyncio.get_running_loop()
        self._writer: Writer = GroupCommit(self._engine, loop, work.apply, work.salvage, self._committed)
        now = partial(clock.estimate, self._engine)
        self._queries = Queries(self._engine)
        self._deliveries = DeliveryThread(self._writer, self._routing, self._meters, now)
        bodies = BodiesInFlight(settings.bodies_in_flight_bytes_max)
        self._meters.watch_bodies(lambda: bodies.bytes_held)
        self._receiver = Receiver(
            callbacks=_callbacks(apps),
            writer=self._writer,
            routing=self._routing,
            meters=self._meters,
            suspect=Suspect({name: app.secrets for name, app in apps.items()}),
            in_flight=bodies,
            body_bytes_max=settings.body_bytes_max,
        )
        self._people = ManagementProcess(settings)
        self._beside: list[asyncio.Task[None]] = []
        self._asking: list[asyncio.Task[None]] = []
        self._reloading: asyncio.Task[str] | None = None

    async def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        import asyncio

        from partnerhook.receiver.server import serve as serve_listeners

        self._migrate()
        self._writer.start()
        _spare_the_collector()
        try:
            if self._role.works:
                self._deliveries.start()
                await self._retarget(self._settings, within_s=0)
            self._begin_beside()
            self._reload_on_hangup()
            public = [_public(self._settings, self._receiver, self._meters)] if self._role.receives else []
            listeners = [*public, _admin(self._settings, self._probes(), self._people, self._meters)]
            await serve_listeners(listeners, on_start=self._invite, on_stop=self._people.stop)
        finally:
            beside = [*self._beside, *self._asking]
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await self._deliveries.stop(self._settings.shutdown_grace_s)
            await self._figures.end()
            await asyncio.to_thread(self._writer.stop, self._settings.shutdown_grace_s)

    def _probes(self) -> Probes:
        """What is answered here of what comes to the management listener."""
        import time

        from partnerhook.api.front import Probes
        from partnerhook.api.health import Health

        health = Health(self._meters, self._queries, self._ready)
        if self._settings.metrics_open:
            return Probes(health, metrics=health)
        from partnerhook.api.keys import KeyRequired
        from partnerhook.services.access import Access
        from partnerhook.services.failed_tries import FailedTries

        return Probes(health, metrics=KeyRequired(health, Access(self._engine), FailedTries(time.monotonic)))

    async def _invite(self, urls: Mapping[str, str]) -> None:
        """Beside all else: another process may keep the database for a while."""
        import asyncio

        from partnerhook.bootstrap.management import invite

        self._beside.append(asyncio.create_task(invite(self._engine, self._settings, urls["admin"])))

    async def _ready(self) -> None:
        import asyncio

        from partnerhook.store.engine import probe

        self._writer.check()
        await asyncio.to_thread(probe, self._engine)

    async def _retarget(self, settings: Settings, *, within_s: float) -> None:
        await self._deliveries.retarget(lambda: targets(settings, self._engine), within_s=within_s)

    def _migrate(self) -> None:
        """SQLite: by itself. PostgreSQL: when its owner says so, for other processes may run on it."""
        import structlog

        from partnerhook.store.engine import is_postgresql
        from partnerhook.store.migrate import migrate, require

        if is_postgresql(self._engine):
            require(self._engine)
            return
        before, after = migrate(self._engine)
        if before != after:
            structlog.get_logger("partnerhook.store").info("database migrated", before=before or "empty", after=after)

    def _begin_beside(self) -> None:
        """What goes on beside the listeners, until they end."""
        import asyncio

        from partnerhook.services.deliver import holder
        from partnerhook.services.reload import obey
        from partnerhook.services.retain import Keeping, retain
        from partnerhook.store import wakeup
        from partnerhook.store.engine import is_postgresql

        self._beside.append(asyncio.create_task(self._figures.run()))
        self._beside.append(asyncio.create_task(obey(self._engine, holder(), self._reload)))
        if not self._role.works:
            return
        settings = self._settings
        keeping = Keeping(
            settings.raw_bodies_keep_days,
            settings.forwarded_bodies_keep_hours,
            settings.deliveries_keep_days,
            settings.receipts_keep_days,
        )
        self._beside.append(asyncio.create_task(retain(self._engine, keeping)))
        if is_postgresql(self._engine):
            self._beside.append(asyncio.create_task(wakeup.hear(self._engine, self._deliveries.wake)))
        self._begin_asking()

    def _begin_asking(self) -> None:
        """What asks Meta, and looks after the rest; begun anew with new settings."""
        import asyncio

        import structlog

        from partnerhook.services.watch import watch

        for task in self._asking:
            task.cancel()
        settings = self._settings
        self._asking = [asyncio.create_task(watch(self._engine, watched(settings), self._routing))]
        asking = asking_apps(settings)
        if asking and settings.reconcile_every_s:
            from partnerhook.services.reconcile_schedule import keep_reconciled

            every_s = settings.reconcile_every_s
            reconciled = keep_reconciled(self._engine, asking, self._meters, self._routing, every_s=every_s)
            self._asking.append(asyncio.create_task(reconciled))
        else:
            why = "reconcile_every_s is 0" if asking else "no app has an app_id and an access_token"
            structlog.get_logger("partnerhook.reconcile").info("reconciliation is off", reason=why)

    def _committed(self, commit: Committed[Result]) -> None:
        """On the event loop, after each commit."""
        from partnerhook.core.receipts import Stored

        self._meters.committed(commit)
        if self._role.works and any(isinstance(one, Stored) for one in commit.results):
            self._deliveries.wake()

    def _reload_on_hangup(self) -> None:
        import asyncio
        import signal

        def reload() -> None:
            self._reloading = asyncio.create_task(self._reload())

        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)

    async def _reload(self) -> str:
        """Take over secrets, destinations and forward targets; what came of it. What is wrong changes nothing."""
        import structlog

        from partnerhook.config import require_apps, restart_needed
        from partnerhook.core.errors import PartnerhookError

        log = structlog.get_logger("partnerhook.config")
        try:
            settings = self._read_again()
            apps = require_apps(settings)
            made = routes(settings)
            if self._role.works:
                await self._retarget(settings, within_s=settings.shutdown_grace_s)
        except PartnerhookError as problem:
            log.warning("not reloaded: nothing has changed", reason=str(problem))
            return f"not reloaded, nothing has changed: {problem}"
        self._routing.now = made
        self._receiver.reconfigure(_callbacks(apps), {name: app.secrets for name, app in apps.items()})
        later = restart_needed(self._settings, settings)
        self._settings = settings
        await self._people.reconfigure(settings)
        if self._role.works:
            self._begin_asking()
        log.info("reloaded", apps=len(apps), destinations=len(settings.destinations), forward=len(settings.forward))
        if not later:
            return "reloaded"
        log.warning("some changes need a restart", keys=later)
        return f"reloaded, but these need a restart: {', '.join(later)}"


def _callbacks(apps: Mapping[str, AppSettings]) -> dict[str, Callback]:
    """What answers where."""
    from partnerhook.config import callback_path
    from partnerhook.receiver.app import Callback

    return {
        callback_path(name, app): Callback(name, app.secrets, app.verify_token.get_secret_value())
        for name, app in apps.items()
        if app.verify_token
    }


def _spare_the_collector() -> None:
    """Under load the garbage collector costs an eighth of the time, for objects that are freed without it."""
    import gc

    gc.collect()
    gc.freeze()  # what was imported stays: it need not be looked through again
    gc.set_threshold(50_000, 20, 100)


def _public(settings: Settings, app: Callable[..., Awaitable[Any]], meters: Meters) -> Listener:
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


def _admin(settings: Settings, app: Callable[..., Awaitable[Any]], people: Elsewhere, meters: Meters) -> Listener:
    from dataclasses import replace

    from partnerhook.config import split_listen

    host, port = split_listen(settings.admin_listen, "admin_listen")
    public = _public(settings, app, meters)
    bounds = replace(public.bounds, connections_max=ADMIN_CONNECTIONS_MAX)
    return replace(public, name="admin", host=host, port=port, bounds=bounds, elsewhere=people)
