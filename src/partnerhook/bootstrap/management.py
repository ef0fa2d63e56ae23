"""The faces to people and scripts, on the management listener: the API and the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partnerhook.bootstrap.deliveries import configured_targets, routes, try_destination
from partnerhook.bootstrap.graph import (
    acting_apps,
    asking_apps,
    look_at_everything,
    look_quickly,
    public_callback,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from partnerhook.api.front import Face, Front
    from partnerhook.config import Settings
    from partnerhook.console.visitors import Doors
    from partnerhook.core.access import Role
    from partnerhook.services.access import Access
    from partnerhook.services.audit import Audit
    from partnerhook.services.live import Live
    from partnerhook.services.management import Management
    from partnerhook.services.quarantine import Quarantine
    from partnerhook.services.targets import ConfiguredApp


def access(settings: Settings) -> Access:
    """Keys, links and sessions. Raises StoreUnavailable where there is no database."""
    from partnerhook.bootstrap.store import existing_store
    from partnerhook.services.access import Access

    return Access(existing_store(settings))


def audit_log(settings: Settings) -> Audit:
    """Who changed what. Raises StoreUnavailable where there is no database."""
    from partnerhook.bootstrap.store import existing_store
    from partnerhook.services.audit import Audit

    return Audit(existing_store(settings))


def quarantine(settings: Settings) -> Quarantine:
    """What could not be understood. Raises StoreUnavailable where there is no database."""
    from partnerhook.bootstrap.store import existing_store
    from partnerhook.services.audit import Audit
    from partnerhook.services.quarantine import Quarantine

    engine = existing_store(settings)
    return Quarantine(engine, Audit(engine), lambda: routes(settings))


def sign_in_link(settings: Settings, who: str, role: Role) -> str:
    """A URL that lets somebody in, once. Raises StoreUnavailable where there is no database."""
    return _link_url(settings, f"http://{settings.admin_listen}", access(settings).new_link(who, role))


async def invite(engine: Engine, settings: Settings, admin_url: str) -> None:
    """Log a link that lets somebody in, as long as nobody has ever signed in, and where somebody has to."""
    import structlog

    from partnerhook.core.access import Role
    from partnerhook.core.errors import StoreUnavailable
    from partnerhook.services.access import Access

    log = structlog.get_logger("partnerhook.console")
    if settings.console_sign_in != "always":
        return
    try:
        token = await Access(engine).first_link("admin", Role.ADMIN)
    except StoreUnavailable as problem:
        log.warning("no link to sign in with was made", reason=str(problem))
        return
    if token is not None:
        log.info("sign in to the console, once, within an hour", url=_link_url(settings, admin_url, token))


def _link_url(settings: Settings, url: str, token: str) -> str:
    """Where a link leads: through the proxy, or straight to this host."""
    return f"{settings.console_url or url}/sign-in/{token}"


def openapi() -> dict[str, Any]:
    """The API's OpenAPI document. Nothing is opened for it."""
    from sqlalchemy import create_engine

    from partnerhook.api.app import create_api
    from partnerhook.api.document import openapi
    from partnerhook.config import Settings
    from partnerhook.services.live import Live
    from partnerhook.services.outbox import Outbox
    from partnerhook.services.query import Queries

    engine = create_engine("sqlite://")  # routes are made of it; nobody asks them anything
    return openapi(create_api(management(engine, Live(Queries(engine), Outbox(engine)), Settings)))


def management(engine: Engine, live: Live, settings: Callable[[], Settings]) -> Management:
    """What both faces are made of. `settings`: as they are now."""
    from partnerhook.services.access import Access
    from partnerhook.services.act import Acts
    from partnerhook.services.audit import Audit
    from partnerhook.services.erase import Erasing
    from partnerhook.services.figures import Past
    from partnerhook.services.health import Health
    from partnerhook.services.inbox import Inbox
    from partnerhook.services.management import Management
    from partnerhook.services.outbox import Outbox
    from partnerhook.services.quarantine import Quarantine
    from partnerhook.services.query import Queries
    from partnerhook.services.reconcile_runs import Runs
    from partnerhook.services.replay import Replays

    outbox = Outbox(engine)
    audit = Audit(engine)
    return Management(
        access=Access(engine),
        acts=Acts(audit, lambda: acting_apps(settings())),
        audit=audit,
        health=Health(
            engine,
            quick=lambda: look_quickly(settings(), engine),
            whole=lambda: look_at_everything(settings(), engine),
        ),
        inbox=Inbox(engine, lambda: settings().overdue_after_s),
        queries=Queries(engine),
        outbox=outbox,
        erasing=Erasing(engine, audit),
        quarantine=Quarantine(engine, audit, lambda: routes(settings())),
        reconciliations=Runs(engine, audit, lambda: routes(settings()), lambda: asking_apps(settings())),
        live=live,
        apps=lambda: configured_apps(settings()),
        past=Past(engine),
        replays=Replays(outbox, lambda: routes(settings()).destinations),
        targets=lambda: configured_targets(settings(), outbox),
        try_destination=lambda name: try_destination(settings(), name),
    )


def for_people(made: Management, engine: Engine) -> Management:
    """The same, for many who look at the same: scripts see what is there when they ask, people share a look."""
    from dataclasses import replace

    from partnerhook.services.kept import KeptQueries

    return replace(made, queries=KeptQueries(engine, made.live))


def configured_apps(settings: Settings) -> list[ConfiguredApp]:
    """Every app, without its secrets."""
    from partnerhook.config import callback_path
    from partnerhook.services.targets import ConfiguredApp

    return [
        ConfiguredApp(
            name=name,
            app_id=app.app_id or "",
            path=callback_path(name, app),
            callback_url=public_callback(settings, name),
            secrets=len(app.secrets),
            receives=bool(app.secrets and app.verify_token),
            asks_graph=bool(app.app_id and app.access_token),
        )
        for name, app in settings.all_apps().items()
    ]


def front(health: Face, scripts: Management, people: Management, settings: Settings) -> Front:
    """What answers scripts and people. `health`: what answers for the process that takes webhooks."""
    import time

    from partnerhook.api.front import Front
    from partnerhook.services.failed_tries import FailedTries

    def api() -> Face:
        from partnerhook.api.app import create_api
        from partnerhook.api.keys import KeyRequired

        return KeyRequired(create_api(scripts), scripts.access, FailedTries(time.monotonic))

    def console() -> Face:
        from partnerhook.console.app import create_console

        return create_console(people, _doors(settings), openapi)

    return Front(health, api, console)


def _doors(settings: Settings) -> Doors:
    from ipaddress import ip_network

    from partnerhook.console.visitors import Doors

    return Doors(
        secure=(settings.console_url or "").startswith("https:"),
        open_on_loopback=settings.console_sign_in == "not_on_loopback",
        proxies=tuple(ip_network(one) for one in settings.console_proxies),
        user_header=settings.console_user_header,
        proxy_role=settings.console_proxy_role,
    )
