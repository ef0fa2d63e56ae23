"""One call of the Graph API: its parameters, wherever they stand, and who calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import Request

from partnerhook.emulator.box import Box
from partnerhook.emulator.graph.tokens import Caller
from partnerhook.emulator.refusals import Refusal, Refused

BODY_BYTES_MAX: Final = 1_000_000
HIDDEN: Final = frozenset({"access_token", "appsecret_proof"})
"""Parameters that say who calls, not what is asked."""


class Call(NamedTuple):
    """A call that was authenticated."""

    box: Box
    caller: Caller
    node: str
    params: Mapping[str, Any]
    url: str
    """Without its query, with scheme and host: for pages."""
    token: str

    def text(self, name: str, default: str | None = None) -> str:
        """A parameter as text. Raises Refused where it is missing and has no default."""
        value = self.params.get(name, default)
        if value is None:
            raise Refused(Refusal.BAD_PARAMETER, f"The parameter {name} is required")
        return value if isinstance(value, str) else json.dumps(value)

    def words(self, name: str) -> list[str]:
        """A parameter that is a list: JSON, or separated by commas. Raises Refused where it is missing or no list."""
        value = self.params.get(name)
        if value is None:
            raise Refused(Refusal.BAD_PARAMETER, f"The parameter {name} is required")
        if isinstance(value, str):
            try:
                value = (
                    json.loads(value) if value.lstrip().startswith("[") else [part for part in value.split(",") if part]
                )
            except ValueError:
                raise Refused(Refusal.BAD_PARAMETER, f"Param {name} must be an array.") from None
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise Refused(Refusal.BAD_PARAMETER, f"Param {name} must be an array.")
        return [part.strip() for part in value]

    def truth(self, name: str, *, default: bool) -> bool:
        """A parameter that is true or false."""
        value = self.params.get(name, default)
        return value if isinstance(value, bool) else str(value).lower() in {"true", "1"}

    @property
    def root(self) -> str:
        """Where all nodes are: scheme, host and version."""
        return self.url.partition(f"/{self.node}")[0]

    @property
    def paging(self) -> dict[str, str]:
        """The parameters that a page's URL repeats: with the token, as Meta's do."""
        kept = {name: str(value) for name, value in self.params.items() if name not in HIDDEN}
        return {"access_token": self.token, **kept}


async def parameters(request: Request) -> dict[str, Any]:
    """Query, form and JSON together; what stands in the body wins. Raises Refused."""
    found: dict[str, Any] = dict(request.query_params)
    raw = await _body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not raw:
        return found
    if kind == "application/x-www-form-urlencoded":
        return found | dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    if kind == "multipart/form-data":
        raise Refused(Refusal.BAD_PARAMETER, "multipart/form-data is not emulated; send a form or JSON")
    return found | read_object(raw, "The body is neither a form nor JSON", "The body is JSON, but not an object")


def read_object(raw: bytes, no_json: str, no_object: str) -> dict[str, Any]:
    """A body that is a JSON object. Raises Refused with one of these words."""
    try:
        document = json.loads(raw)
        # Half a surrogate pair can be written in JSON, but in no answer and in no file.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refused(Refusal.BAD_PARAMETER, no_json) from None
    if not isinstance(document, dict):
        raise Refused(Refusal.BAD_PARAMETER, no_object)
    return document


async def _body(request: Request) -> bytes:
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > BODY_BYTES_MAX:
            raise Refused(Refusal.BAD_PARAMETER, "The body is too long")
    return raw


def token_of(request: Request, params: Mapping[str, Any]) -> str:
    """The access token: header, query or form."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "oauth"} and token:
        return token.strip()
    return str(params.get("access_token") or "")
