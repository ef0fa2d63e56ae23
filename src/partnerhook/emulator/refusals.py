"""Why Meta refuses something: one kind each, whatever profile words it."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partnerhook.emulator.world import Solution


class Refusal(StrEnum):
    """The kinds of refusal. docs/emulator.md says which error each is, per profile."""

    TOKEN_MISSING = auto()
    TOKEN_INVALID = auto()
    TOKEN_EXPIRED = auto()
    APP_TOKEN_WANTED = auto()
    PROOF_MISSING = auto()
    PROOF_INVALID = auto()
    PERMISSION_MISSING = auto()
    BAD_ID = auto()
    BAD_PARAMETER = auto()
    NOT_FOUND = auto()
    NOT_YOURS = auto()
    """It is there, but the caller has no part in it."""
    NOT_INVITED = auto()
    """The caller answers a request that was sent to somebody else, and has no part in it."""
    WRONG_PARTY = auto()
    """The caller has a part in it, but this is the other party's to do."""
    WRONG_STATE = auto()
    MESSAGING = auto()
    FIELD_UNKNOWN = auto()
    CALLBACK_FAILED = auto()
    RATE_LIMITED = auto()
    UNKNOWN_PATH = auto()
    METHOD_UNKNOWN = auto()
    UNEXPECTED = auto()


class Refused(Exception):
    """Meta refuses it. `about`: an id, a parameter or an action, as the kind wants it."""

    def __init__(self, kind: Refusal, about: str = "", *, solution: Solution | None = None) -> None:
        super().__init__(f"{kind}: {about}" if about else str(kind))
        self.kind = kind
        self.about = about
        self.solution = solution

    @property
    def sentence(self) -> str:
        """For a person: what could not be done."""
        if self.solution is not None and self.kind is Refusal.WRONG_STATE:
            return f"Cannot {self.about}: the solution is {self.solution.word}."
        if self.solution is not None and self.kind is Refusal.WRONG_PARTY:
            return f"Cannot {self.about}: that is the other party's to do."
        return f"{self.kind.replace('_', ' ').capitalize()}: {self.about}".rstrip(": ") + "."
