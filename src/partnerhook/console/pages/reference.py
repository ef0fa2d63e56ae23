"""The API's reference, drawn from its OpenAPI document: nothing is written twice, nothing loaded from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console.frame import Frame
from partnerhook.services.aside import aside

Json = dict[str, Any]

DEEP_MAX: Final = 3
"""Objects within objects that are told field by field."""


class Field(NamedTuple):
    """A parameter, or a key of a body or an answer."""

    name: str
    kind: str
    what: str
    needed: bool


class Operation(NamedTuple):
    """One method of one path."""

    anchor: str
    method: str
    path: str
    role: str
    summary: str
    description: list[str]
    parameters: list[Field]
    body: list[Field]
    answers: list[tuple[str, str, list[Field]]]
    """Status, what it is, its keys."""
    errors: list[tuple[str, str]]
    example: str


class Group(NamedTuple):
    """Operations on one kind of thing."""

    name: str
    operations: list[Operation]


def routes(frame: Frame, openapi: Callable[[], Json]) -> list[Route]:
    """GET /reference. `openapi`: the document."""
    groups = cache(lambda: grouped(openapi()))

    async def show(request: Request) -> Response:
        return frame.page(request, "reference.html", {"groups": await aside(groups)})

    return [Route("/reference", show, methods=["GET"])]


def grouped(document: Json) -> list[Group]:
    """Everything in the document's own order."""
    schemas: Json = document["components"]["schemas"]
    groups: dict[str, Group] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            group = groups.setdefault(told["tags"][0], Group(told["tags"][0], []))
            group.operations.append(_operation(method.upper(), path, told, schemas))
    return list(groups.values())


def _operation(method: str, path: str, told: Json, schemas: Json) -> Operation:
    answers = []
    errors = []
    for status, answer in told["responses"].items():
        schema = _schema_of(answer)
        if status < "400":
            answers.append((status, _media_type(answer), list(_fields(schema, schemas))))
        else:
            errors.append((status, answer["description"]))
    asked = _schema_of(told.get("requestBody", {}))
    return Operation(
        told["operationId"],
        method,
        path,
        told["x-role"],
        told["summary"],
        [part for part in told.get("description", "").split("\n\n") if part],
        [_parameter(one, schemas) for one in told.get("parameters", ())],
        list(_fields(asked, schemas)),
        answers,
        errors,
        _example(method, path, with_body=bool(asked)),
    )


def _example(method: str, path: str, *, with_body: bool) -> str:
    lines = ['curl -H "Authorization: Bearer $KEY"']
    if method != "GET":
        lines.append(f"-X {method}")
    if with_body:
        lines.append("-H 'Content-Type: application/json' -d '{}'")
    return " \\\n  ".join([*lines, f'"$SERVER{path}"'])


def _parameter(one: Json, schemas: Json) -> Field:
    what = one.get("description", "")
    return Field(one["name"], f"{one['in']}, {_kind(one['schema'], schemas)}", what, one.get("required", False))


def _schema_of(answer: Json) -> Json:
    for content in answer.get("content", {}).values():
        schema: Json = content.get("schema", {})
        return schema
    return {}


def _media_type(answer: Json) -> str:
    return next(iter(answer.get("content", {})), "")


def _fields(schema: Json, schemas: Json, before: str = "", deep: int = 0) -> Iterator[Field]:
    """Each key; those of objects within it with its own name before them."""
    schema = _resolved(schema, schemas)
    needed = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        what = part.get("description", "") or _resolved(part, schemas).get("description", "")
        if "default" in part and name not in needed:
            what = f"{what} Default: {json.dumps(part['default'])}.".strip()
        yield Field(f"{before}{name}", _kind(part, schemas), what.partition("\n")[0], name in needed)
        inner, within = _inside(part, schemas)
        if inner and deep < DEEP_MAX:
            yield from _fields(inner, schemas, f"{before}{name}{within}.", deep + 1)


def _inside(part: Json, schemas: Json) -> tuple[Json, str]:
    """The object that a key holds, or holds a list of."""
    for one in (part, *part.get("anyOf", ())):
        found = _resolved(one, schemas)
        if "properties" in found:
            return found, ""
        if found.get("type") == "array" and "properties" in (item := _resolved(found.get("items", {}), schemas)):
            return item, "[]"
    return {}, ""


def _resolved(schema: Mapping[str, Any], schemas: Json) -> Json:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return dict(schemas[name]) if name else dict(schema)


def _kind(schema: Json, schemas: Json) -> str:
    """A type in words."""
    if "anyOf" in schema:
        return " or ".join(_kind(one, schemas) for one in schema["anyOf"])
    found = _resolved(schema, schemas)
    if "enum" in found:
        return ", ".join(map(str, found["enum"]))
    if "const" in found:
        return str(found["const"])
    if found.get("type") == "array":
        return f"list of {_kind(found.get('items', {}), schemas)}"
    kind = str(found.get("type", "anything"))
    return {"date-time": "time", "cursor": "cursor", "binary": "bytes"}.get(found.get("format", ""), kind)
