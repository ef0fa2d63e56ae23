"""The OpenAPI 3.1 document: the library's, made exact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from partnerhook.api import problems

DESCRIPTION: Final = (
    "Everything that the commands can do, for scripts. Each request shows a key: `Authorization: Bearer ph_...`;"
    " `partnerhook keys create` makes one. `x-role` names the weakest role that may: viewer, operator, admin."
    " Errors are problem documents (RFC 9457). Times are UTC; ids are strings of digits, for they have 64 bits."
    " What a path or a body does not know of is refused. Lists come a page at a time: `next_cursor` is the next"
    " page's `cursor`. HEAD is answered wherever GET is, but for the stream."
)

Json = dict[str, Any]


def openapi(app: FastAPI) -> Json:
    """The document."""
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes
    )
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(_schemas_of(problems.Problem))
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}]
    for operation in operations(document):
        _tell_apart(operation)
        for parameter in operation.get("parameters", ()):
            _without_null(parameter)
    return document


def operations(document: Json) -> Iterator[Json]:
    """Every operation."""
    for path in document["paths"].values():
        yield from path.values()


def _tell_apart(operation: Json) -> None:
    """The docstring's first sentence is the summary; what follows, the description."""
    first, _, rest = operation.pop("description", "").partition("\n\n")
    operation["summary"] = " ".join(first.split()).removesuffix(".")
    if rest:
        operation["description"] = rest


def _without_null(parameter: Json) -> None:
    """A query cannot hold null: a parameter is there or not."""
    schema = parameter["schema"]
    kinds = [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]
    if kinds:
        parameter["schema"] = kinds[0] | {name: value for name, value in schema.items() if name != "default"}


def _schemas_of(model: type[BaseModel]) -> Json:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    parts: Json = schema.pop("$defs", {})
    return {model.__name__: schema, **parts}
