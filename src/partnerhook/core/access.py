"""Who may do what: three roles, and the tokens that people and scripts show. Pure.

A key is `ph_ID_SECRET`. The id finds it, and may be shown; of the secret only the SHA-256 is kept. That is enough for
256 random bits, which nobody guesses: slow hashes are for passwords that people think of.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from enum import StrEnum
from typing import Final, NamedTuple

SECRET_BYTES: Final = 32
ID_BYTES: Final = 6
KEY: Final = re.compile(r"ph_(?P<id>[0-9a-f]{12})_(?P<secret>[0-9a-f]{64})")


class Role(StrEnum):
    """Each may do what the one before it may, and more."""

    VIEWER = "viewer"
    """Looks at everything but raw bodies, which can hold people's messages."""
    OPERATOR = "operator"
    """Sees raw bodies too, and acts: on solutions through the Graph API, on deliveries, quarantine, reconciliation."""
    ADMIN = "admin"
    """Also gives things up for good, and reads who did what."""

    def may(self, needed: Role) -> bool:
        """Whether this role is enough where `needed` is."""
        return _RANK[self] >= _RANK[needed]


_RANK: Final = {role: rank for rank, role in enumerate(Role)}


class Actor(NamedTuple):
    """Who asks for something, as the audit log has it."""

    who: str
    role: Role
    via: str
    """How it is known who: `key ID`, `session`, `link`, `proxy`, `loopback`, `command`."""
    address: str
    """Where from: an IP address, or a host's name for commands."""


def make_key(id_bytes: bytes, secret_bytes: bytes) -> str:
    """A key, of ID_BYTES and SECRET_BYTES random bytes."""
    return f"ph_{id_bytes.hex()}_{secret_bytes.hex()}"


def split_key(key: str) -> tuple[str, str] | None:
    """Id and secret of a key; None where it is none."""
    found = KEY.fullmatch(key)
    return (found["id"], found["secret"]) if found else None


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(secret: str, kept: str) -> bool:
    """Whether `kept` is the digest of this secret; in a time that does not tell how much of it is right."""
    return hmac.compare_digest(digest(secret), kept)
