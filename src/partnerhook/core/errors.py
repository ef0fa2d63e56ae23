"""Every exception that Partnerhook raises on purpose.

    PartnerhookError
    ├── SignatureRejected       theirs: the request was not signed with a secret of ours
    ├── HandshakeRefused        theirs: the verification request is not Meta's, or not for us
    ├── PayloadUnreadable       theirs: signed, but not the JSON of a webhook
    ├── ConfigurationInvalid    yours: a setting is missing or wrong
    ├── UnderWay                the world's: another process is at the same work
    └── StoreUnavailable        the world's: the database cannot take this now
        └── SchemaMismatch      the database is of another version than this program

The class docstring is the default message. No message holds a secret or a payload. Each suggests
the HTTP status that tells Meta the right thing; the face decides.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class PartnerhookError(Exception):
    """Partnerhook could not do what was asked."""

    http_status_hint: ClassVar[int] = 500

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class SignatureProblem(StrEnum):
    """Why a signature was not believed."""

    HEADER_MISSING = "header_missing"
    HEADER_MALFORMED = "header_malformed"
    NO_MATCH = "no_match"


class SignatureRejected(PartnerhookError):
    """The request is not signed with the app secret."""

    http_status_hint = 401

    SENTENCES: ClassVar = {
        SignatureProblem.HEADER_MISSING: "The X-Hub-Signature-256 header is missing.",
        SignatureProblem.HEADER_MALFORMED: (
            "The X-Hub-Signature-256 header is not 'sha256=' and 64 hexadecimal digits."
        ),
        SignatureProblem.NO_MATCH: "The signature does not match the body.",
    }

    def __init__(self, problem: SignatureProblem) -> None:
        super().__init__(self.SENTENCES[problem])
        self.problem = problem


class HandshakeRefused(PartnerhookError):
    """The verification request does not carry our verify token."""

    http_status_hint = 403


class PayloadUnreadable(PartnerhookError):
    """The body is signed, but it is not the JSON of a webhook."""

    # Meta sends again for days whatever is not 200, and the body would be no more readable then.
    http_status_hint = 200


class ConfigurationInvalid(PartnerhookError):
    """A setting is missing or wrong."""


class UnderWay(PartnerhookError):
    """Another process is at the same work; try again when it has ended."""

    http_status_hint = 503


class StoreUnavailable(PartnerhookError):
    """The database cannot take this now; send it again later."""

    http_status_hint = 503


class SchemaMismatch(StoreUnavailable):
    """The database is of another version than this program; run `partnerhook migrate`."""
