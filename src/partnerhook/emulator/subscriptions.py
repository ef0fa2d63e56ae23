"""Subscribing an app: Meta asks the callback first, and believes nothing but the challenge.

Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started (read 2026-06-17). The
wording of a refusal, error 2200, is as seen in the wild.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

import httpx2

from partnerhook.core.names import WHATSAPP_OBJECT
from partnerhook.emulator.courier import printable
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.world import App, Subscription

FIELD_VERSION: Final = "v25.0"
"""Of each field that is subscribed without naming another."""

CHALLENGE_DIGITS: Final = 10
PORT_MAX: Final = 65_535


async def subscribe(
    app: App,
    *,
    callback_url: str,
    verify_token: str,
    fields: Iterable[str],
    timeout_s: float,
    include_values: bool = True,
    subscribed_object: str = WHATSAPP_OBJECT,
) -> Subscription:
    """Verify the callback and set it, in place of what was subscribed. Raises Refused, and then nothing has changed."""
    await verify(callback_url, verify_token, timeout_s=timeout_s)
    app.subscription = Subscription(
        callback_url=callback_url,
        verify_token=verify_token,
        fields=dict.fromkeys(fields, FIELD_VERSION),
        include_values=include_values,
        object=subscribed_object,
    )
    return app.subscription


async def verify(callback_url: str, verify_token: str, *, timeout_s: float) -> None:
    """Meta's verification request. Raises Refused where the challenge does not come back."""
    challenge = str(random.randrange(10 ** (CHALLENGE_DIGITS - 1), 10**CHALLENGE_DIGITS))  # noqa: S311 - no secret
    asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    try:
        url = httpx2.URL(callback_url)
        if (url.port or 0) > PORT_MAX:
            raise httpx2.InvalidURL("no machine has such a port")  # noqa: TRY301 - as all others that cannot be reached
        async with (
            httpx2.AsyncClient(trust_env=False, follow_redirects=False) as client,
            asyncio.timeout(timeout_s),
        ):
            response = await client.get(url.copy_merge_params(asked), timeout=None)
    except TimeoutError:
        raise _failed("curl_errno = 28; curl_error = Operation timed out; HTTP Status Code = 0") from None
    except (httpx2.ConnectError, httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError):
        raise _failed("curl_errno = 7; curl_error = Failed to connect; HTTP Status Code = 0") from None
    except httpx2.HTTPError:
        raise _failed("curl_errno = 56; curl_error = Failure when receiving data; HTTP Status Code = 0") from None
    if response.status_code != HTTPStatus.OK:
        message = HTTPStatus(response.status_code).phrase if response.status_code in list(HTTPStatus) else "Unknown"
        raise _failed(f"HTTP Status Code = {response.status_code}; HTTP Message = {message}")
    if response.content != challenge.encode():
        received = printable(response.text)
        raise _failed(f'Response does not match challenge, expected value="{challenge}", received="{received}"')


def _failed(errors: str) -> Refused:
    return Refused(Refusal.CALLBACK_FAILED, errors)
