"""The signature of what we send: Standard Webhooks 1.0.

    webhook-id, webhook-timestamp (Unix seconds), webhook-signature: v1,BASE64 of HMAC-SHA256 over "id.timestamp.body"

While a secret is being rotated there are several signatures, separated by blanks; a receiver takes any of them.
Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (read 2026-06).
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
KEY_BYTES_MIN: Final = 24
KEY_BYTES_MAX: Final = 64


def key_of(secret: str) -> bytes:
    """The key that a `whsec_` secret stands for. Raises ValueError, which goes on after what the secret is for."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"does not begin with {PREFIX}; `partnerhook destinations rotate-secret` makes one")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is not {PREFIX} and base64") from None
    if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise ValueError(f"has {len(key)} bytes; Standard Webhooks asks for {KEY_BYTES_MIN} to {KEY_BYTES_MAX}")
    return key


def new_secret(randomness: bytes) -> str:
    """A secret from that many random bytes (24 to 64)."""
    return PREFIX + base64.b64encode(randomness).decode()


def headers(message_id: str, at: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers for `body`, signed at `at` (Unix seconds) with every one of `secrets`."""
    signed = b"%s.%d.%s" % (message_id.encode(), at, body)
    digests = [hmac.digest(key_of(secret), signed, "sha256") for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
    }
