"""A connection that another process answers: its first line is seen, and nothing of it is taken."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import aclosing, contextmanager

import pytest

from partnerhook.receiver.handover import LINE_BYTES_MAX, first_path, received, send

WITHIN_S = 10.0


@contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client, and whoever has accepted it."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as here:
        there, _ = listening.accept()
        with there:
            there.setblocking(False)
            yield here, there


async def rest(connection: socket.socket, count: int) -> bytes:
    """The next bytes that come."""
    loop, came = asyncio.get_running_loop(), b""
    while len(came) < count:
        came += await asyncio.wait_for(loop.sock_recv(connection, count - len(came)), WITHIN_S)
    return came


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("GET /healthz HTTP/1.1", "/healthz"),
        ("POST /solutions?text=/healthz HTTP/1.1", "/solutions"),
        ("GET http://callback.example/metrics?a=b HTTP/1.1", "/metrics"),
        ("GET //healthz HTTP/1.1", ""),
        ("OPTIONS * HTTP/1.1", "*"),
        ("\r\nGET /inbox HTTP/1.1", "/inbox"),
        ("GET /", ""),
        ("PRI * HTTP/2.0 and more", ""),
        ("GET http://[::1/ HTTP/1.1", ""),
    ],
)
def test_whose_it_is(line: str, path: str):
    """Of a request, its path; of anything else nothing. All of it can still be read."""
    sent = f"{line}\r\nHost: callback.example\r\n\r\n".encode()

    async def scenario() -> tuple[str | None, bytes]:
        with connected() as (client, accepted):
            client.sendall(sent)
            found = await first_path(accepted, WITHIN_S)
            return found, await rest(accepted, len(sent))

    assert asyncio.run(scenario()) == (path, sent)


def test_a_line_that_comes_in_pieces_is_waited_for():
    """As long as there is time."""

    async def scenario() -> str | None:
        with connected() as (client, accepted):
            asked = asyncio.create_task(first_path(accepted, WITHIN_S))
            for piece in (b"GET /sol", b"utions HT", b"TP/1.1\r\n"):
                client.sendall(piece)
                await asyncio.sleep(0.05)
            return await asked

    assert asyncio.run(scenario()) == "/solutions"


@pytest.mark.parametrize(("sent", "found"), [(b"", None), (b"GET /solu", ""), (b"x" * (LINE_BYTES_MAX + 1), "")])
def test_what_says_nothing_is_nobodys(sent: bytes, found: str | None):
    """Browsers open connections before they need them; others never end their line."""

    async def scenario() -> str | None:
        with connected() as (client, accepted):
            client.sendall(sent)
            return await first_path(accepted, 0.2)

    assert asyncio.run(scenario()) == found


def test_who_hangs_up_is_not_waited_for():
    """Nothing came, and nothing will."""

    async def scenario() -> str | None:
        with connected() as (client, accepted):
            client.close()
            return await asyncio.wait_for(first_path(accepted, 60), WITHIN_S)

    assert asyncio.run(scenario()) is None


def test_whoever_gets_it_speaks_to_the_client():
    """Also after the one who sent it has closed it; in the order in which they were sent, until the channel ends."""

    async def scenario() -> list[bytes]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        answers = []
        with theirs, connected() as (first, first_there), connected() as (second, second_there):
            first.sendall(b"first")
            second.sendall(b"second")
            for one in (first_there, second_there):
                await send(ours, one, WITHIN_S)
                one.close()
            ours.close()
            async with asyncio.timeout(WITHIN_S), aclosing(received(theirs)) as coming:  # type: ignore[type-var]
                async for connection in coming:
                    with connection:
                        asked = await rest(connection, 5)
                        assert not connection.get_inheritable()
                        connection.sendall(b"you said " + asked)
            for client in (first, second):
                client.settimeout(WITHIN_S)
                answers.append(client.recv(100))
        return answers

    assert asyncio.run(scenario()) == [b"you said first", b"you said secon"]


def test_nobody_waits_for_ever_for_a_full_channel():
    """Whoever has the other end takes nothing."""

    async def scenario() -> int:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        count = 0
        with ours, theirs, connected() as (_, accepted):
            while True:
                await send(ours, accepted, 0.2)
                count += 1
                assert count < 100_000

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())
