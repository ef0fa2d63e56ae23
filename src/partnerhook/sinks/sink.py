"""What every kind of destination does: take one message and say what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

from partnerhook.core.delivery import Answer, Reply

ANSWER_LETTERS_MAX: Final = 1_000
"""So much of what a target says is kept."""


class Message(NamedTuple):
    """A notice on its way to one destination."""

    id: str
    """Of the notice: the same for each attempt and each destination, so that repeats can be dropped."""
    key: str
    """What it is about, app and solution: messages with the same key keep their order."""
    type: str
    """The CloudEvents type."""
    document: Mapping[str, Any]
    """The CloudEvents document."""

    @property
    def body(self) -> bytes:
        """The document as JSON."""
        return json.dumps(self.document, separators=(",", ":"), ensure_ascii=False).encode()


class Sink(Protocol):
    """One destination. Used on one event loop, by several deliveries at once."""

    async def deliver(self, message: Message) -> Answer:
        """Hand one message over; TAKEN only once the destination has it durably.

        Whatever it raises is a failed attempt: the text is shown to the operator and must not hold a secret. It may
        be cancelled: whoever calls it limits the time. It connects by itself, at the first message and again after
        a connection was lost.
        """

    async def close(self) -> None:
        """Let go of connections; what is under way was given up before."""


TAKEN: Final = Answer(Reply.TAKEN)


def cut(text: str) -> str:
    """So much of what a target says as is kept, on one line and printable."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * ANSWER_LETTERS_MAX])
    return " ".join(shown.split())[:ANSWER_LETTERS_MAX]
