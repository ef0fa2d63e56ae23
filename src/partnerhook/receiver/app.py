"""The callback URL: handshake and webhooks. Bound, signature, durable store, 200, in this order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from partnerhook.core import kept_headers
from partnerhook.core.errors import HandshakeRefused, SignatureProblem, SignatureRejected, StoreUnavailable
from partnerhook.core.handshake import answer
from partnerhook.core.signature import verify
from partnerhook.receiver.limits import CUT_OFF, BodiesInFlight, BodyTooLong, ClientGone, Reservation, read_body
from partnerhook.services.ingest import Post
from partnerhook.services.meters import Meters, Refusal
from partnerhook.services.notify import Routing
from partnerhook.services.pass_on import NoRoom
from partnerhook.services.suspect import Suspect
from partnerhook.services.write import Writer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

RETRY_AFTER_S: Final = 10
"""Meta sends again by its own schedule; other senders may look at this."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One Meta app's callback URL."""

    app: str
    secrets: tuple[str, ...]
    """Newest first."""
    verify_token: str


class Receiver:
    """The public listener: `callbacks` by path, and `/healthz`. Everything else is 404."""

    def __init__(
        self,
        *,
        callbacks: Mapping[str, Callback],
        writer: Writer,
        routing: Routing,
        meters: Meters,
        suspect: Suspect,
        in_flight: BodiesInFlight,
        body_bytes_max: int,
    ) -> None:
        self._callbacks = callbacks
        self._writer = writer
        self._routing = routing
        self._meters = meters
        self._suspect = suspect
        self._in_flight = in_flight
        self._body_bytes_max = body_bytes_max

    def reconfigure(self, callbacks: Mapping[str, Callback], secrets: Mapping[str, tuple[str, ...]]) -> None:
        """Answer with these from now on; requests under way end as they began."""
        self._callbacks = callbacks
        self._suspect = Suspect(secrets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        callback = self._callbacks.get(scope["path"])
        if callback is None:
            await self._elsewhere(scope, send)
        elif scope["method"] == "POST":
            await self._post(callback, scope, receive, send)
        elif scope["method"] == "GET":
            await self._handshake(callback, scope, send)
        else:
            self._meters.refused(callback.app, Refusal.METHOD)
            await respond(send, 405, "Use GET for the verification request and POST for webhooks.", ALLOW)

    async def _elsewhere(self, scope: Scope, send: Send) -> None:
        if scope["path"] != "/healthz":
            self._meters.refused("", Refusal.PATH)
            await respond(send, 404, "There is nothing here.")
        elif scope["method"] in ("GET", "HEAD"):
            await respond(send, 200, "ok")
        else:
            await respond(send, 405, "Use GET.", ((b"allow", b"GET, HEAD"),))

    async def _handshake(self, callback: Callback, scope: Scope, send: Send) -> None:
        try:
            challenge = answer(scope["query_string"], callback.verify_token)
        except HandshakeRefused as refusal:
            self._meters.refused(callback.app, Refusal.HANDSHAKE)
            self._suspect.handshake(callback.app, str(refusal))
            await respond(send, 403, str(refusal))
            return
        self._meters.handshake(callback.app)
        await respond(send, 200, challenge)

    async def _post(self, callback: Callback, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        reservation = self._in_flight.reserve()
        try:
            await self._take(callback, dict(scope["headers"]), receive, reservation)
        except ClientGone:
            if CUT_OFF not in scope:
                self._meters.refused(callback.app, Refusal.CLIENT_GONE)
        except BodyTooLong as problem:
            self._meters.refused(callback.app, Refusal.TOO_LONG)
            await respond(send, 413, str(problem), CLOSE)
        except SignatureRejected as rejection:
            self._meters.refused(callback.app, REFUSAL_OF_PROBLEM[rejection.problem])
            await respond(send, 401, str(rejection))
        except asyncio.CancelledError:
            # The time to stop in is over, and the store still has it: nothing is promised.
            self._meters.refused(callback.app, Refusal.UNAVAILABLE)
            await respond(send, 503, UNAVAILABLE, RETRY_AFTER)
        except StoreUnavailable as problem:
            self._meters.refused(callback.app, Refusal.UNAVAILABLE)
            self._suspect.unavailable(str(problem))
            await respond(send, 503, UNAVAILABLE, RETRY_AFTER)
        else:
            await send(OK)
            await send(NOTHING_MORE)
            self._meters.answered(callback.app, time.perf_counter() - started)
        finally:
            reservation.release()

    async def _take(
        self, callback: Callback, headers: dict[bytes, bytes], receive: Receive, reservation: Reservation
    ) -> None:
        """Bound, signature, durable store; returns when the webhook may be acknowledged."""
        declared = int(headers.get(b"content-length", 0))  # the HTTP parser has refused what is no number
        body = await read_body(receive, declared, self._body_bytes_max, reservation)
        signature = headers.get(b"x-hub-signature-256")
        received_at = time.time_ns() // 1_000
        try:
            verified = verify(body, signature, callback.secrets)
        except SignatureRejected as rejection:
            self._suspect.signature(callback.app, rejection.problem, body, signature)
            raise
        if verified.secret_index:
            self._suspect.previous_secret(callback.app)
        kept = kept_headers.keep(headers) if self._routing.now.forward else ""
        outcome = await self._writer.submit(Post(verified, callback.app, received_at, kept), len(body))
        if isinstance(outcome, NoRoom):
            raise StoreUnavailable(f"No more may wait for {', '.join(outcome.targets)}.")


OK: Final = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
NOTHING_MORE: Final = {"type": "http.response.body", "body": b""}
ALLOW: Final = ((b"allow", b"GET, POST"),)
CLOSE: Final = ((b"connection", b"close"),)
RETRY_AFTER: Final = ((b"retry-after", str(RETRY_AFTER_S).encode()),)
UNAVAILABLE: Final = "This cannot be stored at the moment. Send it again."
REFUSAL_OF_PROBLEM: Final = {
    SignatureProblem.HEADER_MISSING: Refusal.SIGNATURE_MISSING,
    SignatureProblem.HEADER_MALFORMED: Refusal.SIGNATURE_MALFORMED,
    SignatureProblem.NO_MATCH: Refusal.SIGNATURE_WRONG,
}


async def respond(send: Send, status: int, text: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    """Answer in plain text; nothing a browser could take for anything else."""
    body = text.encode("utf-8", "surrogateescape")
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", b"%d" % len(body)),
                (b"x-content-type-options", b"nosniff"),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
