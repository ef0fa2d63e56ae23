"""The control API of an emulator that runs elsewhere: what the dashboard's commands and tests speak to."""

from __future__ import annotations

from typing import Any, Final, Self

import httpx2

from partnerhook.core.errors import PartnerhookError

ANSWER_WITHIN_S: Final = 120.0
"""Settling weeks of retries takes its time."""


class Remote:
    """An emulator at `url`. A context manager: one connection serves many requests."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = httpx2.Client(timeout=ANSWER_WITHIN_S, trust_env=False, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, document: dict[str, Any] | None = None, **params: str) -> Any:
        """One request of the control API. Raises PartnerhookError with the emulator's own sentence."""
        try:
            response = self._client.request(method, f"{self.url}/_control{path}", json=document, params=params)
            told = response.json()
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            reason = (str(error) or type(error).__name__).rstrip(".")
            raise PartnerhookError(
                f"No answer from {self.url}: {reason}. Is `partnerhook emulate` running there?"
            ) from None
        except ValueError:
            raise PartnerhookError(f"{self.url} answers, but it is no emulator.") from None
        if response.status_code != httpx2.codes.OK:
            refusal = told.get("error") if isinstance(told, dict) else None
            raise PartnerhookError(str(refusal or f"{self.url} answered {response.status_code}."))
        return told
