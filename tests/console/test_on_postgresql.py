"""Pages on PostgreSQL: a connection is a process there, so that none may be opened for a single look."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import psycopg

from running import Serve, Server, wait_until, webhook
from stores import POSTGRESQL, new_store

TOLD_S: Final = 0.5
"""After so long a connection that has ended is in PostgreSQL's statistics."""
PAGES: Final = (
    "/",
    "/solutions",
    "/solutions/default/7001",
    "/inbox",
    "/deliveries",
    "/receipts",
    "/quarantine",
    "/overview",
    "/audit",
)


def opened_by_pages(server: Server, conn: psycopg.Connection) -> int:
    """How many connections were opened while every page was looked at."""
    before = opened(conn)
    with server.connect(server.admin_url) as client:
        for page in PAGES:
            answer = client.send(f"GET {page} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()).answer()
            assert (page, answer.status) == (page, 200)
    time.sleep(TOLD_S)
    return opened(conn) - before


def opened(conn: psycopg.Connection) -> int:
    """All connections to this database that there ever were."""
    query = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
    ((sessions,),) = conn.execute(query)
    return int(sessions)


def test_no_page_opens_connections_of_its_own(serve: Serve, tmp_path: Path):
    """Once the pool is there. More than one round: what the server does besides may need a connection now and then."""
    url = new_store(tmp_path, POSTGRESQL).url.set(drivername=POSTGRESQL).render_as_string(hide_password=False)
    server = serve(DATABASE_URL=url, CONSOLE_SIGN_IN="not_on_loopback")
    assert server.post(webhook("7001")).status == 200

    with psycopg.connect(url, autocommit=True) as conn:
        wait_until(lambda: not opened_by_pages(server, conn), "all pages are answered over the connections there are")
