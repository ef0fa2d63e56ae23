"""What requests carry in their paths and queries: as strict as the OpenAPI document has it.

pydantic would take `yes` for a boolean, `1.0` for a whole number and `5` for a time; the document promises less.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import AwareDatetime, BeforeValidator
from starlette.convertors import Convertor, register_url_convertor

from partnerhook.api.problems import not_found

PLAIN: Final = r"^[^\x00]*$"
"""PostgreSQL's texts have no NUL."""

DIGITS: Final = "^[0-9]{1,20}$"
"""Meta's ids, and our own numbers."""

TEXT_CHARS_MAX: Final = 200
NUMBER_MAX: Final = 2**63 - 1
"""The largest number that a database can be asked for."""


class _Digits(Convertor[str]):
    """`{name:digits}` in a path: what else stands there is another path, or none."""

    regex = "[0-9]{1,20}"

    def convert(self, value: str) -> str:
        """As it stands."""
        return value

    def to_string(self, value: str) -> str:
        """The same."""
        return value


register_url_convertor("digits", _Digits())

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})")


def _moment(given: Any) -> Any:
    if not (isinstance(given, str) and RFC_3339.fullmatch(given)):
        raise ValueError("a time is needed, as in 2026-06-17T08:00:00Z")
    return given


def _flag(given: Any) -> Any:
    if isinstance(given, str) and given not in {"true", "false"}:
        raise ValueError("true or false is needed")
    return given


def _whole(given: Any) -> Any:
    if isinstance(given, str) and not WHOLE.fullmatch(given):
        raise ValueError("a whole number is needed")
    return given


Flag = Annotated[bool, BeforeValidator(_flag)]
WHOLE_NUMBER: Final = BeforeValidator(_whole)
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]

Text = Annotated[str | None, Query(max_length=TEXT_CHARS_MAX, pattern=PLAIN)]
Digits = Annotated[str | None, Query(pattern=DIGITS)]
OnlyApp = Annotated[
    str | None, Query(max_length=TEXT_CHARS_MAX, pattern=PLAIN, description="Only of this configured app.")
]
OnlySolution = Annotated[str | None, Query(pattern=DIGITS, description="Only about this solution id.")]
Types = Annotated[
    list[Annotated[str, Query(max_length=TEXT_CHARS_MAX, pattern=PLAIN)]] | None,
    Query(
        alias="type",
        max_length=20,
        description="Only these CloudEvents types, such as `solution.activated` or `solution.*`.",
    ),
]
Since = Annotated[Moment | None, Query(description="Then or later.")]
Until = Annotated[Moment | None, Query(description="Before.")]

SolutionId = Annotated[str, Path(pattern=DIGITS, description="Meta's id.")]
Number = Annotated[str, Path(pattern=DIGITS)]
Name = Annotated[str, Path(min_length=1, max_length=TEXT_CHARS_MAX, pattern=PLAIN)]


def number_of(text: str, what: str) -> int:
    """One of our numbers, as the path has it. Raises Refusal: there is none of so many digits."""
    found = int(text)
    if not 0 < found <= NUMBER_MAX:
        raise not_found(f"{what} {text}")
    return found


def microseconds(at: datetime | None) -> int | None:
    """Unix microseconds of a time."""
    return None if at is None else (at - EPOCH) // timedelta(microseconds=1)
