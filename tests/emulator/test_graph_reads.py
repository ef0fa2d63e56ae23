"""Reading solutions from the box: fields, nested ones too, lists page by page, and what is whose to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from boxed import START, Boxed, error_of

from partnerhook.emulator.world import TASKS

LISTED = {"id", "name", "status", "status_for_pending_request"}


def pages(boxed: Boxed, url: str, lead: str = "next") -> Iterator[dict[str, Any]]:
    """A page and all that it leads to, as its URLs say."""
    while url:
        answer = boxed.client.get(url)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        yield page
        url = page["paging"].get(lead, "")


def ids(page: dict[str, Any]) -> list[str]:
    """The ids of a page."""
    return [node["id"] for node in page["data"]]


def first_page(boxed: Boxed, **params: Any) -> str:
    """The URL of the owner's list."""
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return f"/v25.0/{boxed.owner.id}/whatsapp_business_solutions?access_token={boxed.owner.access_token}&{query}"


def test_what_is_told_without_being_asked_for(boxed: Boxed):
    """Name and both statuses, and the id as ever."""
    node = boxed.get(boxed.owner, f"/{boxed.create('Named')}").json()

    assert set(node) == LISTED
    assert (node["name"], node["status"], node["status_for_pending_request"]) == (
        "Named",
        "INITIATED",
        "PENDING_ACTIVATION",
    )


def test_nested_fields(boxed: Boxed):
    """Each only as far as it is asked for; always with its id."""
    solution_id = boxed.create("Named", owner_permissions=["MESSAGING"])

    node = boxed.get(
        boxed.partner,
        f"/{solution_id}",
        fields="name, partners.limit(1){partner_permissions,partner_app{id}},owner_app{id,name},owner_permissions",
    ).json()

    (partnership,) = node["partners"]["data"]
    assert set(node) == {"id", "name", "partners", "owner_app", "owner_permissions"}
    assert node["owner_app"] == {"id": boxed.owner.id, "name": boxed.owner.name}
    assert node["owner_permissions"] == [*TASKS, "MESSAGING"]
    assert set(partnership) == {"id", "partner_permissions", "partner_app"}
    assert partnership["partner_app"] == {"id": boxed.partner.id}
    assert partnership["partner_permissions"] == list(TASKS)
    assert set(node["partners"]["paging"]["cursors"]) == {"before", "after"}


def test_the_partners_edge_takes_fields(boxed: Boxed):
    """As the field does."""
    solution_id = boxed.create()

    (partnership,) = boxed.get(
        boxed.owner, f"/{solution_id}/partners", fields="status,partner_app{name}", limit=1
    ).json()["data"]

    assert partnership == {
        "status": "NOTIFICATION_SENT",
        "partner_app": {"name": boxed.partner.name, "id": boxed.partner.id},
        "id": partnership["id"],
    }


