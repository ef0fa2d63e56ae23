"""What Meta says of us: its clock against ours, the app's subscription, the token."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2

from partnerhook.core.names import ACCOUNT_UPDATE, PARTNER_SOLUTIONS, WHATSAPP_OBJECT
from partnerhook.graph import Graph, GraphError, Subscription, TokenFacts
from partnerhook.services.doctor.findings import Finding, doubtful, right, unknown, wrong

NEEDED: Final = "whatsapp_business_management"
ANSWERS_WITHIN_S: Final = 10.0
SKEW_S_MAX: Final = 5
EXPIRES_SOON_DAYS: Final = 14
DAY_S: Final = 86_400


async def look(graph: Graph, *, app: str, app_id: str, token: str, callback_url: str) -> AsyncIterator[Finding]:
    """What there is to say, each question by itself: one that cannot be answered spoils no other."""
    try:
        for finding in _subscription(await graph.subscriptions(app_id), callback_url, app):
            yield finding
    except GraphError as problem:
        yield unknown("subscription", str(problem).rstrip("."), "look in App Dashboard > Webhooks", app=app)
    try:
        for finding in _token(await graph.debug_token(token, app_id=app_id), app_id, app):
            yield finding
    except GraphError as problem:
        yield unknown("token", str(problem).rstrip("."), "look in the Access Token Debugger", app=app)
    yield unknown(
        "published",
        "whether the app is published cannot be read",
        "look in App Dashboard: an unpublished app gets the dashboard's tests and nothing else",
        app=app,
    )


async def clock(graph_url: str) -> Finding:
    """Our clock against Meta's: any answer has a `Date`, and no token is needed."""
    about = "clock"
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=ANSWERS_WITHIN_S) as client:
            asked_at = time.time()
            answer = await client.get(f"{graph_url}/me")
            told = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (httpx2.HTTPError, KeyError, ValueError):
        return unknown(about, f"{graph_url} does not answer", "see that this machine may reach it")
    ahead = asked_at - told
    said = f"ours and Meta's differ by {abs(ahead):.0f} s"
    if abs(ahead) > SKEW_S_MAX:
        return doubtful(about, said, "let NTP set it: webhooks without a time are ordered by ours")
    return right(about, said)


def _subscription(found: tuple[Subscription, ...], callback_url: str, app: str) -> Iterator[Finding]:
    ours = next((one for one in found if one.object == WHATSAPP_OBJECT), None)
    remedy = "run `partnerhook subscribe`"
    if ours is None:
        yield wrong("subscription", f"the app is not subscribed to {WHATSAPP_OBJECT}", remedy, app=app)
        return
    if callback_url and ours.callback_url != callback_url:
        yield wrong("subscription", f"it leads to {ours.callback_url}, not to {callback_url}", remedy, app=app)
    elif not ours.active:
        yield wrong("subscription", "it is not active", remedy, app=app)
    else:
        yield right("subscription", f"it leads to {ours.callback_url}", app=app)
    missing = {PARTNER_SOLUTIONS, ACCOUNT_UPDATE} - {field.name for field in ours.fields}
    if PARTNER_SOLUTIONS in missing:
        yield wrong("subscription", f"it has no field {PARTNER_SOLUTIONS}", remedy, app=app)
    elif missing:
        yield doubtful("subscription", f"it has no field {ACCOUNT_UPDATE}: customers are not heard of", remedy, app=app)
    else:
        yield right("subscription", f"it has {PARTNER_SOLUTIONS} and {ACCOUNT_UPDATE}", app=app)


def _token(facts: TokenFacts, app_id: str, app: str) -> Iterator[Finding]:
    if not facts.is_valid:
        yield wrong("token", f"it is not valid: {facts.problem}".rstrip(": "), "make a new system user token", app=app)
        return
    if facts.app_id and facts.app_id != app_id:
        yield wrong("token", f"it is of app {facts.app_id}, not of {app_id}", "make one for this app", app=app)
    if NEEDED not in facts.scopes:
        yield wrong("token", f"it has no permission {NEEDED}", "make one with this permission", app=app)
    if facts.expires_at is None:
        yield right("token", "it is valid and does not expire", app=app)
        return
    until = datetime.fromtimestamp(facts.expires_at, UTC).date().isoformat()
    if facts.expires_at - time.time() < EXPIRES_SOON_DAYS * DAY_S:
        yield doubtful("token", f"it expires on {until}", "make one that does not expire, of a system user", app=app)
    else:
        yield right("token", f"it is valid until {until}", app=app)
