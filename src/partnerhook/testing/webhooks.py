"""Requests as Meta sends them: a body and headers, for any test client."""

from __future__ import annotations

from typing import Final, NamedTuple

from partnerhook.core.compose import Update, compose, headers
from partnerhook.core.triggers import TRIGGER_OF_NAME, find_trigger

EXAMPLE_PORTFOLIO_ID: Final = "506914307656634"
EXAMPLE_SOLUTION_ID: Final = "774485461512159"
EXAMPLE_TIME: Final = 1_739_321_024
"""All three as in the webhook reference's example."""


class SignedWebhook(NamedTuple):
    """A POST: hand both to your test client, as in `client.post("/webhook", content=it.body, headers=it.headers)`."""

    body: bytes
    headers: dict[str, str]
    """Among them X-Hub-Signature-256, over exactly these bytes."""


def signed_webhook(
    trigger: str = "request-sent",
    *,
    app_secret: str,
    solution_id: str = EXAMPLE_SOLUTION_ID,
    portfolio_id: str = EXAMPLE_PORTFOLIO_ID,
    time: int | None = EXAMPLE_TIME,
) -> SignedWebhook:
    """One of the six triggers of the webhook reference, or a status word such as ACTIVE, signed with `app_secret`.

    `trigger`: draft-saved, request-sent, accepted, rejected, deactivation-requested or deactivated; a word that is
    none of them is sent as the status, for receivers must survive those too. `time`: Unix seconds; None leaves it out.
    """
    found = find_trigger(trigger)
    if found is None and not trigger.isupper():
        raise ValueError(f"There is no trigger {trigger!r}. There are: {', '.join(TRIGGER_OF_NAME)}")
    update = found.update(solution_id) if found else Update("SOLUTION_UPDATED", solution_id, trigger)
    body = compose(portfolio_id, time, [update])
    return SignedWebhook(body, headers(body, app_secret))
