"""A database with many observations in it, told through the same code that stores them in `partnerhook serve`.

`python -m bench.fill FILE COUNT`: a process of its own, so that its memory does not stay with the benchmark.
"""

from __future__ import annotations

import sys
from typing import Final

from bench import story
from bench.servers import SECRET
from partnerhook.core.signature import sign, verify
from partnerhook.services import ingest
from partnerhook.store.engine import for_writing, open_engine
from partnerhook.store.migrate import migrate

POSTS_PER_COMMIT: Final = 20_000
MICROSECONDS_APART: Final = 1_000


def fill(file: str, count: int) -> None:
    """Store the first `count` changes of the story, one a POST, as if they had come at 1,000 a second.

    Closing the last connection brings everything from the write-ahead log into the file.
    """
    engine = open_engine(f"sqlite:///{file}")
    migrate(engine)
    with for_writing(engine.connect()) as connection:
        for first in range(0, count, POSTS_PER_COMMIT):
            posts = [_post(number) for number in range(first, min(first + POSTS_PER_COMMIT, count))]
            with connection.begin():
                ingest.commit(connection, posts)


def _post(number: int) -> ingest.Post:
    body = story.body(number)
    received_at = story.FIRST_TIME * 1_000_000 + number * MICROSECONDS_APART
    return ingest.Post(verify(body, sign(body, SECRET), (SECRET,)), "default", received_at)


if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]))
