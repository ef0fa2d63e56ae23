"""The Graph client: looking at solutions and acting on them, in both families of answers."""

from __future__ import annotations

from typing import Any

import pytest
from meta_bodies import DONE, EMPTY_LIST, GUIDE_DETAILS, GUIDE_LIST, OPENAPI_NODE, WRONG_STATE
from played_meta import APP_ID, DATE, NOW_S, SOLUTION, MakeGraph, PlayedMeta, Say

from partnerhook.graph import (
    ActionRefused,
    AppReference,
    Graph,
    GraphReading,
    GraphUnreadable,
    Partner,
    Role,
)

pytestmark = pytest.mark.asyncio

OUR_CLOCK = 1_781_686_799_250_000


async def test_guide_details(graph: MakeGraph, meta: PlayedMeta):
    """The guide's example of a solution is read whole."""
    meta.says(GUIDE_DETAILS)

    async with graph(clock=lambda: OUR_CLOCK) as client:
        reading = await client.solution(SOLUTION)

    app = AppReference("637576208107267", "Social Overdrive", "https://www.socialoverdrive.com/")
    assert reading == GraphReading(
        solution_id=SOLUTION,
        status="ACTIVE",
        pending="",
        read_at=NOW_S,
        asked_at=OUR_CLOCK,
        name="Social OVD with Lucky Shrub",
        partners=(Partner("17602267745704", "ACCEPTED", app),),
    )
    assert meta.asked[0].path == f"/v25.0/{SOLUTION}"
    assert "partners{id,status,partner_app{id,name,link},partner_permissions}" in meta.asked[0].query["fields"]


async def test_openapi_details(graph: MakeGraph, meta: PlayedMeta):
    """The OpenAPI's fields are read, owner and permissions too."""
    meta.says(OPENAPI_NODE | {"owner_app": {"id": "1234567890123456", "name": "Owner"}})

    async with graph() as client:
        reading = await client.solution(OPENAPI_NODE["id"])

    assert reading.owner_permissions == ("DEVELOP", "MANAGE")
    assert reading.owner_app == AppReference("1234567890123456", "Owner")
    assert reading.reported_status == "DEACTIVATED"


async def test_unknown_words(graph: MakeGraph, meta: PlayedMeta):
    """Words that are in no document are kept; what is of another type than documented is passed over."""
    meta.says(
        {
            "id": int(SOLUTION),
            "status": "FROZEN",
            "status_for_pending_request": "PENDING_THAW",
            "name": 7,
            "owner_app": "1234567890123456",
            "owner_permissions": ["FLY", 3, None],
            "partners": [{"id": "5", "status": "ASLEEP", "partner_app": []}, "nobody"],
            "new_field": {"a": [1]},
        }
    )

    async with graph() as client:
        reading = await client.solution(SOLUTION)

    assert (reading.status, reading.pending, reading.name) == ("FROZEN", "PENDING_THAW", "")
    assert reading.owner_app == AppReference("1234567890123456")
    assert reading.owner_permissions == ("FLY",)
    assert reading.partners == (Partner("5", "ASLEEP"),)


async def test_fields_unavailable(graph: MakeGraph, meta: PlayedMeta):
    """Where Meta refuses the inner parts, the state is read without them."""
    refused = {"error": {"message": "The requested fields are not available for this solution", "code": 100}}
    meta.says(Say(refused, 422), {"id": SOLUTION, "status": "ACTIVE"})

    async with graph() as client:
        reading = await client.solution(SOLUTION)

    assert reading.status == "ACTIVE"
    assert meta.asked[1].query["fields"] == "id,name,status,status_for_pending_request"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[" * 100_000, b"\xff", {"id": "1", "status": "ACTIVE"}, {"id": SOLUTION}, [], None, "x", 7],
    ids=["empty", "html", "deep", "not utf-8", "another", "no status", "list", "null", "word", "number"],
)
async def test_not_a_solution(graph: MakeGraph, meta: PlayedMeta, body: Any):
    """What tells no state of the solution is unreadable, and not asked for again."""
    meta.says(body)

    async with graph() as client:
        with pytest.raises(GraphUnreadable):
            await client.solution(SOLUTION)

    assert len(meta.asked) == 1


@pytest.mark.parametrize(
    "headers",
    [{}, {"Date": "yesterday"}, {"Date": "Fri, 31 Dec 2399 23:59:59 GMT"}],
    ids=["missing", "unreadable", "far ahead"],
)
async def test_no_date(graph: MakeGraph, meta: PlayedMeta, headers: dict[str, str]):
    """Without a `Date` that can be, an answer is of the time of our question."""
    meta.says(Say(GUIDE_DETAILS, headers=headers))

    async with graph(clock=lambda: OUR_CLOCK) as client:
        reading = await client.solution(SOLUTION)

    assert reading.read_at == OUR_CLOCK // 1_000_000


