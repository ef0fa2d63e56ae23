"""One request and its answer: bounded in time and size, tried again where that is safe.

Reads are tried again, with growing random pauses, after a lost connection, an HTTP 5xx, a rate limit, or
where Meta says that it is transient. What changes something is sent once.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import httpx2
import stamina
from pydantic import SecretStr

from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.reading import as_time
from partnerhook.graph.dates import http_date
from partnerhook.graph.errors import GraphError, GraphUnreachable, GraphUnreadable, RateLimited
from partnerhook.graph.hiding import hide
from partnerhook.graph.refusals import refusal
from partnerhook.graph.requests import Ask
from partnerhook.graph.throttle import Sleep, Throttle
from partnerhook.graph.transport import BEARER, ProvingTransport, proof

Clock = Callable[[], int]
"""Unix microseconds."""

ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
"""A page of a hundred solutions with all that is known of them is far below 1 MiB."""

CONNECTING_SHARE: Final = 0.5
"""Of the time for an answer: a call that got no connection in it was not made, and can say so."""

# No other encoding: a small answer that unpacks to a huge one would pass by the bound.
HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "partnerhook"}


class Patience(NamedTuple):
    """How often and how long a read is tried, and how long a call waits for its turn."""

    attempts: int = 4
    within_s: float = 45.0
    """No further attempt begins after that."""
    backoff_s: float = 0.5
    """The pause before the second attempt, and as much again at random; doubled each time."""
    backoff_s_max: float = 8.0
    turn_s_max: float = 60.0
    """A longer wait than this, asked for by Meta, is RateLimited at once."""


class Answer(NamedTuple):
    """The JSON of an answer, and when."""

    document: Any
    read_at: int
    """Unix seconds: its `Date`, Meta's clock; ours where that is missing."""
    asked_at: int
    """Unix microseconds of our clock, when the request was sent."""


class Asker:
    """Sends requests with one access token."""

    def __init__(
        self,
        token: SecretStr,
        *,
        app_secret: SecretStr | None,
        address: str,
        timeout_s: float,
        answer_bytes_max: int,
        patience: Patience,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self._token = token
        self._app_secret = app_secret
        self._address = address
        self._timeout_s = timeout_s
        self._answer_bytes_max = answer_bytes_max
        self._patience = patience
        self._clock = clock
        self._throttle = Throttle(wait_s_max=patience.turn_s_max, sleep=sleep)
        self._client: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._client = httpx2.AsyncClient(
            transport=ProvingTransport(self._app_secret, plain=self._address.startswith("http:")),
            headers=HEADERS,
            timeout=httpx2.Timeout(self._timeout_s, connect=self._timeout_s * CONNECTING_SHARE),
            follow_redirects=False,  # they would take the token elsewhere
            trust_env=False,  # a proxy, or a password in ~/.netrc, is nobody's intention here
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def ask(self, ask: Ask) -> Answer:
        """The answer. Raises GraphError."""
        if ask.writing:
            return await self._once(ask)
        patience = self._patience
        async for attempt in stamina.retry_context(
            on=self._worth_another,
            attempts=patience.attempts,
            timeout=patience.within_s,
            wait_initial=patience.backoff_s,
            wait_jitter=patience.backoff_s,
            wait_max=patience.backoff_s_max,
        ):
            with attempt:
                return await self._once(ask)
        raise AssertionError("stamina tries at least once")

    def _worth_another(self, error: Exception) -> bool:
        if not isinstance(error, GraphError) or isinstance(error, GraphUnreadable) or self._throttle.blocked:
            return False
        again = error.is_transient or (error.http_status or 0) >= 500
        return again or isinstance(error, GraphUnreachable | RateLimited)

    async def _once(self, ask: Ask) -> Answer:
        await self._throttle.turn()
        asked_at = self._clock()
        received = await self._exchange(ask)
        if isinstance(received, GraphError):
            # Raised here, not where httpx2's own exception is at hand: it knows the URL and would be chained.
            raise received
        status, headers, body = received
        retry_after_s = self._throttle.heed(headers, asked_at / MICROSECONDS)
        document, is_json = _decode(body)
        failed = isinstance(document, dict) and "error" in document and "data" not in document
        if failed or not 200 <= status < 300:
            hiding = partial(hide, secrets=list(self._secrets(ask)))
            raise refusal(status, document, hiding, retry_after_s=retry_after_s, writing=ask.writing)
        if not is_json:
            raise GraphUnreadable("The answer is no JSON.", http_status=status, maybe_done=ask.writing)
        return Answer(document, _read_at(headers, asked_at), asked_at)

    async def _exchange(self, ask: Ask) -> tuple[int, httpx2.Headers, bytes] | GraphError:
        """One request on the wire: status, headers and body; or what was in the way."""
        if self._client is None:
            raise RuntimeError("use `async with Graph(...) as graph`")
        try:
            async with asyncio.timeout(self._timeout_s), self._client.stream(**self._parts(ask)) as response:
                body = await self._body(response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return GraphUnreachable(f"There is no connection to {self._address}{_why(error)}.")
        except (httpx2.TimeoutException, TimeoutError):
            return GraphUnreachable(
                f"No answer from {self._address} within {self._timeout_s:g} s.", maybe_done=ask.writing
            )
        except httpx2.TransportError:
            return GraphUnreachable(f"The connection to {self._address} broke.", maybe_done=ask.writing)
        if body is None:
            return GraphUnreadable(
                f"The answer is packed, or longer than {self._answer_bytes_max} bytes.",
                http_status=response.status_code,
                maybe_done=ask.writing,
            )
        return response.status_code, response.headers, body

    def _parts(self, ask: Ask) -> dict[str, Any]:
        token = ask.token or self._token
        form = {name: secret.get_secret_value() for name, secret in ask.secrets.items()} | dict(ask.form or {})
        return {
            "method": ask.method,
            "url": f"{self._address}/{ask.path}",
            "params": dict(ask.query) or None,
            "json": ask.json,
            "data": form or None,
            "headers": {"Authorization": f"{BEARER}{token.get_secret_value()}"},
        }

    async def _body(self, response: httpx2.Response) -> bytes | None:
        """All of it, or None where that is more than we take."""
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return None
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > self._answer_bytes_max:
                return None
        return bytes(body)

    def _secrets(self, ask: Ask) -> Iterator[str]:
        """All that must not be shown, should Meta repeat it; the longest of two that overlap comes first."""
        tokens = [token.get_secret_value() for token in (ask.token, self._token) if token is not None]
        yield from tokens
        yield from (secret.get_secret_value() for secret in ask.secrets.values())
        if self._app_secret is not None:
            app_secret = self._app_secret.get_secret_value()
            yield from (proof(token, app_secret) for token in tokens)
            yield app_secret


def _decode(body: bytes) -> tuple[Any, bool]:
    try:
        return json.loads(body), True
    except (ValueError, RecursionError):
        return None, False


def _why(error: Exception) -> str:
    """A reason that can be told without repeating the error's own text."""
    if isinstance(error, httpx2.TimeoutException):
        return ": connecting took too long"
    return ": its TLS certificate is not trusted" if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""


def _read_at(headers: httpx2.Headers, asked_at: int) -> int:
    """`Date` in Unix seconds; our own time, that of the question, where it is missing or cannot be."""
    ours = asked_at // MICROSECONDS
    told = http_date(headers.get("date", ""))
    time_s, _ = as_time(None if told is None else int(told), ours)
    return ours if time_s is None else time_s


def unix_microseconds() -> int:
    """Our clock."""
    return time.time_ns() // 1_000
