"""The real server as a process: started on free ports, spoken to over sockets, ended by signals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from partnerhook.core.signature import sign
from partnerhook.services.query import Queries
from partnerhook.store.engine import open_engine

SECRET = "secret-of-the-app-under-test"
VERIFY_TOKEN = "token-of-the-app-under-test"
BIN = Path(sys.executable).with_name("partnerhook")
Found = TypeVar("Found")


def wait_until(condition: Callable[[], Found], what: str, *, within_s: float = 10.0) -> Found:
    """The first truthy value of `condition`; fails where there is none in time."""
    until = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(0.01)
    return found


def figure(said: str) -> None:
    """What a test has measured, or how to have the same again: `pytest -s` shows it."""
    print(said)  # noqa: T201


def webhook(solution_id: str = "774485461512159", time: int = 1_739_321_024, status: str = "INITIATED") -> bytes:
    """A body as Meta sends it for one change of one solution."""
    value = {"event": "SOLUTION_CREATED", "solution_id": solution_id, "solution_status": status}
    entry = {"changes": [{"field": "partner_solutions", "value": value}], "id": "506914307656634", "time": time}
    return json.dumps({"entry": [entry], "object": "whatsapp_business_account"}, separators=(",", ":")).encode()


def post_bytes(
    body: bytes, *, path: str = "/webhook", secret: str | None = SECRET, headers: Sequence[str] = ()
) -> bytes:
    """A signed POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: callback.example", f"Content-Length: {len(body)}", *headers]
    if secret is not None:
        lines.append(f"X-Hub-Signature-256: {sign(body, secret)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Answer(NamedTuple):
    """What came back for one request."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection, byte by byte."""

    def __init__(self, url: str, timeout_s: float = 15.0) -> None:
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=timeout_s)
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> Client:
        """Send all of it."""
        self.socket.sendall(data)
        return self

    def answer(self, *, head: bool = False) -> Answer:
        """The next answer; ConnectionError where the connection ends before it is complete."""
        start, _, rest = self._until(b"\r\n\r\n").partition(b"\r\n")
        fields = (line.split(": ", 1) for line in rest.decode("latin-1").split("\r\n") if line)
        headers = {name.lower(): value for name, value in fields}
        length = 0 if head else int(headers.get("content-length", 0))
        while len(self._received) < length:
            self._more()
        body, self._received = self._received[:length], self._received[length:]
        return Answer(int(start.split()[1]), headers, body)

    def ended(self) -> bool:
        """Wait for the server to close; true where nothing more came before it."""
        try:
            return not self._received and self.socket.recv(65_536) == b""
        except ConnectionResetError:
            return True

    def _until(self, end: bytes) -> bytes:
        while end not in self._received:
            self._more()
        found, _, self._received = self._received.partition(end)
        return found

    def _more(self) -> None:
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionError(f"closed after {self._received[:200]!r}")
        self._received += data


