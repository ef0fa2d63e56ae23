"""How a Graph call may be made, who may make it, and what its answer carries."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from boxed import START, Boxed, bearer, error_of

from partnerhook.emulator.world import App

MANAGEMENT = "whatsapp_business_management"


def proof(app: App, token: str = "") -> str:
    """The appsecret_proof of an app's token."""
    return hmac.new(app.secret.encode(), (token or app.access_token).encode(), hashlib.sha256).hexdigest()


def wanted(boxed: Boxed) -> dict[str, Any]:
    """The parameters of a new solution."""
    return {
        "solution_name": "Über & unter",
        "partner_app_id": boxed.partner.id,
        "owner_permissions": ["MESSAGING", "MANAGE"],
        "partner_permissions": [],
    }


def encoded(parameters: dict[str, Any]) -> dict[str, str]:
    """As a form or a query carries them: lists as JSON."""
    return {name: one if isinstance(one, str) else json.dumps(one) for name, one in parameters.items()}


@pytest.mark.parametrize("version", ["", "/v18.0", "/v25.0", "/v100.0"])
def test_the_version_is_optional(boxed: Boxed, version: str):
    """The answer says which one it is."""
    solution_id = boxed.create()

    answer = boxed.get(boxed.owner, f"{version}/{solution_id}")

    assert answer.json()["id"] == solution_id
    assert answer.headers["facebook-api-version"] == (version.lstrip("/") or "v25.0")


@pytest.mark.parametrize("how", ["json", "form", "query"])
def test_parameters_stand_anywhere(boxed: Boxed, how: str):
    """In JSON, in a form, or in the query, with the same meaning."""
    parameters = wanted(boxed)
    carried = {"json": parameters} if how == "json" else {{"form": "data", "query": "params"}[how]: encoded(parameters)}

    answer = boxed.client.post(
        f"/{boxed.owner.id}/whatsapp_business_solution", headers=bearer(boxed.owner.access_token), **carried
    )

    assert answer.status_code == 200, answer.text
    solution = boxed.box.world.solutions[answer.json()["solution_id"]]
    assert (solution.name, solution.owner_permissions) == ("Über & unter", ["MESSAGING", "MANAGE"])
    assert solution.partnership.app_id == boxed.partner.id


def test_the_token_stands_anywhere(boxed: Boxed):
    """In the header, in the query, in a form, in JSON."""
    path, token = f"/{boxed.create()}", boxed.partner.access_token

    assert boxed.client.get(path, headers=bearer(token)).status_code == 200
    assert boxed.client.get(path, headers={"Authorization": f"OAuth {token}"}).status_code == 200
    assert boxed.client.get(path, params={"access_token": token}).status_code == 200
    assert boxed.client.post(path, data={"access_token": token, "method": "get"}).status_code == 200
    assert boxed.client.post(f"{path}/accept", json={"access_token": token}).status_code == 200


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"nonsense", b'"text"', b"[" * 100_000, b'{"solution_name": "\\ud800"}', b"\xff"]
)
def test_a_body_that_is_neither_form_nor_json(boxed: Boxed, body: bytes):
    """It is the caller's mistake: error 100."""
    answer = boxed.client.post(
        f"/{boxed.owner.id}/whatsapp_business_solution",
        content=body,
        headers=bearer(boxed.owner.access_token) | {"Content-Type": "application/json"},
    )

    assert (answer.status_code, error_of(answer)["code"]) == (400, 100)


def test_a_body_has_a_bound(boxed: Boxed):
    """A million bytes are more than any call needs."""
    answer = boxed.post(boxed.owner, f"/{boxed.owner.id}/whatsapp_business_solution", solution_name="x" * 1_000_001)

    assert error_of(answer)["message"] == "(#100) The body is too long"