async def test_list(graph: MakeGraph, meta: PlayedMeta):
    """The guide's example of a list is one page of two readings."""
    meta.says(GUIDE_LIST)

    async with graph() as client:
        pages = [page async for page in client.solution_pages(APP_ID, Role.OWNER, limit=50)]

    (page,) = pages
    assert [(one.solution_id, one.reported_status) for one in page.readings] == [
        ("19702253086782", "INITIATED"),
        ("17602267745700", "ACTIVE"),
    ]
    assert {one.read_at for one in page.readings} == {NOW_S}
    assert meta.asked[0].path == f"/v25.0/{APP_ID}/whatsapp_business_solutions"
    assert meta.asked[0].query == {
        "fields": "id,name,status,status_for_pending_request",
        "limit": "50",
        "role": "OWNER",
    }


async def test_bad_rows(graph: MakeGraph, meta: PlayedMeta):
    """A row that is no solution spoils no neighbour; it is counted."""
    meta.says({"data": [None, {"name": "no id"}, *GUIDE_LIST["data"]]})

    async with graph() as client:
        (page,) = [page async for page in client.solution_pages(APP_ID)]

    assert (len(page.readings), page.unreadable) == (2, 2)


async def test_detailed_list(graph: MakeGraph, meta: PlayedMeta):
    """A detailed list asks for all that a look at each would tell."""
    meta.says({"data": [GUIDE_DETAILS]})

    async with graph() as client:
        (page,) = [page async for page in client.solution_pages(APP_ID, detailed=True)]

    assert page.readings[0].partners[0].app is not None
    assert "partners{" in meta.asked[0].query["fields"]
    assert "role" not in meta.asked[0].query


async def test_create(graph: MakeGraph, meta: PlayedMeta):
    """A creation sends the documented body and gives the new id."""
    meta.says({"solution_id": "1234567890123456"})

    async with graph() as client:
        solution_id = await client.create(
            APP_ID,
            name="Owner-Managed Messaging Solution",
            partner_app_id="9876543210987654",
            owner_permissions=["MESSAGING"],
        )

    assert solution_id == "1234567890123456"
    assert (meta.asked[0].method, meta.asked[0].path) == ("POST", f"/v25.0/{APP_ID}/whatsapp_business_solution")
    assert meta.asked[0].json == {
        "owner_permissions": ["MESSAGING"],
        "partner_app_id": "9876543210987654",
        "partner_permissions": [],
        "solution_name": "Owner-Managed Messaging Solution",
    }


ACTIONS = {
    "accept": "accept",
    "reject": "reject",
    "request_deactivation": "send_deactivation_request",
    "accept_deactivation": "accept_deactivation_request",
    "reject_deactivation": "reject_deactivation_request",
}


@pytest.mark.parametrize("family", DONE)
@pytest.mark.parametrize("action", ACTIONS)
async def test_actions(graph: MakeGraph, meta: PlayedMeta, action: str, family: str):
    """Every documented way to say yes is understood, of every action."""
    meta.says(DONE[family])

    async with graph() as client:
        await getattr(client, action)(SOLUTION)

    assert [(one.method, one.path) for one in meta.asked] == [("POST", f"/v25.0/{SOLUTION}/{ACTIONS[action]}")]


async def test_bodies_of_v23(graph: MakeGraph, meta: PlayedMeta):
    """What v23.0 alone wants in a body is sent where it is given."""
    meta.says(True)

    async with graph() as client:
        await client.accept(SOLUTION, partner_app_id="9876543210987654")
        await client.reject(SOLUTION, partner_app_id="9876543210987654")
        await client.reject_deactivation(SOLUTION)
        await client.accept(SOLUTION)

    assert [one.json for one in meta.asked[:3]] == [
        {"partner_app_id": "9876543210987654"},
        {"request_type": "PARTNERSHIP_REQUEST", "partner_app_id": "9876543210987654"},
        {"reject_deactivation_request": True},
    ]
    assert meta.asked[3].body == b""


@pytest.mark.parametrize("body", [{"success": False}, False, {"success": "false"}])
async def test_no_success(graph: MakeGraph, meta: PlayedMeta, body: Any):
    """An answer that says no is a refusal, also with status 200."""
    meta.says(body)

    async with graph() as client:
        with pytest.raises(ActionRefused):
            await client.accept(SOLUTION)


