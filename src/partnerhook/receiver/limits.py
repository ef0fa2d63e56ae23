"""Reading a body within bounds: of its own, and of all bodies that are held at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from partnerhook.core.errors import StoreUnavailable


class BodyTooLong(Exception):
    """The body is longer than the configured bound."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"The body is longer than {bytes_max} bytes.")


class ClientGone(Exception):
    """The client hung up, or was cut off, before its body was complete."""


CUT_OFF: Final = "partnerhook.cut_off"
"""In the scope of a request whose connection we have ended ourselves: why, is counted already."""


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
    """The whole body. Raises BodyTooLong as soon as that is sure, ClientGone, StoreUnavailable."""
    if declared > bytes_max:
        raise BodyTooLong(bytes_max)  # before `receive`, which would tell a client that asks first to go on
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        if reservation.bytes_held + len(chunk) > bytes_max:
            raise BodyTooLong(bytes_max)
        reservation.grow(len(chunk))
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
