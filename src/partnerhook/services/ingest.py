"""A POST in: verified, taken apart, durably stored, folded. Nothing is acknowledged before that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from sqlalchemy import Connection

from partnerhook.core import wire
from partnerhook.core.account_update import CustomerUpdate
from partnerhook.core.errors import PayloadUnreadable
from partnerhook.core.names import ACCOUNT_UPDATE, PARTNER_SOLUTIONS, Flag
from partnerhook.core.observations import MICROSECONDS, Observation, customer_key, observe
from partnerhook.core.partner_solutions import SolutionUpdate
from partnerhook.core.receipts import Fate, Outcome, Receipt, Stored
from partnerhook.core.signature import VerifiedBody
from partnerhook.core.wire import Envelope, OtherChange, Piece, Unreadable
from partnerhook.services.project import append_and_project
from partnerhook.store import customers, receipts
from partnerhook.store.writer import GroupCommit

log = structlog.get_logger("partnerhook.ingest")


class Arrival(NamedTuple):
    """One verified POST, taken apart: all that is left to find out is what of it was heard before."""

    app: str
    received_at: int
    """Unix microseconds of our clock."""
    body: bytes
    outcomes: tuple[Outcome, ...]
    """As if everything were new."""
    observed: tuple[Observation, ...] = ()
    shared: tuple[tuple[str, CustomerUpdate], ...] = ()
    """Events of customers with their keys."""
    flags: tuple[Flag, ...] = ()


Writer = GroupCommit[Arrival, Stored]


def ingest(body: VerifiedBody, *, app: str, received_at: int, writer: Writer) -> asyncio.Future[Stored]:
    """Read one verified POST and hand it to the next commit.

    The future ends once the POST is durable, or with StoreUnavailable. Raises StoreUnavailable
    where nothing more can be taken.
    """
    return writer.submit(read(body, app=app, received_at=received_at), len(body.raw))


def read(body: VerifiedBody, *, app: str, received_at: int) -> Arrival:
    """Take a verified POST apart. What cannot be understood becomes an outcome that says so."""
    try:
        envelope = wire.parse(body, received_at_s=received_at // MICROSECONDS)
    except PayloadUnreadable as problem:
        unreadable = Outcome("$", "", Fate.QUARANTINED, reason=str(problem))
        return Arrival(app=app, received_at=received_at, body=body.raw, outcomes=(unreadable,))
    if envelope.foreign:
        foreign = Outcome("$", envelope.object, Fate.FOREIGN_OBJECT)
        return Arrival(app=app, received_at=received_at, body=body.raw, outcomes=(foreign,))
    return _arrival(envelope, body.raw, app, received_at)


def _arrival(envelope: Envelope, raw: bytes, app: str, received_at: int) -> Arrival:
    outcomes: list[Outcome] = []
    observed: list[Observation] = []
    shared: list[tuple[str, CustomerUpdate]] = []
    for piece in envelope.pieces:
        if isinstance(piece, SolutionUpdate):
            one = observe(piece, app=app, received_at=received_at)
            observed.append(one)
            outcomes.append(_outcome(piece, one.key))
        elif isinstance(piece, CustomerUpdate) and not piece.test:
            key = customer_key(piece, app=app)
            shared.append((key, piece))
            outcomes.append(_outcome(piece, key))
        else:
            outcomes.append(_outcome(piece, ""))
    return Arrival(app, received_at, raw, tuple(outcomes), tuple(observed), tuple(shared), envelope.flags)


def _outcome(piece: Piece, key: str) -> Outcome:
    match piece:
        case SolutionUpdate():
            fate = Fate.TEST if piece.test else Fate.OBSERVED
            return Outcome(piece.path, PARTNER_SOLUTIONS, fate, key, piece.portfolio_id)
        case CustomerUpdate():
            fate = Fate.TEST if piece.test else Fate.CUSTOMER
            return Outcome(piece.path, ACCOUNT_UPDATE, fate, key, piece.entry_id)
        case OtherChange():
            fate = Fate.TEST if piece.test else Fate.RECORDED
            return Outcome(piece.path, piece.field, fate, entry_id=piece.entry_id)
        case Unreadable():
            return Outcome(piece.path, piece.field, Fate.QUARANTINED, reason=piece.reason)


def commit(conn: Connection, arrivals: Sequence[Arrival]) -> list[Stored]:
    """Store many POSTs in the transaction of `conn`: observations, solutions, customers, receipts."""
    numbered = list(zip(receipts.reserve(conn, len(arrivals)), arrivals, strict=True))
    fresh = append_and_project(conn, [(one, number) for number, arrival in numbered for one in arrival.observed])
    fresh |= customers.append(
        conn,
        [
            (key, arrival.app, update, arrival.received_at, number)
            for number, arrival in numbered
            for key, update in arrival.shared
        ],
    )
    stored = [
        _stored(number, arrival, tuple([_settled(outcome, fresh) for outcome in arrival.outcomes]))
        for number, arrival in numbered
    ]
    receipts.append(conn, [_receipt(arrival, one) for (_, arrival), one in zip(numbered, stored, strict=True)])
    return stored


def salvage(conn: Connection, arrival: Arrival, error: Exception) -> Stored:
    """Keep a POST that the database would not take as it is: raw, in quarantine, with the reason."""
    reason = f"it could not be stored ({type(error).__name__}); the raw body is kept. Please report this."
    poisoned = Outcome("$", "", Fate.QUARANTINED, reason=reason)
    (number,) = receipts.reserve(conn, 1)
    # Only the error's kind: its text holds the statement's parameters, and these are people's messages.
    log.error("a webhook could not be stored as it is; it is in quarantine", receipt=number, error=type(error).__name__)
    stored = _stored(number, arrival, (poisoned,))
    receipts.append(conn, [_receipt(arrival, stored)])
    return stored


def _stored(number: int, arrival: Arrival, outcomes: tuple[Outcome, ...]) -> Stored:
    return Stored(number, arrival.app, len(arrival.body), outcomes)


def _settled(outcome: Outcome, fresh: set[str]) -> Outcome:
    """`outcome`, or a duplicate. Of two alike in one commit the first is new."""
    if not outcome.key:
        return outcome
    if outcome.key in fresh:
        fresh.remove(outcome.key)
        return outcome
    return outcome if outcome.fate is Fate.TEST else outcome._replace(fate=Fate.DUPLICATE)


def _receipt(arrival: Arrival, stored: Stored) -> Receipt:
    return Receipt(
        stored.receipt_id,
        arrival.app,
        arrival.received_at,
        stored.body_bytes,
        arrival.body,
        arrival.flags,
        stored.outcomes,
    )
