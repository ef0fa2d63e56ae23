"""What is remembered of a target beside its configuration: whether it is paused, and since when it fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from partnerhook.core.delivery import Reply
from partnerhook.core.observations import MICROSECONDS
from partnerhook.store.outbox import Settlement
from partnerhook.store.schema import targets


class Standing(NamedTuple):
    """How it stands with a target. Unix microseconds."""

    paused_at: int | None = None
    paused_reason: str = ""
    failing_since: int | None = None
    """Since when every attempt has failed."""


FRESH: Final = Standing()


def standing(conn: Connection, name: str) -> Standing:
    """Of one target."""
    row = conn.execute(_columns.where(targets.c.name == name)).one_or_none()
    return FRESH if row is None else Standing(row.paused_at, row.paused_reason, row.failing_since)


def standings(conn: Connection) -> dict[str, Standing]:
    """Of all that anything is remembered of."""
    rows = conn.execute(_columns)
    return {row.name: Standing(row.paused_at, row.paused_reason, row.failing_since) for row in rows}


_columns = select(targets)


def judge(
    conn: Connection, name: str, before: Standing, ended: Sequence[Settlement], *, now: int, pause_after_s: float
) -> Standing:
    """How it stands after these attempts: it works again, fails on, or has to be paused."""
    after = before
    if any(one.answer.reply is Reply.TAKEN for one in ended):
        after = after._replace(failing_since=None)
    elif before.failing_since is None:
        after = after._replace(failing_since=min(one.started_at for one in ended))
    gone = next((one for one in ended if one.decision.pause), None)
    if before.paused_at is None and gone is not None:
        after = after._replace(paused_at=now, paused_reason=f"it answered that it is gone ({gone.answer.status})")
    elif before.paused_at is None and after.failing_since is not None:
        failing_s = (now - after.failing_since) / MICROSECONDS
        if failing_s > pause_after_s:
            after = after._replace(paused_at=now, paused_reason=f"every attempt failed for {failing_s / 3600:.0f} h")
    if after != before:
        save(conn, name, after)
    return after


def save(conn: Connection, name: str, standing: Standing) -> None:
    """Remember it."""
    wanted = insert(targets).values(name=name, **standing._asdict())
    conn.execute(wanted.on_conflict_do_update(index_elements=["name"], set_=standing._asdict()))
