"""What the operator reads when signatures do not match: the cause, at most once per second, and no secret."""

from __future__ import annotations

import json
import time

import pytest

from partnerhook.core.signature import sign
from running import SECRET, Serve, Server, post_bytes, wait_until, webhook

PRIVATE = "a-message-that-is-nobodys-business"
BODY = json.dumps({"object": "whatsapp_business_account", "text": PRIVATE, "url": "https://example.com/é"}).encode()


def signed_as(body: bytes, header: str) -> bytes:
    """A POST of `body` with a signature header of one's choice."""
    return post_bytes(body, secret=None, headers=[header])


COMPACT = json.dumps(json.loads(BODY), separators=(",", ":")).replace("/", "\\/").encode()
FAILURES = {
    "header_missing": (post_bytes(BODY, secret=None), 401),
    "header_malformed": (signed_as(BODY, "X-Hub-Signature-256: sha256=nonsense"), 401),
    "previous_secret": (post_bytes(BODY, secret="the-old-secret"), 200),
    "other_app": (post_bytes(BODY, secret="secret-of-crm"), 401),
    "body_rewritten": (signed_as(BODY, f"X-Hub-Signature-256: {sign(COMPACT, SECRET)}"), 401),
    "no_match": (post_bytes(BODY, secret="nobody's secret"), 401),
}


@pytest.fixture
def doubted(serve: Serve) -> Server:
    """A server with two secrets and a second app."""
    return serve(
        APP_SECRET="",
        APP_SECRETS=f"{SECRET},the-old-secret",
        APPS__CRM__APP_SECRET="secret-of-crm",
        APPS__CRM__VERIFY_TOKEN="token-of-crm",
    )


@pytest.mark.parametrize("cause", FAILURES)
def test_cause_is_told(doubted: Server, cause: str) -> None:
    """Each cause has its word in the log, with advice, and with neither secret, signature nor body."""
    request, status = FAILURES[cause]

    with doubted.connect() as client:
        assert client.send(request).answer().status == status

    (line,) = wait_until(lambda: doubted.log_lines(cause=cause), cause)
    assert line["app"] == "default"
    assert len(line["event"]) > 20
    told = doubted.log_text()
    for private in (SECRET, "the-old-secret", "secret-of-crm", PRIVATE, sign(BODY, SECRET)[7:], "nonsense"):
        assert private not in told


def test_flood(doubted: Server) -> None:
    """Under a flood there is at most one line per second and cause, and it counts those it left out."""
    kinds = ("header_missing", "header_malformed", "no_match")
    started = time.monotonic()
    sent = 0

    with doubted.connect() as client:
        while time.monotonic() - started < 2.2:
            for kind in kinds:
                assert client.send(FAILURES[kind][0]).answer().status == 401
            sent += 1

    for kind in kinds:
        lines = doubted.log_lines(cause=kind)
        assert 2 <= len(lines) <= 3
        left_out = sum(line.get("and_more_like_it", 0) for line in lines)
        assert sent - sent // 2 - 5 <= left_out + len(lines) <= sent


def test_flood_over_the_handshake(server: Server) -> None:
    """Wrong verify tokens are told once per second too, without the token that was tried."""
    for _ in range(50):
        assert server.get("/webhook?hub.mode=subscribe&hub.verify_token=tried-this&hub.challenge=1").status == 403

    assert 1 <= len(server.log_lines(cause="handshake_refused")) <= 3
    assert "tried-this" not in server.log_text()


def test_nothing_is_said_of_what_is_well(server: Server) -> None:
    """A webhook that is taken costs no line."""
    wait_until(lambda: server.log_lines(logger="partnerhook.console"), "the start has said what it has to say")
    before = len(server.log_lines())

    for _ in range(20):
        server.post(webhook())

    assert len(server.log_lines()) == before


def test_poisoned_body_is_not_in_the_log(server: Server) -> None:
    """What goes to quarantine is kept in the database alone."""
    server.post(PRIVATE.encode())

    assert PRIVATE not in server.log_text()
