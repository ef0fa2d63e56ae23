"""The last step before the wire: adds `appsecret_proof`, where nobody writes URLs into logs any more.

httpx2 logs each URL, and its exceptions carry the request. Both have it without the proof.

Source: https://developers.facebook.com/docs/graph-api/guides/secure-requests (read 2026-06-17).
"""

from __future__ import annotations

import hmac

import httpx2
from pydantic import SecretStr

CONNECTIONS_MAX = 10
BEARER = "Bearer "


class ProvingTransport(httpx2.AsyncHTTPTransport):
    """Sends requests, each with the proof that its token is used by the app itself."""

    def __init__(self, app_secret: SecretStr | None) -> None:
        super().__init__(trust_env=False, limits=httpx2.Limits(max_connections=CONNECTIONS_MAX))
        self._app_secret = app_secret

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it."""
        if self._app_secret is None:
            return await super().handle_async_request(request)
        token = request.headers["Authorization"].removeprefix(BEARER)
        return await super().handle_async_request(
            httpx2.Request(
                request.method,
                request.url.copy_add_param("appsecret_proof", proof(token, self._app_secret.get_secret_value())),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )


def proof(token: str, app_secret: str) -> str:
    """`appsecret_proof`: hexadecimal HMAC-SHA256 of the access token under the app secret."""
    return hmac.digest(app_secret.encode(), token.encode(), "sha256").hex()
