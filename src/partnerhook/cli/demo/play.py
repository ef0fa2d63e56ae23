"""Plays a story: sends each step to a receiver as Meta would, looks what came of it, and tells it."""

from __future__ import annotations

import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from partnerhook.cli.demo.compare import Heard, Told, differences
from partnerhook.cli.demo.process import Receiver, receiving
from partnerhook.cli.demo.registry import Registry
from partnerhook.cli.demo.screen import Screen
from partnerhook.cli.demo.story import Post, Step, Story, Verification, unix_seconds
from partnerhook.core.compose import Entry, Update, compose_entries
from partnerhook.services.trigger import Sender


def play(story: Story) -> int:
    """Play it to its end and show it; the exit status: 0 where all is as the story implies, else 1."""
    screen = Screen()
    app_secret, verify_token = secrets.token_hex(16), secrets.token_urlsafe(24)
    with (
        _interruptions_unwind(),
        TemporaryDirectory(prefix="partnerhook-demo-") as folder,
        receiving(Path(folder), app_secret, verify_token) as receiver,
        _undisturbed_afterwards(),
    ):
        screen.opening(receiver.url)
        told = _tell(story, receiver, _Meta(receiver, app_secret, verify_token), screen)
        screen.ending(told)
    found = differences(story, told)
    screen.verdict(found)
    return 1 if found else 0


def _tell(story: Story, receiver: Receiver, meta: _Meta, screen: Screen) -> Told:
    heard: list[Heard] = []
    for scene in story.scenes:
        screen.scene(scene.title)
        for step in scene.steps:
            heard.append(meta.does(step))
            screen.step(step, heard[-1])
    registry = Registry(receiver.database_url)
    standings, quarantined = registry.standings(), registry.quarantined()
    return Told(tuple(heard), standings, quarantined, exit_status=receiver.end())


class _Meta:
    """Meta's part in it, and a look at what came of it."""

    def __init__(self, receiver: Receiver, app_secret: str, verify_token: str) -> None:
        self._url = receiver.url
        self._registry = Registry(receiver.database_url)
        self._app_secret = app_secret
        self._verify_token = verify_token

    def does(self, step: Step) -> Heard:
        """Take one step. Raises PartnerhookError where no answer comes."""
        with Sender(self._url) as sender:
            return self._verifies(step, sender) if isinstance(step, Verification) else self._posts(step, sender)

    def _verifies(self, step: Verification, sender: Sender) -> Heard:
        challenge = str(secrets.randbelow(10**10))
        answer = sender.verify(challenge, self._verify_token if step.token_known else secrets.token_urlsafe(24))
        return Heard(answer.status, ("the challenge came back" if answer.text == challenge else "refused",))

    def _posts(self, step: Post, sender: Sender) -> Heard:
        entries = [
            Entry(
                one.portfolio_id,
                unix_seconds(one.at) if one.at else None,
                [Update(one.event, one.solution_id, one.solution_status)],
            )
            for one in step.changes
        ]
        stored_before = len(self._registry.outcomes())
        answer = sender.post(compose_entries(entries), secrets.token_hex(16) if step.forged else self._app_secret)
        stored = self._registry.outcomes()[stored_before:]
        if stored:
            became = zip(stored[-1], step.changes, strict=False)
            return Heard(answer.status, tuple(self._registry.meaning(what, one.solution_id) for what, one in became))
        states = [self._registry.state(one.solution_id) for one in step.changes]
        return Heard(answer.status, tuple(f"nothing stored, still {state or 'unknown'}" for state in states))


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
