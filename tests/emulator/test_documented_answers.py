"""The answers and errors that Meta documents, or that were seen in the wild, come out of the box field by field.

tests/payloads/graph holds them as their sources spell them. What ends in `.guide` is from the Multi-Partner
Solutions guide or the pages on subscriptions, what ends in `.openapi` from the Graph API reference v23.0, the rest
is in both (read 2026-06-17). `errors.observed` was seen by third parties. Compared are keys, nesting, types and
every constant; ids, names, tokens, cursors, URLs and times by their form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx2
import pytest
from boxed import Boxed, bearer
from callbacks import Callback, Came

PAYLOADS = Path(__file__).parents[1] / "payloads" / "graph"

FORMS = {
    "ids": r"\d{10,17}",
    "times": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "request ids": r"deactivation_req_\d{10}",
    "versions": r"v\d+\.\d+",
    "URLs": r"https?://\S+",
    "anything": r"(?s).+",
}
"""The first one that an example has is the one that an answer must have."""

FREE = {"name", "link", "callback_url", "object", "before", "after", "access_token", "fbtrace_id", "version", "id"}
FREE |= {"solution_id", "partner_app_id", "update_time", "rejection_timestamp", "request_id", "expires_at"}
"""Members that are compared by their form; all others by their value."""


class Asked(NamedTuple):
    """A call that brings the box to an answer."""

    profile: str
    http_status: int
    ask: Callable[[Boxed, Callback], httpx2.Response]
    rules: Mapping[str, Any] = MappingProxyType({})


ANSWERS: dict[str, list[Asked]] = {}
ERRORS: dict[tuple[str, str], Asked] = {}

Ask = Callable[[Boxed, Callback], httpx2.Response]


def answers(name: str, *profiles: str, **rules: Any) -> Callable[[Ask], Ask]:
    """This call is answered as in a file."""

    def listed(ask: Ask) -> Ask:
        ANSWERS.setdefault(name, []).extend(Asked(profile, 200, ask, rules) for profile in profiles)
        return ask

    return listed


def fails(file: str, name: str, profile: str, http_status: int) -> Callable[[Ask], Ask]:
    """This call fails as in a file."""

    def listed(ask: Ask) -> Ask:
        ERRORS[file, name] = Asked(profile, http_status, ask)
        return ask

    return listed


def documented(name: str) -> Any:
    """A file of tests/payloads/graph."""
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def compare(example: Any, told: Any, member: str = "", place: str = "answer") -> None:
    """Fails where an answer is not what its example shows."""
    assert type(told) is type(example), place
    if isinstance(example, dict):
        assert set(told) == set(example), place
        for name, value in example.items():
            compare(value, told[name], name, f"{place}.{name}")
    elif isinstance(example, list) and example and isinstance(example[0], str):
        assert set(told) >= set(example), place
    elif isinstance(example, list):
        assert len(told) == len(example), place
        for number, (one, other) in enumerate(zip(example, told, strict=True)):
            compare(one, other, member, f"{place}[{number}]")
    elif isinstance(example, str) and "<ID>" in example:
        assert re.fullmatch(re.escape(example).replace("<ID>", r"\d{15}"), told), place
    elif isinstance(example, str) and member in FREE:
        form = next(form for form in FORMS.values() if re.fullmatch(form, example))
        assert re.fullmatch(form, told), (place, told)
    elif member not in FREE:
        assert told == example, place


@answers("create", "guide", "openapi")
def create(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """With the documented body; the partner is the one that is there."""
    document = documented("create.request") | {"partner_app_id": boxed.partner.id}
    return boxed.post(boxed.owner, f"/v25.0/{boxed.owner.id}/whatsapp_business_solution", **document)


@answers("list_for_app.guide", "guide", "openapi")
def list_for_app(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """One request that waits, one solution that is active; no fields are asked for."""
    boxed.create()
    boxed.act(boxed.create(), "accept")
    return boxed.get(boxed.owner, f"/v25.0/{boxed.owner.id}/whatsapp_business_solutions")


@answers("empty_list", "guide", "openapi")
def empty_list(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """An app without solutions."""
    return boxed.get(boxed.owner, f"/v25.0/{boxed.owner.id}/whatsapp_business_solutions")


@answers("details.guide", "guide", "openapi")
def details(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """With the guide's fields."""
    solution_id = boxed.act(boxed.create(), "accept")
    return boxed.get(boxed.owner, f"/v20.0/{solution_id}", fields="name,status,partners")


