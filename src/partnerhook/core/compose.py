"""The sender's side: a webhook's body and headers, as Meta makes them.

The body is compact JSON with PHP's escapes, keys in the order of the reference's example:

    {"entry":[{"changes":[{"field":"partner_solutions","value":{"event":"SOLUTION_CREATED", ...}}],
     "id":"506914307656634","time":1739321024}],"object":"whatsapp_business_account"}

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/partner_solutions
(read 2026-06-17); the legacy header and the user agent are not documented, but seen in the wild.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from partnerhook.core.names import PARTNER_SOLUTIONS, WHATSAPP_OBJECT
from partnerhook.core.signature import sign

USER_AGENT: Final = "facebookexternalua"

PHP_DIFFERS: Final = re.compile(r"\\u007f|\\.|/")
"""Where PHP's JSON is not Python's; other escapes match too, so that none is seen in the middle of another."""


class Update(NamedTuple):
    """One change of one solution, in Meta's words."""

    event: str
    solution_id: str
    solution_status: str


class Entry(NamedTuple):
    """What one entry of a POST tells: several changes may share a portfolio and a second."""

    portfolio_id: str
    time: int | None
    """Unix seconds; None leaves it out, as the App Dashboard's Test button does."""
    updates: Sequence[Update]


def compose(portfolio_id: str, time: int | None, updates: Sequence[Update]) -> bytes:
    """The body of a POST with one entry."""
    return compose_entries([Entry(portfolio_id, time, updates)])


def compose_entries(entries: Iterable[Entry]) -> bytes:
    """The body of a POST with any number of entries: a batch."""
    return php_json({"entry": [_entry(entry) for entry in entries], "object": WHATSAPP_OBJECT})


def _entry(entry: Entry) -> dict[str, Any]:
    changes = [{"field": PARTNER_SOLUTIONS, "value": update._asdict()} for update in entry.updates]
    told: dict[str, Any] = {"changes": changes, "id": entry.portfolio_id}
    return told if entry.time is None else told | {"time": entry.time}


def php_json(document: Any) -> bytes:
    r"""JSON as PHP's json_encode writes it: compact, ASCII only, `/` as `\/`, others as `\u` and small hexadecimal."""
    return PHP_DIFFERS.sub(_as_php, json.dumps(document, separators=(",", ":"))).encode("ascii")


def _as_php(found: re.Match[str]) -> str:
    return {"/": "\\/", "\\u007f": "\x7f"}.get(found[0], found[0])


def headers(body: bytes, app_secret: str) -> dict[str, str]:
    """The headers of a POST, its signatures among them. Content-Length is the HTTP client's."""
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-Hub-Signature": "sha1=" + hmac.digest(app_secret.encode(), body, "sha1").hex(),
        "X-Hub-Signature-256": sign(body, app_secret),
    }
