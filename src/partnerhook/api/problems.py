"""Errors as problem documents, RFC 9457: what was wrong, where, and what to do.

Source: https://www.rfc-editor.org/rfc/rfc9457 (read 2026-11-25).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from partnerhook.core.errors import PartnerhookError

MEDIA_TYPE: Final = "application/problem+json"


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
    return JSONResponse(document.model_dump(), status, headers, media_type=MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Have every error of an app answered so."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(PartnerhookError, _ours)


async def _refusal(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refusal)  # noqa: S101 - registered for it
    return answer(problem.status, problem.detail, problem.headers)


async def _http(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)  # noqa: S101 - registered for it
    detail = {404: "There is nothing here; see /api/v1/openapi.json.", 405: "This method is not for this path."}
    headers = dict(problem.headers) if problem.headers else None
    return answer(problem.status_code, detail.get(problem.status_code, str(problem.detail)), headers)


async def _invalid(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)  # noqa: S101 - registered for it
    errors = [FieldProblem(where=".".join(map(str, one["loc"])), problem=str(one["msg"])) for one in problem.errors()]
    return answer(422, "Some parts of the request are wrong; see `errors`.", errors=errors)


async def _ours(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, PartnerhookError)  # noqa: S101 - registered for it
    headers = {"Retry-After": "1"} if problem.http_status_hint == 503 else None
    status = problem.http_status_hint if problem.http_status_hint >= 400 else 500
    return answer(status, str(problem), headers)
