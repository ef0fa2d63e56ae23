"""What the one writer does: the POSTs that came in, and our own small transactions, together in one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection

from partnerhook.core.receipts import Stored
from partnerhook.services import ingest
from partnerhook.services.ingest import Post
from partnerhook.services.notify import Routing
from partnerhook.services.pass_on import NoRoom
from partnerhook.store.writer import GroupCommit

log = structlog.get_logger("partnerhook.store")


class Chore(NamedTuple):
    """Work of our own that rides along with the next commit, instead of fighting with it for the lock."""

    run: Callable[[Connection], Any]


class Done(NamedTuple):
    """A chore that was committed, or that failed by itself."""

    result: Any
    error: Exception | None = None


Result = Stored | NoRoom | Done
Writer = GroupCommit[Post | Chore, Result]


class Work:
    """What a writer is given to do its work with."""

    def __init__(self, routing: Routing) -> None:
        self._routing = routing

    def apply(self, conn: Connection, jobs: Sequence[Post | Chore]) -> list[Result]:
        """Everything in one transaction."""
        posts = [job for job in jobs if isinstance(job, Post)]
        stored = ingest.commit(conn, posts, self._routing.now) if posts else []
        if len(posts) == len(jobs):
            return list(stored)
        of_posts = iter(stored)
        return [next(of_posts) if isinstance(job, Post) else Done(job.run(conn)) for job in jobs]

    def salvage(self, conn: Connection, job: Post | Chore, error: Exception) -> Result:
        """What becomes of a job that cannot be done: a POST is kept as it is, a chore is told."""
        if isinstance(job, Post):
            return ingest.salvage(conn, job, error)
        return Done(None, error)