@pytest.mark.parametrize("missing", ["solution_name", "partner_app_id", "owner_permissions", "partner_permissions"])
def test_each_parameter_of_a_solution_is_required(boxed: Boxed, missing: str):
    """The error names it."""
    document = {name: value for name, value in wanted(boxed).items() if name != missing}

    answer = boxed.post(boxed.owner, f"/{boxed.owner.id}/whatsapp_business_solution", **document)

    assert (answer.status_code, error_of(answer)["message"]) == (400, f"(#100) The parameter {missing} is required")
    assert not boxed.box.world.solutions


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"partner_app_id": "none"}, "must be a valid numeric string"),
        ({"partner_app_id": "123456789012345"}, "is not the id of another app"),
        ({"solution_name": "x"}, "2 to 75 characters"),
        ({"solution_name": "x" * 76}, "2 to 75 characters"),
        ({"owner_permissions": ["FLYING"]}, "Permissions must be among"),
        ({"owner_permissions": {"MESSAGING": True}}, "must be an array"),
        ({"owner_permissions": "[1]"}, "must be an array"),
        ({"owner_permissions": "[MESSAGING"}, "must be an array"),
        ({"owner_permissions": []}, "Exactly one"),
        ({"partner_permissions": ["MESSAGING"]}, "Exactly one"),
    ],
)
def test_what_no_solution_can_be_made_of(boxed: Boxed, changed: dict[str, Any], said: str):
    """Error 100 with the reason; nothing is created."""
    document = wanted(boxed) | changed

    answer = boxed.post(boxed.owner, f"/{boxed.owner.id}/whatsapp_business_solution", **document)

    assert (answer.status_code, error_of(answer)["code"]) == (400, 100)
    assert said in error_of(answer)["message"]
    assert not boxed.box.world.solutions


def test_both_may_have_messaging_where_that_is_chosen(start: Callable[..., Boxed]):
    """Contradiction C10: one sample of Meta's gives it to both."""
    boxed = start(messaging="any")

    assert boxed.create(partner_permissions=["MESSAGING"])
    assert boxed.create(owner_permissions=[])


def test_the_messaging_rule_of_the_openapi(start: Callable[..., Boxed]):
    """HTTP 422, as it announces."""
    boxed = start("openapi")

    answer = boxed.post(
        boxed.owner, f"/{boxed.owner.id}/whatsapp_business_solution", **wanted(boxed) | {"owner_permissions": []}
    )

    assert answer.status_code == 422


def test_a_proof_that_is_right(boxed: Boxed):
    """It may come in the query or in a form, and is enough where it is required."""
    boxed.control("PATCH", f"/apps/{boxed.owner.id}", {"proof_required": True})

    answer = boxed.get(boxed.owner, "/me", appsecret_proof=proof(boxed.owner))
    by_form = boxed.client.post(
        "/me",
        data={"method": "GET", "access_token": boxed.owner.access_token, "appsecret_proof": proof(boxed.owner)},
    )

    assert (answer.status_code, by_form.status_code) == (200, 200)


@pytest.mark.parametrize("wrong", ["", "0" * 64, "ä"])
@pytest.mark.parametrize("required", [False, True])
def test_a_proof_that_is_wrong(boxed: Boxed, *, wrong: str, required: bool):
    """It is refused also where none is required."""
    boxed.control("PATCH", f"/apps/{boxed.owner.id}", {"proof_required": required})

    answer = boxed.get(boxed.owner, "/me", appsecret_proof=wrong)

    assert (answer.status_code, error_of(answer)["type"]) == (400, "GraphMethodException")
    assert error_of(answer)["message"] == "Invalid appsecret_proof provided in the API argument"


def test_a_proof_is_made_with_the_secret_of_the_token_s_app(boxed: Boxed):
    """That of another app does not do."""
    answer = boxed.get(boxed.owner, "/me", appsecret_proof=proof(boxed.partner, boxed.owner.access_token))

    assert error_of(answer)["code"] == 100


@pytest.mark.parametrize(("profile", "code"), [("guide", 10), ("openapi", 200)])
def test_permissions_can_be_taken_away(start: Callable[..., Boxed], profile: str, code: int):
    """Then every edge of solutions is closed, and what is granted says so."""
    boxed = start(profile)
    solution_id = boxed.create()
    boxed.control("PATCH", f"/apps/{boxed.owner.id}", {"scopes": ["business_management"]})

    answers = [
        boxed.get(boxed.owner, f"/{solution_id}"),
        boxed.get(boxed.owner, f"/{solution_id}/partners"),
        boxed.get(boxed.owner, f"/{boxed.owner.id}/whatsapp_business_solutions"),
        boxed.post(boxed.owner, f"/{boxed.owner.id}/whatsapp_business_solution", **wanted(boxed)),
        boxed.post(boxed.owner, f"/{solution_id}/send_deactivation_request"),
    ]

    assert [(answer.status_code, error_of(answer)["code"]) for answer in answers] == [(403, code)] * 5
    assert boxed.get(boxed.owner, "/me/permissions").json() == {
        "data": [{"permission": "business_management", "status": "granted"}]
    }


