"""The Graph client: what is tried again, what waits, and where it ends."""

from __future__ import annotations

import socket
import time
from email.utils import formatdate
from typing import Any

import pytest
from meta_bodies import DENIED, GUIDE_DETAILS, RATE_LIMIT, UNEXPECTED, WRONG_STATE, error
from played_meta import APP_ID, DATE, HANG_UP, NOW_S, SILENCE, SOLUTION, MakeGraph, PlayedMeta, Say

from partnerhook.graph import (
    GraphError,
    GraphFailed,
    GraphUnreachable,
    GraphUnreadable,
    Patience,
    RateLimited,
)

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    "trouble",
    [
        HANG_UP,
        Say(UNEXPECTED, 500),
        Say(b"<html>", 502),
        Say(RATE_LIMIT, 429),
        Say(error(code=80_008), 400),
        Say(error(code=100, is_transient=True), 400),
        Say({"data": []}, length=1_000),
    ],
    ids=["lost", "500", "502", "429", "80008", "transient", "cut off"],
)
async def test_reads_again(graph: MakeGraph, meta: PlayedMeta, trouble: Any):
    """A read is tried again after what may pass."""
    meta.says(trouble, trouble, GUIDE_DETAILS)

    async with graph() as client:
        reading = await client.solution(SOLUTION)

    assert reading.status == "ACTIVE"
    assert len(meta.asked) == 3


@pytest.mark.parametrize("trouble", [Say(DENIED, 403), Say(error(code=190), 401), Say(b"{", 200)])
async def test_not_again(graph: MakeGraph, meta: PlayedMeta, trouble: Any):
    """A read is not tried again after what stays."""
    meta.says(trouble)

    async with graph() as client:
        with pytest.raises(GraphError):
            await client.solution(SOLUTION)

    assert len(meta.asked) == 1


async def test_attempts(graph: MakeGraph, meta: PlayedMeta):
    """There is a last attempt; its error is the one that is told."""
    meta.says(Say(UNEXPECTED, 500))

    async with graph(patience=Patience(attempts=3, backoff_s=0.001)) as client:
        with pytest.raises(GraphFailed) as caught:
            await client.solution(SOLUTION)

    assert len(meta.asked) == 3
    assert caught.value.is_transient


async def test_within(graph: MakeGraph, meta: PlayedMeta):
    """No attempt begins after the time for all of them."""
    meta.says(Say(UNEXPECTED, 500))

    async with graph(patience=Patience(attempts=1_000, within_s=0.1, backoff_s=0.02, backoff_s_max=0.02)) as client:
        with pytest.raises(GraphFailed):
            await client.solution(SOLUTION)

    assert 2 <= len(meta.asked) <= 10


async def test_growing_pauses(graph: MakeGraph, meta: PlayedMeta):
    """The pauses between attempts grow."""
    meta.says(Say(UNEXPECTED, 500))
    began = time.monotonic()

    async with graph(patience=Patience(attempts=4, backoff_s=0.05)) as client:
        with pytest.raises(GraphFailed):
            await client.solution(SOLUTION)

    assert time.monotonic() - began >= 0.05 + 0.1 + 0.2


@pytest.mark.parametrize("trouble", [HANG_UP, Say(UNEXPECTED, 500), Say(b"<html>", 502)], ids=["lost", "500", "502"])
async def test_writes_once(graph: MakeGraph, meta: PlayedMeta, trouble: Any):
    """What changes something is sent once; nobody can tell whether it was done, and the error says so."""
    meta.says(trouble)

    async with graph() as client:
        for call in (
            client.accept(SOLUTION),
            client.create(APP_ID, name="Two of us", partner_app_id="1"),
            client.unsubscribe(APP_ID),
        ):
            with pytest.raises(GraphError, match="may have been done") as caught:
                await call
            assert caught.value.maybe_done

    assert len(meta.asked) == 3


@pytest.mark.parametrize("trouble", [Say(RATE_LIMIT, 429), Say(WRONG_STATE, 422), Say(DENIED, 403)])
async def test_writes_refused(graph: MakeGraph, meta: PlayedMeta, trouble: Any):
    """A write that was refused was not done; it is not sent again either."""
    meta.says(trouble)

    async with graph() as client:
        with pytest.raises(GraphError) as caught:
            await client.accept(SOLUTION)

    assert not caught.value.maybe_done
    assert len(meta.asked) == 1


async def test_silence(graph: MakeGraph, meta: PlayedMeta):
    """No answer in time is an error in time; of a write it says that it may have been done."""
    meta.says(SILENCE)
    began = time.monotonic()

    async with graph(timeout_s=0.2, patience=Patience(attempts=2, backoff_s=0.001)) as client:
        with pytest.raises(GraphUnreachable, match=r"within 0\.2 s") as read:
            await client.solution(SOLUTION)
        with pytest.raises(GraphUnreachable, match="may have been done") as written:
            await client.accept(SOLUTION)

    assert time.monotonic() - began < 5
    assert not read.value.maybe_done
    assert written.value.maybe_done
    assert len(meta.asked) == 3


