"""Bodies and connections beyond their bounds: told so, also while they still send, and cut off in the end."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import pytest

from running import VERIFY_TOKEN, Client, Serve, Server, post_bytes, wait_until, webhook

MIB = 1024 * 1024
BOUND = 3 * MIB
CHUNKED = b"POST /webhook HTTP/1.1\r\nHost: callback.example\r\nTransfer-Encoding: chunked\r\n\r\n"


def declared(length: int, *headers: str, path: str = "/webhook") -> bytes:
    """The head of a POST that promises a body."""
    lines = [f"POST {path} HTTP/1.1", "Host: callback.example", f"Content-Length: {length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def test_longest_body_is_taken(server: Server) -> None:
    """A body of exactly the bound is taken."""
    answer = server.post(b"{" + b" " * (BOUND - 2) + b"}")

    assert answer.status == 200


def test_one_byte_more(server: Server) -> None:
    """A body of one byte more is answered 413, and the sentence names the bound."""
    answer = server.post(b" " * (BOUND + 1))

    assert answer.status == 413
    assert str(BOUND) in answer.body.decode()
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("length", [BOUND + 1, 8 * MIB, 50 * MIB])
def test_declared_and_sent_before_reading(server: Server, length: int) -> None:
    """A client that writes all of a body that is too long before it reads gets to its 413."""
    with server.connect() as client:
        client.send(declared(length))
        client.send(bytes(length))

        assert client.answer().status == 413
        assert client.ended()


def test_chunked_and_sent_before_reading(server: Server) -> None:
    """A body that does not say how long it is gets its 413 too, also when written as a whole before reading."""
    chunk = b"%x\r\n" % MIB + bytes(MIB) + b"\r\n"

    with server.connect() as client:
        client.send(CHUNKED + chunk * 8 + b"0\r\n\r\n")

        assert client.answer().status == 413
        assert client.ended()


def test_declared_is_enough(server: Server) -> None:
    """413 comes as soon as the length is declared: nobody need send the body first."""
    with server.connect() as client:
        client.send(declared(BOUND + 1))

        assert client.answer().status == 413


def test_expect_too_long(server: Server) -> None:
    """A client that asks before it sends is told 413, not 100."""
    with server.connect() as client:
        client.send(declared(BOUND + 1, "Expect: 100-continue"))

        assert client.answer().status == 413
        assert client.ended()


def test_expect(server: Server) -> None:
    """A client that asks before it sends is told to go on."""
    request = post_bytes(b"{}", headers=["Expect: 100-continue"])

    with server.connect() as client:
        client.send(request[:-2])
        first = client.answer()
        client.send(request[-2:])

        assert (first.status, client.answer().status) == (100, 200)


def test_endless_sender_is_cut_off(server: Server) -> None:
    """Who sends without an end has its 413 and is cut off after some MiB."""
    sent = 0

    with server.connect() as client, suppress(ConnectionError):
        client.send(CHUNKED)
        while sent < 1_000 * MIB:
            client.send(b"%x\r\n" % MIB + bytes(MIB) + b"\r\n")
            sent += MIB

    assert BOUND < sent < 100 * MIB
    assert server.lives()


def test_endless_sender_elsewhere_is_cut_off(server: Server) -> None:
    """The same at a path where nothing is."""
    sent = 0

    with server.connect() as client, suppress(ConnectionError):
        client.send(declared(10_000 * MIB, path="/elsewhere"))
        assert client.answer().status == 404
        while sent < 1_000 * MIB:
            client.send(bytes(MIB))
            sent += MIB

    assert sent < 100 * MIB
    assert server.lives()


def test_answered_before_its_body_came(server: Server) -> None:
    """A connection stays usable after an answer that came before the body's end."""
    with server.connect() as client:
        client.send(declared(1_000_000, path="/elsewhere"))
        first = client.answer()
        client.send(bytes(1_000_000) + post_bytes(b"{}"))

        assert (first.status, client.answer().status) == (404, 200)


