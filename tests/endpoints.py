"""A real HTTP endpoint for what is delivered: keeps every request, answers as it is told."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Got(NamedTuple):
    """A request that came in."""

    path: str
    headers: dict[str, str]
    """Names in small letters."""
    body: bytes
    at: float

    @property
    def document(self) -> dict[str, Any]:
        """The body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class Told(NamedTuple):
    """How to answer."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    after_s: float = 0.0


class Endpoint:
    """Listens on a port of its own. `answer` may be set at any time."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.got: list[Got] = []
        self.answer: Callable[[Got], Told] = lambda _: Told()
        self.under_way = 0
        self.most_under_way = 0
        self._lock = threading.Lock()
        endpoint = self

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                if not isinstance(sys.exception(), ConnectionError):  # whoever sent it was killed, or cut off
                    super().handle_error(request, client_address)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                endpoint._open.add(self.connection)

            def finish(self) -> None:
                endpoint._open.discard(self.connection)
                super().finish()

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # whoever sent it was killed in the middle
                headers = {name.lower(): value for name, value in self.headers.items()}
                endpoint.take(self, Got(self.path, headers, body, time.monotonic()))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
                pass

        self._open: set[socket.socket] = set()
        self._server = Server((host, port), Handler)
        self.host = host
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}/hook"

    def take(self, handler: BaseHTTPRequestHandler, got: Got) -> None:
        """Keep a request, and answer it."""
        with self._lock:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            told = self.answer(got)
            self.got.append(got)
        try:
            time.sleep(told.after_s)
            handler.send_response(told.status)
            for name, value in told.headers:
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(told.body)))
            handler.end_headers()
            handler.wfile.write(told.body)
        except OSError:
            pass  # nobody waits any more
        finally:
            with self._lock:
                self.under_way -= 1

    def documents(self) -> list[dict[str, Any]]:
        """Everything that came in, as JSON."""
        return [got.document for got in self.got]

    def types(self, solution_id: str | None = None) -> list[str]:
        """The types that came in, without what all share, of one solution or of all."""
        wanted = [one for one in self.documents() if solution_id in {None, one["subject"]}]
        return [one["type"].removeprefix("partnerhook.") for one in wanted]

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections from now on, and end those that are open."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()


@contextmanager
def listening(port: int = 0, host: str = "127.0.0.1") -> Iterator[Endpoint]:
    """An endpoint for a while."""
    endpoint = Endpoint(port, host)
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()
