"""The edges of apps and of the token itself: subscriptions, permissions, assigned apps, debug_token.

Sources: https://developers.facebook.com/docs/graph-api/webhooks/subscriptions-edge and the app
subscriptions reference (read 2026-06-17).
"""

from __future__ import annotations

from typing import Any

from partnerhook.core.names import WHATSAPP_OBJECT
from partnerhook.emulator.graph import nodes
from partnerhook.emulator.graph.call import Call
from partnerhook.emulator.graph.fields import parse, select
from partnerhook.emulator.graph.solutions import own_app
from partnerhook.emulator.graph.tokens import find
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.subscriptions import subscribe as verify_and_subscribe


def subscriptions(call: Call) -> dict[str, Any]:
    """GET /{app}/subscriptions: where the app gets its webhooks, and which. By the app token, as the next two."""
    app = _subscribing_app(call)
    return {"data": [nodes.subscription(app.subscription)] if app.subscription else []}


async def subscribe(call: Call) -> dict[str, Any]:
    """POST /{app}/subscriptions: replaces what was subscribed, after the callback was verified."""
    app = _subscribing_app(call)
    subscribed_object = call.text("object")
    if subscribed_object != WHATSAPP_OBJECT:
        raise Refused(Refusal.BAD_PARAMETER, f"Only {WHATSAPP_OBJECT} is emulated")
    before = app.subscription
    fields = call.words("fields")
    if not fields:
        raise Refused(Refusal.BAD_PARAMETER, "The parameter fields is required")
    await verify_and_subscribe(
        app,
        callback_url=call.text("callback_url", before.callback_url if before else None),
        verify_token=call.text("verify_token", before.verify_token if before else None),
        fields=fields,
        timeout_s=call.box.rules.read_timeout_s,
        include_values=call.truth("include_values", default=True),
    )
    return {"success": "true" if call.box.rules.subscribed_answer == "string" else True}


def unsubscribe(call: Call) -> dict[str, Any]:
    """DELETE /{app}/subscriptions: all of it, or some fields."""
    app = _subscribing_app(call)
    if app.subscription and "fields" in call.params:
        for field in call.words("fields"):
            app.subscription.fields.pop(field, None)
    if not app.subscription or "fields" not in call.params or not app.subscription.fields:
        app.subscription = None
    return {"success": True}


def _subscribing_app(call: Call) -> Any:
    app = own_app(call)
    if not call.caller.app_token:
        raise Refused(Refusal.APP_TOKEN_WANTED)
    return app


def details(call: Call) -> dict[str, Any]:
    """GET /{app}: name and link."""
    wanted = parse(call.text("fields", "name,link"))
    return select(nodes.app(call.box.find_app(call.node)), wanted, kind="Application", defaults={})


def assigned(call: Call) -> dict[str, Any]:
    """GET /me/assigned_applications, and /me/application_details (C8): the apps of the token's portfolio."""
    apps = call.box.world.apps_of(call.caller.app.portfolio_id)
    return {"data": [nodes.app(app) for app in apps]}


def permissions(call: Call) -> dict[str, Any]:
    """GET /me/permissions: what the token may do."""
    return {"data": [{"permission": scope, "status": "granted"} for scope in call.caller.app.scopes]}


def me(call: Call) -> dict[str, Any]:
    """GET /me: the system user of the token."""
    return {"name": f"System user of {call.caller.app.name}", "id": call.caller.app.portfolio_id}


def debug_token(call: Call) -> dict[str, Any]:
    """GET /debug_token: whose `input_token` is, whether it is valid, until when, and for what."""
    asked = find(call.box, call.text("input_token"))
    if asked is None or asked.app.id != call.caller.app.id:
        error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    app = asked.app
    told: dict[str, Any] = {"app_id": app.id, "type": "APP" if asked.app_token else "SYSTEM_USER"}
    told |= {"application": app.name}
    if asked.app_token:
        return {"data": told | {"is_valid": True, "scopes": []}}
    expired = 0 < app.token_expires_at <= call.box.now()
    told |= {"expires_at": app.token_expires_at, "is_valid": not expired, "scopes": app.scopes}
    return {"data": told | {"user_id": app.portfolio_id}}
