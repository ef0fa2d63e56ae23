"""How pages say things: times, states, numbers. Filters of the templates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup

from partnerhook.core.observations import MICROSECONDS


def moment(at: int) -> Markup:
    """Unix seconds as a time. The script shows it in the viewer's zone, and UTC on hover."""
    told = datetime.fromtimestamp(at, UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        told.strftime("%Y-%m-%dT%H:%M:%SZ"), told.strftime("%Y-%m-%d %H:%M:%S UTC"), told.strftime("%Y-%m-%d %H:%M UTC")
    )


def moment_us(at: int) -> Markup:
    """Unix microseconds as a time."""
    return moment(at // MICROSECONDS)


def number(count: int) -> str:
    """With a comma for each thousand."""
    return f"{count:,}"


FILTERS: Final[dict[str, Callable[..., Any]]] = {"moment": moment, "moment_us": moment_us, "number": number}
