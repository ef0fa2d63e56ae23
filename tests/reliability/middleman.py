"""Somebody between a process and PostgreSQL who passes everything on, but for one answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Middleman:
    """Listens on a port of its own. Once `loses` is set, the answer to the commit after that word is lost."""

    def __init__(self, port: int) -> None:
        """`port`: PostgreSQL's."""
        self.loses: bytes | None = None
        """What is in a statement of the transaction whose commit's answer is to be lost; None: of no more."""
        self.lost = 0
        self._theirs = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._open: list[socket.socket] = [self._socket]

    def start(self) -> None:
        """Take connections from now on."""
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> None:
        """End everything."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                server = socket.create_connection(("127.0.0.1", self._theirs))
                self._open += [client, server]
                commits = threading.Event()
                threading.Thread(target=self._ask, args=(client, server, commits), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server, commits), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, commits: threading.Event) -> None:
        """From the client to the server."""
        seen = False
        with suppress(OSError):
            while asked := client.recv(65_536):
                seen = seen or (self.loses is not None and self.loses in asked)
                if seen and b"COMMIT" in asked:
                    commits.set()
                server.sendall(asked)
            server.shutdown(socket.SHUT_RDWR)

    def _answer(self, client: socket.socket, server: socket.socket, commits: threading.Event) -> None:
        """From the server to the client: not where it has done a commit that is to be lost."""
        with suppress(OSError):
            while told := server.recv(65_536):
                if commits.is_set() and b"COMMIT" in told:
                    self.lost += 1
                    self.loses = None
                    break
                client.sendall(told)
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def between(port: int) -> Iterator[Middleman]:
    """A middleman for a while."""
    middleman = Middleman(port)
    middleman.start()
    try:
        yield middleman
    finally:
        middleman.stop()