def test_a_system_user_may_act_with_manage_app_solution_alone(boxed: Boxed):
    """As embedded creation does; to read it needs the other permission."""
    boxed.control("PATCH", f"/apps/{boxed.partner.id}", {"scopes": ["manage_app_solution"]})
    solution_id = boxed.create()

    assert error_of(boxed.get(boxed.partner, f"/{solution_id}"))["code"] == 10
    assert boxed.post(boxed.partner, f"/{solution_id}/accept").json() == {"success": True}


def test_a_token_expires(boxed: Boxed):
    """By the emulated clock: error 190 with subcode 463 from that second on."""
    boxed.control("PATCH", f"/apps/{boxed.owner.id}", {"token_expires_at": START + 60})
    before = boxed.get(boxed.owner, "/me")
    boxed.control("POST", "/clock", {"advance_s": 60})
    after = boxed.get(boxed.owner, "/me")

    assert before.status_code == 200
    assert (after.status_code, error_of(after)["code"], error_of(after)["error_subcode"]) == (401, 190, 463)
    assert after.headers["www-authenticate"].startswith('OAuth "Facebook Platform" "invalid_token" ')


@pytest.mark.parametrize(
    ("profile", "token", "expected"),
    [("guide", "", (400, 104)), ("guide", "EAAx", (401, 190)), ("openapi", "", (401, 190)), ("guide", "ä", (401, 190))],
)
def test_no_token_or_a_wrong_one(start: Callable[..., Boxed], profile: str, token: str, expected: tuple[int, int]):
    """Nothing is told."""
    boxed = start(profile)

    answer = boxed.client.get(f"/{boxed.create()}", params={"access_token": token})

    assert (answer.status_code, error_of(answer)["code"]) == expected


@pytest.mark.parametrize("profile", ["guide", "openapi"])
def test_what_is_not_yours(start: Callable[..., Boxed], profile: str):
    """A stranger can neither read nor change anything of others; no answer names anything of theirs."""
    boxed = start(profile)
    solution_id = boxed.act(boxed.create("A secret name"), "accept")
    waba_id = boxed.control("POST", "/customers", {"solution_id": solution_id})["waba_id"]
    truth = boxed.box.world.model_dump()
    named = {"partner_app_id": boxed.stranger.id}

    answers = [
        boxed.get(boxed.stranger, f"/{solution_id}"),
        boxed.get(boxed.stranger, f"/{solution_id}/partners"),
        boxed.get(boxed.stranger, f"/{solution_id}/access_token", business_id="1"),
        boxed.get(boxed.stranger, f"/{boxed.owner.id}/whatsapp_business_solutions"),
        boxed.get(boxed.stranger, f"/{boxed.owner.id}/subscriptions"),
        boxed.get(boxed.stranger, f"/{waba_id}/solutions"),
        boxed.post(boxed.stranger, f"/{boxed.owner.id}/whatsapp_business_solution", **wanted(boxed)),
        *(
            boxed.post(boxed.stranger, f"/{solution_id}/{action}", **named, request_type="PARTNERSHIP_REQUEST")
            for action in ("accept", "reject", "send_deactivation_request", "accept_deactivation_request")
        ),
    ]

    refused = {"guide": (400, 100), "openapi": (403, 200)}[profile]
    assert [(answer.status_code, error_of(answer)["code"]) for answer in answers] == [refused] * len(answers)
    assert not [answer for answer in answers if "secret" in answer.text]
    assert solution_id not in answers[5].text
    assert boxed.box.world.model_dump() == truth


@pytest.mark.parametrize(
    ("profile", "path", "expected"),
    [
        ("guide", "/123456789012345", (400, 100, 33)),
        ("guide", "/123456789012345/accept", (400, 100, 33)),
        ("guide", "/none", (400, 100, 33)),
        ("openapi", "/123456789012345", (404, 803, None)),
        ("openapi", "/none", (400, 100, None)),
        ("guide", "/me/friends", (400, 2500, None)),
        ("guide", "/me/%F0%9F%90%99", (400, 2500, None)),
    ],
)
def test_what_is_not_there(start: Callable[..., Boxed], profile: str, path: str, expected: tuple[int, int, int | None]):
    """Ids of nothing, and edges that no node has."""
    boxed = start(profile)

    answer = boxed.get(boxed.owner, path)

    error = error_of(answer)
    assert (answer.status_code, error["code"], error.get("error_subcode")) == expected


