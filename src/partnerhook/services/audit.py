"""Everything that somebody changes is written down: before it is done, and again how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Engine

from partnerhook.core.access import Actor
from partnerhook.core.errors import PartnerhookError, StoreUnavailable
from partnerhook.services.patience import transact, transaction
from partnerhook.store import audit, clock
from partnerhook.store.audit import AuditEntry, AuditFilter

__all__ = ["Audit", "AuditEntry", "AuditFilter"]

log = structlog.get_logger("partnerhook.audit")

OUTCOME_CHARS_MAX: Final = 500

Write = Callable[[Connection], Any]


class Audit:
    """The audit log. What cannot be written down is not done: `doing` raises StoreUnavailable before it begins."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def doing(self, actor: Actor, action: str, subject: str, **details: Any) -> Iterator[None]:
        """Around what is done. Its exception, if there is one, is the outcome, and goes on."""
        entry_id = transact(self._engine, _begin(actor, action, subject, details), writes=True)
        try:
            yield
        except BaseException as problem:
            with _or_told():
                transact(self._engine, _end(entry_id, _words(problem)), writes=True)
            raise
        with _or_told():
            transact(self._engine, _end(entry_id, "done"), writes=True)

    @asynccontextmanager
    async def doing_async(self, actor: Actor, action: str, subject: str, **details: Any) -> AsyncIterator[None]:
        """The same around what waits for others."""
        entry_id = await transaction(self._engine, _begin(actor, action, subject, details), writes=True)
        try:
            yield
        except BaseException as problem:
            with _or_told():
                await transaction(self._engine, _end(entry_id, _words(problem)), writes=True)
            raise
        with _or_told():
            await transaction(self._engine, _end(entry_id, "done"), writes=True)

    def page(self, wanted: AuditFilter, *, before_id: int | None = None, limit: int = 100) -> list[AuditEntry]:
        """The next entries that fit, the newest first."""
        look = partial(audit.page, wanted=wanted, before_id=before_id, limit=limit)
        return transact(self._engine, look, writes=False)


@contextmanager
def _or_told() -> Iterator[None]:
    """What was done is done, and what it came to must not be lost with its end: the entry stays `begun`."""
    try:
        yield
    except StoreUnavailable as problem:
        log.warning("how it ended is not in the audit log", reason=str(problem))


def _begin(actor: Actor, action: str, subject: str, details: dict[str, Any]) -> Callable[[Connection], int]:
    return lambda conn: audit.append(conn, actor, action, subject, details, at=clock.now(conn))


def _end(entry_id: int, outcome: str) -> Write:
    return lambda conn: audit.end(conn, entry_id, outcome[:OUTCOME_CHARS_MAX], at=clock.now(conn))


def _words(problem: BaseException) -> str:
    """Our own exceptions hold no secret and no payload; of others only the kind is kept."""
    return f"not done: {problem}" if isinstance(problem, PartnerhookError) else f"not done: {type(problem).__name__}"
