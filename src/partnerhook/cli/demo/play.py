"""Plays the story: the emulator acts for both parties, the receiver hears, and its database is looked into."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from partnerhook.cli.demo.compare import Came, Told, differences
from partnerhook.cli.demo.ears import TOLD_WITHIN_S, Ears, listening
from partnerhook.cli.demo.process import Receiver, receiving
from partnerhook.cli.demo.registry import Registry
from partnerhook.cli.demo.screen import Screen

if TYPE_CHECKING:
    from partnerhook.emulator.courier import Attempt
    from partnerhook.emulator.scenario.play import Played, Player
    from partnerhook.emulator.scenario.script import Party, Script

PARTIES: Final[tuple[Party, Party]] = ("owner", "partner")


def play(script: Script, *, keep: bool = False) -> int:
    """Play it to its end and show it; the exit status: 0 where all is as the story implies, else 1.

    `keep`: everything goes on until Ctrl-C, so that both pages can be looked at.
    """
    screen = Screen()
    with _interruptions_unwind(), TemporaryDirectory(prefix="partnerhook-demo-") as folder:
        told = asyncio.run(_tell(script, Path(folder), screen, keep=keep))
    found = differences(script, told)
    screen.verdict(found)
    return 1 if found else 0


async def _tell(script: Script, folder: Path, screen: Screen, *, keep: bool) -> Told:
    from partnerhook.emulator.scenario.play import Player
    from partnerhook.emulator.server import running

    player = Player(script)
    async with running(player.box) as meta_url:
        tokens: dict[Party, str] = {party: secrets.token_urlsafe(24) for party in PARTIES}
        with (
            listening() as ears,
            receiving(folder, _settings(player, tokens, meta_url), ears.configuration()) as receiver,
            _undisturbed_afterwards(),
        ):
            screen.opening(meta_url, receiver.url, _day(script))
            telling = _Telling(player, _Stage(receiver, ears, tokens), screen, _day(script))
            came = await telling.play()
            await asyncio.to_thread(telling.wait_until_all_are_told)
            page = await asyncio.to_thread(_read, meta_url)
            told = telling.all_told(came, page)
            if keep:  # what somebody does from now on is no part of the story
                screen.keeping(meta_url, receiver.console_link())
                await _interruption()
            told = told._replace(exit_status=receiver.end())
            screen.ending(told)
            return told


def _settings(player: Player, tokens: dict[Party, str], meta_url: str) -> dict[str, str]:
    """The receiver's, for an app of each party."""
    settings = {"GRAPH_URL": meta_url}
    for party in PARTIES:
        app = player.app(party)
        settings |= {
            f"APPS__{party.upper()}__APP_SECRET": app.secret,
            f"APPS__{party.upper()}__VERIFY_TOKEN": tokens[party],
            f"APPS__{party.upper()}__APP_ID": app.id,
            f"APPS__{party.upper()}__ACCESS_TOKEN": app.access_token,
        }
    return settings


def _day(script: Script) -> str:
    return datetime.fromtimestamp(script.begins_at or 0, UTC).date().isoformat()


class _Stage(NamedTuple):
    """What is ours in the story."""

    receiver: Receiver
    ears: Ears
    tokens: dict[Party, str]
    """Verify tokens."""


