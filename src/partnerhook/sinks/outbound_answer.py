"""What an HTTP answer means for a delivery."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from partnerhook.core.delivery import Answer, Reply

SECONDS: Final = re.compile(r"[0-9]{1,9}")
REDIRECTED: Final = "it redirects, and redirects are not followed"


class HttpAnswer(NamedTuple):
    """What came back."""

    status: int
    text: str = ""
    """The beginning of the body, printable."""
    retry_after_s: float | None = None


def answer_of(answer: HttpAnswer) -> Answer:
    """2xx is taken, 410 wants no more, all else failed; 429 and 503 may ask for patience (RFC 6585, RFC 9110)."""
    status = answer.status
    if 200 <= status < 300:
        return Answer(Reply.TAKEN, status, answer.text)
    if status == 410:
        return Answer(Reply.GONE, status, answer.text)
    text = REDIRECTED if 300 <= status < 400 else answer.text
    return Answer(Reply.FAILED, status, text, answer.retry_after_s if status in {429, 503} else None)


def retry_after_s(value: str, now: float) -> float | None:
    """How long a Retry-After header asks us to wait; None where it says nothing that can be understood.

    `now`: Unix seconds. A date that has passed is no wait. Source: RFC 9110, 10.2.3.
    """
    text = value.strip()
    if SECONDS.fullmatch(text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        # Without a zone it is in UTC, as every HTTP date is, and not in the zone of this machine.
        at = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, at - now)