def test_endless_headers(server: Server) -> None:
    """Headers without an end are refused after 64 KiB, and cost no memory."""
    server.post(b"{}")
    before = server.resident_bytes()
    clients = [server.connect() for _ in range(20)]

    for client in clients:
        with suppress(ConnectionError):
            client.send(b"POST /webhook HTTP/1.1\r\nX: ")
            for _ in range(128):
                client.send(b"a" * 65_536)

    for client in clients:
        with suppress(ConnectionError):
            assert client.answer().status == 400
        client.socket.close()
    assert server.resident_bytes() - before < 16 * MIB
    assert server.lives()


def test_thousands_of_pipelined_requests(server: Server) -> None:
    """More requests than a few on one connection, unanswered, are refused after the answers to the first."""
    before = server.resident_bytes()
    statuses = []

    with server.connect() as client:
        client.send(post_bytes(b"{}") * 1_000)
        with suppress(ConnectionError):
            while True:
                statuses.append(client.answer().status)

    assert statuses[-1] == 400
    assert set(statuses[:-1]) == {200}
    assert server.resident_bytes() - before < 16 * MIB


def test_connections_max(serve: Serve) -> None:
    """A connection beyond the bound hears 503 at once; when one has left there is room again."""
    server = serve(CONNECTIONS_MAX=3)
    held = [server.connect() for _ in range(3)]
    for client in held:
        assert client.send(post_bytes(b"{}")).answer().status == 200

    with server.connect() as surplus:
        busy = surplus.send(post_bytes(b"{}")).answer()
        ended = surplus.ended()

    assert (busy.status, ended) == (503, True)
    assert int(busy.headers["retry-after"]) > 0
    assert held[0].send(post_bytes(b"{}")).answer().status == 200
    held.pop().socket.close()
    wait_until(lambda: server.post(b"{}").status == 200, "room for a third connection")
    assert server.metrics()['partnerhook_requests_refused_total{app="",reason="connections"}'] >= 1
    for client in held:
        client.socket.close()


def test_bodies_in_flight(serve: Serve) -> None:
    """When the memory for bodies is taken, others hear 503; when it is free again they are served."""
    server = serve(BODIES_IN_FLIGHT_BYTES_MAX=4 * MIB)
    with server.connect() as holder:
        holder.send(post_bytes(bytes(BOUND))[:-1])
        wait_until(lambda: server.metrics()["partnerhook_bodies_in_flight_bytes"] == BOUND - 1, "the first is held")
        refused = server.post(bytes(2 * MIB))
        small = server.post(webhook())
        holder.send(b"\0")

        assert holder.answer().status == 200
    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    assert small.status == 200
    assert server.post(bytes(2 * MIB)).status == 200


def test_memory_of_clients_that_hang_up(serve: Serve) -> None:
    """The memory of a body whose client hangs up is free again."""
    server = serve(BODIES_IN_FLIGHT_BYTES_MAX=4 * MIB)
    for _ in range(5):
        with server.connect() as client:
            client.send(declared(BOUND) + bytes(2 * MIB))

    wait_until(lambda: server.post(bytes(BOUND)).status == 200, "the memory is free")


def test_headers_trickled(serve: Serve) -> None:
    """Who sends headers byte by byte is cut off at the deadline, with the reason."""
    server = serve(HEADER_DEADLINE_S=0.5)
    started = time.monotonic()

    with server.connect() as client:
        answer = trickle(client, post_bytes(b"{}"))
        took_s = time.monotonic() - started

        assert answer == 408
        assert 0.4 < took_s < 3