@pytest.mark.parametrize("body", [{}, [], None, b"OK", {"success": "perhaps"}])
async def test_neither_yes_nor_no(graph: MakeGraph, meta: PlayedMeta, body: Any):
    """An answer that says neither leaves open whether it was done, and says so."""
    meta.says(body)

    async with graph() as client:
        with pytest.raises(GraphUnreadable, match="may have been done") as caught:
            await client.accept(SOLUTION)

    assert caught.value.maybe_done


async def test_create_without_id(graph: MakeGraph, meta: PlayedMeta):
    """A creation whose answer names no id may have been done."""
    meta.says({"success": True})

    async with graph() as client:
        with pytest.raises(GraphUnreadable) as caught:
            await client.create(APP_ID, name="Two of us", partner_app_id="1")

    assert caught.value.maybe_done


async def test_wrong_state(graph: MakeGraph, meta: PlayedMeta):
    """An action in a wrong state is refused, for certain."""
    meta.says(Say(WRONG_STATE, 422))

    async with graph() as client:
        with pytest.raises(ActionRefused) as caught:
            await client.accept(SOLUTION)

    assert not caught.value.maybe_done
    assert caught.value.subcode == 2207051


async def test_partners(graph: MakeGraph, meta: PlayedMeta):
    """The partners edge is a list of its own."""
    meta.says(GUIDE_DETAILS["partners"])

    async with graph() as client:
        (partner,) = await client.partners(SOLUTION)

    assert (partner.id, partner.status) == ("17602267745704", "ACCEPTED")
    assert meta.asked[0].path == f"/v25.0/{SOLUTION}/partners"


async def test_waba_solutions(graph: MakeGraph, meta: PlayedMeta):
    """A customer's account tells its solutions; none is an empty answer."""
    meta.says(GUIDE_LIST, EMPTY_LIST)

    async with graph() as client:
        shared = await client.waba_solutions("102290129340398")
        none = await client.waba_solutions("102290129340398")

    assert [one.solution_id for one in shared] == ["19702253086782", "17602267745700"]
    assert none == ()
    assert meta.asked[0].path == "/v25.0/102290129340398/solutions"


@pytest.mark.parametrize(
    ("body", "expires_at"),
    [
        ({"data": [{"access_token": "EAAcustomer0123456789"}]}, None),
        ({"access_token": "EAAcustomer0123456789", "expires_at": 1735689600}, 1735689600),
    ],
    ids=["guide", "openapi"],
)
async def test_customer_token(graph: MakeGraph, meta: PlayedMeta, body: Any, expires_at: int | None):
    """A customer's token is understood in both forms, and not shown."""
    meta.says(body)

    async with graph() as client:
        token = await client.customer_token(SOLUTION, "506914307656634")

    assert token.get_secret_value() == "EAAcustomer0123456789"
    assert token.expires_at == expires_at
    assert "EAA" not in f"{token} {token!r}"
    assert meta.asked[0].path == f"/v25.0/{SOLUTION}/access_token"
    assert meta.asked[0].query == {"business_id": "506914307656634"}


@pytest.mark.parametrize("body", [{"data": []}, {"data": [{}]}, {}, [], {"access_token": 7}])
async def test_no_customer_token(graph: MakeGraph, meta: PlayedMeta, body: Any):
    """An answer without a token is unreadable."""
    meta.says(body)

    async with graph() as client:
        with pytest.raises(GraphUnreadable):
            await client.customer_token(SOLUTION, "506914307656634")


@pytest.mark.parametrize("bad", ["", "me", "1/../2", "1?x=1", "٣", "1" * 33, "-1", "1 "])
async def test_not_an_id(graph: MakeGraph, meta: PlayedMeta, bad: str):
    """What is no id comes into no path: nothing is sent."""
    client: Graph
    async with graph() as client:
        for call in (
            client.solution(bad),
            client.accept(bad),
            client.partners(bad),
            client.customer_token(bad, "1"),
            client.customer_token("1", bad),
            client.waba_solutions(bad),
            client.create(bad, name="Two of us", partner_app_id="1"),
            client.create("1", name="Two of us", partner_app_id=bad),
            client.subscriptions(bad),
            anext(client.solution_pages(bad)),
        ):
            with pytest.raises(ValueError, match="digits"):
                await call

    assert meta.asked == []


async def test_other_headers(graph: MakeGraph, meta: PlayedMeta):
    """Answers come unpacked: what the request says it takes cannot grow on our side."""
    meta.says(Say(GUIDE_DETAILS, headers=DATE | {"Content-Encoding": "gzip"}))

    async with graph() as client:
        with pytest.raises(GraphUnreadable):
            await client.solution(SOLUTION)

    assert meta.asked[0].headers["accept-encoding"] == "identity"


async def test_out_of_context(graph: MakeGraph):
    """A client that was not entered says how to use it."""
    with pytest.raises(RuntimeError, match="async with"):
        await graph().solution(SOLUTION)
