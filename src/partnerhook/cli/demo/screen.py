"""What a person sees of the story: a line for each change, then the solutions, then the verdict."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Final

from partnerhook.cli.demo.compare import Heard, Told
from partnerhook.cli.demo.story import DAY, Sent, Step
from partnerhook.cli.output import put

COLUMNS_MAX: Final = 100
"""What the lines need. A narrower terminal gets two lines for each change."""

NO_BREAK: Final = "\u00a0"


class Screen:
    """Lays everything out for the terminal's width; a pipe or a file has room."""

    def __init__(self) -> None:
        room = shutil.get_terminal_size((COLUMNS_MAX, 0)).columns if sys.stdout.isatty() else COLUMNS_MAX
        self._columns = min(room, COLUMNS_MAX)

    def opening(self, url: str) -> None:
        """Where it happens, and the head of the columns."""
        self._put(f"A receiver with an empty database listens at {url}.")
        self._put(f"What arrives is signed as Meta signs. Times are of {DAY}, UTC.")
        put("")
        self._step(Sent("time", "event", "status", "solution"), "HTTP", "what it meant")

    def scene(self, title: str) -> None:
        """What the next steps are about."""
        put("")
        self._put(title)

    def step(self, step: Step, heard: Heard) -> None:
        """What arrived in Meta's words, what was answered, and what it meant: a line for each change."""
        answers = chain([str(heard.answer)], repeat(""))  # one POST, one answer
        for words, answer, meaning in zip(step.sent, answers, chain(heard.means, repeat("")), strict=False):
            self._step(words, answer, meaning)

    def ending(self, told: Told) -> None:
        """The table of the solutions, each with its history below it, and what else is left."""
        put("")
        self._put("The solutions in its database, each with its history:")
        put("")
        _row("solution", "portfolio", "status", "pending", "usable", "since")
        for one in told.ending:
            _row(one.solution_id, one.portfolio_id, one.status, one.pending, "yes" if one.usable else "no", one.since)
            self._history(one.history)
        put("")
        for reason in told.quarantined:
            self._put(f"In quarantine, with its raw body: {reason}.")
        self._put(f"After SIGTERM the receiver finished what it held and ended with {told.exit_status}.")

    def verdict(self, differences: Sequence[str]) -> None:
        """Whether all of it is as it must be, and what to do next."""
        put("")
        if differences:
            put("This is NOT as the story implies:")
            for difference in differences:
                put(f"- {difference}")
            return
        put("As the story implies.")
        put("")
        put("Next: send some by hand (README.md), or write a configuration for your app:")
        put(f"  {_command()} config init")

    def _step(self, sent: Sent, answer: str, meaning: str) -> None:
        left = f"{sent.time:<5}  {sent.event:<16} {sent.word:<20}  {sent.solution:<12}"
        if self._columns < COLUMNS_MAX:
            put(left.rstrip())
            put(f"{'':<7}{answer:<4}  {meaning}", at_once=True)
        else:
            put(f"{left} {answer:>4}  {meaning}", at_once=True)

    def _history(self, history: Sequence[str]) -> None:
        # A break may stand before a sign, never inside of what stands between two of them.
        whole = [happened.replace(" ", NO_BREAK) for happened in history]
        self._put(f" >{NO_BREAK}".join(whole), indent="  ")

    def _put(self, text: str, indent: str = "") -> None:
        for line in textwrap.wrap(
            text, self._columns, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        ):
            put(line.replace(NO_BREAK, " "))


def _command() -> str:
    """How to call this program from here: the shell may not find it by its name."""
    called = sys.argv[0]
    return called if called.endswith("/partnerhook") and not shutil.which("partnerhook") else "partnerhook"


def _row(*cells: str) -> None:
    widths = (12, 12, 11, 20, 6, 5)
    put("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
