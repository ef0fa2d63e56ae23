"""What a look found."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """How a thing is."""

    RIGHT = "right"
    DOUBTFUL = "doubtful"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It cannot be read from here; `remedy` says where to look."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    about: str
    """database, clock, callback, subscription, token, ..."""
    verdict: Verdict
    said: str
    """What was found, in one sentence."""
    remedy: str = ""
    """What to do; empty where nothing is to be done."""
    app: str = ""
    """The configured app that it is about; empty: all of them."""


def right(about: str, said: str, *, app: str = "") -> Finding:
    """All is well."""
    return Finding(about, Verdict.RIGHT, said, app=app)


def doubtful(about: str, said: str, remedy: str, *, app: str = "") -> Finding:
    """It works, and may not be meant so."""
    return Finding(about, Verdict.DOUBTFUL, said, remedy, app)


def wrong(about: str, said: str, remedy: str, *, app: str = "") -> Finding:
    """Webhooks will not arrive, or not be believed, or be lost."""
    return Finding(about, Verdict.WRONG, said, remedy, app)


def unknown(about: str, said: str, remedy: str, *, app: str = "") -> Finding:
    """It cannot be read from here."""
    return Finding(about, Verdict.UNKNOWN, said, remedy, app)