@pytest.mark.parametrize(
    "fields",
    [
        "name,,status{",
        "partners{partner_app",
        "name}",
        "{name}",
        "name status",
        "name;status",
        "Näme",
        "partners{partners{partners{partners{partners{id}}}}}",
        "name," * 2_000,
    ],
)
def test_fields_that_cannot_be_read(boxed: Boxed, fields: str):
    """Error 100, whatever was meant."""
    answer = boxed.get(boxed.owner, f"/{boxed.create()}", fields=fields)

    assert (answer.status_code, error_of(answer)["code"]) == (400, 100)
    assert error_of(answer)["message"].startswith("(#100) Syntax error in fields")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("colour", "nonexisting field (colour) on node type (WhatsAppBusinessSolution)"),
        ("partners{colour}", "nonexisting field (colour) on node type (partners)"),
        ("name{first}", "Field name has no fields of its own"),
    ],
)
def test_fields_that_are_not_there(boxed: Boxed, fields: str, said: str):
    """The error names the field and where it was looked for."""
    assert said in error_of(boxed.get(boxed.owner, f"/{boxed.create()}", fields=fields))["message"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_pages_that_lead_to_one_another(boxed: Boxed, limit: int):
    """Forward each solution once, and backward the same pages again; the first and the last have no way further."""
    made = [boxed.create(f"Number {number}") for number in range(5)]

    forward = list(pages(boxed, first_page(boxed, limit=limit, fields="name,status")))
    back = list(pages(boxed, forward[-2]["paging"]["next"] if len(forward) > 1 else first_page(boxed), "previous"))

    assert [one for page in forward for one in ids(page)] == made
    assert [ids(page) for page in forward[:-1]] == [made[at : at + limit] for at in range(0, 5 - limit, limit)]
    assert [one for page in reversed(back) for one in ids(page)] == made
    assert "previous" not in forward[0]["paging"]
    assert "next" not in forward[-1]["paging"]
    if len(forward) > 1:
        assert set(forward[1]["data"][0]) == {"id", "name", "status"}


def test_pages_by_their_cursors(boxed: Boxed):
    """`after` the last of one page, `before` the first of the next."""
    made = [boxed.create(f"Number {number}") for number in range(4)]
    path = f"/{boxed.owner.id}/whatsapp_business_solutions"
    first = boxed.get(boxed.owner, path, limit=2).json()

    second = boxed.get(boxed.owner, path, limit=2, after=first["paging"]["cursors"]["after"]).json()
    again = boxed.get(boxed.owner, path, limit=2, before=second["paging"]["cursors"]["before"]).json()
    beyond = boxed.get(boxed.owner, path, after=second["paging"]["cursors"]["after"]).json()

    assert (ids(first), ids(second), ids(again)) == (made[:2], made[2:], made[:2])
    assert beyond == {"data": [], "paging": {"cursors": {}}}


def test_a_page_stays_where_it_is_when_others_come(boxed: Boxed):
    """A cursor is a place among the solutions, not a number."""
    made = [boxed.create(f"Number {number}") for number in range(3)]
    first = boxed.client.get(first_page(boxed, limit=2)).json()
    made.append(boxed.create("Number 3"))

    assert ids(boxed.client.get(first["paging"]["next"]).json()) == made[2:]


def test_the_url_of_the_next_page_is_whole(boxed: Boxed):
    """With host, version, the token and all parameters, as Meta's."""
    for number in range(3):
        boxed.create(f"Number {number}")

    url = urlsplit(boxed.client.get(first_page(boxed, limit=2, role="OWNER")).json()["paging"]["next"])

    query = parse_qs(url.query)
    assert f"{url.scheme}://{url.netloc}" == boxed.url
    assert url.path == f"/v25.0/{boxed.owner.id}/whatsapp_business_solutions"
    assert (query["access_token"], query["limit"], query["role"]) == ([boxed.owner.access_token], ["2"], ["OWNER"])


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 101}, {"limit": "ten"}, {"limit": -1}, {"limit": "1000001"}])
def test_a_limit_is_from_1_to_100(boxed: Boxed, wrong: dict[str, Any]):
    """Others are refused."""
    answer = boxed.get(boxed.owner, f"/{boxed.owner.id}/whatsapp_business_solutions", **wrong)

    assert "limit" in error_of(answer)["message"]


@pytest.mark.parametrize("cursor", ["x", "QVFIMTIz", "ä", "====", "QVFI"])
def test_a_cursor_of_no_page(boxed: Boxed, cursor: str):
    """Error 100, both ways."""
    path = f"/{boxed.owner.id}/whatsapp_business_solutions"

    for way in ("after", "before"):
        assert error_of(boxed.get(boxed.owner, path, **{way: cursor}))["message"] == "(#100) Invalid cursors values"


def test_twenty_five_to_a_page(boxed: Boxed):
    """Where no limit is asked for."""
    for number in range(26):
        boxed.create(f"Number {number}")

    assert [len(ids(page)) for page in pages(boxed, first_page(boxed))] == [25, 1]


def test_the_list_by_role(boxed: Boxed):
    """Owner, partner, or both; other words are refused."""
    ours = boxed.create("Ours")
    asked = {"partner_app_id": boxed.owner.id, "app_id": boxed.partner.id, "name": "Theirs", "draft": False}
    theirs = boxed.control("POST", "/solutions", asked)["solution_id"]
    path = f"/{boxed.owner.id}/whatsapp_business_solutions"

    def listed(**role: str) -> list[str]:
        return ids(boxed.get(boxed.owner, path, **role).json())

    assert (listed(role="OWNER"), listed(role="PARTNER"), listed()) == ([ours], [theirs], [ours, theirs])
    assert "role" in error_of(boxed.get(boxed.owner, path, role="owner"))["message"]


