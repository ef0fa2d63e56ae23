"""A peer for HTTP that goes out: a listener on loopback that says, byte by byte, what a test wants."""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""Answers one request; the connection is closed where it raises ConnectionError."""


class Peer:
    """Used on the event loop of the test: `async with Peer(say) as peer`."""

    def __init__(self, say: Say | bytes, *, trust: ssl.SSLContext | None = None, times: int | None = None) -> None:
        """`times`: so many requests are answered on a connection, then it is closed."""
        self.requests: list[bytes] = []
        """Head and body of each, as it came."""
        self.connections = 0
        self._say = plainly(say) if isinstance(say, bytes) else say
        self._trust = trust
        self.ended = asyncio.Event()
        """A connection was closed from this side."""
        self._times = times
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def lines(self) -> list[bytes]:
        """The head of the only request."""
        (request,) = self.requests
        return request.partition(b"\r\n\r\n")[0].split(b"\r\n")

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._trust)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        answered = 0
        try:
            while answered != self._times:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                self.requests.append(head + await reader.readexactly(int(length[1]) if length else 0))
                await self._say(writer)
                answered += 1
            writer.close()
            await writer.wait_closed()
            self.ended.set()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)


def plainly(data: bytes) -> Say:
    """Says just this."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return say


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def silence(_: asyncio.StreamWriter) -> None:
    """Says nothing, for as long as the test lasts."""
    await asyncio.Event().wait()


class Resolver:
    """Answers what it is told, one answer for each question, the last one again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class Certificates(NamedTuple):
    """A certificate authority's, and a server's that it has signed."""

    ca_file: Path
    chain: Path
    key: Path

    def server_side(self, names_asked: list[str | None]) -> ssl.SSLContext:
        """What a server shows. `names_asked`: each name that a client asks for (SNI) is noted here."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        context.sni_callback = lambda _, name, __: names_asked.append(name)
        return context


def certificates_for(folder: Path, names: str) -> Certificates:
    """Made with openssl. `names`: as subjectAltName has them, such as `DNS:hooks.example.com`."""
    files = {name: str(folder / name) for name in ("ca.pem", "ca.key", "server.pem", "server.key")}
    new = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    )
    authority = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    signed = ("-CA", files["ca.pem"], "-CAkey", files["ca.key"], "-addext", f"subjectAltName={names}")
    leaf = ("-addext", "basicConstraints=critical,CA:FALSE")
    for what, key, out, subject in (
        (authority, "ca.key", "ca.pem", "/CN=An authority of the tests"),
        ((*signed, *leaf), "server.key", "server.pem", "/CN=A server of the tests"),
    ):
        made = subprocess.run(
            [*new, *what, "-keyout", files[key], "-out", files[out], "-subj", subject],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
    return Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
