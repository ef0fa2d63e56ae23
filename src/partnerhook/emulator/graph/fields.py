r"""The `fields` parameter: names, nested in braces, with modifiers such as `.limit(5)`.

name,status,partners.limit(1){partner_permissions,partner_app{id,name}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from partnerhook.emulator.refusals import Refusal, Refused

Selection = dict[str, "Selection | None"]
"""Each wanted field with what is wanted inside of it; None: its default."""

TOKEN: Final = re.compile(r"\s*(?:(?P<name>[a-z][a-z0-9_]*)(?P<modifiers>(?:\.[a-z_]+\([^()]*\))*)|(?P<sign>[{},]))\s*")
DEPTH_MAX: Final = 5
FIELDS_CHARS_MAX: Final = 4_000


def parse(text: str) -> Selection:
    """The fields that are asked for. Raises Refused where that is not understood."""
    if len(text) > FIELDS_CHARS_MAX:
        raise _wrong("it is too long")
    stack: list[Selection] = [{}]
    last = ""
    position = 0
    while position < len(text):
        found = TOKEN.match(text, position)
        if found is None:
            raise _wrong(f"unexpected text at character {position}")
        position = found.end()
        sign = found["sign"]
        if found["name"]:
            if last:
                raise _wrong(f"a comma is missing before {found['name']}")
            last = found["name"]
            stack[-1].setdefault(last, None)
        elif sign == "{":
            if not last or len(stack) >= DEPTH_MAX:
                raise _wrong("a brace stands where no field is, or too deep")
            inside: Selection = {}
            stack[-1][last] = inside
            stack.append(inside)
            last = ""
        elif sign == "}":
            if len(stack) == 1:
                raise _wrong("a brace is closed that was not opened")
            stack.pop()
            last = next(reversed(stack[-1]))
        else:
            last = ""
    if len(stack) > 1:
        raise _wrong("a brace is not closed")
    return stack[0]


def select(
    node: Mapping[str, Any], wanted: Selection, *, kind: str, defaults: Mapping[str, Selection]
) -> dict[str, Any]:
    """The wanted fields of a node, in that order, and always its id. Raises Refused where it has no such field.

    `defaults`: what is told of the things inside of it where that is not said.
    """
    told: dict[str, Any] = {}
    for name, inside in wanted.items():
        if name not in node:
            raise Refused(Refusal.FIELD_UNKNOWN, f"Tried accessing nonexisting field ({name}) on node type ({kind})")
        told[name] = _inside(node[name], inside if inside is not None else defaults.get(name), name, defaults)
    if "id" in node:
        told["id"] = told.pop("id", node["id"])
    return told


def _inside(value: Any, wanted: Selection | None, name: str, defaults: Mapping[str, Selection]) -> Any:
    if wanted is None:
        return value
    if isinstance(value, Mapping) and "data" in value:
        items = [select(item, wanted, kind=name, defaults=defaults) for item in value["data"]]
        return {**value, "data": items}
    if isinstance(value, Mapping):
        return select(value, wanted, kind=name, defaults=defaults)
    raise Refused(Refusal.BAD_PARAMETER, f"Field {name} has no fields of its own")


def _wrong(why: str) -> Refused:
    return Refused(Refusal.BAD_PARAMETER, f"Syntax error in fields: {why}")
