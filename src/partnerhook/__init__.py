"""Keeps the true state of every WhatsApp Multi-Partner Solution.

This is the public library API, for those who have a web framework already: no I/O, no clock, no
threads; the same code that the `partnerhook` server runs. `receive` verifies and reads a POST,
`answer_handshake` answers the GET, and `observe` and `fold` make of many webhooks what a solution is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from partnerhook.core import handshake, lifecycle, wire
from partnerhook.core.account_update import CustomerUpdate
from partnerhook.core.errors import (
    HandshakeRefused,
    PartnerhookError,
    PayloadUnreadable,
    SignatureProblem,
    SignatureRejected,
)
from partnerhook.core.lifecycle import Solution
from partnerhook.core.names import Flag, Pending, State, Status
from partnerhook.core.observations import Observation, distinct, observe
from partnerhook.core.partner_solutions import SolutionUpdate
from partnerhook.core.reading import TIME_MAX
from partnerhook.core.signature import sign, verify
from partnerhook.core.wire import Envelope, OtherChange, Unreadable

__version__ = "0.1.0"

__all__ = [
    "CustomerUpdate",
    "Envelope",
    "Flag",
    "HandshakeRefused",
    "Observation",
    "OtherChange",
    "PartnerhookError",
    "PayloadUnreadable",
    "Pending",
    "SignatureProblem",
    "SignatureRejected",
    "Solution",
    "SolutionUpdate",
    "State",
    "Status",
    "Unreadable",
    "answer_handshake",
    "fold",
    "observe",
    "receive",
    "sign",
]

answer_handshake = handshake.answer


def receive(
    body: bytes, signature: bytes | str | None, app_secrets: str | Sequence[str], *, received_at_s: int = TIME_MAX
) -> Envelope:
    """Verify a POST and take it apart: each change on its own, so that one bad change spoils no neighbour.

    `body`: the raw bytes, never re-serialised JSON. `signature`: the X-Hub-Signature-256 header, None
    where there is none. `app_secrets`: the app secret, or several, newest first, while one is being
    rotated. `received_at_s`: your clock in Unix seconds; with it, a `time` more than a day ahead is
    flagged as unreadable instead of being believed.

    Raises SignatureRejected (answer 401), PayloadUnreadable (signed, but not the JSON of a webhook: keep
    it and answer 200), and ValueError where no app secret is given or an empty one.
    """
    secrets = (app_secrets,) if isinstance(app_secrets, str) else app_secrets
    return wire.parse(verify(body, signature, secrets), received_at_s=received_at_s)


def fold(observations: Iterable[Observation]) -> Solution | None:
    """What one solution is, by all that was heard of it: in any order, repeats included.

    None where there are only dashboard tests, or nothing. Raises ValueError where they are of several solutions.
    """
    heard = distinct(observations)
    if len({(one.app, one.solution_id) for one in heard}) > 1:
        raise ValueError("fold takes the observations of one solution")
    return lifecycle.fold(heard)
