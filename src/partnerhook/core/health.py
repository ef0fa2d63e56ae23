"""Notices about ourselves: what keeps webhooks from coming in, or notices from going out."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, TypedDict

MICROSECONDS = 1_000_000
TYPE_PREFIX = "partnerhook."


class HealthKind(StrEnum):
    """What is wrong. `partnerhook.` and this is the CloudEvents type."""

    SUBSCRIPTION = "health.subscription"
    """The app's subscription is gone, leads elsewhere, or has lost its field."""
    TOKEN = "health.token"  # noqa: S105 - a word for what is wrong, not a token
    """The access token is not valid, nears its end, or may not do what is needed."""
    SILENCE = "health.silence"
    """Nothing was received for days."""
    QUARANTINE = "health.quarantine"
    """Something came in that could not be understood."""
    BACKLOG = "health.backlog"
    """What waits for a forward target nears its bound."""
    DESTINATION = "health.destination"
    """A destination or forward target is paused: it wants no more, or failed for too long."""


class HealthNotice(NamedTuple):
    """One alarm. `since` and `noticed_at`: Unix microseconds of our clock."""

    kind: HealthKind
    subject: str
    """The app or the target that it is about."""
    summary: str
    remedy: str
    since: int
    """When it began."""
    noticed_at: int

    @property
    def app(self) -> str:
        """The app that it is about; empty where it is about a target."""
        return "" if self.kind in {HealthKind.BACKLOG, HealthKind.DESTINATION} else self.subject

    @property
    def solution_id(self) -> str:
        """It is about none."""
        return ""

    @property
    def name(self) -> str:
        """It has none."""
        return ""

    @property
    def type(self) -> str:
        """The CloudEvents type."""
        return TYPE_PREFIX + self.kind

    @property
    def id(self) -> str:
        """The same for the same alarm on the same day, whoever tells it."""
        parts = (self.kind, self.subject, self.since, self.noticed_at // (86_400 * MICROSECONDS))
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]


class HealthData(TypedDict):
    """The `data` of a notice about ourselves."""

    check: str
    subject: str
    summary: str
    remedy: str
    since: str


class HealthDocument(TypedDict):
    """A CloudEvents 1.0 document in structured mode."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: HealthData


def health_document(notice: HealthNotice) -> HealthDocument:
    """The CloudEvents document of an alarm."""
    return {
        "specversion": "1.0",
        "id": notice.id,
        "source": "/partnerhook",
        "type": notice.type,
        "subject": notice.subject,
        "time": _instant(notice.noticed_at),
        "datacontenttype": "application/json",
        "data": {
            "check": notice.kind.removeprefix("health."),
            "subject": notice.subject,
            "summary": notice.summary,
            "remedy": notice.remedy,
            "since": _instant(notice.since),
        },
    }


def _instant(microseconds: int) -> str:
    whole, rest = divmod(microseconds, MICROSECONDS)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"
