"""Dates of HTTP headers, such as `Date: Wed, 17 Jun 2026 09:00:00 GMT`."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime


def http_date(text: str) -> float | None:
    """Unix seconds; None where it is no date. One that names no zone is in GMT, as all of them are."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
