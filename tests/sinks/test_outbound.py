"""POSTs that go out: sent as given, bounded in time and size, and what their answers mean."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from outbound_peer import Peer, Say, answer, silence

from partnerhook import __version__
from partnerhook.core.delivery import Answer, Reply
from partnerhook.sinks.outbound import ANSWER_BYTES_MAX, HttpAnswer, NotSent, Outbound, answer_of
from partnerhook.sinks.outbound_answer import retry_after_s
from partnerhook.sinks.sink import ANSWER_LETTERS_MAX

NOW_S = 1_781_686_800


def outbound(timeout_s: float = 10, connections_max: int = 2) -> Outbound:
    """To servers on loopback."""
    return Outbound(internal=True, timeout_s=timeout_s, connections_max=connections_max)


@pytest.fixture
def loud() -> Iterator[None]:
    """All loggers at their loudest, as an operator may set them."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    yield
    root.setLevel(before)


@pytest.mark.asyncio
async def test_a_post_is_sent_as_given():
    """Headers in their order and spelling; of our own only those that HTTP needs, and who we are."""
    body = '{"name": "Ünï"}'.encode() + bytes(range(256))
    async with Peer(answer(200, b"thank\r\nyou")) as peer:
        sending = outbound()

        got = await sending.post(f"http://127.0.0.1:{peer.port}/a/b?key=a%20b&x", body, {"X-b": "1", "x-A": "é"})

        assert got == HttpAnswer(200, "thank you", None)
        assert peer.lines == [
            b"POST /a/b?key=a%20b&x HTTP/1.1",
            b"Host: 127.0.0.1:%d" % peer.port,
            b"X-b: 1",
            b"x-A: \xe9",
            b"Content-Length: %d" % len(body),
            b"User-Agent: partnerhook/" + __version__.encode(),
        ]
        assert peer.requests[0].endswith(b"\r\n\r\n" + body)
        await sending.close()


@pytest.mark.asyncio
async def test_a_user_agent_that_is_given_stands():
    """Whatever its spelling."""
    async with Peer(answer(204)) as peer:
        sending = outbound()

        await sending.post(f"http://127.0.0.1:{peer.port}", b"", {"user-agent": "facebookexternalua"})

        assert peer.lines[0] == b"POST / HTTP/1.1"
        assert [line for line in peer.lines if line.lower().startswith(b"user-agent")] == [
            b"user-agent: facebookexternalua"
        ]
        await sending.close()


@pytest.mark.asyncio
async def test_connections_are_kept_and_bounded():
    """One after the other on one connection; at once on no more than are allowed."""
    async with Peer(answer(200, b"x")) as peer:
        sending = outbound(connections_max=2)
        url = f"http://127.0.0.1:{peer.port}/"

        for _ in range(5):
            await sending.post(url, b"", {})
        one_by_one = peer.connections
        await asyncio.gather(*[sending.post(url, b"", {}) for _ in range(10)])

        assert one_by_one == 1
        assert peer.connections == 2
        assert len(peer.requests) == 15
        await sending.close()


@pytest.mark.asyncio
async def test_a_connection_that_the_server_ended_is_not_used_again():
    """Servers end connections that are idle; the next POST gets a new one."""
    async with Peer(answer(200), times=1) as peer:
        sending = outbound()
        url = f"http://127.0.0.1:{peer.port}/"

        first = await sending.post(url, b"", {})
        async with asyncio.timeout(5):
            await peer.ended.wait()
        second = await sending.post(url, b"", {})

        assert (first.status, second.status) == (200, 200)
        assert peer.connections == 2
        await sending.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int):
    """Neither to another host, nor to the same."""
    async with (
        Peer(answer(200)) as other,
        Peer(answer(status, b"", f"Location: http://127.0.0.1:{other.port}/")) as peer,
    ):
        sending = outbound()

        got = await sending.post(f"http://127.0.0.1:{peer.port}/", b"{}", {})

        assert answer_of(got) == Answer(Reply.FAILED, status, "it redirects, and redirects are not followed")
        assert (len(peer.requests), other.connections) == (1, 0)
        await sending.close()


@pytest.mark.asyncio
async def test_a_long_answer_is_read_to_a_bound():
    """Then the connection is closed, however much more there is; what is kept is shorter still."""
    sent = 0
    ended = asyncio.Event()

    async def say(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 1000000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"<" * 65_536)
                await writer.drain()
                sent += 65_536
        finally:
            ended.set()

    async with Peer(say) as peer:
        sending = outbound()

        got = await sending.post(f"http://127.0.0.1:{peer.port}/", b"", {})

        async with asyncio.timeout(5):
            await ended.wait()
        assert got == HttpAnswer(500, "<" * ANSWER_LETTERS_MAX, None)
        assert sent < 100 * ANSWER_BYTES_MAX + 16 * 1024**2  # what the buffers of both sockets hold
        await sending.close()


