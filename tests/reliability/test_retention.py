"""Raw bodies go when their time is over; what was understood of them stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from running import Serve, Server, wait_until, webhook

SECOND_IN_DAYS = 1 / 86_400


def bodies(server: Server) -> list[bytes | None]:
    """The raw body of every receipt, oldest first."""
    with closing(sqlite3.connect(server.database)) as database:
        return [row[0] for row in database.execute("SELECT body FROM receipts ORDER BY id")]


def test_old_bodies_are_dropped(serve: Serve) -> None:
    """What is older than the setting is dropped by the next start; outcomes, observations and younger bodies stay."""
    server = serve(RAW_BODIES_KEEP_DAYS=3_600 * SECOND_IN_DAYS)
    assert server.post(b"no JSON").status == 200
    for number in range(1_200):  # more than fit into two slices
        assert server.post(webhook(str(9_000 + number))).status == 200
    server.stop()
    with closing(sqlite3.connect(server.database, isolation_level=None)) as database:
        database.execute("UPDATE receipts SET received_at = received_at - 3601000000 WHERE id <= 1200")

    server.start()
    wait_until(lambda: server.log_lines(event="raw bodies dropped"), "the retention ran")

    (line,) = server.log_lines(event="raw bodies dropped")
    assert line["count"] == 1_200
    assert [number for number, body in enumerate(bodies(server), 1) if body is not None] == [1_201]
    assert len(server.queries().find_solutions("9000")) == 1
    quarantined = server.queries().receipt(1)
    assert quarantined is not None
    assert (quarantined.body, quarantined.quarantined, quarantined.body_bytes) == (None, 1, len(b"no JSON"))


def test_young_bodies_stay(serve: Serve) -> None:
    """Nothing is dropped before its time."""
    server = serve()
    server.post(b"{}")
    server.stop()
    server.start()
    server.post(b"[]")

    assert server.stop() == 0
    assert bodies(server) == [b"{}", b"[]"]
    assert not server.log_lines(event="raw bodies dropped")
