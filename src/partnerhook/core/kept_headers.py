"""The headers of a POST that go along where it is forwarded: what its receiver needs to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final = ("Content-Type", "X-Hub-Signature", "X-Hub-Signature-256", "User-Agent")
"""All others are about the connection to us."""

_WANTED: Final = {name.lower().encode(): name for name in NAMES}


def keep(headers: Mapping[bytes, bytes]) -> str:
    """Those of `headers` (names in small letters) that go along, a line each."""
    return "\n".join([f"{name}: {headers[key].decode('latin-1')}" for key, name in _WANTED.items() if key in headers])


def read(lines: str) -> dict[str, str]:
    """What `keep` wrote."""
    return dict(line.split(": ", 1) for line in lines.split("\n") if line)
