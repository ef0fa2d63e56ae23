"""Deliver notices of the past once more: first what that would be, then, when somebody has agreed, do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, NamedTuple

from partnerhook.core.errors import PartnerhookError
from partnerhook.core.notice_documents import AnyNotice
from partnerhook.core.routing import Route
from partnerhook.services.outbox import NoticeFilter, Outbox, wanted_by

NOTICES_MAX: Final = 5_000
"""From a page, at once. The command spreads more of them over time, so that nobody is flooded."""
SHOWN: Final = 20
PAGE: Final = 200


class Preview(NamedTuple):
    """What a replay would be."""

    notices: int
    """Notices that fit."""
    first: Sequence[tuple[int, AnyNotice]]
    """Some of them, oldest first."""
    by_destination: dict[str, int]
    """How many of them each destination gets."""

    @property
    def deliveries(self) -> int:
        """How many that would be."""
        return sum(self.by_destination.values())

    @property
    def too_many(self) -> bool:
        """More than may be delivered at once."""
        return self.notices > NOTICES_MAX


class Replays:
    """Preview and do. `routes`: every destination of the configuration as it is now."""

    def __init__(self, outbox: Outbox, routes: Callable[[], Sequence[Route]]) -> None:
        self._outbox = outbox
        self._routes = routes

    def destinations(self) -> list[str]:
        """By name."""
        return [one.target for one in self._routes()]

    def preview(self, wanted: NoticeFilter, destinations: Sequence[str]) -> Preview:
        """What it would be; of too many notices nobody is counted."""
        routes = self._chosen(destinations)
        count = self._outbox.count_notices(wanted)
        found = list(islice(self._outbox.notices(wanted), SHOWN if count > NOTICES_MAX else NOTICES_MAX))
        by_destination = (
            {}
            if count > NOTICES_MAX
            else {route.target: sum(wanted_by(notice, route) for _, notice in found) for route in routes}
        )
        return Preview(count, found[:SHOWN], by_destination)

    def replay(self, wanted: NoticeFilter, destinations: Sequence[str], *, up_to: int) -> int:
        """Do it, with the notices that were told up to number `up_to`; how many deliveries these are."""
        routes = self._chosen(destinations)
        if self._outbox.count_notices(wanted) > NOTICES_MAX:
            raise PartnerhookError(f"These are more than {NOTICES_MAX:,} notices; `partnerhook replay` does as many.")
        sent = 0
        found = (one for one in self._outbox.notices(wanted) if one[0] <= up_to)
        while page := list(islice(found, PAGE)):
            sent += self._outbox.replay(page, routes)
        return sent

    def _chosen(self, destinations: Sequence[str]) -> list[Route]:
        routes = [one for one in self._routes() if not destinations or one.target in destinations]
        if unknown := sorted(set(destinations) - {one.target for one in routes}):
            raise PartnerhookError(f"There is no destination {', '.join(unknown)} in the configuration.")
        return routes