@pytest.mark.asyncio
async def test_endless_headers_are_not_read_on():
    """h11 takes 100 KiB of them."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: %s\r\n" % (b"x" * 1_000))
            await writer.drain()

    async with Peer(say) as peer:
        sending = outbound()

        with pytest.raises(NotSent, match=r"^127\.0\.0\.1 did not answer in HTTP/1\.1: "):
            await sending.post(f"http://127.0.0.1:{peer.port}/", b"", {})

        await sending.close()


async def dripping_headers(writer: asyncio.StreamWriter) -> None:
    """Never silent for long."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        writer.write(b"z")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.asyncio
@pytest.mark.parametrize("say", [silence, dripping_headers])
async def test_a_server_that_drips_has_no_more_time_than_a_silent_one(say: Say):
    """The limit is over everything, not between two bytes."""
    async with Peer(say) as peer:
        sending = outbound(timeout_s=0.4)
        started = time.monotonic()

        with pytest.raises(NotSent) as failed:
            await sending.post(f"http://127.0.0.1:{peer.port}/s3cret?s3cret", b"", {})

        assert time.monotonic() - started < 2
        assert str(failed.value) == "127.0.0.1: no answer within 0.4 s; its answer was waited for"
        await sending.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [200, 500])
async def test_the_status_is_the_answer_however_its_body_drips(status: int):
    """What was taken is not sent again because thanks came slowly. What came of the body is kept."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 %d Said\r\nContent-Length: 1000000\r\n\r\nwait" % status)
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with Peer(say) as peer:
        sending = outbound(timeout_s=0.5)
        started = time.monotonic()

        got = await sending.post(f"http://127.0.0.1:{peer.port}/", b"", {})

        assert time.monotonic() - started < 2
        assert got.status == status
        assert got.text.startswith("wait")
        await sending.close()


@pytest.mark.asyncio
async def test_a_body_that_breaks_off_leaves_the_status():
    """With what there is of it."""
    async with Peer(b"HTTP/1.1 503 No\r\nContent-Length: 100\r\nRetry-After: 7\r\n\r\nnot n", times=1) as peer:
        sending = outbound()

        got = await sending.post(f"http://127.0.0.1:{peer.port}/", b"", {})

        assert got == HttpAnswer(503, "not n", 7.0)
        await sending.close()


@pytest.mark.asyncio
async def test_a_large_body_that_nobody_reads_is_given_up():
    """Writing is within the limit too."""
    over = asyncio.Event()

    async def read_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await over.wait()
        writer.transport.abort()

    async with await asyncio.start_server(read_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sending = outbound(timeout_s=0.4)

        with pytest.raises(NotSent, match=r"no answer within 0\.4 s; it was being sent to$"):
            await sending.post(f"http://127.0.0.1:{port}/", bytes(32 * 1024**2), {})

        over.set()
        await sending.close()


@pytest.mark.asyncio
async def test_who_waits_for_a_connection_waits_no_longer_either():
    """One that hangs holds the only one."""
    async with Peer(silence) as peer:
        sending = outbound(timeout_s=0.4, connections_max=1)
        url = f"http://127.0.0.1:{peer.port}/"

        first, second = await asyncio.gather(
            sending.post(url, b"", {}), sending.post(url, b"", {}), return_exceptions=True
        )

        assert str(first) == "127.0.0.1: no answer within 0.4 s; its answer was waited for"
        assert str(second) == "127.0.0.1: no answer within 0.4 s; a connection was waited for"
        await sending.close()


@pytest.mark.asyncio
async def test_an_attempt_may_be_cancelled():
    """The connection goes with it, and the next attempt has a new one."""
    async with Peer(silence) as peer:
        sending = outbound(connections_max=1)
        url = f"http://127.0.0.1:{peer.port}/"

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await sending.post(url, b"", {})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await sending.post(url, b"", {})

        assert peer.connections == 2
        await sending.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (b"", "127.0.0.1 did not answer in HTTP/1.1: Server disconnected without sending a response."),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "127.0.0.1 did not answer in HTTP/1.1: illegal status line: "),
    ],
    ids=["nothing", "another protocol"],
)
async def test_what_is_no_answer_is_called_so(said: bytes, problem: str):
    """In plain words."""
    async with Peer(said, times=1) as peer:
        sending = outbound()

        with pytest.raises(NotSent) as failed:
            await sending.post(f"http://127.0.0.1:{peer.port}/s3cret?s3cret", b"", {})

        assert str(failed.value).startswith(problem)
        assert "s3cret" not in str(failed.value)
        await sending.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "headers",
    [{"X-Key": "s3cret\r\nHost: elsewhere"}, {"X-Key": "s3cret\x00"}, {"X-Key": "s3cret€"}, {"X Key\n": "s3cret"}],
    ids=["line end", "zero", "no Latin-1", "name"],
)
async def test_a_header_that_cannot_be_sent_is_not_shown(headers: dict[str, str]):
    """Nor is anything sent."""
    async with Peer(answer(200)) as peer:
        sending = outbound()

        with pytest.raises(NotSent, match=r"^the headers cannot be sent$"):
            await sending.post(f"http://127.0.0.1:{peer.port}/", b"", headers)

        assert peer.requests == []
        await sending.close()


@pytest.mark.asyncio
@pytest.mark.usefixtures("loud")
async def test_no_log_shows_path_query_or_headers(caplog: pytest.LogCaptureFixture):
    """Whatever the level."""
    async with Peer(answer(200, b"fine")) as peer:
        sending = outbound()

        await sending.post(f"http://127.0.0.1:{peer.port}/s3cret?key=s3cret", b"s3cret", {"X-Key": "s3cret"})

        assert "httpcore2" in caplog.text
        assert "s3cret" not in caplog.text
        await sending.close()


@pytest.mark.asyncio
async def test_an_answer_is_shown_on_one_printable_line():
    """Whatever bytes it is."""
    async with Peer(answer(500, b"a\x00\x1b[31m\r\n\xff\xfe \xe2\x80\xaeb")) as peer:
        sending = outbound()

        got = await sending.post(f"http://127.0.0.1:{peer.port}/", b"", {})

        assert got.text.isprintable()
        assert got.text.startswith("a [31m ")
        await sending.close()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (HttpAnswer(200, "ok"), Answer(Reply.TAKEN, 200, "ok")),
        (HttpAnswer(204), Answer(Reply.TAKEN, 204)),
        (HttpAnswer(299, "", 5.0), Answer(Reply.TAKEN, 299)),
        (HttpAnswer(410, "moved out"), Answer(Reply.GONE, 410, "moved out")),
        (HttpAnswer(101), Answer(Reply.FAILED, 101)),
        (HttpAnswer(400, "no"), Answer(Reply.FAILED, 400, "no")),
        (HttpAnswer(404, "no", 5.0), Answer(Reply.FAILED, 404, "no")),
        (HttpAnswer(429, "slowly", 5.0), Answer(Reply.FAILED, 429, "slowly", 5.0)),
        (HttpAnswer(500, "", 5.0), Answer(Reply.FAILED, 500)),
        (HttpAnswer(503, "", 5.0), Answer(Reply.FAILED, 503, "", 5.0)),
        (HttpAnswer(503), Answer(Reply.FAILED, 503)),
        (
            HttpAnswer(302, "found", 5.0),
            Answer(Reply.FAILED, 302, "it redirects, and redirects are not followed"),
        ),
    ],
    ids=lambda one: str(one.status),
)
def test_what_an_answer_means(given: HttpAnswer, meant: Answer):
    """Taken, gone, or failed; patience only where HTTP knows it."""
    assert answer_of(given) == meant


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("999999999", 999_999_999.0),
        (formatdate(NOW_S + 90, usegmt=True), 90.0),
        (formatdate(NOW_S - 90, usegmt=True), 0.0),
        ("Wednesday, 17-Jun-26 09:01:00 GMT", 60.0),
        ("Wed Jun 17 09:01:00 2026", 60.0),
        ("Wed, 17 Jun 2026 09:01:00 -0000", 60.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("9" * 400, None),
        ("Wed, 99 Jun 2026 09:01:00 GMT", None),
        ("Wed, 17 Jun 99999 09:01:00 GMT", None),
        ("[", None),
    ],
)
def test_retry_after(value: str, seconds: float | None):
    """Seconds or a date of HTTP; rubbish asks for nothing."""
    assert retry_after_s(value, NOW_S) == seconds


@pytest.mark.asyncio
async def test_a_retry_after_comes_along():
    """In any spelling; the first of several."""
    async with Peer(answer(429, b"", "retry-AFTER: 30", "Retry-After: 5")) as peer:
        sending = outbound()

        got = await sending.post(f"http://127.0.0.1:{peer.port}/", b"", {})

        assert answer_of(got) == Answer(Reply.FAILED, 429, "", 30.0)
        await sending.close()
