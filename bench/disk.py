"""What a stored webhook takes on the disk: `python -m bench.disk URL KIND`, on an empty database, for `docs/scale.md`.

Told through the same code that stores them in `partnerhook serve`, a hundred in a commit.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, text, update

from bench import story
from bench.servers import SECRET
from partnerhook.core.routing import ForwardRoute, Route
from partnerhook.core.signature import sign, verify
from partnerhook.services import ingest
from partnerhook.services.notify import NOBODY, Routes
from partnerhook.store.engine import for_writing, is_postgresql, open_engine
from partnerhook.store.migrate import migrate
from partnerhook.store.schema import receipts

POSTS: Final = 30_000
IN_A_COMMIT: Final = 100


class Kind(NamedTuple):
    """What comes, and who else gets it."""

    body: Callable[[int], bytes]
    routes: Routes


def message_status(number: int) -> bytes:
    """What comes three times for each message that is sent: a status, as Meta documents it."""
    status = {
        "id": f"wamid.HBgLMTY0NjcwNDM1OTUVAgARGBI{number:012d}RDMwMDQ5QjQA",
        "status": "delivered",
        "timestamp": str(story.FIRST_TIME + number),
        "recipient_id": "16505551234",
        "conversation": {"id": f"{number:032x}", "origin": {"type": "utility"}},
        "pricing": {"billable": True, "pricing_model": "CBP", "category": "utility"},
    }
    numbers = {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"}
    value = {"messaging_product": "whatsapp", "metadata": numbers, "statuses": [status]}
    entry = {"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}, separators=(",", ":")).encode()


KINDS: Final = {
    "solutions": Kind(story.body, NOBODY),
    "solutions-told": Kind(story.body, Routes((Route("crm"),))),
    "messages": Kind(message_status, NOBODY),
    "messages-passed-on": Kind(message_status, Routes((), (ForwardRoute("inbox", bytes_max=10**12),))),
}


def measure(engine: Engine, kind: Kind) -> str:
    """Fill it, and then drop the raw bodies; in a line of text."""
    migrate(engine)
    empty, log = _bytes(engine), _log_bytes(engine)
    begun = time.time_ns() // 1_000
    with for_writing(engine.connect()) as connection:
        for first in range(0, POSTS, IN_A_COMMIT):
            posts = [post(kind.body(number), begun) for number in range(first, first + IN_A_COMMIT)]
            with connection.begin():
                ingest.commit(connection, posts, kind.routes)
    log = _log_bytes(engine) - log
    full = _bytes(engine)
    with for_writing(engine.connect()) as connection, connection.begin():
        connection.execute(text("SET LOCAL statement_timeout = 0") if is_postgresql(engine) else text("SELECT 1"))
        connection.execute(update(receipts).values(body=None))
    told = [("body", len(kind.body(POSTS))), ("stored", (full - empty) / POSTS), ("log", log / POSTS)]
    told.append(("without bodies", (_bytes(engine) - empty) / POSTS))
    return ", ".join(f"{name} {size:.0f}" for name, size in told) + " bytes for each webhook"


def post(body: bytes, received_at: int) -> ingest.Post:
    """Signed and verified."""
    return ingest.Post(verify(body, sign(body, SECRET), (SECRET,)), "default", received_at)


def _bytes(engine: Engine) -> int:
    """Of the database, once it is packed."""
    with engine.connect() as connection:
        if is_postgresql(engine):
            return _alone(connection, "VACUUM FULL", "SELECT pg_database_size(current_database())")
        return _alone(connection, "VACUUM", "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")


def _alone(connection: Connection, pack: str, ask: str) -> int:
    """Outside of a transaction, where neither database packs."""
    cursor = connection.connection.cursor()
    if "FULL" in pack:
        cursor.execute("SET statement_timeout = 0")
    cursor.execute(pack)
    cursor.execute(ask)
    (size,) = cursor.fetchone() or (0,)
    return int(size)


def _log_bytes(engine: Engine) -> int:
    """How much PostgreSQL has written to its log, ever; 0 for SQLite."""
    if not is_postgresql(engine):
        return 0
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")).scalar_one())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.disk", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("kind", choices=list(KINDS))
    given = parser.parse_args()
    print(f"{given.kind}: {measure(open_engine(given.url), KINDS[given.kind])}")
