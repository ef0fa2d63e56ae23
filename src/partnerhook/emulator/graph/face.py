"""The Graph API over HTTP: finds the edge, asks who calls, answers with JSON and Meta's headers."""

from __future__ import annotations

import inspect
import json
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from partnerhook.emulator.box import Box
from partnerhook.emulator.graph import apps, solutions
from partnerhook.emulator.graph.call import Call, parameters, token_of
from partnerhook.emulator.graph.problems import problem
from partnerhook.emulator.graph.tokens import caller
from partnerhook.emulator.refusals import Refusal, Refused

Answer = dict[str, Any]
Endpoint = Callable[[Call], Answer | Awaitable[Answer]]

CALLS_PER_HOUR_MAX: Final = 100_000
"""What a hundred per cent in the usage header is; going beyond it refuses nothing."""

OF_APP: Final[dict[tuple[str, str], Endpoint]] = {
    ("GET", ""): apps.details,
    ("POST", "whatsapp_business_solution"): solutions.create,
    ("GET", "whatsapp_business_solutions"): solutions.list_for_app,
    ("GET", "subscriptions"): apps.subscriptions,
    ("POST", "subscriptions"): apps.subscribe,
    ("DELETE", "subscriptions"): apps.unsubscribe,
}
OF_SOLUTION: Final[dict[tuple[str, str], Endpoint]] = {
    ("GET", ""): solutions.details,
    ("GET", "partners"): solutions.partners,
    ("GET", "access_token"): solutions.access_token,
    ("POST", "accept"): solutions.accept,
    ("POST", "reject"): solutions.reject,
    ("POST", "send_deactivation_request"): solutions.send_deactivation_request,
    ("POST", "accept_deactivation_request"): solutions.accept_deactivation_request,
    ("POST", "reject_deactivation_request"): solutions.reject_deactivation_request,
}
OF_ACCOUNT: Final[dict[tuple[str, str], Endpoint]] = {("GET", "solutions"): solutions.list_for_account}
OF_ME: Final[dict[tuple[str, str], Endpoint]] = {
    ("GET", ""): apps.me,
    ("GET", "permissions"): apps.permissions,
    ("GET", "assigned_applications"): apps.assigned,
    ("GET", "application_details"): apps.assigned,
}
OF_TOKEN: Final[dict[tuple[str, str], Endpoint]] = {("GET", ""): apps.debug_token}


class GraphFace:
    """Answers every call of the Graph API for a box."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._called_at: dict[str, deque[float]] = {}

    async def answer(self, request: Request) -> Response:
        """One call."""
        trace_id = f"A{secrets.token_urlsafe(17)}"
        headers = {"x-fb-trace-id": trace_id, "x-fb-rev": "1", "x-fb-debug": secrets.token_urlsafe(24)}
        try:
            told, status = await self._told(request, headers), 200
        except Refused as refused:
            found = problem(refused, self._box.rules, request.method)
            told, status = found.envelope(trace_id), found.http_status
            if found.code in {104, 190}:
                headers["www-authenticate"] = f'OAuth "Facebook Platform" "invalid_token" "{found.message}"'
        headers["facebook-api-version"] = request.scope.get("graph_version") or "v25.0"
        # Meta's clock, also where it runs faster than ours.
        headers["date"] = formatdate(self._box.now(), usegmt=True)
        return Response(json.dumps(told), status, headers, media_type="application/json; charset=UTF-8")

    async def _told(self, request: Request, headers: dict[str, str]) -> Answer:
        node = request.path_params.get("node", "")
        edge = request.path_params.get("edge", "")
        params = await parameters(request)
        token = token_of(request, params)
        who = caller(self._box, token, _text(params.get("appsecret_proof")))
        headers["x-app-usage"] = json.dumps(self._usage(who.app.id))
        for calls, kind in ((self._box.throttled, Refusal.RATE_LIMITED), (self._box.failing, Refusal.UNEXPECTED)):
            if calls.get(who.app.id, 0) > 0:
                calls[who.app.id] -= 1
                raise Refused(kind)
        method = _text(params.get("method"), request.method).upper() if request.method == "POST" else request.method
        endpoint = self._endpoint(node, method, edge)
        version = request.scope.get("graph_version")
        path = f"/{version}{request.url.path}" if version else request.url.path
        url = str(request.url.replace(path=path, query="", fragment=""))
        told = endpoint(Call(self._box, who, node, params, url, token))
        return await told if inspect.isawaitable(told) else told

    def _endpoint(self, node: str, method: str, edge: str) -> Endpoint:
        world = self._box.world
        if node == "me":
            edges = OF_ME
        elif node == "debug_token":
            edges = OF_TOKEN
        elif node in world.apps:
            edges = OF_APP
        elif node in world.solutions:
            edges = OF_SOLUTION
        elif node in world.customers:
            edges = OF_ACCOUNT
        elif node.isascii() and node.isdigit():
            raise Refused(Refusal.NOT_FOUND, node)
        else:
            raise Refused(Refusal.BAD_ID, "application_id" if "solution" in edge else "solution_id")
        endpoint = edges.get((method, edge))
        if endpoint is None:
            known = {name for _, name in edges}
            raise Refused(Refusal.METHOD_UNKNOWN if edge in known else Refusal.UNKNOWN_PATH, edge)
        return endpoint

    def _usage(self, app_id: str) -> dict[str, int]:
        """Percentages of an hour's calls, as the header tells them."""
        now = self._box.clock.now()
        called = self._called_at.setdefault(app_id, deque(maxlen=CALLS_PER_HOUR_MAX))
        called.append(now)
        while called[0] < now - 3_600:
            called.popleft()
        share = len(called) * 100 // CALLS_PER_HOUR_MAX
        return {"call_count": share, "total_time": share, "total_cputime": share}


def _text(value: Any, default: Any = None) -> Any:
    return default if value is None else str(value)
