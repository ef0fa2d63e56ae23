"""Who is told in the story: a system that verifies what it gets, and a person's chat; both in this process."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

from partnerhook.cli.demo.compare import ALERTED
from partnerhook.core import standard_webhooks

SECRET_BYTES: Final = 32
TOLERANCE_S: Final = 300
TOLD_WITHIN_S: Final = 15.0


class Heard(NamedTuple):
    """What was heard."""

    documents: tuple[dict[str, Any], ...]
    """Every notice whose signature was right, once each, in the order in which they came."""
    unverified: int
    """Requests whose signature was wrong."""
    signature: str
    """The signature header of the last."""
    alerts: tuple[tuple[str, str], ...]
    """Title and text of each alert."""


class Ears:
    """An HTTP server with a path for the system and one for the person."""

    def __init__(self) -> None:
        self.secret = standard_webhooks.new_secret(secrets.token_bytes(SECRET_BYTES))
        self._documents: dict[str, dict[str, Any]] = {}
        self._unverified = 0
        self._signature = ""
        self._alerts: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        ears = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = ears.hear(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """The story is on the screen."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def configuration(self) -> str:
        """The file that has the receiver tell both."""
        return f"""
[[destinations]]
name = "crm"
url = "{self.url}/crm"
internal = true
secret = "{self.secret}"

[[destinations]]
name = "people"
kind = "alert"
urls = ["{self.url.replace("http", "json")}/people"]
types = ["{ALERTED}"]
group_s = 0.2
"""

    def hear(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a request; the status to answer."""
        with self._lock:
            document = json.loads(body)
            if path == "/people":
                self._alerts.append((document["title"], document["message"]))
            elif not verified(headers, body, self.secret):
                self._unverified += 1
                return 401
            else:
                self._signature = headers["webhook-signature"]
                self._documents.setdefault(headers["webhook-id"], document)
        return 200

    def heard(self) -> Heard:
        """Everything so far."""
        with self._lock:
            return Heard(tuple(self._documents.values()), self._unverified, self._signature, tuple(self._alerts))

    def start(self) -> None:
        """Listen."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


def verified(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether a request is signed as Standard Webhooks asks for, and not old: what every receiver has to check."""
    at = headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE_S:
        return False
    wanted = standard_webhooks.headers(headers["webhook-id"], int(at), body, [secret])["webhook-signature"]
    return any(hmac.compare_digest(wanted, sent) for sent in headers.get("webhook-signature", "").split())


@contextmanager
def listening() -> Iterator[Ears]:
    """Both, for a while."""
    ears = Ears()
    ears.start()
    try:
        yield ears
    finally:
        ears.stop()
