"""A notice as others get it: a CloudEvents 1.0 document.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md and its JSON format (read 2026-06).
The shapes are TypedDicts: docs/schemas/ is generated from them, and mypy holds the code to them.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, NotRequired, TypedDict

from partnerhook.core.health import TYPE_PREFIX, HealthDocument, HealthNotice, health_document
from partnerhook.core.names import Flag, State
from partnerhook.core.notices import NoticeKind
from partnerhook.core.observations import Observation, Source
from partnerhook.core.timeline import clock, say

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Standing(NamedTuple):
    """Where a solution stands, or stood."""

    could_be: tuple[State, ...]
    since: int | None
    anomalies: tuple[Flag, ...] = ()


class Notice(NamedTuple):
    """One thing that was told of a solution. `noticed_at`: Unix microseconds of our clock."""

    kind: NoticeKind
    app: str
    solution_id: str
    before: Standing | None
    after: Standing
    corrected: bool
    observation: Observation | None
    noticed_at: int
    detail: str
    name: str = ""
    """Of the solution, where the Graph API told it."""

    @property
    def subject(self) -> str:
        """What it is about."""
        return self.solution_id

    @property
    def type(self) -> str:
        """The CloudEvents type."""
        return TYPE_PREFIX + self.kind

    @property
    def id(self) -> str:
        """The same for the same step, whoever tells it and however often."""
        behind = self.observation.key if self.observation else ""
        said = "" if self.before is None else _words(self.before)
        # How long something was overdue when it was seen depends on who looked.
        detail = "" if self.kind is NoticeKind.OVERDUE else self.detail
        parts = (self.kind, self.app, self.solution_id, said, _words(self.after), behind, self.after.since, detail)
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]


class SolutionData(TypedDict):
    """A solution at one moment."""

    status: str
    pending: str
    usable: bool
    could_be: list[str]
    since: str | None
    anomalies: list[str]


class ObservationData(TypedDict):
    """What was said, by whom."""

    key: str
    source: str
    event: str
    reported_status: str
    portfolio_id: str
    time: str | None
    received_at: str
    receipt_id: str | None
    flags: list[str]


class NameData(TypedDict):
    """Both names of a renamed solution."""

    before: str
    after: str


class NoticeData(TypedDict):
    """The `data` of a notice about a solution."""

    app: str
    solution_id: str
    name: str
    before: SolutionData | None
    after: SolutionData
    recovered: bool
    corrected: bool
    observation: ObservationData | None
    next_step: str
    new_anomalies: NotRequired[list[str]]
    renamed: NotRequired[NameData]
    overdue_s: NotRequired[int]


class NoticeDocument(TypedDict):
    """A CloudEvents 1.0 document in structured mode."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: NoticeData


NEXT_STEP: Final = {
    NoticeKind.DRAFTED: "The owner finishes the draft and sends it in the App Dashboard.",
    NoticeKind.REQUESTED: "The invited partner accepts or rejects it: `partnerhook solutions accept` or `reject`.",
    NoticeKind.ACTIVATED: "Customers can be onboarded through it: put its id into Embedded Signup.",
    NoticeKind.REJECTED: "It has ended. Ask the partner why, and propose a new one if both want it.",
    NoticeKind.DEACTIVATION_REQUESTED: (
        "It still works. The other partner answers: `partnerhook solutions accept-deactivation` or"
        " `reject-deactivation`."
    ),
    NoticeKind.DEACTIVATION_DECLINED: "It goes on as before; nothing has to be done.",
    NoticeKind.DEACTIVATED: "It has ended: take its id out of Embedded Signup, and look after the customers it had.",
    NoticeKind.RENAMED: "Nothing has to be done; tell those who know it by its old name.",
    NoticeKind.ANOMALY: "Find out why: `partnerhook solutions explain`; `partnerhook reconcile` asks the Graph API.",
    NoticeKind.OVERDUE: "Remind whoever has to answer; `partnerhook reconcile` tells whether it has happened.",
}


AnyNotice = Notice | HealthNotice


def document(notice: AnyNotice) -> NoticeDocument | HealthDocument:
    """The CloudEvents document of a notice."""
    return health_document(notice) if isinstance(notice, HealthNotice) else solution_document(notice)


def solution_document(notice: Notice) -> NoticeDocument:
    """The CloudEvents document of a notice about a solution."""
    at = notice.after.since
    return {
        "specversion": "1.0",
        "id": notice.id,
        "source": f"/partnerhook/{notice.app}",
        "type": notice.type,
        "subject": notice.solution_id,
        "time": _instant(notice.noticed_at) if at is None or notice.kind is NoticeKind.OVERDUE else clock(at),
        "datacontenttype": "application/json",
        "data": _data(notice),
    }


def test_document(message_id: str, at: int) -> dict[str, Any]:
    """What `destinations test` sends. `at`: Unix microseconds."""
    return {
        "specversion": "1.0",
        "id": message_id,
        "source": "/partnerhook",
        "type": "partnerhook.test",
        "subject": "test",
        "time": _instant(at),
        "datacontenttype": "application/json",
        "data": {"summary": "A test from `partnerhook destinations test`.", "next_step": "Nothing has to be done."},
    }


def _data(notice: Notice) -> NoticeData:
    one = notice.observation
    data: NoticeData = {
        "app": notice.app,
        "solution_id": notice.solution_id,
        "name": notice.name,
        "before": None if notice.before is None else _solution(notice.before),
        "after": _solution(notice.after),
        "recovered": one is not None and one.source is Source.GRAPH,
        "corrected": notice.corrected,
        "observation": None if one is None else _observation(one),
        "next_step": NEXT_STEP[notice.kind],
    }
    match notice.kind:
        case NoticeKind.ANOMALY:
            data["new_anomalies"] = notice.detail.split()
        case NoticeKind.RENAMED:
            before, after, *_ = notice.detail.split("\n")
            data["renamed"] = {"before": before, "after": after}
        case NoticeKind.OVERDUE:
            data["overdue_s"] = int(notice.detail)
    return data


def _solution(one: Standing) -> SolutionData:
    state = one.could_be[-1]
    return {
        "status": state.status.value,
        "pending": state.pending.value,
        "usable": all(each.usable for each in one.could_be),
        "could_be": [say(each) for each in one.could_be],
        "since": None if one.since is None else clock(one.since),
        "anomalies": [flag.value for flag in one.anomalies],
    }


def _observation(one: Observation) -> ObservationData:
    return {
        "key": one.key,
        "source": one.source.value,
        "event": one.event,
        "reported_status": one.reported_status,
        "portfolio_id": one.portfolio_id,
        "time": None if one.time is None else clock(one.time),
        "received_at": _instant(one.received_at),
        "receipt_id": None if one.receipt_id is None else str(one.receipt_id),
        "flags": [flag.value for flag in one.flags],
    }


def _instant(microseconds: int) -> str:
    return (EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _words(one: Standing) -> str:
    return " ".join(say(state) for state in one.could_be)
