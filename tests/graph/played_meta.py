"""Meta, played: a real HTTP server on a free port that gives the answers of a script, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from email.utils import formatdate
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from partnerhook.graph import Graph

TOKEN = "EAAGtokenOfASystemUser0123456789"
APP_ID = "1234567890123456"
APP_SECRET = "0123456789abcdef0123456789abcdef"
SOLUTION = "17602267745700"

MakeGraph = Callable[..., Graph]

NOW_S = 1_781_686_800
"""2026-06-17 09:00:00 UTC: what Meta's clock says."""

DATE = {"Date": formatdate(NOW_S, usegmt=True)}


class Say(NamedTuple):
    """An answer of the script. Bytes are sent as they are, anything else as JSON."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = DATE
    length: int | None = None
    """The Content-Length to claim, where it is not the body's."""


class No(Enum):
    """No answer at all."""

    HANG_UP = "the connection is closed"
    SILENCE = "nothing comes"


HANG_UP, SILENCE = No


class Asked(NamedTuple):
    """A request, as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class PlayedMeta:
    """`script`: one answer for each request, in order; the last one again and again."""

    def __init__(self) -> None:
        self.script: list[Any] = []
        self.asked: list[Asked] = []
        self._over = threading.Event()
        meta = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def answer(self) -> None:
                length = int(self.headers.get("content-length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                meta.asked.append(Asked(self.command, self.path, headers, self.rfile.read(length)))
                said = meta.script.pop(0) if len(meta.script) > 1 else meta.script[0]
                if isinstance(said, No):
                    if said is SILENCE:
                        meta._over.wait(30)
                    self.close_connection = True
                    return
                body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
                self.send_response_only(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(said.length or len(body)))
                self.end_headers()
                self.wfile.write(body)
                if said.length is not None:
                    self.close_connection = True

            do_GET = do_POST = do_DELETE = answer  # noqa: N815 - names that http.server looks for

            def log_message(self, *_: object) -> None:
                """Nothing: the tests look at `asked`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}/v25.0"

    def says(self, *answers: Any) -> Self:
        """The script from here on. What is no `Say` is the JSON of an answer with status 200."""
        self.script = [one if isinstance(one, Say | No) else Say(one) for one in answers]
        return self

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
