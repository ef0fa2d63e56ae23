"""Everything that is looked at, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from partnerhook.graph import Graph
from partnerhook.services.doctor import callback, database, meta, refusals
from partnerhook.services.doctor.findings import Finding, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A configured app. What is empty is not set."""

    name: str
    callback_url: str
    """As Meta sees it."""
    app_id: str
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    access_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is looked at."""

    engine: Engine
    graph_url: str
    metrics_url: str
    """Of the running receiver; empty: it is the one that looks, and shows what it refused elsewhere."""
    apps: Sequence[App]


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """A finding for each thing; one that cannot be looked at keeps none of the others from being."""
    for finding in await asyncio.to_thread(lambda: list(database.look(patient.engine))):
        yield finding
    yield await meta.clock(patient.graph_url)
    # Before the callbacks: looking at those forges a webhook, which is refused.
    if patient.metrics_url:
        for finding in await asyncio.to_thread(lambda: list(refusals.look(patient.metrics_url))):
            yield finding
    for app in patient.apps:
        async for finding in _app(app, patient):
            yield finding


async def _app(app: App, patient: Patient) -> AsyncIterator[Finding]:
    if not (app.callback_url and app.app_secret and app.verify_token):
        yield unknown("callback", "it is not known how Meta reaches it", "set PARTNERHOOK_PUBLIC_URL", app=app.name)
    else:
        found = await asyncio.to_thread(
            lambda: list(
                callback.look(
                    app.callback_url,
                    app=app.name,
                    app_secret=app.app_secret,
                    verify_token=app.verify_token,
                    engine=patient.engine,
                )
            )
        )
        for finding in found:
            yield finding
    if not (app.app_id and app.access_token and app.app_secret):
        remedy = "set app_id and access_token, or look in the App Dashboard"
        yield unknown(
            "subscription", "Meta cannot be asked without an app id and an access token", remedy, app=app.name
        )
        return
    async with Graph(app.access_token, app_secret=app.app_secret, url=patient.graph_url) as graph:
        async for finding in meta.look(
            graph, app=app.name, app_id=app.app_id, token=app.access_token, callback_url=app.callback_url
        ):
            yield finding