class Server:
    """`partnerhook serve` in a folder of its own. Restart it with `start`; settings without their prefix."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, object] | None = None,
        command: Sequence[str] = (),
        role: Literal["all", "receiver", "worker"] = "all",
    ) -> None:
        """`command`: what it is started by, such as ["taskset", "1"]."""
        self.folder = folder
        self.role = role
        self.database = folder / "partnerhook.db"
        self.url = ""
        self.admin_url = ""
        self.process: subprocess.Popen[bytes] | None = None
        self._settings = {
            "APP_SECRET": SECRET,
            "VERIFY_TOKEN": VERIFY_TOKEN,
            "DATABASE_URL": f"sqlite:///{self.database}",
            "LISTEN": "127.0.0.1:0",
            "ADMIN_LISTEN": "127.0.0.1:0",
            "LOG_FORMAT": "json",
            **(settings or {}),
        }
        self._command = [*command, str(BIN), "serve", "--role", role]
        self._log = folder / "serve.log"

    @property
    def environment(self) -> dict[str, str]:
        """All that the process sees; nothing of ours but the path."""
        ours = {f"PARTNERHOOK_{name}": str(value) for name, value in self._settings.items()}
        return {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), **ours}

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> Server:
        """Start it and wait until it listens."""
        offset = self._log.stat().st_size if self._log.exists() else 0
        self.process = self.spawn()
        self.url, self.admin_url = wait_until(lambda: self.listening(offset), f"listening: {self.folder}", within_s=30)
        return self

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start it and wait for nothing."""
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command, env=self.environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )

    def listening(self, offset: int = 0) -> tuple[str, str] | None:
        """Where it listens, once it does: for Meta and for people."""
        told = self._log.read_bytes()[offset:].decode()
        assert self.process is not None
        assert self.process.poll() is None, f"it ended by itself: {told}"
        urls = dict(re.findall(r'"listener": "(\w+)", "url": "([^"]+)"', told))
        return (urls.get("public", ""), urls["admin"]) if len(urls) == (1 if self.role == "worker" else 2) else None

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within_s: float = 15.0) -> int:
        """Send a signal and wait for the end; the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(within_s)

    def kill(self) -> None:
        """End it in any case."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def connect(self, url: str | None = None, timeout_s: float = 15.0) -> Client:
        """A raw connection to the public listener, or to `url`."""
        return Client(url or self.url, timeout_s)

    def post(self, body: bytes, **how: Any) -> Answer:
        """One signed POST on a connection of its own."""
        with self.connect() as client:
            return client.send(post_bytes(body, **how)).answer()

    def get(self, path: str, url: str | None = None) -> Answer:
        """One GET on a connection of its own."""
        return self.request("GET", path, url)

    def request(self, method: str, path: str, url: str | None = None) -> Answer:
        """One request without a body, on a connection of its own."""
        with self.connect(url) as client:
            client.send(f"{method} {path} HTTP/1.1\r\nHost: callback.example\r\n\r\n".encode())
            return client.answer(head=method == "HEAD")

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name and labels."""
        lines = self.get("/metrics", self.admin_url).body.decode().splitlines()
        samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    def queries(self) -> Queries:
        """What the look-up commands read."""
        return Queries(open_engine(str(self._settings["DATABASE_URL"])))

    def log_text(self) -> str:
        """Everything it has said so far."""
        return self._log.read_text() if self._log.exists() else ""

    def log_lines(self, **fields: object) -> list[dict[str, Any]]:
        """The lines that have these fields."""
        lines = [json.loads(line) for line in self.log_text().splitlines()]
        return [line for line in lines if all(line.get(name) == value for name, value in fields.items())]

    def resident_bytes(self) -> int:
        """VmRSS."""
        (kib,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        return int(kib) * 1024

    def lives(self) -> bool:
        """Whether it still answers."""
        with suppress(OSError):
            return self.get("/healthz").status == 200
        return False


Serve = Callable[..., Server]
"""The fixture `serve`: starts a server with settings."""


SHOWN_MAX = 12_000
"""Of a log, around what is wrong in it: a traceback with its neighbours."""


def check_log(server: Server) -> None:
    """No traceback, no secret."""
    told = server.log_text()
    for sign_of_a_fault in ("Traceback", "Exception in ASGI"):
        assert sign_of_a_fault not in told, f"{server.folder.name}: {around(told, sign_of_a_fault)}"
    for secret in (server.environment["PARTNERHOOK_APP_SECRET"], server.environment["PARTNERHOOK_VERIFY_TOKEN"]):
        assert not secret or secret not in told, f"{server.folder.name}: {around(told, secret)}"


def around(told: str, what: str) -> str:
    """As much of a log as is worth showing: what stands before `what`, and more of what follows it."""
    found = told.index(what)
    return told[max(found - SHOWN_MAX // 4, 0) : found + SHOWN_MAX].replace("\\n", "\n")
