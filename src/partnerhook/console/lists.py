"""Lists in pages: which solutions to show, as the page's own URL says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from partnerhook.console.requests import NUMBER_MAX
from partnerhook.core.names import STATES, State
from partnerhook.core.timeline import say
from partnerhook.services.query import SolutionFilter, SolutionSort

TEXT_CHARS_MAX: Final = 100
AFTER_CHARS_MAX: Final = 500

STATE_OF_SAID: Final[Mapping[str, State]] = {say(state): state for state in STATES}


class Wanted(NamedTuple):
    """What the URL asks for, as far as it can be understood; the rest is as if it were not there."""

    text: str
    app: str
    portfolio: str
    state: State | None
    odd: bool
    sort: SolutionSort

    @property
    def filter(self) -> SolutionFilter:
        """For the look-up."""
        return SolutionFilter(
            status=self.state.status if self.state else None,
            pending=self.state.pending if self.state else None,
            app=self.app or None,
            portfolio_id=self.portfolio or None,
            anomalous=True if self.odd else None,
            text=self.text or None,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.text or self.app or self.portfolio or self.state or self.odd)

    def link(self, path: str, **changes: str) -> str:
        """A place that asks for the same, but for these."""
        fields = {
            "text": self.text,
            "app": self.app,
            "portfolio": self.portfolio,
            "state": say(self.state) if self.state else "",
            "odd": "yes" if self.odd else "",
            "sort": "" if self.sort is SolutionSort.OLDEST else self.sort.value,
        }
        asked = {name: value for name, value in (fields | changes).items() if value}
        return f"{path}?{urlencode(asked)}" if asked else path


def read(query: QueryParams) -> Wanted:
    """What is wanted."""
    sort = query.get("sort", "")
    return Wanted(
        text=_text(query, "text"),
        app=_text(query, "app"),
        portfolio=_text(query, "portfolio"),
        state=STATE_OF_SAID.get(query.get("state", "")),
        odd=bool(query.get("odd")),
        sort=SolutionSort(sort) if sort in set(SolutionSort) else SolutionSort.OLDEST,
    )


def read_after(query: QueryParams, sort: SolutionSort) -> tuple[Any, ...] | None:
    """Behind which place the page begins; None: from the start, also where it makes no sense."""
    try:
        after = json.loads(query.get("after", "")[:AFTER_CHARS_MAX])
    except ValueError:
        return None
    kinds = [str, str] if sort is SolutionSort.ID else [int, str, str]
    fits = isinstance(after, list) and [type(one) for one in after] == kinds
    return tuple(after) if fits and all(map(_can_be_asked_for, after)) else None


def write_after(place: tuple[Any, ...]) -> str:
    """The same as text for a URL."""
    return json.dumps(place, separators=(",", ":"))


def _can_be_asked_for(one: str | int) -> bool:
    """By a database: it has no larger numbers, and no text with a zero or half a character in it."""
    return one.isprintable() if isinstance(one, str) else abs(one) <= NUMBER_MAX


def _text(query: QueryParams, name: str) -> str:
    # PostgreSQL cannot be asked for a text with a zero in it, and nothing has one.
    return query.get(name, "").replace("\0", "").strip()[:TEXT_CHARS_MAX]
