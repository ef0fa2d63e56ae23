"""Who wants to hear what: filters over notices. Pure; asked for every step of every solution."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from partnerhook.core.health import TYPE_PREFIX
from partnerhook.core.names import PARTNER_SOLUTIONS
from partnerhook.core.receipts import Outcome


class Route(NamedTuple):
    """What one destination wants to hear. An empty filter lets everything through."""

    target: str
    types: tuple[str, ...] = ()
    """CloudEvents types, `partnerhook.` may be left out; `*` stands for anything: `solution.*`."""
    apps: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    """The status that a solution came to, in the webhook's words."""
    portfolios: tuple[str, ...] = ()
    solutions: tuple[str, ...] = ()


class About(NamedTuple):
    """What a notice is about, as far as filters look at it. What is empty fits no filter on it."""

    kind: str
    app: str
    status: str = ""
    portfolio_id: str = ""
    solution_id: str = ""


def wants(route: Route, about: About) -> bool:
    """Whether the destination wants to hear it."""
    return (
        (not route.types or wants_type(route.types, about.kind))
        and (not route.apps or about.app in route.apps)
        and (not route.statuses or about.status in route.statuses)
        and (not route.portfolios or about.portfolio_id in route.portfolios)
        and (not route.solutions or about.solution_id in route.solutions)
    )


@lru_cache(maxsize=1_000)
def wants_type(types: tuple[str, ...], kind: str) -> bool:
    """Whether a notice of `kind` (a type without its prefix) is of one of `types`."""
    return any(fnmatchcase(kind, wanted.removeprefix(TYPE_PREFIX)) for wanted in types)


class ForwardRoute(NamedTuple):
    """Which POSTs one forward target gets."""

    target: str
    fields: tuple[str, ...] = ()
    """Webhook fields; empty: all."""
    apps: tuple[str, ...] = ()
    one_by_one: bool = False
    """One after the other, in the order in which they were received."""
    bytes_max: int = 1024**3
    """Of bodies that may wait."""
    drops_oldest: bool = False
    """At that bound; else what only full targets want is not taken."""


def wants_post(route: ForwardRoute, app: str, fields: Sequence[str]) -> bool:
    """Whether a POST that carries changes of `fields` goes there. One that cannot be read goes to whoever wants all."""
    if route.apps and app not in route.apps:
        return False
    return not route.fields or any(field in route.fields for field in fields)


def must_be_taken(outcomes: Sequence[Outcome]) -> bool:
    """Whether a POST is taken however full everybody is: it tells, or may tell, of a solution or of a customer."""
    return any(outcome.key or outcome.field == PARTNER_SOLUTIONS for outcome in outcomes)
