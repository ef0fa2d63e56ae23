"""The composition root: settings in, wired things out. A function per command; imports are lazy on purpose."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from partnerhook.config import Reading, Settings
    from partnerhook.emulator.blast.outcome import Outcome
    from partnerhook.emulator.box import Box
    from partnerhook.emulator.remote import Remote
    from partnerhook.emulator.scenario.play import Player
    from partnerhook.emulator.scenario.script import Party, Script
    from partnerhook.graph import Graph, Role
    from partnerhook.receiver.server import Listener
    from partnerhook.services.doctor.findings import Finding
    from partnerhook.services.meters import Meters
    from partnerhook.services.query import Queries
    from partnerhook.services.rebuild import Rebuilt
    from partnerhook.services.reconcile import AskingApp, Reconciled
    from partnerhook.services.subscribe import Subscriber


SUBSCRIBED_WITHIN_S: Final = 30.0
"""Meta asks the callback before it answers, and waits for it."""


def open_store(settings: Settings) -> Engine:
    """The engine for the configured database. Nothing is opened yet."""
    from partnerhook.store.engine import open_engine

    return open_engine(settings.database_url.get_secret_value())


def queries(settings: Settings) -> Queries:
    """What people and scripts look things up with. Raises StoreUnavailable where there is no database."""
    from partnerhook.services.query import Queries

    return Queries(_existing_store(settings))


def _existing_store(settings: Settings) -> Engine:
    """The engine for a database that is there: looking must not create an empty one."""
    from partnerhook.core.errors import StoreUnavailable
    from partnerhook.store.engine import is_there, sqlite_file

    engine = open_store(settings)
    if not is_there(sqlite_file(engine)):
        raise StoreUnavailable(
            f"There is no database at {sqlite_file(engine)}; start `partnerhook serve`, or run `partnerhook migrate`."
        )
    return engine


def check_store(settings: Settings) -> None:
    """Raises ConfigurationInvalid where the configured database cannot be: looks, and writes nothing."""
    from partnerhook.core.errors import ConfigurationInvalid
    from partnerhook.store.engine import could_be_written, sqlite_file

    if not could_be_written(sqlite_file(open_store(settings))):
        raise ConfigurationInvalid("database_url names a file that cannot be written, or a folder that is not there.")


def rebuild(settings: Settings, *, check: bool, on_progress: Callable[[int, int], None]) -> Rebuilt:
    """Fold every solution anew. Raises StoreUnavailable where there is no database."""
    from partnerhook.services.rebuild import rebuild

    return rebuild(_existing_store(settings), check=check, on_progress=on_progress)


def migrate(settings: Settings) -> tuple[str | None, str]:
    """Create the database or bring it up to date; returns the versions before (None: empty) and after."""
    from partnerhook.store.migrate import migrate

    return migrate(open_store(settings))


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
    from partnerhook.services import ingest
    from partnerhook.services.meters import Meters
    from partnerhook.services.query import Queries
    from partnerhook.services.retain import retain
    from partnerhook.services.suspect import Suspect
    from partnerhook.store.engine import probe
    from partnerhook.store.migrate import migrate
    from partnerhook.store.writer import GroupCommit

    apps = require_apps(settings)
    engine = open_store(settings)
    before, after = migrate(engine)
    if before != after:
        structlog.get_logger("partnerhook.store").info("database migrated", before=before or "empty", after=after)
    meters = Meters()
    writer = GroupCommit(engine, asyncio.get_running_loop(), ingest.commit, ingest.salvage, meters.committed)
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
    work = [asyncio.create_task(retain(engine, keep_days=settings.raw_bodies_keep_days))]
    asking = asking_apps(settings)
    if asking and settings.reconcile_every_s:
        from partnerhook.services.reconcile_schedule import keep_reconciled

        work.append(asyncio.create_task(keep_reconciled(engine, asking, meters, every_s=settings.reconcile_every_s)))
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
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
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
    return replace(_public(settings, app, meters), name="admin", host=host, port=port)


def emulate(*, profile: str, **how: Any) -> None:
    """Run Meta in a box until SIGTERM or SIGINT. Raises ConfigurationInvalid."""
    import uvloop

    from partnerhook.emulator.rules import Profile
    from partnerhook.emulator.run import Emulation, emulate

    uvloop.run(emulate(Emulation(profile=Profile(profile), **how)))


def emulator_at(url: str) -> Remote:
    """The control API of an emulator that runs elsewhere."""
    from partnerhook.emulator.remote import Remote

    return Remote(url)


def blast(*, what: dict[str, Any], **how: Any) -> Outcome:
    """Send a load until it is sent or SIGINT comes. Raises PartnerhookError where nobody listens."""
    import asyncio
    import signal

    import uvloop

    from partnerhook.emulator.blast.lives import Lives
    from partnerhook.emulator.blast.load import Load

    async def run() -> Outcome:
        load = Load(lives=Lives(**what), **how)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, load.stop)
        return await load.run()

    return uvloop.run(run())


def read_scenario(file: Path) -> Script:
    """A scenario file. Raises ConfigurationInvalid, which says where what is wrong."""
    from partnerhook.emulator.scenario.script import read

    return read(file)


def scenario_player(script: Script, *, party: Party, url: str, verify_token: str, app_secret: str) -> Player:
    """A player whose one party is heard by a callback."""
    from partnerhook.emulator.scenario.play import Callback, Player

    return Player(script, {party: Callback(url, verify_token, app_secret)})


@asynccontextmanager
async def acting(box: Box) -> AsyncIterator[None]:
    """A box that delivers; the connections that it opened are closed."""
    try:
        yield
    finally:
        await box.courier.close()


def asking_apps(settings: Settings) -> list[AskingApp]:
    """The apps that can ask the Graph API."""
    from functools import partial

    able = {name: app for name, app in settings.all_apps().items() if app.app_id and app.access_token}
    if not able:
        return []  # the client need not be loaded then
    from partnerhook.services.reconcile import AskingApp

    return [AskingApp(name, str(app.app_id), partial(graph_client, settings, name)) for name, app in able.items()]


async def reconcile(settings: Settings, only: str | None, *, check: bool, **how: Any) -> Reconciled:
    """Compare the registry with the Graph API. Raises ConfigurationInvalid, StoreUnavailable, UnderWay."""
    from partnerhook.core.errors import ConfigurationInvalid
    from partnerhook.services.reconcile import reconcile

    apps = [app for app in asking_apps(settings) if only in {None, app.name}]
    if not apps:
        whose = f"App {only!r} has no" if only else "No app has an"
        where = "see `config show`" if only else "set PARTNERHOOK_APP_ID and PARTNERHOOK_ACCESS_TOKEN"
        raise ConfigurationInvalid(f"{whose} app_id and access_token: {where}.")
    return await reconcile(_existing_store(settings), apps, check=check, **how)


def graph_client(settings: Settings, app: str) -> Graph:
    """The Graph API for an app that has a token. Raises ConfigurationInvalid."""
    from partnerhook.core.errors import ConfigurationInvalid
    from partnerhook.graph import Graph

    chosen = settings.all_apps()[app]
    if chosen.access_token is None:
        raise ConfigurationInvalid(f"App {app} has no access_token.")
    secret = chosen.secrets[0] if chosen.secrets else None
    return Graph(chosen.access_token.get_secret_value(), app_secret=secret, url=settings.graph_url)


def graph_role(role: str | None) -> Role | None:
    """One of the Graph API's two roles."""
    from partnerhook.graph import Role

    return Role(role.upper()) if role else None


