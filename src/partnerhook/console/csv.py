"""Lists as CSV files, for spreadsheets: streamed, bounded, and nothing in them that a spreadsheet would calculate.

The attack is a name such as `=HYPERLINK("https://...")`: whoever proposes a solution chooses it, and a spreadsheet
runs what begins so. Such cells get an apostrophe in front, as OWASP has it.
Source: https://owasp.org/www-community/attacks/CSV_Injection (read 2026-06).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from starlette.responses import StreamingResponse

DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
ROWS_MAX: Final = 200_000
"""More than anybody reads; `--format json` has no bound."""
ROWS_AT_ONCE: Final = 500

Row = Sequence[object]


def cell(value: object) -> str:
    """One cell, in quotes."""
    text = "" if value is None else str(value)
    if text.lstrip(" ").startswith(DANGEROUS):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"'


def line(row: Row) -> str:
    """One line (RFC 4180)."""
    return ",".join([cell(value) for value in row]) + "\r\n"


async def answer(name: str, head: Row, rows: Callable[[], Iterable[Row]]) -> StreamingResponse:
    """A file that is downloaded. `rows` is read in another thread, some at once.

    The first are read before anything is answered: where the database is away that is said, and no file is begun.
    """
    found = islice(rows(), ROWS_MAX)
    first = await asyncio.to_thread(_page, found)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_lines(head, first, found), media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(head: Row, first: str, rest: Iterator[Row]) -> AsyncIterator[str]:
    yield line(head) + first
    while page := await asyncio.to_thread(_page, rest):
        yield page


def _page(rows: Iterator[Row]) -> str:
    return "".join([line(row) for row in islice(rows, ROWS_AT_ONCE)])
