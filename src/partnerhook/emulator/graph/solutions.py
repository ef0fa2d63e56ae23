"""The edges of solutions: create, list, look, and what either party can do.

Sources: Graph API reference v23.0 and v25.0, the Multi-Partner Solutions guide, Embedded creation (read
2026-06-17). Where they differ, `rules` decides.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from partnerhook.emulator.graph import nodes
from partnerhook.emulator.graph.call import Call
from partnerhook.emulator.graph.fields import Selection, parse, select
from partnerhook.emulator.graph.paging import page
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.world import MANAGEMENT, Solution

ACT: Final = (MANAGEMENT, "manage_app_solution")
ROLES: Final = ("OWNER", "PARTNER")
PERMISSIONS: Final = frozenset(
    {
        "DEVELOP",
        "MANAGE",
        "MANAGE_EXTENSIONS",
        "MANAGE_PHONE",
        "MANAGE_PHONE_ASSETS",
        "MANAGE_TEMPLATES",
        "MESSAGING",
        "VIEW_COST",
        "VIEW_PHONE_ASSETS",
        "VIEW_TEMPLATES",
    }
)
"""The enumeration of the SDK's specification; the OpenAPI knows MESSAGING alone (C9)."""


def create(call: Call) -> dict[str, Any]:
    """POST /{app}/whatsapp_business_solution: a new solution, sent to the partner at once."""
    call.caller.needs(*ACT)
    owner = own_app(call)
    permissions = {side: call.words(f"{side}_permissions") for side in ("owner", "partner")}
    for words in permissions.values():
        if not PERMISSIONS.issuperset(words):
            known = ", ".join(sorted(PERMISSIONS))
            raise Refused(Refusal.BAD_PARAMETER, f"Permissions must be among: {known}")
    solution = call.box.create(
        owner,
        name=call.text("solution_name"),
        partner_app_id=call.text("partner_app_id"),
        owner_permissions=permissions["owner"],
        partner_permissions=permissions["partner"],
    )
    return {"solution_id": solution.id}


def list_for_app(call: Call) -> dict[str, Any]:
    """GET /{app}/whatsapp_business_solutions: those in which the app has a part, or `role` alone."""
    call.caller.needs(MANAGEMENT)
    app = own_app(call)
    role = call.params.get("role")
    if role is not None and role not in ROLES:
        raise Refused(Refusal.BAD_PARAMETER, "Param role must be one of {OWNER, PARTNER}")
    found = [one for one in call.box.world.solutions_of(app.id) if role in {None, ROLES[one.owner_app_id != app.id]}]
    return _listed(call, {one.id: one for one in found})


def list_for_account(call: Call) -> dict[str, Any]:
    """GET /{waba}/solutions: through which solution a customer's account is shared."""
    call.caller.needs(MANAGEMENT)
    customer = call.box.world.customers[call.node]
    solution = call.box.world.solutions[customer.solution_id]
    if call.caller.app not in call.box.world.parties(solution):
        raise Refused(Refusal.NOT_YOURS, call.node)
    return _listed(call, {solution.id: solution})


def _listed(call: Call, found: dict[str, Solution]) -> dict[str, Any]:
    wanted = _fields(call, nodes.LISTED)
    shown = page(list(found), call.paging, call.url)
    return {"data": [_node(call, found[one], wanted) for one in shown.items], "paging": shown.paging}


def details(call: Call) -> dict[str, Any]:
    """GET /{solution}: name and both statuses, or `fields`."""
    call.caller.needs(MANAGEMENT)
    return _node(call, own_solution(call), _fields(call, nodes.LISTED))


def partners(call: Call) -> dict[str, Any]:
    """GET /{solution}/partners: the invited side, with its own status."""
    call.caller.needs(MANAGEMENT)
    solution = own_solution(call)
    _, partner = call.box.world.parties(solution)
    node = nodes.partnership(solution, partner)
    shown = page([solution.partnership.id], call.paging, call.url)
    wanted = _fields(call, nodes.INSIDE["partners"])
    data = [select(node, wanted, kind="partners", defaults=nodes.INSIDE) for _ in shown.items]
    return {"data": data, "paging": shown.paging}


def access_token(call: Call) -> dict[str, Any]:
    """GET /{solution}/access_token: a token for a customer's portfolio."""
    call.caller.needs(MANAGEMENT)
    solution = own_solution(call)
    business_id = call.text("business_id")
    for customer in call.box.world.customers.values():
        if (customer.solution_id, customer.business_id) == (solution.id, business_id):
            if call.box.rules.rich_answers:
                return {"access_token": customer.access_token, "expires_at": int(call.box.now()) + 60 * 86_400}
            return {"data": [{"access_token": customer.access_token}]}
    raise Refused(Refusal.BAD_PARAMETER, "business_id is not a customer of this solution")


