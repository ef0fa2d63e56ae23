"""The composition root: settings in, wired things out. A function per command; imports are lazy on purpose."""

from partnerhook.bootstrap.deliveries import (
    HandOver,
    configured_targets,
    developers_sink,
    outbox,
    reload,
    routes,
    try_destination,
)
from partnerhook.bootstrap.emulator import acting, blast, emulate, emulator_at, read_scenario, scenario_player
from partnerhook.bootstrap.graph import (
    asking_apps,
    examine,
    graph_client,
    graph_role,
    public_callback,
    reconcile,
    subscriber,
)
from partnerhook.bootstrap.management import access, audit_log, openapi, quarantine, sign_in_link
from partnerhook.bootstrap.roles import Role
from partnerhook.bootstrap.serve import serve
from partnerhook.bootstrap.store import (
    check_store,
    erase_bodies,
    find_bodies,
    migrate,
    move,
    open_store,
    queries,
    rebuild,
)

__all__ = [
    "HandOver",
    "Role",
    "access",
    "acting",
    "asking_apps",
    "audit_log",
    "blast",
    "check_store",
    "configured_targets",
    "developers_sink",
    "emulate",
    "emulator_at",
    "erase_bodies",
    "examine",
    "find_bodies",
    "graph_client",
    "graph_role",
    "migrate",
    "move",
    "open_store",
    "openapi",
    "outbox",
    "public_callback",
    "quarantine",
    "queries",
    "read_scenario",
    "rebuild",
    "reconcile",
    "reload",
    "routes",
    "scenario_player",
    "serve",
    "sign_in_link",
    "subscriber",
    "try_destination",
]
