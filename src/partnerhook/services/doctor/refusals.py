"""What the running receiver has refused since it started, from its own metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from partnerhook.services.doctor.findings import Finding, doubtful, right, unknown

ANSWERS_WITHIN_S: Final = 5.0
ABOUT: Final = "refusals"
COUNTED: Final = "partnerhook_requests_refused_total"
UNUSUAL: Final = {
    "signature_wrong": "see the receiver's log, which says why; a run of `doctor` forges one for each app",
    "unavailable": "see the database: these were answered 503, and Meta sends them again",
    "too_long": "raise body_bytes_max, or see who sends such bodies",
    "connections": "raise connections_max, or see who keeps connections open",
}
"""What is more than the noise of the internet, and what to do."""


def look(metrics_url: str) -> Iterator[Finding]:
    """What there is to say of it."""
    try:
        answer = httpx2.get(metrics_url, timeout=ANSWERS_WITHIN_S, trust_env=False)
        answer.raise_for_status()
        families = list(text_string_to_metric_families(answer.text))
    except (httpx2.HTTPError, ValueError):
        yield unknown(ABOUT, f"nothing answers at {metrics_url}", "start `partnerhook serve`, and run this again")
        return
    counts = {
        sample.labels.get("reason", ""): sample.value
        for family in families
        for sample in family.samples
        if sample.name == COUNTED
    }
    unusual = {reason: count for reason, count in counts.items() if count and reason in UNUSUAL}
    if not unusual:
        yield right(ABOUT, "the receiver runs, and has refused nothing unusual since it started")
    for reason, count in unusual.items():
        yield doubtful(ABOUT, f"{count:.0f} requests were refused as {reason} since it started", UNUSUAL[reason])
