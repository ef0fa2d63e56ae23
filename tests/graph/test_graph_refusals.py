"""The Graph client: every error of Meta becomes one of the tree."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from meta_bodies import (
    CALLBACK_FAILED,
    DENIED,
    NOT_VISIBLE,
    RATE_LIMIT,
    TRACE,
    UNEXPECTED,
    WRONG_STATE,
    error,
)
from played_meta import SOLUTION, MakeGraph, PlayedMeta, Say

from partnerhook.core.errors import PartnerhookError
from partnerhook.graph import (
    ActionRefused,
    GraphError,
    GraphFailed,
    GraphUnreadable,
    NotFound,
    Patience,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
)

ONCE = Patience(attempts=1)

CASES: list[tuple[int, Any, type[GraphError]]] = [
    (400, error("Invalid parameter: solution_id must be a valid numeric string"), ActionRefused),
    (401, error("Invalid OAuth access token", code=190, error_subcode=463), TokenInvalid),
    (400, error(code=102), TokenInvalid),
    (400, error("An access token is required to request this resource.", code=104), TokenInvalid),
    (403, DENIED, PermissionMissing),
    (400, error(code=10), PermissionMissing),
    (400, error(code=3), PermissionMissing),
    (400, error(code=299), PermissionMissing),
    (404, error("Multi-Partner Solution not found", "GraphMethodException", 803), NotFound),
    (400, NOT_VISIBLE, NotFound),
    (400, error("Unknown path components: /x", code=2500), NotFound),
    (422, WRONG_STATE, ActionRefused),
    (400, CALLBACK_FAILED, ActionRefused),
    (429, RATE_LIMIT, RateLimited),
    *[(400, error(code=code), RateLimited) for code in (4, 17, 32, 341, 613, 80_000, 80_007, 80_008, 80_014)],
    (500, UNEXPECTED, GraphFailed),
    (400, error(code=1), GraphFailed),
    (200, error(code=190), TokenInvalid),
    (400, error(code=99_999), ActionRefused),
    (400, {"error": {"code": "190", "message": ["x"], "fbtrace_id": 7}}, TokenInvalid),
    (401, error(code=None), TokenInvalid),
    (403, error(code=None), PermissionMissing),
    (404, error(code=100), NotFound),
    (429, b"", RateLimited),
    (404, b"<html>", NotFound),
    (503, b"<html>", GraphFailed),
    (400, b"<html>", GraphUnreadable),
    (400, {"error": "no"}, GraphUnreadable),
    (302, b"", GraphUnreadable),
    (204, b"", GraphUnreadable),
]


@pytest.mark.parametrize(("status", "body", "kind"), CASES)
@pytest.mark.asyncio
async def test_kinds(graph: MakeGraph, meta: PlayedMeta, status: int, body: Any, kind: type[GraphError]):
    """The code decides, then the HTTP status; every error knows its status."""
    meta.says(Say(body, status, {"Location": "http://elsewhere.example/"}))

    async with graph(patience=ONCE) as client:
        with pytest.raises(GraphError) as caught:
            await client.partners(SOLUTION)

    assert type(caught.value) is kind
    assert caught.value.http_status == status
    assert len(meta.asked) == 1


@pytest.mark.asyncio
async def test_what_it_carries(graph: MakeGraph, meta: PlayedMeta):
    """An error carries all that Meta says, and its message what support will ask for."""
    meta.says(Say(DENIED, 403))

    async with graph() as client:
        with pytest.raises(PermissionMissing) as caught:
            await client.solution(SOLUTION)

    problem = caught.value
    assert (problem.code, problem.subcode, problem.type) == (200, 1349174, "OAuthException")
    assert (problem.trace_id, problem.http_status, problem.is_transient) == (TRACE, 403, False)
    assert problem.user_title == "Permission Denied"
    assert problem.user_message == "Your app doesn't have permission to access this resource"
    assert str(problem) == (
        "The access token may not do this. Meta says: Your app doesn't have permission to access this Multi-Partner"
        f" Solution (HTTP 403, code 200, subcode 1349174, trace {TRACE})"
    )


@pytest.mark.asyncio
async def test_rude_texts(graph: MakeGraph, meta: PlayedMeta):
    """What Meta writes is one line of bounded length, with nothing in it that moves a terminal's cursor."""
    meta.says(Say(error("a\nb\x1b[31m\u202e\ud800" + "c" * 10_000, error_user_msg="x\r\ny"), 400))

    async with graph() as client:
        with pytest.raises(ActionRefused) as caught:
            await client.partners(SOLUTION)

    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 700
    assert caught.value.user_message == "x y"


def test_tree():
    """Each is a GraphError with a sentence of its own, and can go to another process."""
    kinds = GraphError.__subclasses__()

    assert len(kinds) == 8
    assert issubclass(GraphError, PartnerhookError)
    for kind in kinds:
        copy = pickle.loads(pickle.dumps(kind(code=4, maybe_done=True)))
        assert (copy.code, copy.maybe_done) == (4, True)
        assert str(copy).startswith(str(kind.__doc__))
    assert len({str(kind()) for kind in kinds}) == len(kinds)
