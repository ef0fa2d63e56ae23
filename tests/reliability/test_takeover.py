"""What one worker does for all: where it is killed in the middle of that, another one takes over in time."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster, running_postgres
from sqlalchemy import select

from partnerhook.services.reconcile import LEASE
from partnerhook.store.schema import leases
from running import Server, figure, wait_until

TAKEN_OVER_S = 120.0
"""docs/postgresql.md."""


@pytest.fixture
def nobody() -> Iterator[str]:
    """A Graph API that takes connections, and never says a word: whoever reconciles is at it for a while."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.soak
def test_who_reconciles_is_killed(tmp_path: Path, nobody: str):
    """The lease ends by itself, and the other worker takes it."""
    told = f'graph_url = "{nobody}"\n' + "".join(
        f'[apps.{party}]\napp_id = "{number}"\naccess_token = "token"\n'
        for number, party in enumerate(("owner", "partner"), 1)
    )
    with running_postgres() as postgres:
        cluster = Cluster(tmp_path, postgres, told, receivers=0, workers=2)
        try:
            cluster.start()
            first = wait_until(lambda: who_holds(cluster), "somebody reconciles", within_s=30)
            first.stop(signal.SIGKILL)
            killed_at = time.monotonic()
            wait_until(lambda: who_holds(cluster) not in {None, first}, "another one does", within_s=TAKEN_OVER_S)
            figure(f"taken over {time.monotonic() - killed_at:.0f} s after its holder was killed")
        finally:
            cluster.end()


def who_holds(cluster: Cluster) -> Server | None:
    """The worker that reconciles now."""
    with cluster.engine.connect() as conn, conn.begin():
        holder = conn.execute(select(leases.c.holder).where(leases.c.name == LEASE)).scalar()
    return next((one for one in cluster.workers if holder and holder.startswith(f"{one.pid}-")), None)
