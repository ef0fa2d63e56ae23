"""Meta's verification request: a GET that wants its challenge back.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
(read 2026-06). No signature comes with it; asking for one makes the URL impossible to register.
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl

from partnerhook.core.errors import HandshakeRefused


def answer(query_string: bytes | str, verify_token: str) -> str:
    """The challenge, to be sent back verbatim as text/plain.

    Raises HandshakeRefused where the token is wrong or missing. Parameters other than Meta's
    three do not matter: the callback URL may have its own.
    """
    text = query_string.decode("latin-1") if isinstance(query_string, bytes) else query_string
    # surrogateescape keeps any bytes at all, so that a strange token is compared, not crashed on.
    pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=None)
    sent: dict[str, str] = {}
    for name, value in pairs:
        sent.setdefault(name, value)
    token = sent.get("hub.verify_token", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(token, verify_token.encode()) or not token:
        raise HandshakeRefused
    if sent.get("hub.mode", "subscribe") != "subscribe":
        raise HandshakeRefused("The verification request's hub.mode is not 'subscribe'.")
    if "hub.challenge" not in sent:
        raise HandshakeRefused("The verification request carries no hub.challenge.")
    return sent["hub.challenge"]
