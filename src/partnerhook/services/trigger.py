"""Send a webhook to a receiver over HTTP, signed as Meta signs."""

from __future__ import annotations

import time
from typing import Final, NamedTuple, Self

import httpx2

from partnerhook.core.compose import headers
from partnerhook.core.errors import PartnerhookError

ANSWER_WITHIN_S: Final = 10.0
"""About as long as Meta waits."""

TEXT_CHARS_MAX: Final = 300
"""A receiver answers with a sentence at most; what is longer is somebody's error page."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    """The beginning of the body, printable."""
    milliseconds: float

    @property
    def taken(self) -> bool:
        """Meta counts 200 alone as delivered."""
        return self.status == 200


class Sender:
    """Sends to `url`. A context manager: one connection serves many POSTs."""

    def __init__(self, url: str) -> None:
        self.url = url
        # No proxies or credentials from the environment, and no redirects: Meta has none of them either.
        self._client = httpx2.Client(timeout=ANSWER_WITHIN_S, trust_env=False, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post(self, body: bytes, app_secret: str) -> Answer:
        """One signed POST. Raises PartnerhookError where no answer comes."""
        return self._ask("POST", content=body, headers=headers(body, app_secret))

    def verify(self, challenge: str, verify_token: str) -> Answer:
        """Meta's verification request."""
        asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        return self._ask("GET", params=asked)

    def _ask(
        self,
        method: str,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
    ) -> Answer:
        started = time.perf_counter()
        try:
            response = self._client.request(method, self.url, content=content, headers=headers, params=params)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:  # the last: no name of a host
            reason = (str(error) or type(error).__name__).rstrip(".")
            raise PartnerhookError(f"No answer from {self.url}: {reason}. Is the receiver running there?") from None
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        beginning = response.text[:TEXT_CHARS_MAX]
        text = "".join(letter if letter.isprintable() else " " for letter in beginning).strip()
        return Answer(response.status_code, text, milliseconds)
