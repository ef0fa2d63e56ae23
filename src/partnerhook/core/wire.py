"""A verified body taken apart: each change on its own, so that one bad change spoils no neighbour.

    {"object": ..., "entry": [{"id": ..., "time": ..., "changes": [{"field": ..., "value": {...}}]}]}

Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started (read 2026-06): up to
1,000 updates in a POST, several objects may share one. Key order differs between Meta's own examples.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from partnerhook.core import account_update, partner_solutions
from partnerhook.core.account_update import CustomerUpdate
from partnerhook.core.errors import PayloadUnreadable
from partnerhook.core.names import ACCOUNT_UPDATE, DASHBOARD_TEST_ID, PARTNER_SOLUTIONS, WHATSAPP_OBJECT, Flag
from partnerhook.core.partner_solutions import SolutionUpdate
from partnerhook.core.reading import NotUnderstood, as_id, as_time, as_word
from partnerhook.core.signature import VerifiedBody

CHANGES_MAX: Final = 10_000
"""Ten times what Meta documents. Without a bound, 3 MiB of `{}` would be a million outcomes to keep."""

SUBSCRIBE_WITH_VALUES: Final = (
    "the subscription sends no values: it has 'changed_fields' instead of 'changes'."
    " Subscribe again with include_values=true (App Dashboard > Webhooks: switch 'Include Values' on)"
)


@dataclass(frozen=True, slots=True)
class OtherChange:
    """A change of a field that the registry does not read: recorded, and left alone."""

    path: str
    field: str
    entry_id: str

    @property
    def test(self) -> bool:
        """Sent by the App Dashboard's Test button."""
        return self.entry_id == DASHBOARD_TEST_ID


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A piece that cannot be understood, and why. Goes to quarantine; its neighbours go on."""

    path: str
    field: str
    reason: str


Piece = SolutionUpdate | CustomerUpdate | OtherChange | Unreadable


class Envelope(NamedTuple):
    """One POST, taken apart. `pieces` are in the order of the body; a foreign object has none."""

    object: str
    pieces: tuple[Piece, ...]
    flags: tuple[Flag, ...] = ()

    @property
    def foreign(self) -> bool:
        """The POST is about another kind of Meta object than WhatsApp business accounts."""
        return self.object != WHATSAPP_OBJECT

    @property
    def solution_updates(self) -> tuple[SolutionUpdate, ...]:
        """The changes of field `partner_solutions`."""
        return tuple(piece for piece in self.pieces if isinstance(piece, SolutionUpdate))

    @property
    def customer_updates(self) -> tuple[CustomerUpdate, ...]:
        """The changes of field `account_update` that share or unshare a customer's account."""
        return tuple(piece for piece in self.pieces if isinstance(piece, CustomerUpdate))

    @property
    def unreadable(self) -> tuple[Unreadable, ...]:
        """What could not be understood, and why."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Unreadable))


def parse(body: VerifiedBody, *, received_at_s: int) -> Envelope:
    """Take a verified body apart. Raises PayloadUnreadable where it is no webhook's JSON at all.

    `received_at_s`: Unix seconds of our clock, for the one bound on `time` that needs it.
    """
    try:
        document = decode_json(body.raw)
    except RecursionError:
        raise PayloadUnreadable("The body is JSON nested too deeply.") from None
    except ValueError as error:
        raise PayloadUnreadable(f"The body is not JSON: {_where(error)}.") from None
    if not isinstance(document, dict):
        raise PayloadUnreadable("The body is JSON, but not an object.")
    about = document.get("object")
    if about is not None and about != WHATSAPP_OBJECT:
        return Envelope(as_word(about) or "unreadable", ())
    entries = document.get("entry")
    if not isinstance(entries, list):
        raise PayloadUnreadable("The body has no list 'entry'.")
    pieces: list[Piece] = []
    for number, entry in enumerate(entries):
        pieces += _entry(f"entry[{number}]", entry, received_at_s, CHANGES_MAX - len(pieces))
    return Envelope(WHATSAPP_OBJECT, tuple(pieces), () if about else (Flag.OBJECT_MISSING,))


def _where(error: ValueError) -> str:
    """What is wrong and where, without a word of the body."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 at byte {error.start}"
    return "a number in it is too long"


def _entry(path: str, entry: object, received_at_s: int, changes_max: int) -> list[Piece]:
    changes = entry.get("changes") if isinstance(entry, dict) else None
    # Counted before they are taken apart: the million must not even be made.
    if changes_max < (len(changes) if isinstance(changes, list) else 1):
        raise PayloadUnreadable(f"The body has more than {CHANGES_MAX} changes.")
    if not isinstance(entry, dict):
        return [Unreadable(path, "", "the entry is not an object")]
    if not isinstance(changes, list):
        missing = SUBSCRIBE_WITH_VALUES if "changed_fields" in entry else "the entry has no list 'changes'"
        return [Unreadable(path, "", missing)]
    entry_id = as_id(entry.get("id")) or ""
    time, time_flag = as_time(entry.get("time"), received_at_s)
    return [
        _change(f"{path}.changes[{number}]", change, entry_id, time, time_flag) for number, change in enumerate(changes)
    ]


DECODER: Final = json.JSONDecoder()


def decode_json(raw: bytes) -> Any:
    """As `json.loads`, without looking for white space where Meta sends none. Raises ValueError, RecursionError."""
    text = raw.decode()
    if text[:1] == "{":
        document, end = DECODER.raw_decode(text)
        if end == len(text):
            return document
    return DECODER.decode(text)


Reader = Callable[..., SolutionUpdate | CustomerUpdate | None]
READERS: Final[dict[str, Reader]] = {
    PARTNER_SOLUTIONS: partner_solutions.read,
    ACCOUNT_UPDATE: account_update.read,
}
"""Who reads the value of which field. None from a reader: not of interest, recorded as any other field."""


def _change(path: str, change: object, entry_id: str, time: int | None, time_flag: Flag | None) -> Piece:
    if not isinstance(change, dict):
        return Unreadable(path, "", "the change is not an object")
    field = as_word(change.get("field"))
    if field is None:
        return Unreadable(path, "", "the change names no 'field'")
    reader = READERS.get(field)
    if reader is None:
        return OtherChange(path, field, entry_id)
    value: Any = change.get("value")
    if not isinstance(value, dict):
        return Unreadable(path, field, "the change has no object 'value'")
    try:
        update = reader(value, path, entry_id, time, time_flag)
    except NotUnderstood as problem:
        return Unreadable(path, field, str(problem))
    return update or OtherChange(path, field, entry_id)