@answers("partners.guide", "guide", "openapi")
def partners(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """The edge of its own."""
    return boxed.get(boxed.owner, f"/v25.0/{boxed.act(boxed.create(), 'accept')}/partners")


@answers("access_token.guide", "guide")
@answers("access_token.openapi", "openapi")
def access_token(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """For the portfolio of a customer."""
    solution_id = boxed.act(boxed.create(), "accept")
    customer = boxed.control("POST", "/customers", {"solution_id": solution_id})
    return boxed.get(boxed.partner, f"/v25.0/{solution_id}/access_token", business_id=customer["business_id"])


@answers("success.guide", "guide")
@answers("accept.openapi", "openapi")
def accept(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """With the body of v23.0."""
    return boxed.post(boxed.partner, f"/v25.0/{boxed.create()}/accept", partner_app_id=boxed.partner.id)


@answers("success.guide", "guide")
def accept_without_a_body(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """As the guide and v25.0 have it."""
    return boxed.client.post(f"/{boxed.create()}/accept", headers=bearer(boxed.partner.access_token))


@answers("success.guide", "guide", reject_by="either")
@answers("reject.openapi", "openapi")
def reject(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """With the body of v23.0, by the owner."""
    document = {"request_type": "PARTNERSHIP_REQUEST", "partner_app_id": boxed.partner.id, "rejection_reason": "No."}
    return boxed.post(boxed.owner, f"/v25.0/{boxed.create()}/reject", **document)


@answers("success.guide", "guide")
@answers("send_deactivation.openapi", "openapi")
def send_deactivation(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """By the owner, of what is active."""
    solution_id = boxed.act(boxed.create(), "accept")
    return boxed.post(boxed.owner, f"/v25.0/{solution_id}/send_deactivation_request")


@answers("success.guide", "guide")
@answers("accept_deactivation.openapi", "openapi")
def accept_deactivation(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """By the party that did not ask."""
    solution_id = boxed.act(boxed.create(), "accept", "request deactivation")
    return boxed.post(boxed.partner, f"/v25.0/{solution_id}/accept_deactivation_request")


@answers("accept_deactivation.openapi", "guide")
def accept_deactivation_with_fields(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """Who asks for fields gets them in the guide's profile too."""
    solution_id = boxed.act(boxed.create(), "accept", "request deactivation")
    fields = "id,name,status,status_for_pending_request,owner_permissions"
    return boxed.post(boxed.partner, f"/v25.0/{solution_id}/accept_deactivation_request", fields=fields)


@answers("success.guide", "guide")
def reject_deactivation(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """By the party that did not ask."""
    solution_id = boxed.act(boxed.create(), "accept", "request deactivation")
    return boxed.post(boxed.partner, f"/v25.0/{solution_id}/reject_deactivation_request")


@answers("success.guide", "guide", "openapi")
@answers("subscribe.guide", "guide", "openapi", subscribed_answer="string")
def subscribe(boxed: Boxed, callback: Callback) -> httpx2.Response:
    """After the handshake; "true" as one page writes it, or true as is seen."""
    return boxed.subscribe(boxed.owner, callback)


@answers("subscriptions", "guide", "openapi")
def subscriptions(boxed: Boxed, callback: Callback) -> httpx2.Response:
    """Two fields, each with its version."""
    boxed.subscribe(boxed.owner, callback)
    return boxed.client.get(f"/v25.0/{boxed.owner.id}/subscriptions", headers=bearer(boxed.owner.app_token))


@fails("errors.openapi", "400_bad_solution_id", "openapi", 400)
def bad_solution_id(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """No number."""
    return boxed.get(boxed.owner, "/v23.0/not-a-number")


@fails("errors.openapi", "400_bad_partner_app_id", "openapi", 400)
def bad_partner_app_id(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """No number, in a body."""
    return boxed.post(boxed.partner, f"/v23.0/{boxed.create()}/accept", partner_app_id="not-a-number")


@fails("errors.openapi", "401", "openapi", 401)
def bad_token(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """A token of nobody."""
    return boxed.client.get(f"/v23.0/{boxed.create()}", headers=bearer("EAAnobody"))


@fails("errors.openapi", "403_details", "openapi", 403)
def foreign_solution(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """A solution in which the caller has no part."""
    return boxed.get(boxed.stranger, f"/v23.0/{boxed.create()}")


@fails("errors.openapi", "403_accept", "openapi", 403)
def foreign_request(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """Whoever was not invited accepts."""
    return boxed.post(boxed.stranger, f"/v23.0/{boxed.create()}/accept", partner_app_id=boxed.stranger.id)


@fails("errors.openapi", "404", "openapi", 404)
def nothing_there(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """An id of nothing."""
    return boxed.get(boxed.owner, "/v23.0/123456789012345")


@fails("errors.openapi", "422_accept", "openapi", 422)
def accept_twice(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """What is accepted cannot be accepted."""
    solution_id = boxed.act(boxed.create(), "accept")
    return boxed.post(boxed.partner, f"/v23.0/{solution_id}/accept", partner_app_id=boxed.partner.id)


@fails("errors.openapi", "422_fields", "openapi", 422)
def unknown_field(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """A field that no solution has."""
    return boxed.get(boxed.owner, f"/v23.0/{boxed.create()}", fields="name,colour")


@fails("errors.openapi", "429", "openapi", 429)
def too_often(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """On demand."""
    solution_id = boxed.create()
    boxed.control("POST", f"/apps/{boxed.owner.id}/throttle", {"calls": 1})
    return boxed.get(boxed.owner, f"/v23.0/{solution_id}")


@fails("errors.openapi", "500", "openapi", 500)
def meta_fails(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """On demand."""
    solution_id = boxed.create()
    boxed.control("POST", f"/apps/{boxed.owner.id}/fail", {"calls": 1})
    return boxed.get(boxed.owner, f"/v23.0/{solution_id}")


@fails("errors.observed", "400_missing_or_not_visible_object", "guide", 400)
def not_visible(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """What is not yours looks like what is not there."""
    return boxed.get(boxed.stranger, f"/v25.0/{boxed.create()}")


@fails("errors.observed", "400_callback_verification", "guide", 400)
def callback_not_found(boxed: Boxed, callback: Callback) -> httpx2.Response:
    """The callback answers 404."""
    callback.answer = lambda _came: (404, b"")
    return boxed.subscribe(boxed.owner, callback)


@fails("errors.observed", "400_callback_timeout", "guide", 400)
def callback_silent(boxed: Boxed, callback: Callback) -> httpx2.Response:
    """The callback does not answer in time."""

    def wait(_came: Came) -> tuple[int, bytes]:
        callback.ended.wait(10)
        return 0, b""

    callback.answer = wait
    boxed.control("PATCH", "/rules", {"read_timeout_s": 0.1})
    return boxed.subscribe(boxed.owner, callback)


@fails("errors.observed", "400_appsecret_proof_missing", "guide", 400)
def proof_missing(boxed: Boxed, _callback: Callback) -> httpx2.Response:
    """The app wants a proof with every call."""
    boxed.control("PATCH", f"/apps/{boxed.owner.id}", {"proof_required": True})
    return boxed.get(boxed.owner, "/v25.0/me/permissions")


CALLS = [(name, asked) for name, every in ANSWERS.items() for asked in every]


@pytest.mark.parametrize(
    ("name", "asked"), CALLS, ids=[f"{name}-{asked.profile}-{asked.ask.__name__}" for name, asked in CALLS]
)
def test_a_documented_answer(start: Callable[..., Boxed], callback: Callback, name: str, asked: Asked):
    """The same members in the same nesting, of the same types, with the same constants."""
    boxed = start(asked.profile, **asked.rules)

    answer = asked.ask(boxed, callback)

    assert answer.status_code == asked.http_status, answer.text
    compare(documented(name), answer.json())


@pytest.mark.parametrize(("where", "asked"), ERRORS.items(), ids=lambda case: str(getattr(case, "profile", case)))
def test_a_documented_error(start: Callable[..., Boxed], callback: Callback, where: tuple[str, str], asked: Asked):
    """The whole envelope word by word, but for its trace id; and the status of HTTP."""
    file, name = where
    boxed = start(asked.profile, **asked.rules)

    answer = asked.ask(boxed, callback)

    assert answer.status_code == asked.http_status, answer.text
    compare(documented(file)[name], answer.json())
    assert answer.json()["error"]["fbtrace_id"] == answer.headers["x-fb-trace-id"]


def test_an_unknown_object_is_answered_like_a_foreign_one(boxed: Boxed):
    """Nobody can find out what others have."""
    foreign = boxed.get(boxed.stranger, f"/{boxed.create()}").json()["error"]
    unknown = boxed.get(boxed.stranger, "/123456789012345").json()["error"]

    assert {**foreign, "message": "", "fbtrace_id": ""} == {**unknown, "message": "", "fbtrace_id": ""}
    compare(documented("errors.observed")["400_missing_or_not_visible_object"]["error"], unknown)


def test_every_documented_answer_is_tried():
    """No file and no error without a call that leads to it."""
    files = {path.stem for path in PAYLOADS.iterdir()}
    errors = {(file, name) for file in files if file.startswith("errors.") for name in documented(file)}

    assert {name for name in files if not name.startswith("errors.")} == {*ANSWERS, "create.request"}
    assert errors == set(ERRORS)
