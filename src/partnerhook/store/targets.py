"""What is remembered of a target beside its configuration: whether it is paused, and since when it fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import Connection, Row, select

from partnerhook.core.delivery import Answer, Decision, Reply
from partnerhook.core.observations import MICROSECONDS
from partnerhook.store.schema import targets
from partnerhook.store.sql import insert, upsert


class Standing(NamedTuple):
    """How it stands with a target. Unix microseconds."""

    paused_at: int | None = None
    paused_reason: str = ""
    failing_since: int | None = None
    """Since when every attempt has failed."""
    hold_until: int | None = None
    """It asked for patience: nothing goes to it before."""


FRESH: Final = Standing()


class Ended(Protocol):
    """An attempt that ended."""

    @property
    def answer(self) -> Answer:
        """How."""

    @property
    def decision(self) -> Decision:
        """What becomes of it."""

    @property
    def started_at(self) -> int:
        """When it began, in Unix microseconds."""


def standing(conn: Connection, name: str) -> Standing:
    """Of one target."""
    row = conn.execute(_columns.where(targets.c.name == name)).one_or_none()
    return FRESH if row is None else _standing(row)


def standings(conn: Connection) -> dict[str, Standing]:
    """Of all that anything is remembered of."""
    rows = conn.execute(_columns)
    return {row.name: _standing(row) for row in rows}


def _standing(row: Row[Any]) -> Standing:
    return Standing(row.paused_at, row.paused_reason, row.failing_since, row.hold_until)


_columns = select(targets.c.name, *[targets.c[name] for name in Standing._fields])


def judge(
    conn: Connection, name: str, before: Standing, ended: Sequence[Ended], *, now: int, pause_after_s: float
) -> Standing:
    """How it stands after these attempts: it works again, fails on, or has to be paused."""
    after = before
    replies = [one.answer.reply for one in ended]
    if Reply.TAKEN in replies:
        after = after._replace(failing_since=None)
    elif before.failing_since is None:
        after = after._replace(failing_since=min(one.started_at for one in ended))
    holds = [one.decision.hold_until for one in ended if one.decision.hold_until is not None]
    if holds:
        after = after._replace(hold_until=max(*holds, before.hold_until or 0))
    if before.paused_at is None and Reply.GONE in replies:
        after = after._replace(paused_at=now, paused_reason="it answered that it is gone, and wants no more")
    elif before.paused_at is None and after.failing_since is not None:
        failing_s = (now - after.failing_since) / MICROSECONDS
        if failing_s > pause_after_s:
            after = after._replace(paused_at=now, paused_reason=f"every attempt failed for {failing_s / 3600:.0f} h")
    if after != before:
        save(conn, name, after)
    return after


def waiting_bytes(conn: Connection, names: Sequence[str]) -> dict[str, int]:
    """How many bytes of bodies wait for each target; of those that anything waits for."""
    rows = conn.execute(select(targets.c.name, targets.c.waiting_bytes).where(targets.c.name.in_(names)))
    return {row.name: row.waiting_bytes for row in rows}


def add_waiting(conn: Connection, name: str, count: int) -> None:
    """So many bytes more wait for a target, or fewer."""
    if count:
        new = insert(conn.dialect, targets).values(name=name, paused_reason="", waiting_bytes=count)
        more = targets.c.waiting_bytes + count
        conn.execute(new.on_conflict_do_update(index_elements=["name"], set_={"waiting_bytes": more}))


def save(conn: Connection, name: str, standing: Standing) -> None:
    """Remember it."""
    upsert(conn, targets, ["name"], name=name, **standing._asdict())
