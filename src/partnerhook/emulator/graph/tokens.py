"""Who calls: access tokens, appsecret_proof, permissions.

Source: https://developers.facebook.com/docs/graph-api/guides/secure-requests (read 2026-06-17); the
wording of refusals as seen in the wild.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from partnerhook.emulator.box import Box
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.world import App


class Caller(NamedTuple):
    """The app that calls, and with which kind of token."""

    app: App
    app_token: bool
    """APP_ID|APP_SECRET: for subscriptions, and for looking at tokens."""

    def needs(self, *any_of: str) -> None:
        """Raises Refused where the token has none of these permissions."""
        if not self.app_token and not set(any_of).intersection(self.app.scopes):
            raise Refused(Refusal.PERMISSION_MISSING, " or ".join(any_of))


def caller(box: Box, token: str, proof: str | None) -> Caller:
    """Who a token belongs to. Raises Refused."""
    if not token:
        raise Refused(Refusal.TOKEN_MISSING)
    found = find(box, token)
    if found is None:
        raise Refused(Refusal.TOKEN_INVALID)
    if not found.app_token and found.app.token_expires_at and found.app.token_expires_at <= box.now():
        raise Refused(Refusal.TOKEN_EXPIRED)
    if proof is None:
        if found.app.proof_required and not found.app_token:
            raise Refused(Refusal.PROOF_MISSING)
    elif not hmac.compare_digest(proof_of(token, found.app.secret).encode(), proof.encode("utf-8", "replace")):
        raise Refused(Refusal.PROOF_INVALID)
    return found


def find(box: Box, token: str) -> Caller | None:
    """The app of a token, also of one that has expired."""
    for app in box.world.apps.values():
        if hmac.compare_digest(app.access_token.encode(), token.encode("utf-8", "replace")):
            return Caller(app, app_token=False)
        if hmac.compare_digest(app.app_token.encode(), token.encode("utf-8", "replace")):
            return Caller(app, app_token=True)
    return None


def proof_of(token: str, secret: str) -> str:
    """What appsecret_proof must be."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
