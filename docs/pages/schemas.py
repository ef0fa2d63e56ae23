"""docs/schemas/: a JSON Schema for every type of notice, from the TypedDicts that the code builds them with."""

from __future__ import annotations

import json
import types
import typing
from functools import partial
from typing import Any, Final

from partnerhook.core.health import TYPE_PREFIX, HealthDocument, HealthKind
from partnerhook.core.notice_documents import NoticeDocument
from partnerhook.core.notices import NoticeKind

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PLAIN: Final = {str: {"type": "string"}, bool: {"type": "boolean"}, int: {"type": "integer"}}
ONLY_FOR: Final = {
    "new_anomalies": NoticeKind.ANOMALY,
    "renamed": NoticeKind.RENAMED,
    "overdue_s": NoticeKind.OVERDUE,
}
"""Keys of `data` that one type has, and always."""


def page(kind: str, document: Any) -> str:
    """The schema of one type."""
    schema = _schema(document)
    schema["properties"]["type"] = {"const": TYPE_PREFIX + kind}
    schema["properties"]["specversion"] = {"const": "1.0"}
    data = schema["properties"]["data"]
    for key, owner in ONLY_FOR.items():
        if kind == owner:
            data["required"].append(key)
        else:
            data["properties"].pop(key, None)
    return json.dumps({"$schema": DIALECT, "title": TYPE_PREFIX + kind, **schema}, indent=2) + "\n"


def _schema(shape: Any) -> dict[str, Any]:
    """The schema of a type. New keys may be added to documents, so that others are not forbidden."""
    if shape in PLAIN:
        return dict(PLAIN[shape])
    origin, arguments = typing.get_origin(shape), typing.get_args(shape)
    if origin is typing.NotRequired:
        return _schema(arguments[0])
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin in {types.UnionType, typing.Union}:
        return {"anyOf": [{"type": "null"} if one is type(None) else _schema(one) for one in arguments]}
    keys = typing.get_type_hints(shape, include_extras=True)
    return {
        "type": "object",
        "description": (shape.__doc__ or "").strip(),
        "properties": {key: _schema(one) for key, one in keys.items()},
        "required": [key for key, one in keys.items() if typing.get_origin(one) is not typing.NotRequired],
    }


PAGES: Final = {
    f"schemas/{TYPE_PREFIX}{kind}.json": partial(page, kind, document)
    for kind, document in (
        *((kind, NoticeDocument) for kind in NoticeKind),
        *((kind, HealthDocument) for kind in HealthKind),
    )
}
"""Each by the name of its file."""
