"""Any bytes at all, as body, as header, as the whole conversation: one of the answers, never a traceback.

That no traceback is in the log is looked at when the file's server ends.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from running import Client, Server, post_bytes, webhook
from strategies import examples

REQUEST = post_bytes(webhook())
HEADER_BYTES = st.binary(max_size=100).map(lambda value: value.translate(None, b"\r\n\0"))


class KeptAlive:
    """A connection that is opened again only when the server has closed it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client: Client | None = None

    def ask(self, request: bytes) -> int:
        """The status of the answer to one request."""
        if self.client is None:
            self.client = self.server.connect()
        answer = self.client.send(request).answer()
        if answer.headers.get("connection") == "close":
            self.close()
        return answer.status

    def close(self) -> None:
        """Hang up."""
        if self.client is not None:
            self.client.socket.close()
            self.client = None


@pytest.fixture(scope="module")
def kept_alive(server: Server):
    """One connection for all examples."""
    connection = KeptAlive(server)
    yield connection
    connection.close()


@examples(300)
@given(body=st.binary(max_size=4_000))
def test_any_signed_body(kept_alive: KeptAlive, body: bytes) -> None:
    """Any body that is signed is answered 200."""
    assert kept_alive.ask(post_bytes(body)) == 200


@examples(300)
@given(body=st.binary(max_size=100), signature=HEADER_BYTES)
def test_any_signature(kept_alive: KeptAlive, body: bytes, signature: bytes) -> None:
    """Any bytes in the place of the signature are answered 401, or 400 where they are no header."""
    head = b"POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nX-Hub-Signature-256: " % len(body)

    assert kept_alive.ask(head + signature + b"\r\n\r\n" + body) in (400, 401)


@examples(300)
@given(name=HEADER_BYTES, value=HEADER_BYTES)
def test_any_header(kept_alive: KeptAlive, name: bytes, value: bytes) -> None:
    """Any other header is left alone, or the request is refused as a whole."""
    head, _, body = REQUEST.partition(b"\r\n\r\n")

    assert kept_alive.ask(head + b"\r\nX-" + name + b": " + value + b"\r\n\r\n" + body) in (200, 400)


@examples(300)
@given(target=HEADER_BYTES)
def test_any_target(kept_alive: KeptAlive, target: bytes) -> None:
    """Any request target has an answer."""
    assert kept_alive.ask(b"GET /" + target + b" HTTP/1.1\r\nHost: a\r\n\r\n") in (200, 400, 403, 404)


@examples(300)
@given(query=HEADER_BYTES)
def test_any_query(kept_alive: KeptAlive, query: bytes) -> None:
    """Any query without our verify token is refused."""
    assert kept_alive.ask(b"GET /webhook?" + query + b" HTTP/1.1\r\nHost: a\r\n\r\n") in (400, 403)


garbage = st.binary(max_size=2_000) | st.lists(
    st.sampled_from([REQUEST, b"POST /webhook HTTP/1.1\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n", b"0\r\n\r\n"])
    | st.sampled_from([b"Content-Length: 5\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"ffffff\r\n"])
    | st.sampled_from([b"GET /healthz HTTP/1.0\r\n\r\n", b"Upgrade: websocket\r\nConnection: Upgrade\r\n"])
    | st.binary(max_size=20),
    max_size=12,
).map(b"".join)


@examples(300)
@given(data=garbage, half_close=st.booleans())
def test_garbage(server: Server, data: bytes, half_close: bool) -> None:
    """Whatever is written to the socket, all that comes back are answers of the table; the server lives on."""
    statuses: list[int] = []

    with server.connect() as client:
        with suppress(OSError):
            client.send(data)
            if half_close:
                client.socket.shutdown(1)
        client.socket.settimeout(0.05)
        with suppress(OSError):
            while True:
                statuses.append(client.answer().status)

    assert set(statuses) <= {100, 200, 400, 401, 403, 404, 405, 408, 413}
    assert server.lives()
