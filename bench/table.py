"""A table of figures, for the terminal and for Markdown alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Something to print."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
