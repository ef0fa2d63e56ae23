"""A database with many observations in it, told through the same code that stores them in `partnerhook serve`.

`python -m bench.fill FILE COUNT`: a process of its own, so that its memory does not stay with the benchmark.
"""

from __future__ import annotations

import sys
import time
from typing import Final

from sqlalchemy import Engine

from bench import story
from bench.servers import SECRET
from partnerhook.core.signature import sign, verify
from partnerhook.services import ingest
from partnerhook.services.notify import NOBODY
from partnerhook.store.engine import for_writing, open_engine
from partnerhook.store.migrate import migrate

POSTS_PER_COMMIT: Final = 20_000
MICROSECONDS_APART: Final = 1_000


def fill(file: str, count: int) -> None:
    """Store the first `count` changes of the story, one a POST, as if they had come at 1,000 a second until now.

    Were they older, the retention would drop their raw bodies while others are measured.
    Closing the last connection brings everything from the write-ahead log into the file.
    """
    engine = open_engine(f"sqlite:///{file}")
    migrate(engine)
    store(engine, count, begun=time.time_ns() // 1_000 - count * MICROSECONDS_APART)


def store(engine: Engine, count: int, *, begun: int) -> None:
    """Store the first `count` changes of the story, one a POST, 1,000 a second from `begun` (Unix microseconds) on."""
    with for_writing(engine.connect()) as connection:
        for first in range(0, count, POSTS_PER_COMMIT):
            posts = [post(number, begun) for number in range(first, min(first + POSTS_PER_COMMIT, count))]
            with connection.begin():
                ingest.commit(connection, posts, NOBODY)


def post(number: int, begun: int) -> ingest.Post:
    """One change of the story, as it came."""
    body = story.body(number)
    return ingest.Post(verify(body, sign(body, SECRET), (SECRET,)), "default", begun + number * MICROSECONDS_APART)


if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]))
