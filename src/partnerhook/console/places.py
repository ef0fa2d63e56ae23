"""Where things are shown: paths that several pages lead to."""

from __future__ import annotations

from urllib.parse import quote


def solution_path(app: str, solution_id: str) -> str:
    """The page of one solution."""
    return f"/solutions/{quote(app, safe='')}/{quote(solution_id, safe='')}"
