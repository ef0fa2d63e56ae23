"""A little HTTP server that stands at a callback URL and keeps what comes, byte by byte."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

VERIFY_TOKEN = "a verify token & more"
"""With characters that a URL must escape."""


class Came(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """Its parameters, each once."""
        return {name: value for name, (value,) in parse_qs(urlsplit(self.path).query).items()}

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries of a webhook."""
        entries: list[dict[str, Any]] = json.loads(self.body)["entry"]
        return entries


Answer = tuple[int, bytes]


def echo(came: Came) -> Answer:
    """The challenge for a handshake with the right token, 200 for a webhook."""
    if came.method == "POST":
        return 200, b"ok"
    if came.query.get("hub.verify_token") != VERIFY_TOKEN:
        return 403, b"Forbidden"
    return 200, came.query["hub.challenge"].encode()


def signed(came: Came, app_secret: str) -> bool:
    """Whether both signatures are right over exactly these bytes."""
    key = app_secret.encode()
    return (
        came.headers["x-hub-signature-256"] == "sha256=" + hmac.new(key, came.body, hashlib.sha256).hexdigest()
        and came.headers["x-hub-signature"] == "sha1=" + hmac.new(key, came.body, hashlib.sha1).hexdigest()
    )


class Callback:
    """A context manager. `answer` may be changed at any time; a status of 0 closes the connection unanswered."""

    verify_token = VERIFY_TOKEN

    def __init__(self, answer: Callable[[Came], Answer] = echo) -> None:
        self.answer = answer
        self.came: list[Came] = []
        self.ended = threading.Event()
        """Set at the end: whoever lets Meta wait ends then."""
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhook"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def webhooks(self) -> list[Came]:
        """The POSTs, in the order in which they came."""
        return [one for one in self.came if one.method == "POST"]

    @property
    def values(self) -> list[dict[str, Any]]:
        """The values of all changes, in the order in which they came."""
        entries = [entry for one in self.webhooks for entry in one.entries]
        return [change["value"] for entry in entries for change in entry["changes"]]

    @property
    def words(self) -> list[tuple[str, str]]:
        """Event and status of each of them."""
        return [(value["event"], value["solution_status"]) for value in self.values]

    def answer_posts(self, *statuses: int, then: int = 200) -> None:
        """Answer the next webhooks with these statuses, and all others with `then`."""
        left = list(statuses)

        def answer(came: Came) -> Answer:
            return echo(came) if came.method == "GET" else (left.pop(0) if left else then, b"")

        self.answer = answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def _handler(callback: Callback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            came = Came(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            callback.came.append(came)
            status, answer = callback.answer(came)
            if status:
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            self.close_connection = True

        do_POST = do_GET  # noqa: N815 - the name that the library looks for

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    return Handler
