"""Tables of a configuration file, and what the server is sent."""

from __future__ import annotations

import json
from typing import Any

from running import webhook

NOON = 1_750_000_000
LIFE = ("DRAFT", "INITIATED", "ACTIVE", "PENDING_DEACTIVATION", "DEACTIVATED")
TYPES = ("drafted", "requested", "activated", "deactivation_requested", "deactivated")


def destination(name: str = "crm", **keys: Any) -> str:
    """A table [[destinations]]; `internal` unless it says otherwise, and quick to try again."""
    return _table("destinations", name, {"internal": True, "retry_first_s": 0.05} | keys)


def forward(name: str = "inbox", **keys: Any) -> str:
    """A table [[forward]]."""
    return _table("forward", name, {"internal": True, "retry_first_s": 0.05} | keys)


def _table(kind: str, name: str, keys: dict[str, Any]) -> str:
    # JSON's texts, numbers, truths and lists are TOML's, too.
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"name": name, **keys}.items() if value is not None]
    return "\n".join([f"[[{kind}]]", *lines, ""])


def step(solution_id: str, number: int) -> bytes:
    """Step `number` of a solution's life."""
    return webhook(solution_id, NOON + number, LIFE[number])
