"""The last step before the wire: adds `appsecret_proof`, where nobody writes URLs into logs any more.

httpx2 logs each URL, and its exceptions carry the request. Both have it without the proof. The layer below
logs, at DEBUG, the headers of each answer; Meta repeats in them the token that it refuses.

Source: https://developers.facebook.com/docs/graph-api/guides/secure-requests (read 2026-06-17).
"""

from __future__ import annotations

import hmac
import logging
import ssl
from contextvars import ContextVar

import httpx2
from pydantic import SecretStr

CONNECTIONS_MAX = 10
BEARER = "Bearer "

OURS: ContextVar[bool] = ContextVar("a call of the Graph client", default=False)


class NoAnswerHeaders(logging.Filter):
    """Leaves out the headers of answers to this client; what others log through httpx2 stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is logged."""
        return not (OURS.get() and record.getMessage().startswith("receive_response_headers.complete"))


NO_ANSWER_HEADERS = NoAnswerHeaders()


class ProvingTransport(httpx2.AsyncHTTPTransport):
    """Sends requests, each with the proof that its token is used by the app itself."""

    def __init__(self, app_secret: SecretStr | None, *, plain: bool) -> None:
        """`plain`: for an address without TLS. No certificate is trusted then, and none has to be loaded."""
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True
        super().__init__(verify=trust, trust_env=False, limits=httpx2.Limits(max_connections=CONNECTIONS_MAX))
        self._app_secret = app_secret
        logging.getLogger("httpcore2.http11").addFilter(NO_ANSWER_HEADERS)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it."""
        ours = OURS.set(True)
        try:
            return await super().handle_async_request(self._proven(request))
        finally:
            OURS.reset(ours)

    def _proven(self, request: httpx2.Request) -> httpx2.Request:
        if self._app_secret is None:
            return request
        token = request.headers["Authorization"].removeprefix(BEARER)
        return httpx2.Request(
            request.method,
            request.url.copy_add_param("appsecret_proof", proof(token, self._app_secret.get_secret_value())),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )


def proof(token: str, app_secret: str) -> str:
    """`appsecret_proof`: hexadecimal HMAC-SHA256 of the access token under the app secret."""
    return hmac.digest(app_secret.encode(), token.encode(), "sha256").hex()
