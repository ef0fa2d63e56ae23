"""How answers look: JSON for scripts, a line per item for pipes, a table for people.

What was asked for goes to stdout, all else to stderr. Foreign words are printable by the time they
are stored (`core/reading`); here they only ever travel as plain text, never as markup.
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from partnerhook.services.views import Json

Item = TypeVar("Item")

FOLDED_AT: Final = 40
"""Longer cells may be folded without harm: they are sentences."""

TABLE_ROWS: Final = 500
"""Rows per table: widths are found by looking at all of them, and a log of millions does not fit into memory."""


@dataclass(frozen=True)
class Column(Generic[Item]):
    """One column, of lines and tables alike."""

    title: str
    cell: Callable[[Item], str]
    width: int = 0
    """How wide it usually is: lines are padded to that, so that columns stand below each other."""
    spare: int = 0
    """Left out of a table that is too wide, the largest first; 0: never."""


@dataclass(frozen=True)
class Kind(Generic[Item]):
    """A kind of thing that is listed: as JSON objects and as columns."""

    view: Callable[[Item], Json]
    columns: Sequence[Column[Item]]

    def line(self, item: Item) -> str:
        """One line, its columns two blanks apart; a dash where there is nothing."""
        cells = ((column.cell(item) or "-").ljust(column.width) for column in self.columns)
        return "  ".join(cells).rstrip()


def show_list(items: Iterable[Item], kind: Kind[Item], output: Literal["text", "json"], *, if_empty: str) -> None:
    """All of `items` on stdout. An empty list is `[]` in JSON; in text, `if_empty` on stderr says what to do."""
    if output == "json":
        show_array(map(kind.view, items))
        return
    first = list(islice(items := iter(items), 1))
    if not first:
        note(if_empty)
    show_items(chain(first, items), kind)


def show_items(items: Iterable[Item], kind: Kind[Item]) -> None:
    """Tables on a terminal, else a line for each."""
    if sys.stdout.isatty():
        _show_tables(iter(items), kind)
    else:
        for item in items:
            put(kind.line(item))


def _show_tables(items: Iterator[Item], kind: Kind[Item]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    while rows := list(islice(items, TABLE_ROWS)):
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        columns = _columns_that_fit(kind, rows, console.width)
        for column in columns:
            table.add_column(column.title, overflow="fold")
        for row in rows:
            # Text is never parsed for markup: what Meta sends cannot colour, link or hide anything.
            table.add_row(*[Text(column.cell(row)) for column in columns])
        console.print(table)


def _columns_that_fit(kind: Kind[Item], rows: Sequence[Item], room: int) -> list[Column[Item]]:
    """Those in which something stands, without those that can be spared where there is no room for them."""
    from rich.cells import cell_len

    widths: dict[str, int] = {}
    for column in kind.columns:
        widest = max(cell_len(column.cell(row)) for row in rows)
        if widest:
            widths[column.title] = max(cell_len(column.title), min(widest, FOLDED_AT)) + 2
    for column in sorted(kind.columns, key=lambda column: -column.spare):
        if column.spare and column.title in widths and sum(widths.values()) - 2 > room:
            del widths[column.title]
    return [column for column in kind.columns if column.title in widths]


def show_document(document: Any) -> None:
    """One JSON document."""
    put(json.dumps(document, indent=2))


def show_array(objects: Iterable[Any]) -> None:
    """One JSON array, an object per line, written as the objects come."""
    opening = "["
    for one in objects:
        sys.stdout.write(f"{opening}\n{json.dumps(one)}")
        opening = ","
    put("[]" if opening == "[" else "\n]")


def show_attributes(attributes: Iterable[tuple[str, str]]) -> None:
    """A name and its value per line; a dash where there is none."""
    for name, value in attributes:
        put(f"{name:<16}  {value or '-'}")


def put(line: str, *, at_once: bool = False) -> None:
    """One line on stdout; `at_once`: not kept back until there is more."""
    try:
        print(line, flush=at_once)
    except UnicodeEncodeError:
        # A terminal that does not know a letter is told its number.
        print(line.encode("ascii", "backslashreplace").decode("ascii"), flush=at_once)


def leave_unread() -> None:
    """Before an end that must not wait: where the reader of stdout does not read, what is left goes nowhere."""
    if not select.select([], [sys.stdout], [], 0)[1]:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def note(line: str) -> None:
    """One line on stderr: for the person, not for the pipe."""
    print(line, file=sys.stderr)
