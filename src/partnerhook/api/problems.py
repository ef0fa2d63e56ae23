"""Errors as problem documents, RFC 9457: what was wrong, where, and what to do.

Source: https://www.rfc-editor.org/rfc/rfc9457 (read 2026-11-25).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from partnerhook.core.errors import PartnerhookError

MEDIA_TYPE: Final = "application/problem+json"

STREAM: Final = "/api/v1/stream"
"""It never ends: HEAD would never be answered."""

ERRORS_MAX: Final = 100
"""Told in one answer."""


class Problem(BaseModel):
    """What went wrong."""

    type: str = Field("about:blank", description="Nothing more is said of it than by the status.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What was wrong, and what to do.")
    errors: list[FieldProblem] = Field(default_factory=list, description="With 422: each wrong part of the request.")


class FieldProblem(BaseModel):
    """One wrong part of a request."""

    where: str = Field(description="`query.limit`, `body.role`, `path.receipt_id`.")
    problem: str


class Refusal(Exception):
    """A request that is not granted."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def not_found(what: str) -> Refusal:
    """There is no such thing."""
    return Refusal(404, f"There is no {what}.")


def answer(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """A problem document."""
    document = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, **more)
    # What is told may quote the request, in which half a character can stand (a lone surrogate, `"\\ud800"`).
    text = json.dumps(document.model_dump(), ensure_ascii=True)
    return Response(text, status, headers, media_type=MEDIA_TYPE)


def wrong_parts(parts: Sequence[tuple[str, str]]) -> Response:
    """A problem document that names each wrong part of a request: where, and what is wrong."""
    errors = [FieldProblem(where=where, problem=problem) for where, problem in parts[:ERRORS_MAX]]
    return answer(422, "Some parts of the request are wrong; see `errors`.", errors=errors)


def add_handlers(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Have every error of an app answered so. `routes`: all there are."""
    app.state.all_routes = routes
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(PartnerhookError, _ours)


async def _refusal(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refusal)  # noqa: S101 - registered for it
    return answer(problem.status, problem.detail, problem.headers)


async def _http(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)  # noqa: S101 - registered for it
    detail = {404: "There is nothing here; see /api/v1/openapi.json.", 405: "This method is not for this path."}
    headers = dict(problem.headers) if problem.headers else {}
    if problem.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods_of(request)))
    return answer(problem.status_code, detail.get(problem.status_code, str(problem.detail)), headers)


def _methods_of(request: Request) -> set[str]:
    """What a path can be asked with, whichever of its routes was found first."""
    methods: set[str] = set()
    for route in request.app.state.all_routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= route.methods
    return methods | {"HEAD"} if "GET" in methods and request.url.path != STREAM else methods


async def _invalid(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)  # noqa: S101 - registered for it
    return wrong_parts([(".".join(map(str, one["loc"])), str(one["msg"])) for one in problem.errors()])


async def _ours(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, PartnerhookError)  # noqa: S101 - registered for it
    headers = {"Retry-After": "1"} if problem.http_status_hint == 503 else None
    status = problem.http_status_hint if problem.http_status_hint >= 400 else 500
    return answer(status, str(problem), headers)