def accept(call: Call) -> dict[str, Any]:
    """POST /{solution}/accept: by the invited partner."""
    try:
        own_solution(call)
    except Refused as refused:
        if refused.kind is Refusal.NOT_YOURS:
            raise Refused(Refusal.NOT_INVITED, refused.about) from None
        raise
    if call.box.rules.bodies_required or "partner_app_id" in call.params:
        _names_partner(call)
    solution = _act(call, "accept")
    return _answer(
        call,
        {
            "solution_id": solution.id,
            "partner_status": solution.partnership.status,
            "success": True,
            "message": "Solution partnership accepted successfully",
            "update_time": _instant(solution.changed_at),
        },
    )


def reject(call: Call) -> dict[str, Any]:
    """POST /{solution}/reject: of the request or, as the OpenAPI has it, of a deactivation."""
    kinds = ("PARTNERSHIP_REQUEST", "DEACTIVATION_REQUEST")
    kind = call.text("request_type", None if call.box.rules.bodies_required else kinds[0])
    if kind not in kinds:
        raise Refused(Refusal.BAD_PARAMETER, f"Param request_type must be one of {{{', '.join(kinds)}}}")
    if kind == kinds[1]:
        solution = _act(call, "reject deactivation")
    else:
        if call.box.rules.bodies_required or "partner_app_id" in call.params:
            _names_partner(call)
        solution = _act(call, "reject")
    return _answer(
        call,
        {
            "success": True,
            "solution_id": solution.id,
            "rejected_request_type": kind,
            "rejection_timestamp": _instant(solution.changed_at),
            "partner_app_id": solution.partnership.app_id,
        },
    )


def send_deactivation_request(call: Call) -> dict[str, Any]:
    """POST /{solution}/send_deactivation_request: it stays active until the other party answers."""
    solution = _act(call, "request deactivation")
    request_id = f"deactivation_req_{call.box.world.new_id(10)}"
    told = {"success": True, "message": "Deactivation request submitted successfully", "request_id": request_id}
    return _answer(call, told if solution.state.usable else told | {"message": "The solution was deactivated"})


def accept_deactivation_request(call: Call) -> dict[str, Any]:
    """POST /{solution}/accept_deactivation_request: by the party that did not ask."""
    return _node_or_success(call, _act(call, "accept deactivation"))


def reject_deactivation_request(call: Call) -> dict[str, Any]:
    """POST /{solution}/reject_deactivation_request: by the party that did not ask."""
    if call.box.rules.bodies_required and not call.truth("reject_deactivation_request", default=False):
        raise Refused(Refusal.BAD_PARAMETER, "The parameter reject_deactivation_request is required")
    return _node_or_success(call, _act(call, "reject deactivation"))


def own_app(call: Call) -> Any:
    """The app of the path, which must be the caller's. Raises Refused."""
    app = call.box.find_app(call.node)
    if app.id != call.caller.app.id:
        raise Refused(Refusal.NOT_YOURS, call.node)
    return app


def own_solution(call: Call) -> Solution:
    """The solution of the path, in which the caller has a part. Raises Refused."""
    solution = call.box.find_solution(call.node)
    call.box.party(solution, call.caller.app)
    return solution


def _act(call: Call, action: str) -> Solution:
    call.caller.needs(*ACT)
    solution = own_solution(call)
    call.box.act(solution, action, call.caller.app)
    return solution


def _names_partner(call: Call) -> None:
    named = call.text("partner_app_id")
    if not (named.isascii() and named.isdigit()):
        raise Refused(Refusal.BAD_ID, "partner_app_id")
    if named != own_solution(call).partnership.app_id:
        raise Refused(Refusal.BAD_PARAMETER, "partner_app_id is not the invited app")


def _answer(call: Call, rich: dict[str, Any]) -> dict[str, Any]:
    return rich if call.box.rules.rich_answers else {"success": True}


def _node_or_success(call: Call, solution: Solution) -> dict[str, Any]:
    if call.box.rules.rich_answers or "fields" in call.params:
        return _node(call, solution, _fields(call, nodes.RICH))
    return {"success": True}


def _fields(call: Call, default: Selection) -> Selection:
    return parse(call.text("fields")) if call.params.get("fields") else default


def _node(call: Call, solution: Solution, wanted: Selection) -> dict[str, Any]:
    node = nodes.solution(solution, call.box.world, call.box.rules, f"{call.root}/{solution.id}")
    return select(node, wanted, kind=nodes.SOLUTION, defaults=nodes.INSIDE)


def _instant(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
