"""The Graph client: subscriptions, tokens, permissions, assigned apps."""

from __future__ import annotations

from typing import Any

import pytest
from meta_bodies import CALLBACK_FAILED, DONE, NOT_VISIBLE
from played_meta import APP_ID, APP_SECRET, TOKEN, MakeGraph, PlayedMeta, Say

from partnerhook.graph import (
    ActionRefused,
    AppReference,
    GraphUnreadable,
    Permission,
    SubscribedField,
    Subscription,
    TokenFacts,
)

pytestmark = pytest.mark.asyncio

CALLBACK = "https://callback.example/webhook"


async def test_subscriptions(graph: MakeGraph, meta: PlayedMeta):
    """The documented answer, and the older one with plain words, are read; the app's own token asks."""
    documented = {
        "object": "user",
        "callback_url": "https://your-clever-domain-name.com/webhooks",
        "active": True,
        "fields": [{"name": "photos", "version": "v2.10"}, {"name": "feed", "version": "v2.10"}],
    }
    older = {"object": "page", "callback_url": CALLBACK, "active": False, "fields": ["feed", {}, None]}
    meta.says({"data": [documented, older, "?"]})

    async with graph(app_secret=APP_SECRET) as client:
        found = await client.subscriptions(APP_ID)

    assert found == (
        Subscription(
            "user",
            "https://your-clever-domain-name.com/webhooks",
            active=True,
            fields=(SubscribedField("photos", "v2.10"), SubscribedField("feed", "v2.10")),
        ),
        Subscription("page", CALLBACK, active=False, fields=(SubscribedField("feed"),)),
    )
    assert meta.asked[0].headers["authorization"] == f"Bearer {APP_ID}|{APP_SECRET}"


async def test_given_token(graph: MakeGraph, meta: PlayedMeta):
    """Without an app secret, the given token is taken for the app's own."""
    meta.says({"data": []})

    async with graph(access_token=f"{APP_ID}|{APP_SECRET}") as client:
        assert await client.subscriptions(APP_ID) == ()

    assert meta.asked[0].headers["authorization"] == f"Bearer {APP_ID}|{APP_SECRET}"


@pytest.mark.parametrize("family", ["guide", "subscriptions edge", "bare"])
async def test_subscribe(graph: MakeGraph, meta: PlayedMeta, family: str):
    """A subscription is a form; its verify token stands in no URL."""
    meta.says(DONE[family])

    async with graph(app_secret=APP_SECRET) as client:
        await client.subscribe(
            APP_ID, callback_url=CALLBACK, verify_token="a b&c", fields=["messages", "partner_solutions"]
        )

    (asked,) = meta.asked
    assert (asked.method, asked.path) == ("POST", f"/v25.0/{APP_ID}/subscriptions")
    assert asked.form == {
        "object": "whatsapp_business_account",
        "callback_url": CALLBACK,
        "verify_token": "a b&c",
        "fields": "messages,partner_solutions",
        "include_values": "true",
    }


async def test_callback_failed(graph: MakeGraph, meta: PlayedMeta):
    """Why Meta could not verify the callback is told in its own words."""
    meta.says(Say(CALLBACK_FAILED, 400))

    async with graph(app_secret=APP_SECRET) as client:
        with pytest.raises(ActionRefused, match="HTTP Status Code = 404") as caught:
            await client.subscribe(APP_ID, callback_url=CALLBACK, verify_token="x", fields=["partner_solutions"])

    assert caught.value.code == 2200


async def test_unsubscribe(graph: MakeGraph, meta: PlayedMeta):
    """All of an object, or some fields of it."""
    meta.says({"success": True})

    async with graph(app_secret=APP_SECRET) as client:
        await client.unsubscribe(APP_ID)
        await client.unsubscribe(APP_ID, fields=["messages", "flows"])

    assert [one.method for one in meta.asked] == ["DELETE", "DELETE"]
    named = [{name: one.query[name] for name in one.query if name != "appsecret_proof"} for one in meta.asked]
    assert named == [
        {"object": "whatsapp_business_account"},
        {"object": "whatsapp_business_account", "fields": "messages,flows"},
    ]


async def test_debug_token(graph: MakeGraph, meta: PlayedMeta):
    """A valid token's facts are read; the token itself is in no URL."""
    meta.says(
        {
            "data": {
                "app_id": APP_ID,
                "type": "SYSTEM_USER",
                "application": "Owner",
                "expires_at": 0,
                "data_access_expires_at": 1_790_000_000,
                "is_valid": True,
                "scopes": ["whatsapp_business_management"],
            }
        }
    )

    async with graph(app_secret=APP_SECRET) as client:
        facts = await client.debug_token("EAAother0123456789", app_id=APP_ID)

    assert facts == TokenFacts(
        is_valid=True,
        app_id=APP_ID,
        application="Owner",
        type="SYSTEM_USER",
        data_access_expires_at=1_790_000_000,
        scopes=("whatsapp_business_management",),
    )
    (asked,) = meta.asked
    assert asked.form == {"input_token": "EAAother0123456789", "method": "GET"}
    assert asked.headers["authorization"] == f"Bearer {APP_ID}|{APP_SECRET}"
    assert "EAA" not in asked.target


async def test_debug_token_invalid(graph: MakeGraph, meta: PlayedMeta):
    """Why a token is not valid is told without the token, should Meta repeat it."""
    error = {"code": 190, "message": "Malformed access token some-odd-token"}
    meta.says({"data": {"error": error, "is_valid": False, "scopes": []}})

    async with graph() as client:
        facts = await client.debug_token("some-odd-token")

    assert facts == TokenFacts(is_valid=False, problem="Malformed access token [hidden]")
    assert meta.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_debug_token_is_a_read(graph: MakeGraph, meta: PlayedMeta):
    """Asking about a token is tried again, though it is a POST."""
    meta.says(Say(status=502), {"data": {"is_valid": True}})

    async with graph() as client:
        assert (await client.debug_token("x")).is_valid

    assert len(meta.asked) == 2


@pytest.mark.parametrize("body", [{}, {"data": []}, {"data": {"is_valid": "yes"}}])
async def test_debug_token_unreadable(graph: MakeGraph, meta: PlayedMeta, body: Any):
    """An answer that does not say whether it is valid says nothing."""
    meta.says(body)

    async with graph() as client:
        with pytest.raises(GraphUnreadable):
            await client.debug_token("x")


async def test_permissions(graph: MakeGraph, meta: PlayedMeta):
    """Permissions with their status; rows without a name are passed over."""
    meta.says({"data": [{"permission": "whatsapp_business_management", "status": "granted"}, {}, 7]})

    async with graph() as client:
        assert await client.permissions() == (Permission("whatsapp_business_management", "granted"),)


async def test_assigned_apps(graph: MakeGraph, meta: PlayedMeta):
    """Both names of the edge are tried: Meta's page has one in its prose and the other in its sample."""
    meta.says(Say(NOT_VISIBLE, 400), {"data": [{"id": APP_ID, "name": "Owner"}]})

    async with graph() as client:
        assert await client.assigned_apps() == (AppReference(APP_ID, "Owner"),)

    assert [one.path for one in meta.asked] == ["/v25.0/me/assigned_applications", "/v25.0/me/application_details"]
