"""What requests may say, and how each is refused that says something else."""

from __future__ import annotations

from typing import Any

import pytest
from rooms import Filled, Room

from partnerhook.core.access import Role


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/solutions?limit=0", "query.limit"),
        ("/solutions?limit=501", "query.limit"),
        ("/solutions?limit=1.0", "query.limit"),
        ("/solutions?limit=1&limit=2", "query.limit"),
        ("/solutions?state=ACTIVE", "query.state"),
        ("/solutions?usable=yes", "query.usable"),
        ("/solutions?status=active", "query.status"),
        ("/solutions?app=%00", "query.app"),
        ("/solutions?portfolio_id=x", "query.portfolio_id"),
        ("/observations?since=5", "query.since"),
        ("/observations?since=2026-06-17T08:00:00", "query.since"),
        ("/destinations/%00", "path.name"),
    ],
)
def test_what_is_wrong_is_named(room: Room, path: str, where: str):
    """422, with the part of the request that it is about."""
    problem = room.api(Role.VIEWER).refused("GET", path, 422)

    assert [one["where"] for one in problem["errors"]] == [where]


@pytest.mark.parametrize(
    "cursor", ["x", "", "MQ", "W10", "LTE", "bnVsbA", "WyJhIiwgMV0", "eyJhIjoxfQ", "é", "1" * 1_000]
)
@pytest.mark.parametrize("path", ["/solutions", "/observations", "/keys", "/audit", "/notices"])
def test_a_cursor_that_is_none_of_ours(room: Room, path: str, cursor: str):
    """Refused, or an empty or other page where it happens to be one; never an error of ours."""
    told = room.api().ask("GET", path, params={"cursor": cursor})

    assert told.status_code in {200, 400}


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/destinations/crm/pause", b'{"reason": "\\u0000"}', "body.reason"),
        ("/destinations/crm/pause", b'{"reason": "\\ud800"}', "body.reason"),
        ("/destinations/crm/pause", b'{"\\ud800": 1}', "body"),
        ("/destinations/crm/pause", b'{"reason": 1}', "body.reason"),
        ("/destinations/crm/pause", b"[]", "body"),
        ("/destinations/crm/pause", b"", "body"),
        ("/destinations/crm/pause", b"{", "body.1"),
        ("/deliveries/discard", b'{"id": ["1"]}', "body.id"),
        ("/deliveries/discard", b'{"ids": [1]}', "body.ids.0"),
        ("/reconciliations", b'{"check": "true"}', "body.check"),
    ],
)
def test_a_body_that_is_wrong(room: Room, path: str, body: bytes, where: str):
    """A misspelt key is refused, and does not mean everything."""
    problem = room.api().refused(
        "POST", path, 422, json=None, content=body, headers={"Content-Type": "application/json"}
    )

    assert [one["where"] for one in problem["errors"]] == [where]


def test_a_body_is_bounded_and_has_to_be_json(room: Room):
    """413, 400, 422."""
    headers = {"Content-Type": "application/json"}
    api = room.api()

    api.refused("POST", "/deliveries/retry", 413, json={"target": "x" * 100_000})
    api.refused("POST", "/deliveries/retry", 400, json=None, content=b'{"target": "\xff"}', headers=headers)
    api.refused(
        "POST", "/deliveries/retry", 422, json=None, content=b"target=x", headers={"Content-Type": "text/plain"}
    )


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/solutions", "GET, HEAD, POST"),
        ("PATCH", "/reconciliations", "GET, HEAD, POST"),
        ("DELETE", "/notices/1", "GET, HEAD"),
        ("GET", "/deliveries/retry/x", None),
        ("GET", "/deliveries/retry", "POST"),
        ("GET", "/notices/replay", "POST"),
        ("GET", "/notices/x", None),
        ("GET", "/receipts/-1", None),
        ("OPTIONS", "/deliveries/1", "GET, HEAD"),
        ("POST", "/receipts/1/body", "DELETE, GET, HEAD"),
        ("HEAD", "/stream", "GET"),
    ],
)
def test_other_methods_and_paths(room: Room, method: str, path: str, allowed: str | None):
    """405 with all methods of a path, 404; both are problem documents."""
    told = room.api().ask(method, path)

    assert told.status_code == (405 if allowed else 404)
    assert told.headers["content-type"] == "application/problem+json"
    assert told.headers.get("allow") == allowed


@pytest.mark.parametrize("path", ["/solutions", "/keys", "/openapi.json", "/receipts/1/body"])
def test_head_is_get_without_a_body(room: Room, path: str):
    """The same headers."""
    api = room.api()
    told, whole = api.ask("HEAD", path), api.ask("GET", path)

    assert told.status_code == 200
    assert told.content == b""
    assert told.headers["content-length"] == str(len(whole.content))
    assert told.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize("number", ["0", "9" * 18, "9223372036854775807", "9223372036854775808", "9" * 20])
@pytest.mark.parametrize("path", ["/receipts/", "/notices/", "/deliveries/", "/reconciliations/", "/solutions/"])
def test_numbers_of_nothing(room: Room, path: str, number: str):
    """404, however large."""
    room.api().refused("GET", path + number, 404)


def test_lists_come_a_page_at_a_time(room: Room, there: Filled):
    """Every list with a limit of one tells the same as whole, each item once."""
    api = room.api()
    below = f"/solutions/{there.accepted}"
    lists = [path for path, operations in api.get("/openapi.json")["paths"].items() if _is_paged(operations.get("get"))]
    paths = [path.removeprefix("/api/v1").replace("/solutions/{solution_id}", below) for path in lists]

    assert len(paths) >= 11
    for path in paths:
        whole = api.get(path)["items"]
        assert api.all(path, limit=1) == whole, path
    assert len(api.get("/deliveries", limit=2)["items"]) == 2


def _is_paged(operation: dict[str, Any] | None) -> bool:
    return operation is not None and "cursor" in {one["name"] for one in operation.get("parameters", ())}


@pytest.mark.parametrize("sort", ["id", "oldest", "newest"])
def test_solutions_in_every_order(room: Room, sort: str):
    """Page by page the same as whole; by age as it says."""
    api = room.api()
    found = api.all("/solutions", sort=sort, limit=2)

    assert found == api.get("/solutions", sort=sort)["items"]
    keys = [(one["since"] if sort != "id" else one["app"], one["solution_id"]) for one in found]
    assert keys == sorted(keys, reverse=sort == "newest")


def test_every_answer_carries_the_headers(room: Room):
    """Also an error, and a download: nothing is kept by a cache, guessed, or run."""
    for path in ("/solutions", "/nothing", "/receipts/1/body"):
        told = room.api().ask("GET", path)
        assert told.headers["cache-control"] == "no-store"
        assert told.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in told.headers["content-security-policy"]
    assert told.headers["content-disposition"].startswith("attachment")
