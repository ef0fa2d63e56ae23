"""What is true, and what came of it: compared after an ordeal, when all is delivered."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial

from cluster import PARTIES, Cluster
from lives import Lives
from senders import Sender

from endpoints import Endpoint
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import Flag
from partnerhook.core.notice_documents import document
from partnerhook.emulator.server import running
from partnerhook.graph import Graph
from partnerhook.services.notify import Routing
from partnerhook.services.outbox import NoticeFilter, Outbox
from partnerhook.services.query import Queries
from partnerhook.services.reconcile import AskingApp, Reconciled, reconcile


def delivered(cluster: Cluster) -> bool:
    """Nothing waits for anybody."""
    return all(one.backlog is None for one in Outbox(cluster.engine).overview().values())


def summary(cluster: Cluster, senders: Sequence[Sender], notices: Endpoint, posts: Endpoint) -> str:
    """What it came to."""
    faults = Counter(fault.split()[0].rstrip("0123456789") for fault in cluster.faults)
    times = Counter(one["id"] for one in notices.documents())
    return (
        f"{dict(faults)}; {sum(len(one.answered) for one in senders)} answered 200, "
        f"{sum(one.outages for one in senders)} not; {len(times)} notices in {sum(times.values())} deliveries; "
        f"{len({got.body for got in posts.got})} POSTs passed on in {len(posts.got)}"
    )


def compare(cluster: Cluster, senders: Sequence[Sender], notices: Endpoint, posts: Endpoint) -> None:
    """Truth and registry, notices and what came, POSTs and what came."""
    queries = Queries(cluster.engine)
    for sender in senders:
        if not sender.lives.losing:
            assert wrong(queries, sender.lives) == {}
        assert {one for one in sender.answered if b"partner_solutions" in one} <= {got.body for got in posts.got}
    told = [document(one) for _, one in Outbox(cluster.engine).notices(NoticeFilter())]
    came: dict[str, list[str]] = defaultdict(list)
    for one in notices.documents():
        lane = f"{one['source']} {one['subject']}"
        if one["id"] not in came[lane]:
            came[lane].append(one["id"])
    expected: dict[str, list[str]] = defaultdict(list)
    for one in told:
        expected[f"{one['source']} {one['subject']}"].append(one["id"])
    assert came == expected
    for sender in senders:
        report = asyncio.run(reconciled(cluster, sender.lives))
        assert all(app.in_doubt == [] and app.failure == "" for app in report.apps)
        found = {key: said(one) for key, one in registered(queries, sender.lives).items()}
        assert found == sender.lives.truth()


def wrong(queries: Queries, lives: Lives) -> dict[object, object]:
    """Where the registry says what is not true, and not that it is ambiguous."""
    found = registered(queries, lives)
    return {
        key: (found.get(key), state)
        for key, state in lives.truth().items()
        if key not in found or not (said(found[key]) == state or Flag.AMBIGUOUS in found[key].anomalies)
    }


def registered(queries: Queries, lives: Lives) -> dict[tuple[str, str], Solution]:
    """What the registry has, by Meta's id of the app and the solution's."""
    app_ids = dict(zip(PARTIES, lives.box.world.apps, strict=True))
    found = (one for id_ in lives.box.world.solutions for one in queries.find_solutions(id_))
    return {(app_ids[one.app], one.solution_id): one for one in found}


def said(one: Solution) -> tuple[str, str]:
    """What the registry says."""
    return one.status.value, one.pending.value


async def reconciled(cluster: Cluster, lives: Lives) -> Reconciled:
    """Compare a box's solutions with the registry, some seconds of its clock later."""
    lives.box.clock.advance(2)
    async with running(lives.box) as url:
        asking = [
            AskingApp(party, app.id, partial(Graph, app.access_token, app_secret=app.secret, url=url))
            for party, app in zip(PARTIES, lives.box.world.apps.values(), strict=True)
        ]
        return await reconcile(cluster.engine, asking, routing=Routing())
