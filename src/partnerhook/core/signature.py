"""The webhook signature: HMAC-SHA256 of the raw body under the app secret, in X-Hub-Signature-256.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
(read 2026-06). The body on the wire is already escaped by Meta, so the untouched bytes are what
was signed; any re-serialised form of them is not.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

from partnerhook.core.errors import SignatureProblem, SignatureRejected

PREFIX: Final = b"sha256="
HEADER_FORM: Final = re.compile(rb"sha256=[0-9a-fA-F]{64}")

RESERIALISED_BYTES_MAX: Final = 65_536
"""Diagnosis re-serialises the body a few times; a longer one is not worth an operator's hint."""


class VerifiedBody(NamedTuple):
    """Bytes whose signature was checked. `verify` and `believe_again` make it; `wire.parse` takes nothing else."""

    raw: bytes
    secret_index: int = 0
    """Which of the app's secrets matched: 0 is the newest."""


def believe_again(stored: bytes) -> VerifiedBody:
    """A body out of our own store, which keeps none whose signature was not right when it came."""
    return VerifiedBody(stored)


def sign(body: bytes, app_secret: str) -> str:
    """The value of the X-Hub-Signature-256 header for `body`, as Meta sends it."""
    return "sha256=" + hmac.digest(app_secret.encode(), body, "sha256").hex()


def verify(body: bytes, header: bytes | str | None, app_secrets: Sequence[str]) -> VerifiedBody:
    """Believe `body` if `header` is its signature under any of `app_secrets` (newest first).

    Raises SignatureRejected. Compares bytes, never str: `compare_digest` raises TypeError on a
    str that is not ASCII, which would turn a forged header into a crash.
    """
    # Anybody can sign with the empty secret: one that was forgotten must not switch the check off.
    if not app_secrets or not all(app_secrets):
        raise ValueError("verify needs at least one app secret, and no empty one")
    if header is None:
        raise SignatureRejected(SignatureProblem.HEADER_MISSING)
    sent = header.encode("utf-8", "surrogatepass") if isinstance(header, str) else header
    if HEADER_FORM.fullmatch(sent) is None:
        raise SignatureRejected(SignatureProblem.HEADER_MALFORMED)
    digest = bytes.fromhex(sent[len(PREFIX) :].decode("ascii"))
    # Every secret is tried, also after a match: how many there are must not show in the time taken.
    matching = [index for index, secret in enumerate(app_secrets) if hmac.compare_digest(_digest(secret, body), digest)]
    if not matching:
        raise SignatureRejected(SignatureProblem.NO_MATCH)
    return VerifiedBody(body, matching[0])


def _digest(secret: str, body: bytes) -> bytes:
    """The HMAC. The key's part of it is worked out once: for a small body that is half of the work."""
    keyed = _keyed(secret).copy()
    keyed.update(body)
    return keyed.digest()


@lru_cache(maxsize=64)
def _keyed(secret: str) -> hmac.HMAC:
    return hmac.new(secret.encode(), digestmod="sha256")


class Diagnosis(StrEnum):
    """What most likely went wrong with a signature, for the operator; never for the sender."""

    VALID = "valid"
    HEADER_MISSING = "header_missing"
    HEADER_MALFORMED = "header_malformed"
    PREVIOUS_SECRET = "previous_secret"  # noqa: S105 - a word for a cause, not a secret
    OTHER_APP = "other_app"
    BODY_REWRITTEN = "body_rewritten"
    NO_MATCH = "no_match"


ADVICE: Final = {
    Diagnosis.VALID: "The signature is right.",
    Diagnosis.HEADER_MISSING: (
        "There is no X-Hub-Signature-256 header. Meta always sends one: a proxy strips it, or this is not Meta."
    ),
    Diagnosis.HEADER_MALFORMED: (
        "The X-Hub-Signature-256 header is not 'sha256=' and 64 hexadecimal digits:"
        " a proxy changed it, or this is not Meta."
    ),
    Diagnosis.PREVIOUS_SECRET: (
        "It matches an older app secret of the list. Meta still signs with that one: keep it until this line stops."
    ),
    Diagnosis.OTHER_APP: (
        "It matches the secret of another configured app: that Meta app's callback URL has the wrong path."
    ),
    Diagnosis.BODY_REWRITTEN: (
        "It matches the body after re-serialising it: something in front of this server parses and rewrites the JSON."
        " Let it pass the body through untouched."
    ),
    Diagnosis.NO_MATCH: (
        "It matches no configured secret. Compare the app secret with App Dashboard > Settings > Basic;"
        " it is neither the verify token nor an access token. If they agree, this is not Meta."
    ),
}


def diagnose(
    body: bytes, header: bytes | str | None, app_secrets: Sequence[str], other_secrets: Sequence[str] = ()
) -> Diagnosis:
    """Why `header` does not fit `body`. Costs several HMACs and re-serialisations: limit its rate."""
    try:
        matched = verify(body, header, app_secrets)
    except SignatureRejected as rejection:
        if rejection.problem is not SignatureProblem.NO_MATCH:
            return Diagnosis(rejection.problem)
    else:
        return Diagnosis.VALID if matched.secret_index == 0 else Diagnosis.PREVIOUS_SECRET
    if other_secrets and _matches(body, header, other_secrets):
        return Diagnosis.OTHER_APP
    if any(_matches(form, header, app_secrets) for form in _reserialised(body)):
        return Diagnosis.BODY_REWRITTEN
    return Diagnosis.NO_MATCH


def _matches(body: bytes, header: bytes | str | None, app_secrets: Sequence[str]) -> bool:
    try:
        verify(body, header, app_secrets)
    except SignatureRejected:
        return False
    return True


def _reserialised(body: bytes) -> Iterator[bytes]:
    """The forms in which the sender may have serialised what a proxy has since rewritten."""
    if len(body) > RESERIALISED_BYTES_MAX:
        return
    try:
        document: Any = json.loads(body)
        plain = json.dumps(document, separators=(",", ":"))
        spaced = json.dumps(document)
        unescaped = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        slashes = plain.replace("/", "\\/")
        # The old Messenger documentation said that these are escaped too.
        everything = slashes.replace("<", "\\u003C").replace("%", "\\u0025").replace("@", "\\u0040")
        forms = [form.encode() for form in (slashes, plain, everything, unescaped, spaced)]
    except (ValueError, RecursionError):
        return
    yield from forms
