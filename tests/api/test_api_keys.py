"""Who gets an answer: no key, a wrong, a revoked and a weak one, at every endpoint of the API's own description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx2
import pytest
from rooms import PREFIX, Room

from partnerhook.bootstrap import openapi
from partnerhook.core.access import Role
from running import Server

EXAMPLES = {"action": "accept", "name": "nobody"}
"""Values for the paths' parameters; all others are numbers of what is not there."""


class Endpoint(NamedTuple):
    """A method and a path that the OpenAPI document has."""

    method: str
    path: str
    role: Role

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def endpoints() -> Iterator[Endpoint]:
    """All of them, with values in their paths that name nothing."""
    for template, operations in openapi()["paths"].items():
        path = re.sub(r"\{(\w+)\}", lambda found: EXAMPLES.get(found[1], "999999999"), template).removeprefix(PREFIX)
        for method, operation in operations.items():
            yield Endpoint(method.upper(), path, Role(operation["x-role"]))


ENDPOINTS = sorted(endpoints())
every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)


def test_there_is_something_to_try():
    """The parameters below are made of it."""
    assert len(ENDPOINTS) > 30
    assert {one.role for one in ENDPOINTS} == set(Role)


@every_endpoint
def test_no_key_a_wrong_and_a_revoked_one_are_refused(room: Room, endpoint: Endpoint):
    """401 before 404 and before any validation, as a problem document; the query makes no difference."""
    revoked = room.access.create_key("gone", Role.ADMIN)
    room.access.revoke_key(revoked.stored.id)

    for key in (None, f"ph_{'0' * 12}_{'0' * 64}", revoked.key):
        told = room.with_key(key).ask(endpoint.method, endpoint.path, params={"cursor": "?", "no": "1"})
        # Wrong keys are counted; beyond some the answer is to wait.
        assert told.status_code == 401 or (key is not None and told.status_code == 429)
        assert told.headers["content-type"] == "application/problem+json"
        if told.status_code == 401:
            assert told.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", Role)
@every_endpoint
def test_each_role_may_what_the_document_says(room: Room, endpoint: Endpoint, role: Role):
    """403 for weaker ones, before anything is looked at; for the others never."""
    api = room.api(role)
    if role.may(endpoint.role) and endpoint.path == "/stream":
        with api.client.stream(endpoint.method, api.url + endpoint.path, headers=api.headers) as answer:
            assert answer.status_code == 200
        return

    # With a body that none of them takes: what may be done is refused for that, and nothing changes.
    told = api.ask(endpoint.method, endpoint.path, json={"nonsense": 1})

    if role.may(endpoint.role):
        assert told.status_code in {200, 404, 422}, told.text
    else:
        assert told.status_code == 403
        assert told.json()["detail"] == f"This needs the role {endpoint.role}; this key has {role}."


@every_endpoint
def test_the_public_listener_knows_none_of_it(room: Room, endpoint: Endpoint):
    """404, whatever key is shown."""
    told = room.with_key(room.keys[Role.ADMIN], room.server.url).ask(endpoint.method, endpoint.path)

    assert told.status_code == 404


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/api/v2/solutions", "/api/v1/nothing", "/api/v1/solutions/"])
def test_what_is_not_there_asks_for_a_key_too(server: Server, path: str):
    """Below /api; whoever shows none learns nothing of what there is."""
    told = httpx2.get(server.admin_url + path, trust_env=False)

    assert told.status_code == 401


@pytest.mark.parametrize(
    "shown", ["Bearer", "Bearer ", "Basic cGg6cGg=", "bearer x", "Bearer ph_é", "Bearer " + "x" * 9_000]
)
def test_whatever_is_shown_is_a_wrong_key(server: Server, shown: str):
    """None of these is an error of ours."""
    with server.connect(server.admin_url) as client:
        head = f"GET {PREFIX}/solutions HTTP/1.1\r\nHost: admin.example\r\nAuthorization: {shown}\r\n\r\n"
        told = client.send(head.encode()).answer()

    assert told.status in {401, 429}


def test_a_key_is_taken_from_the_header_alone(room: Room):
    """In a URL it would stand in logs."""
    api = room.with_key(None)

    told = api.ask("GET", "/solutions", params={"key": room.keys[Role.ADMIN], "access_token": room.keys[Role.ADMIN]})

    assert told.status_code == 401


def test_whoever_guesses_is_told_to_wait_and_nobody_else(room: Room):
    """429 with Retry-After after some wrong keys; no key is no try, and a right one is let in all the while."""
    wrong = room.with_key(f"ph_{'1' * 12}_{'1' * 64}")
    answers = [wrong.ask("GET", "/solutions") for _ in range(15)]

    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["status"] == 429
    assert room.with_key(None).ask("GET", "/solutions").status_code == 401
    assert room.api(Role.VIEWER).ask("GET", "/solutions").status_code == 200


def test_a_revoked_key_is_good_for_nothing_at_once(room: Room):
    """In the next request."""
    made = room.access.create_key("short-lived", Role.VIEWER)
    api = room.with_key(made.key)
    before = api.ask("GET", "/solutions").status_code
    room.access.revoke_key(made.stored.id)

    after = api.ask("GET", "/solutions").status_code

    assert before == 200
    assert after in {401, 429}


def openapi_of(room: Room) -> Any:
    """As it is served."""
    return room.api(Role.VIEWER).get("/openapi.json")


def test_the_document_is_served_as_the_command_prints_it(room: Room):
    """The same, so that scripts can be made from either."""
    assert openapi_of(room) == openapi()
