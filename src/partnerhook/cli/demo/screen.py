"""What a person sees of the story: who does what, what Meta sends, what it meant; then the solutions; the verdict."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from partnerhook.cli.demo.compare import Told
from partnerhook.cli.output import put

if TYPE_CHECKING:
    from partnerhook.emulator.scenario.play import Played
    from partnerhook.emulator.scenario.script import Step

COLUMNS_MAX: Final = 100
"""What the lines need. A narrower terminal gets them folded."""

NO_BREAK: Final = "\u00a0"

DEEDS: Final = {
    "subscribe": "subscribes its callback",
    "save as draft": "saves a draft",
    "create": "proposes",
    "send request": "sends the draft",
    "accept": "accepts",
    "reject": "rejects",
    "request deactivation": "requests the deactivation of",
    "accept deactivation": "accepts the deactivation of",
    "reject deactivation": "declines the deactivation of",
    "forge": "forges a webhook",
    "say": "sends",
    "deliver": "delivers what was held back",
    "press test": "presses Test",
    "reconcile": "runs `partnerhook reconcile`",
}
"""The deeds of a scenario as a sentence."""

DELIVERIES: Final = {"held": "; its webhook is held back", "lost": "; its webhook is lost", "twice": ""}


class Screen:
    """Lays everything out for the terminal's width; a pipe or a file has room."""

    def __init__(self) -> None:
        room = shutil.get_terminal_size((COLUMNS_MAX, 0)).columns if sys.stdout.isatty() else COLUMNS_MAX
        self._columns = min(room, COLUMNS_MAX)

    def opening(self, meta_url: str, receiver_url: str, day: str) -> None:
        """Where it happens."""
        self._put(f"Meta in a box, with an owner's app and a partner's app, and its page: {meta_url}")
        self._put(f"A receiver with an empty database, for both apps: {receiver_url}")
        self._put(f"Times are of {day}, UTC. Below each deed: what Meta sends, who heard it, what it meant.")

    def scene(self, title: str) -> None:
        """What the next steps are about."""
        put("")
        self._put(title)

    def step(self, played: Played, heard: Mapping[str, Sequence[str]], means: Sequence[str]) -> None:
        """Who does what; then a line for each change that arrived."""
        time = datetime.fromtimestamp(played.at, UTC).strftime("%H:%M")
        self._put(f"{time}  {_deed(played.step)}", indent=7)
        answers = ", ".join(f"{'+'.join(parties)} {status}" for status, parties in heard.items())
        if played.refusal:
            self._put(f"{'':<7}{played.refusal}", indent=7)
        elif played.step.does == "subscribe":
            self._put(f"{'':<7}the challenge came back")
        elif played.step.does == "reconcile":
            for repaired in means:
                self._put(f"{'':<7}{repaired}", indent=9)
        for words, meaning in zip_longest(_words(played), means if played.attempts else ()):
            event, word = words or ("", "")
            self._change(f"{event:<16} {word:<20}", answers, meaning or "")
            answers = ""

    def _change(self, sent: str, answers: str, meaning: str) -> None:
        if self._columns < COLUMNS_MAX:
            self._put(f"{'':<7}{sent}  {answers}", indent=9)
            self._put(f"{'':<9}{meaning}", indent=9)
        else:
            self._put(f"{'':<7}{sent}  {answers:<17}  {meaning}".rstrip(), indent=65)

    def keeping(self, meta_url: str, console_link: str) -> None:
        """All has been played, and goes on. A link stands on a line of its own, unfolded."""
        put("")
        self._put("All of it goes on until Ctrl-C. Act for both sides on the emulator's page:")
        put(f"  {meta_url}", at_once=True)
        self._put("and watch what the receiver makes of it in its console; the link lets you in, once:")
        put(f"  {console_link}", at_once=True)

    def ending(self, told: Told) -> None:
        """The table of the solutions, each with its history below it, and what else is left."""
        put("")
        self._put("The solutions in the receiver's database, as each app heard of them, with their history:")
        put("")
        self._row("solution", "", "app", "status", "pending", "usable", "since")
        for one in sorted(told.standings, key=lambda one: (list(told.names).index(one.solution_id), one.app)):
            name = told.names[one.solution_id]
            usable = "yes" if one.usable else "no"
            self._row(name, one.solution_id, one.app, one.status, one.pending, usable, one.since)
            self._history(one.history)
        put("")
        self._deliveries(told)
        put("")
        for reason in told.quarantined:
            self._put(f"In quarantine, with its raw body: {reason}.")
        if not told.not_on_page:
            self._put(
                "The emulator's page showed all of them, on both sides; `partnerhook demo --keep` leaves it"
                " open, and the console with it."
            )
        self._put(f"After SIGTERM the receiver finished what it held and ended with {told.exit_status}.")

    def _deliveries(self, told: Told) -> None:
        """What a system was told, the newest as it went over the wire; and what a person read."""
        heard = told.heard
        self._put(
            f"A system was told of each step: {len(heard.documents)} deliveries over HTTP, each signed, each verified."
            " The last one:"
        )
        if heard.documents:
            last = heard.documents[-1]
            data = last["data"]
            self._put(f"{'':<2}webhook-id: {last['id']}")
            self._put(f"{'':<2}webhook-signature: {heard.signature}")
            step = (
                f": {_state(data['before'])} -> {_state(data['after'])}, app {data['app']}" if "after" in data else ""
            )
            self._put(f"{'':<2}{last['type']}{step}")
        put("")
        self._put(f"A person was alerted, {len(heard.alerts)} times. The last time:")
        for title, text in heard.alerts[-1:]:
            self._put(f"{'':<2}{title}")
            for line in text.splitlines():
                self._put(f"{'':<2}{line}", indent=4)

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
        self._put("Next: act for both parties yourself, on a page in your browser; or configure your own app:")
        put(f"  {_command()} emulate")
        put(f"  {_command()} config init")

    def _row(self, *cells: str) -> None:
        """One of the table; its id is left out where there is no room."""
        widths = (8, 15, 7, 11, 20, 6, 5)
        fitted = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        if self._columns < COLUMNS_MAX:
            del fitted[1]
        put("  ".join(fitted).rstrip())

    def _history(self, history: Sequence[str]) -> None:
        # A break may stand before a sign, never inside of what stands between two of them.
        whole = [happened.replace(" ", NO_BREAK) for happened in history]
        self._put(f"{'':<2}" + f" >{NO_BREAK}".join(whole), indent=4)

    def _put(self, text: str, indent: int = 0) -> None:
        """Folded lines; `indent`: of those that follow the first."""
        lead = text[: len(text) - len(text.lstrip(" "))]
        for line in textwrap.wrap(
            text.strip(" "),
            self._columns,
            initial_indent=lead,
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
        ):
            put(line.replace(NO_BREAK, " "), at_once=True)


def _state(data: Mapping[str, Any] | None) -> str:
    if data is None:
        return "unknown"
    return str(data["could_be"][-1])


def _deed(step: Step) -> str:
    wrongly = ", with a verify token that the callback does not know" if step.wrong_token else ""
    told = f"{step.by} {DEEDS[step.does]} {step.solution}".rstrip()
    to = f" to the {step.to}'s app" if step.does in {"say", "forge"} else ""
    together = ", in one POST to each app" if step.batch else ""
    return f"{told}{to}{together}{wrongly}{DELIVERIES.get(step.delivery, '')}"


def _words(played: Played) -> list[tuple[str, str]]:
    """What was sent, in Meta's words: to the app that got the most."""
    sent: dict[str, list[tuple[str, str]]] = {}
    for attempt in played.attempts:
        for entry in json.loads(attempt.body)["entry"]:
            for change in entry["changes"]:
                value = change["value"]
                sent.setdefault(attempt.app_id, []).append((value.get("event", ""), value.get("solution_status", "")))
    return max(sent.values(), key=len, default=[])


def _command() -> str:
    """How to call this program from here: the shell may not find it by its name."""
    called = sys.argv[0]
    return called if called.endswith("/partnerhook") and not shutil.which("partnerhook") else "partnerhook"
