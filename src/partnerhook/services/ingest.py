"""A verified POST in: taken apart, durably stored, folded. Nothing is acknowledged before that."""

from __future__ import annotations

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
from partnerhook.services.notify import Routes, notify
from partnerhook.services.pass_on import Candidate, NoRoom, admit, pass_on
from partnerhook.services.project import append_and_project
from partnerhook.store import clock, customers, receipts

log = structlog.get_logger("partnerhook.ingest")


class Post(NamedTuple):
    """One POST whose signature was right."""

    body: VerifiedBody
    app: str
    received_at: int
    """Unix microseconds of our clock."""
    headers: str = ""
    """Those that it takes along where it is forwarded, a line each."""


class Arrival(NamedTuple):
    """A POST taken apart: all that is left to find out is what of it was heard before."""

    post: Post
    outcomes: tuple[Outcome, ...]
    """As if everything were new."""
    observed: tuple[Observation, ...] = ()
    shared: tuple[tuple[str, CustomerUpdate], ...] = ()
    """Events of customers with their keys."""
    flags: tuple[Flag, ...] = ()


def read(post: Post) -> Arrival:
    """Take a verified POST apart. What cannot be understood becomes an outcome that says so."""
    try:
        envelope = wire.parse(post.body, received_at_s=post.received_at // MICROSECONDS)
    except PayloadUnreadable as problem:
        return Arrival(post, (Outcome("$", "", Fate.QUARANTINED, reason=str(problem)),))
    if envelope.foreign:
        return Arrival(post, (Outcome("$", envelope.object, Fate.FOREIGN_OBJECT),))
    return _arrival(post, envelope)


def _arrival(post: Post, envelope: Envelope) -> Arrival:
    _, app, received_at, _ = post
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
    return Arrival(post, tuple(outcomes), tuple(observed), tuple(shared), envelope.flags)


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


def commit(conn: Connection, posts: Sequence[Post], routes: Routes) -> list[Stored | NoRoom]:
    """Read and store many POSTs in the transaction of `conn`: observations, solutions, notices, customers, receipts."""
    off = clock.off(conn)
    arrivals = [read(post._replace(received_at=post.received_at + off) if off else post) for post in posts]
    if not routes.forward:
        return list(_store(conn, arrivals, routes))
    candidates = [Candidate(one.post.app, len(one.post.body.raw), one.outcomes) for one in arrivals]
    refused = admit(conn, candidates, routes.forward)
    taken = [arrival for arrival, no_room in zip(arrivals, refused, strict=True) if no_room is None]
    stored = _store(conn, taken, routes) if taken else []
    pass_on(conn, stored, routes.forward)
    of_taken = iter(stored)
    return [next(of_taken) if no_room is None else no_room for no_room in refused]


def _store(conn: Connection, arrivals: Sequence[Arrival], routes: Routes) -> list[Stored]:
    observed_count = sum([len(arrival.observed) for arrival in arrivals])
    receipt_ids, row_ids = receipts.reserve_with_observations(conn, len(arrivals), observed_count)
    numbered = list(zip(receipt_ids, arrivals, strict=True))
    observed = [(one, number) for number, arrival in numbered for one in arrival.observed]
    projected = append_and_project(conn, observed, row_ids)
    fresh = set(projected.row_ids)
    fresh |= customers.append(
        conn,
        [
            (key, arrival.post.app, update, arrival.post.received_at, number)
            for number, arrival in numbered
            for key, update in arrival.shared
        ],
    )
    stored = [
        _stored(number, arrival.post, tuple([settled(outcome, fresh) for outcome in arrival.outcomes]))
        for number, arrival in numbered
    ]
    receipts.append(
        conn, [_receipt(arrival.post, one, arrival.flags) for (_, arrival), one in zip(numbered, stored, strict=True)]
    )
    notify(conn, *projected, routes)  # last, for others wait until it is committed
    return stored


def salvage(conn: Connection, post: Post, error: Exception) -> Stored:
    """Keep a POST that could not be read or stored as it is: raw, in quarantine, with the reason."""
    reason = f"it could not be stored ({type(error).__name__}); the raw body is kept. Please report this."
    poisoned = Outcome("$", "", Fate.QUARANTINED, reason=reason)
    (number,) = receipts.reserve(conn, 1)
    # Only the error's kind: its text holds the statement's parameters, and these are people's messages.
    log.error("a webhook could not be stored as it is; it is in quarantine", receipt=number, error=type(error).__name__)
    stored = _stored(number, post, (poisoned,))
    receipts.append(conn, [_receipt(post, stored, ())])
    return stored


def _stored(number: int, post: Post, outcomes: tuple[Outcome, ...]) -> Stored:
    return Stored(number, post.app, len(post.body.raw), outcomes)


def settled(outcome: Outcome, fresh: set[str]) -> Outcome:
    """`outcome`, or a duplicate. Of two alike in one commit the first is new."""
    if not outcome.key:
        return outcome
    if outcome.key in fresh:
        fresh.remove(outcome.key)
        return outcome
    return outcome if outcome.fate is Fate.TEST else outcome._replace(fate=Fate.DUPLICATE)


def _receipt(post: Post, stored: Stored, flags: tuple[Flag, ...]) -> Receipt:
    (raw, _), app, received_at, headers = post
    return Receipt(stored.receipt_id, app, received_at, stored.body_bytes, raw, flags, stored.outcomes, headers)
