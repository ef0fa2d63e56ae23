"""Reading a body within bounds: of its own, and of all bodies that are held at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from partnerhook.core.errors import StoreUnavailable

DISCARD_BYTES_MAX: Final = 64 * 1024 * 1024
"""How much of a body that is too long is read and thrown away, so that a sender who writes before it
reads still gets to its 413. The receiver's body deadline bounds the time."""


class BodyTooLong(Exception):
    """The body is longer than the configured bound."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"The body is longer than {bytes_max} bytes.")


class ClientGone(Exception):
    """The client hung up, or was cut off, before its body was complete."""


class BodiesInFlight:
    """How many bytes of bodies are held in memory, over all connections."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes_held = 0

    def reserve(self) -> Reservation:
        """Room for one body. Whoever takes it gives it back with `release`."""
        return Reservation(self)


class Reservation:
    """The part of one body; grows with what was read of it, not with what was promised."""

    __slots__ = ("_bodies", "bytes_held")

    def __init__(self, bodies: BodiesInFlight) -> None:
        self._bodies = bodies
        self.bytes_held = 0

    def grow(self, count: int) -> None:
        """Hold `count` bytes more. Raises StoreUnavailable where there is no room."""
        if self._bodies.bytes_held + count > self._bodies.bytes_max:
            raise StoreUnavailable("The memory for bodies in flight is full.")
        self._bodies.bytes_held += count
        self.bytes_held += count

    def release(self) -> None:
        """Give it all back."""
        self._bodies.bytes_held -= self.bytes_held
        self.bytes_held = 0


Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def read_body(receive: Receive, declared: int, bytes_max: int, reservation: Reservation) -> bytes:
    """The whole body. Raises BodyTooLong (having read on for a while), ClientGone, StoreUnavailable."""
    message = await receive()
    chunk: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body", False) and len(chunk) <= bytes_max:
        reservation.grow(len(chunk))
        return chunk  # nearly always: it came in one piece
    chunks: list[bytes] = []
    received = 0
    while True:
        if message["type"] != "http.request":
            raise ClientGone
        chunk = message.get("body", b"")
        received += len(chunk)
        if max(received, declared) <= bytes_max:
            reservation.grow(len(chunk))
            chunks.append(chunk)
        elif received > DISCARD_BYTES_MAX:
            break
        if not message.get("more_body", False):
            break
        message = await receive()
    if max(received, declared) > bytes_max:
        raise BodyTooLong(bytes_max)
    return b"".join(chunks)
