"""The field `account_update`, as far as it names the customers of a solution: its PARTNER_* events.

    {"event": "PARTNER_ADDED", "waba_info": {"waba_id", "owner_business_id", "partner_app_id"?,
     "solution_id"?, "solution_partner_business_ids"?}}

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/account_update
(read 2026-04-20). `entry.id` is a WhatsApp business account in that page's syntax and a business
portfolio in its examples, so nothing is keyed by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from partnerhook.core.names import DASHBOARD_TEST_ID, Flag
from partnerhook.core.reading import NotUnderstood, as_id, as_word


@dataclass(frozen=True, slots=True)
class CustomerUpdate:
    """A customer's account was shared with a partner, or unshared. Ids are empty where not sent."""

    path: str
    entry_id: str
    time: int | None
    """Unix seconds, as sent; None where missing or unreadable."""
    event: str
    waba_id: str = ""
    owner_business_id: str = ""
    partner_app_id: str = ""
    solution_id: str = ""
    solution_partner_business_ids: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()

    @property
    def test(self) -> bool:
        """Sent by the App Dashboard's Test button."""
        return self.entry_id == DASHBOARD_TEST_ID


def read(
    value: Mapping[str, Any], path: str, entry_id: str, time: int | None, time_flag: Flag | None
) -> CustomerUpdate | None:
    """Read a PARTNER_* event; None for every other event of the field. Raises NotUnderstood."""
    event = as_word(value.get("event")) or ""
    if not event.startswith("PARTNER_"):
        return None
    info = value.get("waba_info", {})
    if not isinstance(info, dict):
        raise NotUnderstood("value.waba_info is not an object")
    partners = info.get("solution_partner_business_ids", [])
    if not isinstance(partners, list):
        raise NotUnderstood("value.waba_info.solution_partner_business_ids is not a list")
    return CustomerUpdate(
        path,
        entry_id,
        time,
        event,
        waba_id=_id(info, "waba_id"),
        owner_business_id=_id(info, "owner_business_id"),
        partner_app_id=_id(info, "partner_app_id"),
        solution_id=_id(info, "solution_id"),
        solution_partner_business_ids=tuple(sorted(_member(partner) for partner in partners)),
        flags=(time_flag,) if time_flag else (),
    )


def _id(info: Mapping[str, Any], name: str) -> str:
    value = info.get(name)
    if value is None:
        return ""
    identifier = as_id(value)
    if identifier is None:
        raise NotUnderstood(f"value.waba_info.{name} is not a string of digits")
    return identifier


def _member(value: object) -> str:
    identifier = as_id(value)
    if identifier is None:
        raise NotUnderstood("value.waba_info.solution_partner_business_ids holds something that is no string of digits")
    return identifier
