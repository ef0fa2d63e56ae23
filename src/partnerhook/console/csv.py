"""Lists as CSV files, for spreadsheets: streamed, bounded, and nothing in them that a spreadsheet would calculate.

The attack is a name such as `=HYPERLINK("https://...")`: whoever proposes a solution chooses it, and a spreadsheet
runs what begins so. Such cells get an apostrophe in front, as OWASP has it.
Source: https://owasp.org/www-community/attacks/CSV_Injection (read 2026-06).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
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


def answer(name: str, head: Row, rows: Callable[[], Iterable[Row]]) -> StreamingResponse:
    """A file that is downloaded. `rows` is read in another thread, some at once."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_lines(head, rows), media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(head: Row, rows: Callable[[], Iterable[Row]]) -> AsyncIterator[str]:
    yield line(head)
    found = islice(rows(), ROWS_MAX)
    while page := await asyncio.to_thread(lambda: [line(row) for row in islice(found, ROWS_AT_ONCE)]):
        yield "".join(page)