def test_body_trickled(serve: Serve) -> None:
    """Who sends the body byte by byte is cut off at the deadline, with the reason, and nothing is stored."""
    server = serve(BODY_DEADLINE_S=0.5)
    head, _, body = post_bytes(webhook()).partition(b"\r\n\r\n")
    started = time.monotonic()

    with server.connect() as client:
        client.send(head + b"\r\n\r\n")
        answer = trickle(client, body)
        took_s = time.monotonic() - started

    assert answer == 408
    assert 0.4 < took_s < 3
    assert server.queries().find_solutions("774485461512159") == []


def trickle(client: Client, data: bytes) -> int:
    """Send byte by byte until there is an answer; its status."""
    for at in range(len(data) - 1):
        with suppress(OSError):
            client.send(data[at : at + 1])
        client.socket.settimeout(0.03)
        with suppress(TimeoutError):
            return client.answer().status
    client.socket.settimeout(10)
    return client.answer().status


def test_second_request_trickled(serve: Serve) -> None:
    """The deadline holds for later requests of a connection too."""
    server = serve(HEADER_DEADLINE_S=0.5)

    with server.connect() as client:
        first = client.send(post_bytes(b"{}")).answer()

        assert first.status == 200
        assert trickle(client, post_bytes(b"{}")) == 408


def test_connection_without_a_byte(serve: Serve) -> None:
    """Who connects and says nothing is cut off without a word."""
    server = serve(HEADER_DEADLINE_S=0.5)
    started = time.monotonic()

    with server.connect() as client:
        assert client.ended()

    assert 0.4 < time.monotonic() - started < 3


def test_idle_after_an_early_answer(serve: Serve) -> None:
    """Who was answered before its body came, and sends the rest never, is cut off without a second answer."""
    server = serve(BODY_DEADLINE_S=0.5)

    with server.connect() as client:
        client.send(declared(1_000, path="/elsewhere") + b"some")

        assert client.answer().status == 404
        assert client.ended()


def test_client_that_never_reads(serve: Serve) -> None:
    """Who asks and asks and reads no answer is cut off: its place is free again, and the end is in order."""
    server = serve(BODY_DEADLINE_S=0.5, CONNECTIONS_MAX=1)
    query = f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge={'1' * 60_000}"

    with server.connect(timeout_s=0.2) as client:
        with suppress(ConnectionError, TimeoutError):
            while True:
                client.send(f"GET /webhook?{query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

        wait_until(lambda: server.post(webhook()).status == 200, "room for another connection")
    assert server.stop() == 0


def test_many_slow_clients_take_nothing_from_others(serve: Serve) -> None:
    """While two hundred clients trickle, a webhook is answered."""
    server = serve()
    slow = [server.connect().send(b"POST /webhook HTTP/1.1\r\nContent-") for _ in range(100)]
    slow += [server.connect().send(declared(1_000) + b"{") for _ in range(100)]

    assert server.post(webhook()).status == 200

    for client in slow:
        client.socket.close()
    assert server.stop() == 0


def test_no_task_outlives_its_client(server: Server) -> None:
    """Clients that hang up in the middle, in every way, leave no memory and no request behind."""
    request = post_bytes(webhook())
    server.post(b"{}")
    before = server.resident_bytes()

    def hang_up(cut: int) -> None:
        with server.connect() as client:
            client.send((request * 3)[:cut])
            if cut % 2:  # a reset instead of an orderly end
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    threads = [
        threading.Thread(target=lambda: [hang_up(cut) for cut in range(1, 3 * len(request), 3)]) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert server.post(webhook()).status == 200
    assert server.resident_bytes() - before < 16 * MIB


def test_who_is_cut_off_is_counted_once(serve: Serve) -> None:
    """As too slow, and not as gone too: it was we who hung up."""
    server = serve(BODY_DEADLINE_S=0.3)

    with server.connect() as client:
        client.send(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        assert client.answer().status == 408

    counts = {name: count for name, count in server.metrics().items() if "refused_total" in name and count}
    assert list(counts.values()) == [1.0]
    assert "too_slow" in next(iter(counts))
