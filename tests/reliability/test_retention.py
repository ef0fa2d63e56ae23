"""Raw bodies go when their time is over; what was understood of them stays."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing

from running import BIN, Serve, Server, wait_until, webhook

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


def test_old_receipts_are_deleted(serve: Serve) -> None:
    """Those that tell nothing of a solution, with the start after their time; who looks one up is told."""
    server = serve(RECEIPTS_KEEP_DAYS=3_600 * SECOND_IN_DAYS, RAW_BODIES_KEEP_DAYS=3_600 * SECOND_IN_DAYS)
    for body in (MESSAGE, webhook(), MESSAGE, b"no JSON", MESSAGE, MESSAGE):
        assert server.post(body).status == 200
    server.stop()
    with closing(sqlite3.connect(server.database, isolation_level=None)) as database:
        database.execute("UPDATE receipts SET received_at = received_at - 3601000000 WHERE id <= 5")
        database.execute("INSERT INTO deliveries VALUES (7, 'inbox', 1, NULL, 1, 0, 'dead', 1, 1, NULL, '', 1, 9e15)")

    server.start()
    wait_until(lambda: server.log_lines(event="receipts deleted"), "the retention ran")

    (line,) = server.log_lines(event="receipts deleted")
    assert line["count"] == 3
    assert bodies(server) == [None, None, MESSAGE]
    shown = command(server, "receipts", "show", "1")
    assert shown.returncode == 1
    assert "Receipt 1 is not there any more" in shown.stderr
    assert "(receipts_keep_days)" in shown.stderr
    assert "There is no receipt 7." in command(server, "receipts", "show", "7").stderr
    assert "receipt 1, which is not there any more" in command(server, "deliveries", "show", "7").stdout
    assert json.loads(command(server, "deliveries", "show", "7", "--format", "json").stdout)["receipt_kept"] is False


MESSAGE = (
    b'{"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {}}]}]}'
)


def command(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`partnerhook` on the server's database."""
    return subprocess.run(
        [BIN, *arguments], env=server.environment, capture_output=True, text=True, timeout=60, check=False
    )