def public_callback(settings: Settings, app: str) -> str:
    """An app's callback URL as Meta sees it; empty where public_url is not set."""
    from partnerhook.config import callback_path

    if settings.public_url is None:
        return ""
    return settings.public_url + callback_path(app, settings.all_apps()[app])


@asynccontextmanager
async def subscriber(settings: Settings, app: str) -> AsyncIterator[Subscriber]:
    """What sets an app's subscription. Raises ConfigurationInvalid, which names all that is missing."""
    from partnerhook.config import DEFAULT_APP, variable
    from partnerhook.core.errors import ConfigurationInvalid
    from partnerhook.graph import Graph, app_token
    from partnerhook.services.subscribe import Subscriber

    chosen = settings.all_apps()[app]
    place = () if app == DEFAULT_APP else ("apps", app)
    missing = [] if settings.public_url else [variable(("public_url",))]
    for key, value in (
        ("app_id", chosen.app_id),
        ("app_secret", chosen.secrets),
        ("verify_token", chosen.verify_token),
    ):
        missing += [] if value else [variable((*place, key))]
    if missing or chosen.app_id is None or chosen.verify_token is None:
        raise ConfigurationInvalid(f"App {app} cannot be subscribed: set {', '.join(missing)}.")
    token = app_token(chosen.app_id, chosen.secrets[0])
    async with Graph(token, url=settings.graph_url, timeout_s=SUBSCRIBED_WITHIN_S) as graph:
        yield Subscriber(graph, chosen.app_id, public_callback(settings, app), chosen.verify_token.get_secret_value())


async def examine(reading: Reading) -> AsyncIterator[Finding]:
    """Look at everything that has to be right; a finding for each."""
    from partnerhook.config import incomplete_apps
    from partnerhook.services.doctor.examine import App, Patient, examine
    from partnerhook.services.doctor.findings import right, wrong

    settings = reading.settings
    problems = [*reading.problems, *incomplete_apps(settings)]
    for problem in problems:
        yield wrong("configuration", problem.rstrip("."), "see `partnerhook config check`")
    if not problems:
        yield right("configuration", f"{reading.file or 'the environment'} is right, and every app has its secrets")
    host, port = settings.admin_listen.rsplit(":", 1)
    patient = Patient(
        engine=open_store(settings),
        graph_url=settings.graph_url,
        metrics_url=f"http://{host}:{port}/metrics",
        apps=[
            App(
                name=name,
                callback_url=public_callback(settings, name),
                app_id=app.app_id or "",
                app_secret=app.secrets[0] if app.secrets else "",
                verify_token=app.verify_token.get_secret_value() if app.verify_token else "",
                access_token=app.access_token.get_secret_value() if app.access_token else "",
            )
            for name, app in settings.all_apps().items()
        ],
    )
    async for finding in examine(patient):
        yield finding
