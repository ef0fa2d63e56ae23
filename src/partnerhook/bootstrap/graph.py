"""What asks Meta: the Graph client, reconciliation, subscriptions, the doctor."""

from __future__ import annotations

from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from partnerhook.bootstrap.deliveries import routes
from partnerhook.bootstrap.store import existing_store, open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Engine

    from partnerhook.config import Reading, Settings
    from partnerhook.core.access import Actor
    from partnerhook.graph import Graph, Role
    from partnerhook.services.act import ActingApp
    from partnerhook.services.doctor.examine import Patient
    from partnerhook.services.doctor.findings import Finding
    from partnerhook.services.reconcile import AskingApp, Reconciled
    from partnerhook.services.subscribe import Subscriber
    from partnerhook.services.watch import Watched


SUBSCRIBED_WITHIN_S: Final = 30.0
"""Meta asks the callback before it answers, and waits for it."""


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


def asking_apps(settings: Settings) -> list[AskingApp]:
    """The apps that can ask the Graph API."""
    able = {name: app for name, app in settings.all_apps().items() if app.app_id and app.access_token}
    if not able:
        return []  # the client need not be loaded then
    from partnerhook.services.reconcile import AskingApp

    return [AskingApp(name, str(app.app_id), partial(graph_client, settings, name)) for name, app in able.items()]


def acting_apps(settings: Settings) -> dict[str, ActingApp]:
    """The apps that can change something at Meta, by name."""
    from partnerhook.services.act import ActingApp

    return {one.name: ActingApp(one.app_id, partial(graph_client, settings, one.name)) for one in asking_apps(settings)}


async def reconcile(settings: Settings, only: str | None, by: Actor, *, check: bool, **how: Any) -> Reconciled:
    """Compare the registry with the Graph API. Raises ConfigurationInvalid, StoreUnavailable, UnderWay."""
    from partnerhook.core.errors import ConfigurationInvalid
    from partnerhook.services.audit import Audit
    from partnerhook.services.notify import Routing
    from partnerhook.services.reconcile import reconcile

    apps = [app for app in asking_apps(settings) if only in {None, app.name}]
    if not apps:
        whose = f"App {only!r} has no" if only else "No app has an"
        where = "see `config show`" if only else "set PARTNERHOOK_APP_ID and PARTNERHOOK_ACCESS_TOKEN"
        raise ConfigurationInvalid(f"{whose} app_id and access_token: {where}.")
    engine = existing_store(settings)
    with nullcontext() if check else Audit(engine).doing(by, "reconcile.start", only or "all apps", check=False):
        return await reconcile(engine, apps, routing=Routing(routes(settings)), check=check, **how)


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


def watched(settings: Settings) -> Watched:
    """What `serve` looks after beside webhooks."""
    from partnerhook.services.watch import Watched

    return Watched(
        overdue_after_s=settings.overdue_after_s,
        silent_after_days=settings.silent_after_days,
        health_every_s=settings.health_every_s,
        backlog_bytes_max={name: one.backlog_bytes_max for name, one in settings.forward.items()},
        apps=list(settings.all_apps()),
        examine=lambda: _ask_meta(settings),
    )


async def _ask_meta(settings: Settings) -> AsyncIterator[Finding]:
    """What Meta says of each app that can ask."""
    from partnerhook.services.doctor import meta

    for one in asking_apps(settings):
        app = settings.all_apps()[one.name]
        token = app.access_token.get_secret_value() if app.access_token else ""
        async with graph_client(settings, one.name) as graph:
            async for finding in meta.look(
                graph,
                app=one.name,
                app_id=one.app_id,
                token=token,
                callback_url=public_callback(settings, one.name),
            ):
                yield finding


async def examine(reading: Reading) -> AsyncIterator[Finding]:
    """Look at everything that has to be right; a finding for each."""
    from partnerhook.config import incomplete_apps
    from partnerhook.services.doctor.examine import examine
    from partnerhook.services.doctor.findings import right, wrong

    settings = reading.settings
    problems = [*reading.problems, *incomplete_apps(settings)]
    for problem in problems:
        yield wrong("configuration", problem.rstrip("."), "see `partnerhook config check`")
    if not problems:
        yield right("configuration", f"{reading.file or 'the environment'} is right, and every app has its secrets")
    host, port = settings.admin_listen.rsplit(":", 1)
    async for finding in examine(_patient(settings, open_store(settings), f"http://{host}:{port}/metrics")):
        yield finding


async def look_at_everything(settings: Settings, engine: Engine) -> AsyncIterator[Finding]:
    """The same from inside of a running server, whose configuration is in use already."""
    from partnerhook.services.doctor.examine import examine

    async for finding in examine(_patient(settings, engine, "")):
        yield finding


async def look_quickly(settings: Settings, engine: Engine) -> AsyncIterator[Finding]:
    """What may be looked at again and again: the database, and what Meta says. No test event is sent."""
    import asyncio

    from partnerhook.services.doctor import database

    for finding in await asyncio.to_thread(lambda: list(database.look(engine))):
        yield finding
    async for finding in _ask_meta(settings):
        yield finding


def _patient(settings: Settings, engine: Engine, metrics_url: str) -> Patient:
    from partnerhook.services.doctor.examine import App, Patient

    return Patient(
        engine=engine,
        graph_url=settings.graph_url,
        metrics_url=metrics_url,
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
