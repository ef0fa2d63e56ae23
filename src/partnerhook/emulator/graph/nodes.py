"""What the things of the world look like to a Graph client, and what of them is told without being asked for."""

from __future__ import annotations

from typing import Any, Final

from partnerhook.core.names import DRAFT, State
from partnerhook.emulator.graph.fields import Selection, parse
from partnerhook.emulator.graph.paging import page
from partnerhook.emulator.rules import Rules
from partnerhook.emulator.world import TASKS, App, Customer, Solution, Subscription, World

SOLUTION: Final = "WhatsAppBusinessSolution"

LISTED: Final = parse("name,status,status_for_pending_request")
RICH: Final = parse("name,status,status_for_pending_request,owner_permissions")
"""What the OpenAPI's answers to an acceptance or a rejection hold."""

INSIDE: Final[dict[str, Selection]] = {
    "partners": parse("partner_app,status"),
    "partner_app": parse("link,name"),
    "owner_app": parse("link,name"),
}
"""What is told of things inside of a solution."""


def state_fields(state: State, rules: Rules) -> tuple[str, str]:
    """`status` and `status_for_pending_request`."""
    return state.status.value, rules.draft_pending if state is DRAFT else state.pending.value


def solution(one: Solution, world: World, rules: Rules, url: str) -> dict[str, Any]:
    """Every field of a solution."""
    status, pending = state_fields(one.state, rules)
    owner, partner = world.parties(one)
    partners = page([one.partnership.id], {}, f"{url}/partners")
    return {
        "id": one.id,
        "name": one.name,
        "status": status,
        "status_for_pending_request": pending,
        "owner_app": app(owner),
        "owner_permissions": list(dict.fromkeys((*TASKS, *one.owner_permissions))),
        "partners": {"data": [partnership(one, partner)], "paging": partners.paging},
    }


def partnership(one: Solution, partner: App) -> dict[str, Any]:
    """Every field of the invited side."""
    return {
        "id": one.partnership.id,
        "partner_app": app(partner),
        "status": one.partnership.status,
        "partner_permissions": list(dict.fromkeys((*TASKS, *one.partnership.permissions))),
    }


def app(one: App) -> dict[str, Any]:
    """An app, as it is named inside of other things and on its own."""
    return {"id": one.id, "name": one.name, "link": one.link}


def customer(one: Customer) -> dict[str, Any]:
    """A customer's WhatsApp business account."""
    return {"id": one.waba_id, "name": one.name, "owner_business_info": {"id": one.business_id, "name": one.name}}


def subscription(one: Subscription) -> dict[str, Any]:
    """An app's subscription."""
    return {
        "object": one.object,
        "callback_url": one.callback_url,
        "active": True,
        "fields": [{"name": name, "version": version} for name, version in one.fields.items()],
    }
