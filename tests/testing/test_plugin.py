"""The pytest plugin, as other people's tests use it: against a receiver that is not ours."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from partnerhook.core.errors import PartnerhookError
from partnerhook.testing import MetaInABox, SignedWebhook

TOKEN = "token-of-a-foreign-receiver"


class ForeignReceiver(ThreadingHTTPServer):
    """Somebody's webhook endpoint, on the standard library's web server."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = 200
        self.heard: list[tuple[bytes, str]] = []

    @property
    def url(self) -> str:
        """Of its callback."""
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    server: ForeignReceiver

    def do_GET(self):
        asked = parse_qs(urlsplit(self.path).query)
        right = asked["hub.verify_token"] == [TOKEN]
        self.send_response(200 if right else 403)
        self.end_headers()
        self.wfile.write(asked["hub.challenge"][0].encode() if right else b"no")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((body, self.headers["X-Hub-Signature-256"]))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_: object):
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[ForeignReceiver]:
    """Listens until the test ends."""
    with ForeignReceiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_foreign_receiver_hears_of_a_solution(meta_in_a_box: MetaInABox, receiver: ForeignReceiver):
    """The handshake, then each change once, signed with the secret of the app that hears it."""
    meta_in_a_box.subscribe("partner", receiver.url, verify_token=TOKEN)
    solution_id = meta_in_a_box.create("Ours")
    meta_in_a_box.act(solution_id, "accept")

    deliveries = meta_in_a_box.deliver()

    assert [one.status for one in deliveries] == [200, 200]
    secret = meta_in_a_box.partner.app_secret.encode()
    for body, signature in receiver.heard:
        assert signature == "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        assert solution_id.encode() in body
    assert meta_in_a_box.state(solution_id) == ("ACTIVE", "NONE")


def test_retries_take_no_real_time(meta_in_a_box: MetaInABox, receiver: ForeignReceiver):
    """A week of them, each with the same bytes, until Meta gives up: in seconds."""
    meta_in_a_box.subscribe("owner", receiver.url, verify_token=TOKEN)
    receiver.answer = 500
    meta_in_a_box.create()
    begun = time.monotonic()

    deliveries = meta_in_a_box.deliver()

    assert len(deliveries) > 20
    assert len({body for body, _ in receiver.heard}) == 1
    assert time.monotonic() - begun < 60


def test_a_secret_that_the_receiver_knows_already(meta_in_a_box: MetaInABox, receiver: ForeignReceiver):
    """Instead of the emulated app's own."""
    meta_in_a_box.use_secret("owner", "theirs")
    meta_in_a_box.subscribe("owner", receiver.url, verify_token=TOKEN)
    meta_in_a_box.press_test("owner")

    meta_in_a_box.deliver()

    ((body, signature),) = receiver.heard
    assert signature == "sha256=" + hmac.new(b"theirs", body, hashlib.sha256).hexdigest()


def test_a_refused_handshake_is_an_assertion_with_metas_words(meta_in_a_box: MetaInABox, receiver: ForeignReceiver):
    """So that the test which subscribes fails where it went wrong."""
    with pytest.raises(AssertionError, match=r"\(#2200\).*HTTP Status Code = 403"):
        meta_in_a_box.subscribe("owner", receiver.url, verify_token="another")


def test_what_is_not_allowed_is_refused(meta_in_a_box: MetaInABox):
    """By name, with the state that the solution is in."""
    solution_id = meta_in_a_box.create()

    with pytest.raises(PartnerhookError, match="Cannot accept: that is the other party's to do"):
        meta_in_a_box.act(solution_id, "accept", by="owner")


def test_customers_and_days(meta_in_a_box: MetaInABox, receiver: ForeignReceiver):
    """A customer sends PARTNER_* events; the clock is the test's."""
    meta_in_a_box.subscribe("owner", receiver.url, verify_token=TOKEN)
    solution_id = meta_in_a_box.create(by="partner")
    meta_in_a_box.act(solution_id, "accept", by="owner")
    meta_in_a_box.advance(86_400)
    waba_id = meta_in_a_box.onboard(solution_id)

    bodies = [one.body for one in meta_in_a_box.deliver()]

    assert [waba_id.encode() in body for body in bodies] == [False, False, True, True]


def test_boxes_are_isolated():
    """Two at a time share nothing."""
    with MetaInABox(seed=1) as one, MetaInABox(seed=2) as other:
        solution_id = one.create()

        assert one.url != other.url
        assert one.owner != other.owner
        with pytest.raises(PartnerhookError, match="Not found"):
            other.act(solution_id, "accept")


def test_the_same_seed_is_the_same_world():
    """Ids and secrets, so that a failure can be played again."""
    with MetaInABox(seed=5) as one, MetaInABox(seed=5) as again:
        assert one.owner == again.owner
        assert one.create() == again.create()


@pytest.mark.parametrize("trigger", ["accepted", "ACTIVE", "SUSPENDED"])
def test_a_signed_request_without_any_server(meta_webhook: Callable[..., SignedWebhook], trigger: str):
    """For the test client of a web framework: a trigger, a status word, or a word of one's own."""
    webhook = meta_webhook(trigger, app_secret="theirs", solution_id="123")

    assert b'"solution_id":"123"' in webhook.body
    wanted = "sha256=" + hmac.new(b"theirs", webhook.body, hashlib.sha256).hexdigest()
    assert webhook.headers["X-Hub-Signature-256"] == wanted


def test_a_misspelt_trigger_is_named(meta_webhook: Callable[..., SignedWebhook]):
    """With those there are."""
    with pytest.raises(ValueError, match=r"no trigger 'acepted'\. There are: draft-saved, "):
        meta_webhook("acepted", app_secret="theirs")


def test_the_plugin_is_found_by_its_entry_point(pytestconfig: pytest.Config):
    """Nobody has to name it."""
    assert pytestconfig.pluginmanager.has_plugin("partnerhook")
