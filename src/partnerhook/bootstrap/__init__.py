"""The composition root: settings in, wired things out. A function per command; imports are lazy on purpose."""

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
from partnerhook.bootstrap.serve import serve
from partnerhook.bootstrap.store import check_store, migrate, open_store, queries, rebuild

__all__ = [
    "acting",
    "asking_apps",
    "blast",
    "check_store",
    "emulate",
    "emulator_at",
    "examine",
    "graph_client",
    "graph_role",
    "migrate",
    "open_store",
    "public_callback",
    "queries",
    "read_scenario",
    "rebuild",
    "reconcile",
    "scenario_player",
    "serve",
    "subscriber",
]
