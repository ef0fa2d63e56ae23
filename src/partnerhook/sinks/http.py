"""An HTTP endpoint: a CloudEvents document, signed as Standard Webhooks asks for."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from partnerhook.core import standard_webhooks
from partnerhook.core.delivery import Answer
from partnerhook.sinks.outbound import Outbound, answer_of
from partnerhook.sinks.sink import Message

STRUCTURED: Final = "application/cloudevents+json; charset=utf-8"
PRINTABLE: Final = "".join(chr(letter) for letter in range(0x21, 0x7F) if chr(letter) not in '"%')


class HttpSink:
    """One URL. `secrets`: `whsec_...`, all of them sign; none: nothing is signed."""

    def __init__(self, *, url: str, secrets: Sequence[str], outbound: Outbound, binary: bool = False) -> None:
        self._url = url
        self._secrets = tuple(secrets)
        self._outbound = outbound
        self._binary = binary

    async def deliver(self, message: Message) -> Answer:
        """POST it. 2xx is taken, 410 wants no more, all else is tried again."""
        headers, body = binary(message) if self._binary else structured(message)
        if self._secrets:
            headers |= standard_webhooks.headers(message.id, int(time.time()), body, self._secrets)
        return answer_of(await self._outbound.post(self._url, body, headers))

    async def close(self) -> None:
        """Let go of connections."""
        await self._outbound.close()


def structured(message: Message) -> tuple[dict[str, str], bytes]:
    """Headers and body of the structured mode: everything in one JSON document."""
    return {"Content-Type": STRUCTURED}, message.body


def binary(message: Message) -> tuple[dict[str, str], bytes]:
    """Headers and body of the binary mode: attributes in ce- headers, `data` alone in the body.

    Values are percent-encoded as CloudEvents' HTTP binding asks for: what is not printable ASCII, and " and %.
    """
    attributes = {name: value for name, value in message.document.items() if name not in {"data", "datacontenttype"}}
    headers = {f"ce-{name}": quote(str(value), safe=PRINTABLE) for name, value in attributes.items()}
    body = json.dumps(message.document["data"], separators=(",", ":"), ensure_ascii=False).encode()
    return {"Content-Type": str(message.document["datacontenttype"])} | headers, body
