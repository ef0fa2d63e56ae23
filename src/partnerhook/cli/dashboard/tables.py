"""How the emulator's things are listed: JSON as the control API tells it, and columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from partnerhook.cli.output import Column, Kind

if TYPE_CHECKING:
    from partnerhook.services.views import Json


def _as_told(one: Json) -> Json:
    return one


def apps(overview: Json) -> Kind[Json]:
    """The apps, each with its portfolio."""
    portfolios = {one["id"]: one["name"] for one in overview["portfolios"]}
    return Kind(
        _as_told,
        [
            Column("App", lambda one: one["name"], 12),
            Column("App id", lambda one: one["app_id"], 16),
            Column("Portfolio", lambda one: portfolios.get(one["portfolio_id"], ""), 16, spare=2),
            Column("Portfolio id", lambda one: one["portfolio_id"], 16, spare=1),
            Column("Published", lambda one: "published" if one["published"] else "unpublished", 11),
            Column("Callback", lambda one: (one["subscription"] or {}).get("callback_url", ""), 1),
        ],
    )


def solutions(overview: Json) -> Kind[Json]:
    """The solutions, each with what can be done now."""
    name = _app_names(overview)
    return Kind(
        _as_told,
        [
            Column("Solution", lambda one: one["solution_id"], 16),
            Column("Name", lambda one: one["name"], 16),
            Column("Meta's word", lambda one: one["word"], 20),
            Column("Owner", lambda one: name(one["owner_app_id"]), 12, spare=2),
            Column("Partner", lambda one: name(one["partner_app_id"]), 12, spare=1),
            Column("Owner may", lambda one: ", ".join(one["owner_may"]), 28),
            Column("Partner may", lambda one: ", ".join(one["partner_may"]), 1),
        ],
    )


CUSTOMERS: Final[Kind[Json]] = Kind(
    _as_told,
    [
        Column("Account (WABA)", lambda one: one["waba_id"], 16),
        Column("Customer", lambda one: one["name"], 12),
        Column("Portfolio id", lambda one: one["business_id"], 16, spare=1),
        Column("Solution", lambda one: one["solution_id"], 16),
    ],
)


def deliveries(overview: Json) -> Kind[Json]:
    """The attempts to deliver."""
    name = _app_names(overview)
    return Kind(
        _as_told,
        [
            Column("Time", lambda one: one["at"], 20),
            Column("App", lambda one: name(one["app_id"]), 12),
            Column("Changes", _changes, 36),
            Column("Attempt", lambda one: str(one["number"]), 2),
            Column("Answered", lambda one: str(one["status"] or "no answer"), 9),
            Column("Fate", lambda one: "delivered" if one["delivered"] else "not delivered", 13),
            Column("ms", lambda one: f"{one['milliseconds']:g}", 6, spare=2),
            Column("Answer", lambda one: one["answer"], 1, spare=1),
        ],
    )


CHANGES_SHOWN: Final = 3


def _changes(one: Json) -> str:
    entries = json.loads(one["body"])["entry"]
    told = [
        " ".join(filter(None, (change["value"].get("event"), change["value"].get("solution_status"))))
        or change["field"]
        for entry in entries
        for change in entry.get("changes", [])
    ] or [field for entry in entries for field in entry.get("changed_fields", [])]
    more = f" and {len(told) - CHANGES_SHOWN} more" if len(told) > CHANGES_SHOWN else ""
    return ", ".join(told[:CHANGES_SHOWN]) + more


def _app_names(overview: Json) -> Callable[[str], str]:
    names = {one["app_id"]: str(one["name"]) for one in overview["apps"]}
    return lambda app_id: names.get(app_id, app_id)
