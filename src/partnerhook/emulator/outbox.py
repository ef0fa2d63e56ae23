"""What is to be delivered, and when: batches, retries with growing gaps, and the chaos in between. No I/O.

Sources: the webhooks overview (7 days, "decreasing frequency") and the endpoint guide (36 hours), read
2026-06-17; up to 1,000 changes in a POST. The schedule itself is not published: the gaps are our choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel, Field

from partnerhook.core.compose import php_json
from partnerhook.core.names import WHATSAPP_OBJECT
from partnerhook.emulator.chaos import Dice
from partnerhook.emulator.rules import Rules

FIRST_GAP_S: Final = 20.0
GAP_GROWS: Final = 2.0
GAP_S_MAX: Final = 6 * 3_600.0
"""After a failure: 20 s, 40 s, 80 s, ... at most six hours apart."""

EARLY_S: Final = 1e-6
"""Two times of the emulated clock that differ by less are the same one."""


class Change(BaseModel):
    """One change, as it goes into a body."""

    entry_id: str
    time: int | None
    field: str
    value: dict[str, Any]


class Parcel(BaseModel):
    """Changes that go to one app in one POST, together until they are delivered."""

    id: int
    app_id: str
    changes: list[Change]
    due: float
    """Unix seconds, emulated."""
    first_due: float
    attempts: int = 0
    test: bool = False
    """From the dashboard's Test button: sent once."""


class Outbox(BaseModel):
    """All parcels that are not delivered yet."""

    parcels: list[Parcel] = Field(default_factory=list)
    numbered: int = 0
    dropped: int = 0
    """Changes that were never sent."""
    given_up: int = 0
    """Changes that were not delivered within the retry window."""

    def add(self, app_id: str, change: Change, now: float, dice: Dice) -> None:
        """A change happened `now`, and `app_id` is to hear of it."""
        if dice.falls(dice.chaos.drop):
            self.dropped += 1
            return
        self.put(app_id, [change], dice.due(now))
        if dice.falls(dice.chaos.duplicate):
            self.put(app_id, [change], dice.due(now) + dice.between(0, 60))

    def add_test(self, app_id: str, change: Change, now: float) -> None:
        """The dashboard's Test button was pressed."""
        self.put(app_id, [change], now, test=True)

    def put(self, app_id: str, changes: list[Change], due: float, *, test: bool = False) -> Parcel:
        """Changes that go to an app in one POST, at a time of one's own choice."""
        self.numbered += 1
        parcel = Parcel(id=self.numbered, app_id=app_id, changes=changes, due=due, first_due=due, test=test)
        self.parcels.append(parcel)
        return parcel

    def next_due(self) -> float | None:
        """When there is something to send; None: never."""
        return min((parcel.due for parcel in self.parcels), default=None)

    def take(self, now: float, dice: Dice) -> list[Parcel]:
        """What is due, taken out. What goes to the same app for the first time shares POSTs, as the chaos says."""
        due = [parcel for parcel in self.parcels if parcel.due <= now + EARLY_S]
        self.parcels = [parcel for parcel in self.parcels if parcel.due > now + EARLY_S]
        most = dice.chaos.batch_max
        taken: list[Parcel] = []
        open_for: dict[str, Parcel] = {}  # by app: the last one taken that others may still join
        for parcel in due:
            if _joined(open_for, parcel, most):
                continue
            taken.append(parcel)
            if not (parcel.attempts or parcel.test):
                open_for[parcel.app_id] = parcel
        # What only waits for company has found it.
        waiting = [parcel for parcel in self.parcels if parcel.due <= now + dice.chaos.batch_wait_s]
        found = {parcel.id for parcel in waiting if _joined(open_for, parcel, most)}
        self.parcels = [parcel for parcel in self.parcels if parcel.id not in found]
        return taken

    def failed(self, parcel: Parcel, now: float, rules: Rules, dice: Dice) -> None:
        """An attempt did not succeed: again later, or given up."""
        parcel.attempts += 1
        due = now + min(FIRST_GAP_S * GAP_GROWS ** (parcel.attempts - 1), GAP_S_MAX)
        if parcel.test or due > parcel.first_due + rules.retry_window_s:
            self.given_up += len(parcel.changes)
            return
        parcel.due = due
        if rules.retry_time == "new" or dice.falls(dice.chaos.new_time):
            parcel.changes = [
                change.model_copy(update={"time": None if change.time is None else int(now + dice.chaos.skew_s)})
                for change in parcel.changes
            ]
        self.parcels += self._recut(parcel, dice)

    def _recut(self, parcel: Parcel, dice: Dice) -> Iterable[Parcel]:
        if len(parcel.changes) < 2 or not dice.falls(dice.chaos.recut):
            return [parcel]
        cut = dice.up_to(len(parcel.changes) - 1)
        self.numbered += 1
        rest = parcel.model_copy(update={"id": self.numbered, "changes": parcel.changes[cut:]})
        parcel.changes = parcel.changes[:cut]
        return [rest, parcel]


def _joined(open_for: dict[str, Parcel], parcel: Parcel, most: int) -> bool:
    """Whether a parcel went into one that goes to the same app anyway. Retries and tests go by themselves."""
    company = open_for.get(parcel.app_id)
    if company is None or parcel.attempts or parcel.test or len(company.changes) + len(parcel.changes) > most:
        return False
    company.changes = company.changes + parcel.changes
    return True


def body(changes: Iterable[Change], *, include_values: bool = True, escape_more: bool = False) -> bytes:
    """The bytes of a POST: each change is an entry of its own."""
    entries = [_entry(change, include_values=include_values) for change in changes]
    raw = php_json({"entry": entries, "object": WHATSAPP_OBJECT})
    return escape(raw) if escape_more else raw


def _entry(change: Change, *, include_values: bool) -> dict[str, Any]:
    entry: dict[str, Any]
    if include_values:
        entry = {"changes": [{"field": change.field, "value": change.value}], "id": change.entry_id}
    else:
        entry = {"changed_fields": [change.field], "id": change.entry_id}
    return entry if change.time is None else entry | {"time": change.time}


def escape(raw: bytes) -> bytes:
    r"""`@`, `%` and `<` as \u escapes too. None of them stands in JSON outside of a string."""
    for plain, escaped in ((b"@", rb"\u0040"), (b"%", rb"\u0025"), (b"<", rb"\u003C")):
        raw = raw.replace(plain, escaped)
    return raw
