"""What was told of solutions: appended, never changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, exists, func, literal_column, select

from partnerhook.core.health import HealthKind, HealthNotice
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import STATE_OF_WORD, UNKNOWN, Flag, State
from partnerhook.core.notice_documents import AnyNotice, Notice, Standing
from partnerhook.core.notices import NoticeKind, Step
from partnerhook.core.timeline import say
from partnerhook.store import ids as row_ids
from partnerhook.store import locks, numbers
from partnerhook.store import observations as observation_log
from partnerhook.store.bulk import insert_into
from partnerhook.store.schema import WAITS, graph_readings, notices, observations, solution_numbers, solutions
from partnerhook.store.solutions import from_row as solution_from_row

aliased_notices = notices.alias("told")
_append = insert_into(notices)


Told = tuple[int, Step, int | None]
"""The number of a solution, a step of it, and the id of the observation behind that."""


def append(conn: Connection, told: Sequence[Told], *, now: int) -> Sequence[int]:
    """Store notices; returns their ids. `now`: Unix microseconds."""
    ids = row_ids.reserve(conn, notices.c.id, len(told), lock=locks.ORDER)
    _append.run(
        conn,
        [
            (
                row_id,
                number,
                step.kind.value,
                observation_id,
                _words(step.before),
                step.before_since,
                _words(step.after),
                step.since,
                now,
                _rest(step) if step.anomalies or step.corrected or step.detail else None,
            )
            for row_id, (number, step, observation_id) in zip(ids, told, strict=True)
        ],
    )
    return ids


def append_health(conn: Connection, told: HealthNotice) -> int:
    """Store a notice about ourselves; returns its id."""
    (row_id,) = row_ids.reserve(conn, notices.c.id, 1, lock=locks.ORDER)
    rest = json.dumps({"subject": told.subject, "summary": told.summary, "remedy": told.remedy})
    _append.run(conn, [(row_id, None, told.kind.value, None, "", None, "", told.since, told.noticed_at, rest)])
    return row_id


def _rest(step: Step) -> str:
    return json.dumps({"anomalies": step.anomalies, "corrected": step.corrected, "detail": step.detail})


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFilter:
    """Which notices to look at; None: all of them."""

    app: str | None = None
    solution_id: str | None = None
    kinds: tuple[str, ...] | None = None
    since: int | None = None
    until: int | None = None
    """Unix microseconds: when they were told."""


_columns: Final = (
    *[column.label(f"heard_{column.name}") for column in observations.c],
    solution_numbers.c.app,
    solution_numbers.c.solution_id,
    graph_readings.c.name.label("solution_name"),
)
_all: Select[Any] = (
    select(notices, *_columns)
    .outerjoin_from(notices, observations, observations.c.id == notices.c.observation_id)
    .outerjoin(solution_numbers, solution_numbers.c.number == notices.c.solution_number)
    .outerjoin(graph_readings, graph_readings.c.solution_number == notices.c.solution_number)
)


def find(conn: Connection, ids: Iterable[int]) -> dict[int, AnyNotice]:
    """Notices by id."""
    return {row.id: from_row(row) for row in conn.execute(_all.where(notices.c.id.in_(list(ids))))}


def page(conn: Connection, wanted: NoticeFilter, *, after_id: int, limit: int) -> list[tuple[int, AnyNotice]]:
    """The next notices that fit, each with its id, in the order in which they were told."""
    query = _filtered(_all, wanted).where(notices.c.id > after_id).order_by(notices.c.id).limit(limit)
    return [(row.id, from_row(row)) for row in conn.execute(query)]


def page_back(
    conn: Connection, wanted: NoticeFilter, *, before_id: int | None, limit: int
) -> list[tuple[int, AnyNotice]]:
    """The newest notices that fit, or those before `before_id`, each with its id, newest first."""
    query = _filtered(_all, wanted).order_by(notices.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(notices.c.id < before_id)
    return [(row.id, from_row(row)) for row in conn.execute(query)]


def overdue(conn: Connection, *, before: int, limit: int) -> list[tuple[int, Solution]]:
    """Solutions with their numbers that have waited since before `before` (Unix seconds), untold; the oldest first."""
    told = aliased_notices.c
    told_already = exists(
        select(literal_column("1")).where(
            told.kind == literal_column("'solution.overdue'"),
            told.solution_number == solutions.c.number,
            told.since == solutions.c.since,
        )
    )
    query = (
        select(solutions)
        .where(WAITS, solutions.c.since < before, ~told_already)
        .order_by(solutions.c.since, solutions.c.number)
        .limit(limit)
    )
    return [(row.number, solution_from_row(row)) for row in conn.execute(query)]


def lanes(conn: Connection, ids: Iterable[int]) -> dict[int, int]:
    """In which lane a notice is delivered: one after the other are those of one solution."""
    query = select(notices.c.id, func.coalesce(notices.c.solution_number, 0)).where(notices.c.id.in_(list(ids)))
    return {row[0]: row[1] for row in conn.execute(query)}


def count(conn: Connection, wanted: NoticeFilter) -> int:
    """How many fit."""
    query = select(func.count()).select_from(notices)
    query = query.outerjoin(solution_numbers, solution_numbers.c.number == notices.c.solution_number)
    counted: int = conn.execute(_filtered(query, wanted)).scalar_one()
    return counted


def newest_id(conn: Connection) -> int:
    """The id of the notice that was told last; 0 where there is none."""
    newest: int = conn.execute(select(func.coalesce(func.max(notices.c.id), 0))).scalar_one()
    return newest


def _filtered(query: Select[Any], wanted: NoticeFilter) -> Select[Any]:
    if wanted.app is not None:
        query = query.where(solution_numbers.c.app == wanted.app)
    if wanted.solution_id is not None:
        query = query.where(notices.c.solution_number.in_(numbers.having(wanted.solution_id, wanted.app)))
    if wanted.kinds is not None:
        query = query.where(notices.c.kind.in_([kind for kind in ALL_KINDS if _is_one_of(kind, wanted.kinds)]))
    if wanted.since is not None:
        query = query.where(notices.c.noticed_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(notices.c.noticed_at < wanted.until)
    return query


ALL_KINDS: Final = (*NoticeKind, *HealthKind)


def _is_one_of(kind: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(kind, pattern) for pattern in patterns)


def from_row(row: Row[Any]) -> AnyNotice:
    """One row as the value it was."""
    return _health(row) if row.solution_number is None else _of_solution(row)


def _health(row: Row[Any]) -> HealthNotice:
    rest: dict[str, str] = json.loads(row.rest)
    kind = HealthKind(row.kind)
    return HealthNotice(kind, rest["subject"], rest["summary"], rest["remedy"], row.since, row.noticed_at)


def _of_solution(row: Row[Any]) -> Notice:
    heard = {name: getattr(row, f"heard_{name}") for name in observations.c.keys()}  # noqa: SIM118 - no dict
    before = _states(row.before)
    rest: dict[str, Any] = json.loads(row.rest) if row.rest else {}
    return Notice(
        kind=NoticeKind(row.kind),
        app=row.app or "",
        solution_id=row.solution_id or "",
        before=Standing(before, row.before_since) if before else None,
        after=Standing(_states(row.after), row.since, tuple(Flag(flag) for flag in rest.get("anomalies", ()))),
        corrected=rest.get("corrected", False),
        observation=None if heard["id"] is None else observation_log.from_columns(heard),
        noticed_at=row.noticed_at,
        detail=rest.get("detail", ""),
        name=row.solution_name or "",
    )


@cache
def _words(could_be: tuple[State, ...]) -> str:
    return " ".join([say(state) for state in could_be])


@cache
def _states(words: str) -> tuple[State, ...]:
    return tuple([STATE_OF_WORD.get(word, UNKNOWN) for word in words.split()])