def test_a_method_that_an_edge_does_not_have(boxed: Boxed):
    """A GET accepts nothing."""
    solution_id = boxed.create()

    answer = boxed.get(boxed.partner, f"/{solution_id}/accept")

    assert error_of(answer)["message"] == "Unsupported get request."
    assert boxed.box.world.solutions[solution_id].word == "INITIATED"


@pytest.mark.parametrize("code", [4, 80008, 80007])
def test_rate_limits_on_demand(start: Callable[..., Boxed], code: int):
    """For so many calls of one app, and no others; all are transient."""
    boxed = start(rate_code=code)
    boxed.control("POST", f"/apps/{boxed.owner.id}/throttle", {"calls": 2})

    limited = [boxed.get(boxed.owner, "/me") for _ in range(2)]

    assert {(error_of(one)["code"], error_of(one)["is_transient"], one.status_code) for one in limited} == {
        (code, True, 400)
    }
    assert boxed.get(boxed.owner, "/me").status_code == 200
    assert boxed.get(boxed.partner, "/me").status_code == 200


def test_errors_of_meta_s_own_on_demand(boxed: Boxed):
    """HTTP 500 with code 2, and nothing has happened."""
    boxed.control("POST", f"/apps/{boxed.owner.id}/fail", {"calls": 1})
    path = f"/{boxed.owner.id}/whatsapp_business_solution"

    failed = boxed.post(boxed.owner, path, **wanted(boxed))

    assert (failed.status_code, error_of(failed)["code"], error_of(failed)["is_transient"]) == (500, 2, True)
    assert not boxed.box.world.solutions
    assert boxed.post(boxed.owner, path, **wanted(boxed)).status_code == 200


def test_headers_of_every_answer(boxed: Boxed):
    """The share of calls that were made, the trace, and the emulated date; also of an error."""
    boxed.control("POST", "/clock", {"advance_s": 3_600})
    for answer in (boxed.get(boxed.owner, "/me"), boxed.get(boxed.owner, "/none")):
        usage = json.loads(answer.headers["x-app-usage"])

        assert set(usage) == {"call_count", "total_time", "total_cputime"}
        assert all(0 <= percent <= 100 for percent in usage.values())
        assert {"x-fb-trace-id", "x-fb-rev", "x-fb-debug"} <= set(answer.headers)
        assert parsedate_to_datetime(answer.headers["date"]).timestamp() == START + 3_600
        assert answer.headers["content-type"] == "application/json; charset=UTF-8"


def test_debug_token(boxed: Boxed):
    """Whose token it is, until when, and for what; by the app token as by itself."""
    app = boxed.owner
    boxed.control("PATCH", f"/apps/{app.id}", {"token_expires_at": START + 60})

    def told(asking: str, about: str) -> dict[str, Any]:
        answer = boxed.client.get("/debug_token", params={"input_token": about}, headers=bearer(asking))
        return dict(answer.json()["data"])

    about = told(app.app_token, app.access_token)
    assert about == told(app.access_token, app.access_token)
    assert (about["app_id"], about["application"], about["type"]) == (app.id, app.name, "SYSTEM_USER")
    assert (about["is_valid"], about["expires_at"], about["scopes"]) == (True, START + 60, app.scopes)
    assert told(app.app_token, app.app_token)["type"] == "APP"
    for unreadable in ("nobody's", boxed.partner.access_token):
        assert (told(app.app_token, unreadable)["is_valid"]) is False
    boxed.control("POST", "/clock", {"advance_s": 61})
    assert told(app.app_token, app.access_token)["is_valid"] is False


@pytest.mark.parametrize("edge", ["assigned_applications", "application_details"])
def test_the_apps_of_a_token(boxed: Boxed, edge: str):
    """Both names of the edge list the apps of its portfolio, and of no other."""
    second = boxed.control("POST", "/apps", {"name": "Second", "portfolio_id": boxed.owner.portfolio_id})

    told = boxed.get(boxed.owner, f"/me/{edge}").json()["data"]

    assert [app["id"] for app in told] == [boxed.owner.id, second["app_id"]]
    assert set(told[0]) == {"id", "name", "link"}


def test_an_app_and_the_token_s_user(boxed: Boxed):
    """Nodes of their own."""
    assert boxed.get(boxed.owner, "/me").json()["id"] == boxed.owner.portfolio_id
    assert boxed.get(boxed.owner, f"/{boxed.partner.id}", fields="name").json() == {
        "name": boxed.partner.name,
        "id": boxed.partner.id,
    }
