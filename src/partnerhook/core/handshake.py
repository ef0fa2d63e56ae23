"""Meta's verification request: a GET that wants its challenge back.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
(read 2026-06). No signature comes with it; asking for one makes the URL impossible to register.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from partnerhook.core.errors import HandshakeRefused


def answer(query: bytes | str | Mapping[str, str], verify_token: str) -> str:
    """The challenge, to be sent back verbatim as text/plain. `query`: the query string, or what a framework made of it.

    Raises HandshakeRefused where the token is wrong or missing. Parameters other than Meta's
    three do not matter: the callback URL may have its own. Of a parameter sent twice the first counts.
    """
    sent = query if isinstance(query, Mapping) else _parameters(query)
    # Bytes, never str: `compare_digest` raises TypeError on a str that is not ASCII. An empty verify
    # token would be matched by a request that sends none.
    token = sent.get("hub.verify_token", "").encode("utf-8", "surrogatepass")
    if not token or not hmac.compare_digest(token, verify_token.encode("utf-8", "surrogatepass")):
        raise HandshakeRefused
    if sent.get("hub.mode", "subscribe") != "subscribe":
        raise HandshakeRefused("The verification request's hub.mode is not 'subscribe'.")
    if "hub.challenge" not in sent:
        raise HandshakeRefused("The verification request carries no hub.challenge.")
    return sent["hub.challenge"]


def _parameters(query_string: bytes | str) -> dict[str, str]:
    """Each parameter's first value. Bytes that are not UTF-8 survive as lone surrogates, escaped or not."""
    text = query_string.decode("utf-8", "surrogateescape") if isinstance(query_string, bytes) else query_string
    pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape")
    return dict(reversed(pairs))
