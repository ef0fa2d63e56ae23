"""The public URL as Meta sees it: TLS, the handshake, a signed test event, and that a forged one is refused.

The test event is what the dashboard's Test button sends: portfolio 0, so that no solution is made of it.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import time
from collections.abc import Iterator
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Engine

from partnerhook.core.compose import Update, compose
from partnerhook.core.errors import PartnerhookError, StoreUnavailable
from partnerhook.core.names import DASHBOARD_TEST_ID
from partnerhook.core.receipts import Fate
from partnerhook.services.doctor.findings import Finding, doubtful, right, unknown, wrong
from partnerhook.services.patience import transact
from partnerhook.services.trigger import Sender
from partnerhook.store import receipts

CONNECTS_WITHIN_S: Final = 10.0
EXPIRES_SOON_DAYS: Final = 14
DAY_S: Final = 86_400
ROUND_TRIP: Final = "test event"

RECEIPTS_MAX: Final = 1_000
"""How many others may come at the same time."""

SAMPLE_SOLUTION_ID: Final = "123456123"


def look(url: str, *, app: str, app_secret: str, verify_token: str, engine: Engine) -> Iterator[Finding]:
    """What there is to say of it."""
    tls = list(_tls(url, app))
    yield from tls
    try:
        with Sender(url) as sender:
            yield _handshake(sender, verify_token, app)
            yield _forged(sender, app)
            yield _round_trip(sender, app_secret, app, engine)
    except StoreUnavailable as problem:
        yield unknown(ROUND_TRIP, str(problem).rstrip("."), "see what is said of the database", app=app)
    except PartnerhookError as problem:
        yield wrong("callback", str(problem).rstrip("."), "let your proxy lead this URL to `listen`", app=app)


def _tls(url: str, app: str) -> Iterator[Finding]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    if parts.scheme != "https":
        yield doubtful("TLS", f"{url} is plain HTTP", "Meta calls https only: put a TLS proxy in front", app=app)
        return
    try:
        context = ssl.create_default_context()
        with (
            socket.create_connection((host, port), CONNECTS_WITHIN_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as encrypted,
        ):
            certificate = encrypted.getpeercert() or {}
    except ssl.SSLCertVerificationError as problem:
        remedy = "use a certificate of a public authority, for this name, and send its whole chain"
        yield wrong("TLS", f"the certificate is not believed: {problem.verify_message}", remedy, app=app)
        return
    except OSError as problem:
        yield wrong(
            "TLS", f"no connection to {host}:{port}: {problem.strerror or problem}", "see DNS and proxy", app=app
        )
        return
    days = (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) / DAY_S
    said = f"chain and name are right; the certificate ends in {days:.0f} days"
    if days < EXPIRES_SOON_DAYS:
        yield doubtful("TLS", said, "renew it: Meta refuses an expired one, and webhooks are lost after days", app=app)
    else:
        yield right("TLS", said, app=app)


def _handshake(sender: Sender, verify_token: str, app: str) -> Finding:
    challenge = str(secrets.randbelow(10**10))
    answer = sender.verify(challenge, verify_token)
    if answer.status == 200 and answer.text == challenge:
        return right("callback", f"{sender.url} answers the handshake", app=app)
    said = f"{sender.url} answers the handshake with {answer.status} {answer.text[:80]!r}"
    return wrong(
        "callback", said, "see that this URL leads to this receiver, and the verify token is the same", app=app
    )


def _forged(sender: Sender, app: str) -> Finding:
    answer = sender.post(_sample(), secrets.token_hex(16))
    if answer.status == 401:
        return right("callback", "a forged webhook is refused", app=app)
    return wrong(
        "callback", f"a forged webhook is answered {answer.status}, not 401", "something else answers this URL", app=app
    )


def _round_trip(sender: Sender, app_secret: str, app: str, engine: Engine) -> Finding:
    before = _newest_id(engine)
    answer = sender.post(_sample(), app_secret)
    if answer.status != 200:
        remedy = "see the receiver's log: it says why a signature is refused"
        return wrong(ROUND_TRIP, f"it is answered {answer.status} {answer.text[:80]}", remedy, app=app)
    page = partial(receipts.page, wanted=receipts.ReceiptFilter(app=app), after_id=before, limit=RECEIPTS_MAX)
    stored = transact(engine, page, writes=False)
    if not any(outcome.fate is Fate.TEST for listed in stored for outcome in listed.receipt.outcomes):
        said = "it is answered 200, but is not in the configured database"
        return wrong(ROUND_TRIP, said, "another receiver answers this URL, or it stores elsewhere", app=app)
    return right(ROUND_TRIP, f"it is stored, and was answered after {answer.milliseconds:.0f} ms", app=app)


def _newest_id(engine: Engine) -> int:
    newest = transact(engine, receipts.newest, writes=False)
    return newest[0] if newest else 0


def _sample() -> bytes:
    return compose(DASHBOARD_TEST_ID, None, [Update("SOLUTION_CREATED", SAMPLE_SOLUTION_ID, "INITIATED")])