async def test_nobody_there(graph: MakeGraph):
    """Without a connection nothing was done, also of a write."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    async with graph(url=f"http://127.0.0.1:{port}") as client:
        with pytest.raises(GraphUnreachable, match="no connection") as caught:
            await client.accept(SOLUTION)

    assert not caught.value.maybe_done
    assert caught.value.http_status is None


@pytest.mark.parametrize("claimed", [None, 100_000], ids=["sent", "claimed"])
async def test_too_long(graph: MakeGraph, meta: PlayedMeta, claimed: int | None):
    """An answer is read up to a bound."""
    meta.says(Say(b" " * 2_000, length=claimed))

    async with graph(answer_bytes_max=1_000) as client:
        with pytest.raises(GraphUnreadable, match="1000 bytes"):
            await client.solution(SOLUTION)

    assert len(meta.asked) == 1


async def test_retry_after(graph: MakeGraph, meta: PlayedMeta, slept: list[float]):
    """The next attempt waits as long as Meta asks for."""
    meta.says(Say(RATE_LIMIT, 429, DATE | {"Retry-After": "30"}), GUIDE_DETAILS)

    async with graph() as client:
        await client.solution(SOLUTION)
        await client.solution(SOLUTION)

    assert slept == [pytest.approx(30, abs=1)]


async def test_retry_after_date(graph: MakeGraph, meta: PlayedMeta, slept: list[float]):
    """Retry-After may be a date."""
    later = DATE | {"Retry-After": formatdate(NOW_S + 20, usegmt=True)}
    meta.says(Say(RATE_LIMIT, 429, later), GUIDE_DETAILS)

    async with graph(clock=lambda: NOW_S * 1_000_000) as client:
        await client.solution(SOLUTION)

    assert slept == [pytest.approx(20, abs=1)]


REGAIN = '{"1": [{"type": "whatsapp_business_management", "call_count": 100, "estimated_time_to_regain_access": %s}]}'


async def test_regain(graph: MakeGraph, meta: PlayedMeta, slept: list[float]):
    """The minutes until access is regained are waited where they are few."""
    meta.says(Say(GUIDE_DETAILS, headers=DATE | {"X-Business-Use-Case-Usage": REGAIN % 1}), GUIDE_DETAILS)

    async with graph() as client:
        await client.solution(SOLUTION)
        await client.solution(SOLUTION)

    assert slept == [pytest.approx(60, abs=1)]


async def test_regain_too_late(graph: MakeGraph, meta: PlayedMeta, slept: list[float]):
    """Where they are many, nothing is sent, which would only make it longer: reads and writes fail at once."""
    throttled = DATE | {"X-Business-Use-Case-Usage": REGAIN % 20}
    meta.says(Say(RATE_LIMIT, 400, throttled))

    async with graph() as client:
        with pytest.raises(RateLimited) as first:
            await client.solution(SOLUTION)
        with pytest.raises(RateLimited, match="none was made") as second:
            await client.solution(SOLUTION)
        with pytest.raises(RateLimited) as third:
            await client.accept(SOLUTION)

    assert len(meta.asked) == 1
    assert slept == []
    assert first.value.retry_after_s == 1_200
    assert second.value.retry_after_s == pytest.approx(1_200, abs=5)
    assert not third.value.maybe_done


@pytest.mark.parametrize(
    ("header", "pause_s"),
    [
        ('{"call_count": 94, "total_time": 25, "total_cputime": 94.9}', None),
        ('{"call_count": 28, "total_time": 95, "total_cputime": 25}', 5),
        ('{"call_count": 98, "total_time": 25, "total_cputime": 25}', 20),
        ('{"call_count": 4000, "total_time": 25, "total_cputime": 25}', 30),
        ('{"call_count": "100", "total_time": null, "total_cputime": NaN}', None),
        ('{"call_count": 1e400}', None),
        ("[]", None),
        ("call_count=100", None),
        ("[" * 5_000, None),
    ],
)
async def test_usage(graph: MakeGraph, meta: PlayedMeta, slept: list[float], header: str, pause_s: float | None):
    """From 95 per cent of the app's calls on there are pauses, bounded; a header that is not understood is none."""
    meta.says(Say(GUIDE_DETAILS, headers=DATE | {"X-App-Usage": header}))

    async with graph() as client:
        await client.solution(SOLUTION)
        await client.solution(SOLUTION)

    assert slept == ([] if pause_s is None else [pytest.approx(pause_s, abs=1)])


@pytest.mark.parametrize("header", ["{}", "[]", '{"1": 7}', '{"1": [7, {}]}', '{"1": [{"call_count": 50}]}'])
async def test_quiet_use_cases(graph: MakeGraph, meta: PlayedMeta, slept: list[float], header: str):
    """Use that is far from its bounds, or not understood, slows nothing down."""
    meta.says(Say(GUIDE_DETAILS, headers=DATE | {"X-Business-Use-Case-Usage": header}))

    async with graph() as client:
        await client.solution(SOLUTION)
        await client.solution(SOLUTION)

    assert slept == []