@pytest.mark.parametrize(("profile", "hidden"), [("guide", 400), ("openapi", 403)])
def test_a_draft_is_its_owner_s_alone(start: Callable[..., Boxed], profile: str, hidden: int):
    """The partner neither lists nor reads it, until it is sent."""
    boxed = start(profile)
    solution_id = boxed.draft()

    def seen() -> tuple[list[str], int]:
        listed = boxed.get(boxed.partner, f"/{boxed.partner.id}/whatsapp_business_solutions").json()
        return ids(listed), boxed.get(boxed.partner, f"/{solution_id}").status_code

    assert boxed.get(boxed.owner, f"/{solution_id}").json()["status"] == "DRAFT"
    assert seen() == ([], hidden)
    boxed.act(solution_id, "send request")
    assert seen() == ([solution_id], 200)


def test_what_a_draft_waits_for(start: Callable[..., Boxed]):
    """Nothing, or as one sample of Meta's has it (C11)."""
    plain, other = start(), start(draft_pending="PENDING_ACTIVATION")

    told = [
        boxed.get(boxed.owner, f"/{boxed.draft()}").json()["status_for_pending_request"] for boxed in (plain, other)
    ]

    assert told == ["NONE", "PENDING_ACTIVATION"]


def test_each_state_in_two_fields(boxed: Boxed):
    """The solution's and its partner's, through a whole life."""
    solution_id = boxed.draft()
    told = []

    for action in ("", "send request", "accept", "request deactivation", "reject deactivation"):
        if action:
            boxed.act(solution_id, action)
        node = boxed.get(boxed.owner, f"/{solution_id}", fields="status,status_for_pending_request,partners").json()
        told.append((node["status"], node["status_for_pending_request"], node["partners"]["data"][0]["status"]))

    assert told == [
        ("DRAFT", "NONE", "DRAFT"),
        ("INITIATED", "PENDING_ACTIVATION", "NOTIFICATION_SENT"),
        ("ACTIVE", "NONE", "ACCEPTED"),
        ("ACTIVE", "PENDING_DEACTIVATION", "ACCEPTED"),
        ("ACTIVE", "NONE", "ACCEPTED"),
    ]


def test_the_solutions_of_a_customer_s_account(boxed: Boxed):
    """Both parties see through which solution it was shared, until it is unshared."""
    solution_id = boxed.act(boxed.create("Shared"), "accept")
    customer = boxed.control("POST", "/customers", {"solution_id": solution_id})
    path = f"/{customer['waba_id']}/solutions"

    for app in (boxed.owner, boxed.partner):
        (node,) = boxed.get(app, path).json()["data"]
        assert (node["id"], node["name"], set(node)) == (solution_id, "Shared", LISTED)
    boxed.control("DELETE", f"/customers/{customer['waba_id']}")
    assert boxed.get(boxed.owner, path).status_code == 400


def test_the_token_of_a_customer(start: Callable[..., Boxed]):
    """Both forms of the answer (C16), each customer's own; of nobody else's."""
    told = []
    for profile in ("guide", "openapi"):
        boxed = start(profile)
        solution_id = boxed.act(boxed.create(), "accept")
        first, second = (boxed.control("POST", "/customers", {"solution_id": solution_id}) for _ in range(2))
        path = f"/{solution_id}/access_token"
        answer = boxed.get(boxed.partner, path, business_id=second["business_id"]).json()
        told.append((answer, first, second))
        assert error_of(boxed.get(boxed.partner, path, business_id=boxed.owner.portfolio_id))["code"] == 100
        assert error_of(boxed.get(boxed.partner, path))["code"] == 100

    (plain, first, second), (rich, _, other) = told
    assert plain == {"data": [{"access_token": second["access_token"]}]}
    assert first["access_token"] != second["access_token"]
    assert rich["access_token"] == other["access_token"]
    assert rich["expires_at"] > START
