"""People: Slack, Teams, e-mail and whatever else Apprise reaches, with a burst told in one message."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from partnerhook.core.delivery import Answer, Reply
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.sinks.alert_fields import tell
from partnerhook.sinks.alert_people import SEND_S, recipients
from partnerhook.sinks.alert_text import Alert, Wording
from partnerhook.sinks.sink import TAKEN, Message, cut

GROUP_S: Final = 5.0
GROUP_S_MAX: Final = 3600.0
GROUP_MAX: Final = 1_000
"""Of so many notices a message is made at once: they are held in memory."""


class _Waiting(NamedTuple):
    message: Message
    answer: asyncio.Future[Answer]


class AlertSink:
    """Tells people. What comes within `group_s` of the first one is one message, and has one answer.

    A delivery takes up to `longest_s`; whoever limits its time leaves it that. Each of `urls` is told once: while
    one of them does not take a message, it is sent again to that one alone (until the process ends; then to all).
    """

    def __init__(
        self,
        *,
        urls: Sequence[str],
        template: str | None = None,
        group_s: float = GROUP_S,
        title: str | None = None,
    ) -> None:
        """`template`: with `alert_fields.FIELDS`; `title`: with `alert_text.TITLE_FIELDS`.

        Raises ConfigurationInvalid; no text of it holds a URL.
        """
        if not 0 <= group_s <= GROUP_S_MAX:
            raise ConfigurationInvalid(f"needs a group_s from 0 to {GROUP_S_MAX:.0f}.")
        self._wording = Wording(template, title)
        self._recipients = recipients(urls)
        self._group_s = group_s
        self._group: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def longest_s(self) -> float:
        """So long a delivery may take."""
        return self._group_s + SEND_S

    async def deliver(self, message: Message) -> Answer:
        """Wait for what else comes, then tell all of it."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(message, loop.create_future())
        self._group.append(waiting)
        if len(self._group) == 1:
            self._timer = loop.call_later(self._group_s, self._send)
        elif len(self._group) >= GROUP_MAX:
            self._send()
        return await waiting.answer

    async def close(self) -> None:
        """Let go. A service that hangs is not waited for."""
        if self._timer is not None:
            self._timer.cancel()
        _cancel(self._group)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        for recipient in self._recipients:
            recipient.close()

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # A delivery that was cancelled meanwhile is tried again later; it would be told twice.
        group = [waiting for waiting in self._group if not waiting.answer.done()]
        self._group = []
        if group:
            task = asyncio.get_running_loop().create_task(self._tell(group))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _tell(self, group: Sequence[_Waiting]) -> None:
        try:
            messages = [waiting.message for waiting in group]
            problems = await asyncio.gather(*(each.tell(messages, self._compose) for each in self._recipients))
        except asyncio.CancelledError:
            _cancel(group)
            raise
        except Exception as problem:  # noqa: BLE001 - whatever it is, all who wait are told
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(problem)
            return
        failed = Answer(Reply.FAILED, text=cut("; ".join(filter(None, problems))))
        everywhere = {one.id for one in messages if not any(each.lacks(one.id) for each in self._recipients)}
        for message, answer in group:
            if not answer.done():
                answer.set_result(TAKEN if message.id in everywhere else failed)
            elif message.id in everywhere:
                # Given up while it was sent: it will come again, and everybody has it.
                everywhere.remove(message.id)
        for each in self._recipients:
            each.forget(everywhere)

    def _compose(self, messages: Sequence[Message]) -> Alert:
        return self._wording.alert([tell(message) for message in messages])


def _cancel(group: Sequence[_Waiting]) -> None:
    for _, answer in group:
        answer.cancel()