class _Telling:
    """The story on its way."""

    def __init__(self, player: Player, stage: _Stage, screen: Screen, day: str) -> None:
        from partnerhook.emulator.scenario.play import Callback

        self._player = player
        receiver, self._ears, tokens = stage
        self._receiver = receiver
        self._screen = screen
        self._registry = Registry(receiver.database_url, day)
        self._party_of_app: dict[str, Party] = {player.app(party).id: party for party in PARTIES}
        self._receipts_seen = 0
        self._report: Any = None
        player.callbacks = {party: Callback(f"{receiver.url}/webhook/{party}", tokens[party]) for party in PARTIES}
        player.reconcile = self._reconcile

    async def play(self) -> list[Came]:
        """All of it, step by step."""
        came: list[Came] = []
        scene = None
        async for played in self._player.play():
            if played.scene is not scene:
                scene = played.scene
                self._screen.scene(scene.title)
            came.append(Came(played.step, self._means(played), played.problems))
            self._screen.step(played, self._heard(played), came[-1].means)
        await self._player.finish()
        return came

    def wait_until_all_are_told(self) -> None:
        """Notices are on their way for some milliseconds; alerts wait a moment for others."""
        until = time.monotonic() + TOLD_WITHIN_S
        while self._registry.undelivered() and time.monotonic() < until:
            time.sleep(0.02)

    def all_told(self, came: list[Came], page: str) -> Told:
        """How all of it stands, while the receiver runs."""
        return Told(
            tuple(came),
            self._registry.standings(),
            {solution.id: name for name, solution in self._player.solutions.items()},
            self._registry.quarantined(),
            tuple(self._player.unmet_endings()),
            tuple(name for name in self._player.solutions if name not in page),
            None,
            self._registry.notices(),
            self._ears.heard(),
        )

    async def _reconcile(self) -> None:
        self._report = await asyncio.to_thread(self._receiver.reconcile)

    def _heard(self, played: Played) -> dict[str, list[Party]]:
        """Which parties' callbacks answered what."""
        heard: dict[str, list[Party]] = {}
        for attempt in played.attempts:
            parties = heard.setdefault(str(attempt.status), [])
            if self._party_of_app[attempt.app_id] not in parties:
                parties.append(self._party_of_app[attempt.app_id])
        return heard

    def _means(self, played: Played) -> tuple[str, ...]:
        """What the registry made of a step: the longest list of an app, of which the other's must be a part."""
        if played.step.does == "reconcile":
            return tuple(self._repaired())
        meanings: dict[Party, list[str]] = {party: [] for party in PARTIES}
        receipts = self._registry.receipts()[self._receipts_seen :]
        self._receipts_seen += len(receipts)
        taken = {party: [one for one in played.attempts if self._took(one, party)] for party in PARTIES}
        for receipt in receipts:
            party: Party = "owner" if receipt.app == "owner" else "partner"
            sent = taken[party].pop(0)  # an app's POSTs are stored in the order in which they were sent
            for outcome, solution_id in zip(receipt.outcomes, _solution_ids(sent), strict=False):
                meanings[party].append(self._registry.meaning(party, outcome, solution_id))
        if not receipts and played.attempts:
            return (self._nothing_stored(played),)
        longest = max(meanings.values(), key=len)
        for other in meanings.values():
            if [one for one in longest if one in other] != other:
                return (*longest, "or", *other)
        return tuple(longest)

    def _took(self, attempt: Attempt, party: Party) -> bool:
        return attempt.status == 200 and self._party_of_app[attempt.app_id] == party

    def _nothing_stored(self, played: Played) -> str:
        attempt = played.attempts[0]
        (solution_id, *_) = _solution_ids(attempt)
        state = self._registry.state(self._party_of_app[attempt.app_id], solution_id)
        return f"nothing stored, still {state or 'unknown'}"

    def _repaired(self) -> Iterator[str]:
        names = {solution.id: name for name, solution in self._player.solutions.items()}
        for drift in self._report["drift"]:
            missed = f", missed {', '.join(drift['missed'])}" if drift["missed"] else ""
            name = names.get(drift["solution_id"], drift["solution_id"])
            yield f"{drift['app']}: {name} was taken for {drift['thought']}, is {drift['graph']}{missed}"


def _solution_ids(attempt: Attempt) -> list[str]:
    document = json.loads(attempt.body)
    return [change["value"]["solution_id"] for entry in document["entry"] for change in entry["changes"]]


def _read(url: str) -> str:
    """The emulator's page, as a browser gets it."""
    import httpx2

    return httpx2.get(url, trust_env=False).text


async def _interruption() -> None:
    """Until Ctrl-C or SIGTERM."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()


@contextmanager
def _interruptions_unwind() -> Iterator[None]:
    """Until its end, SIGTERM unwinds as Ctrl-C does: the receiver is ended and the folder removed."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed_afterwards() -> Iterator[None]:
    """What follows is cleaning up. It takes seconds at most, and half of it would leave files behind."""
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
