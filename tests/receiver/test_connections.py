"""HTTP as proxies and clients speak it: many requests on a connection, half-closed ones, old versions."""

from __future__ import annotations

import pytest

from running import Server, post_bytes, webhook


def test_keep_alive(server: Server) -> None:
    """A connection serves one request after the other, refusals among them."""
    requests = [post_bytes(b"{}"), post_bytes(b"{}", secret=None), post_bytes(b"{}", path="/elsewhere")] * 20

    with server.connect() as client:
        statuses = [client.send(request).answer().status for request in requests]

    assert statuses == [200, 401, 404] * 20


def test_pipelined(server: Server) -> None:
    """Requests that are sent without waiting are answered in their order."""
    requests = [post_bytes(b"{}"), post_bytes(b"{}", secret=None), post_bytes(b"{}", path="/elsewhere")] * 5

    with server.connect() as client:
        client.send(b"".join(requests))

        assert [client.answer().status for _ in requests] == [200, 401, 404] * 5


def test_pipelined_garbage(server: Server) -> None:
    """Garbage behind a webhook does not take the webhook's answer away."""
    with server.connect() as client:
        client.send(post_bytes(webhook("2001")) + b"\0garbage\r\n\r\n")

        assert (client.answer().status, client.answer().status) == (200, 400)
        assert client.ended()
    assert len(server.queries().find_solutions("2001")) == 1


def test_pipelined_and_broken_off(server: Server) -> None:
    """A request that is complete is answered although the next one breaks off in the middle."""
    with server.connect() as client:
        client.send(post_bytes(webhook("2002")) + post_bytes(b"{}")[:-1])

        assert client.answer().status == 200


@pytest.mark.parametrize("size", [1, 7, 64])
def test_in_small_pieces(server: Server, size: int) -> None:
    """It does not matter in which pieces a request comes."""
    request = post_bytes(webhook()) + post_bytes(b"{}", secret=None)

    with server.connect() as client:
        for at in range(0, len(request), size):
            client.send(request[at : at + size])

        assert (client.answer().status, client.answer().status) == (200, 401)


def test_chunked(server: Server) -> None:
    """The signature is over the body, however it was cut into chunks."""
    head, _, body = post_bytes(webhook("2003")).partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    chunks = b"".join(b"1;note=x\r\n%c\r\n" % byte for byte in body)

    with server.connect() as client:
        client.send(b"\r\n".join([*lines, b"Transfer-Encoding: chunked"]) + b"\r\n\r\n" + chunks + b"0\r\n\r\n")

        assert client.answer().status == 200
    assert len(server.queries().find_solutions("2003")) == 1


def test_http_1_0(server: Server) -> None:
    """HTTP/1.0 is answered, and the connection ends."""
    with server.connect() as client:
        answer = client.send(post_bytes(b"{}").replace(b"HTTP/1.1", b"HTTP/1.0")).answer()

        assert answer.status == 200
        assert client.ended()


def test_connection_close(server: Server) -> None:
    """A client that asks for it has its connection closed after the answer."""
    with server.connect() as client:
        answer = client.send(post_bytes(b"{}", headers=["Connection: close"])).answer()

        assert answer.status == 200
        assert client.ended()


def test_half_closed(server: Server) -> None:
    """A client that ends its own direction after the request still gets its answer."""
    with server.connect() as client:
        client.send(post_bytes(webhook("2004")))
        client.socket.shutdown(1)

        assert client.answer().status == 200
        assert client.ended()


def test_header_names_in_any_case(server: Server) -> None:
    """Proxies that write header names in small or large letters do no harm."""
    head, _, body = post_bytes(b"{}").partition(b"\r\n\r\n")

    with server.connect() as client:
        small = client.send(head.replace(b"X-Hub-Signature", b"x-hub-signature") + b"\r\n\r\n" + body).answer()
        large = client.send(head.replace(b"X-Hub-Signature", b"X-HUB-SIGNATURE") + b"\r\n\r\n" + body).answer()

    assert (small.status, large.status) == (200, 200)


def test_content_type_and_query_do_not_matter(server: Server) -> None:
    """Only path, body and signature count."""
    assert server.post(b"{}", headers=["Content-Type: text/html"], path="/webhook?tenant=7").status == 200
