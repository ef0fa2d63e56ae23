"""People, reached through Apprise: https://appriseit.com (the library's sources read in 2.2.0).

Apprise's URLs hold passwords and tokens, and its log lines hold parts of them: what it logs while it works for us
goes into no log. Of its warnings the answer is made, without anything that stands in the URL.

Apprise is kept from files and the environment. The HTTP library under it (requests) is not: it obeys HTTPS_PROXY,
NO_PROXY, REQUESTS_CA_BUNDLE and ~/.netrc, and Apprise has no setting for that.
"""

from __future__ import annotations

import asyncio
import logging
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, unquote_plus

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.sinks.alert_text import Alert
from partnerhook.sinks.daemon_threads import DaemonThreads
from partnerhook.sinks.extras import missing_extra
from partnerhook.sinks.sink import Message, cut

if TYPE_CHECKING:
    from apprise import Apprise, AppriseAsset

SEND_S: Final = 60.0
"""Longer than Apprise's own time limits for one service (some 4 s to connect and 4 s to read; e-mail: 15 s each)."""
KNOWN_MAX: Final = 10_000
"""Notices that one recipient has, while others still wait for them."""
URLS_MAX: Final = 20
"""Each has a thread."""
SECRET_LETTERS_MIN: Final = 3
SEPARATORS: Final = re.compile(r"[/:@?&=,;#|\s]+")

# Apprise's own lines, and those of the libraries under it that hold addresses.
LOGGERS: Final = ("apprise", "urllib3.connectionpool", "requests_oauthlib.oauth1_auth", "oauthlib.oauth1.rfc5849")

WARNINGS: ContextVar[list[str] | None] = ContextVar("what Apprise warns of while it works for us", default=None)


class Overheard(logging.Filter):
    """Keeps Apprise's lines out of every log while it works for us; what others do with Apprise stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is logged."""
        heard = WARNINGS.get()
        if heard is not None and record.levelno >= logging.WARNING and record.name == "apprise":
            heard.append(record.getMessage())
        return heard is None


OVERHEARD: Final = Overheard()


class Recipient:
    """One entry of `urls`, with a thread of its own: one that hangs keeps no other from being told."""

    def __init__(self, number: int, service: str, apprise: Apprise, url: str) -> None:
        self._name = f"{service} (entry {number} of urls)"
        self._apprise = apprise
        self._secrets = secrets_of(url)
        self._thread = DaemonThreads(f"alerts to entry {number}", 1)
        self._has: dict[str, None] = {}
        self._under_way: dict[asyncio.Future[str], set[str]] = {}

    def lacks(self, notice_id: str) -> bool:
        """Whether it has not been told of this notice yet, as far as is known."""
        return notice_id not in self._has

    def forget(self, notice_ids: Iterable[str]) -> None:
        """Everybody has these notices, and they do not come again."""
        for notice_id in notice_ids:
            self._has.pop(notice_id, None)

    async def tell(self, messages: Sequence[Message], compose: Callable[[Sequence[Message]], Alert]) -> str:
        """Send what it lacks of these. The answer is empty, or why it was not taken."""
        call: Future[str] | None = None
        try:
            async with asyncio.timeout(SEND_S):
                await self._end_of(messages)
                new = list({message.id: message for message in messages if self.lacks(message.id)}.values())
                if not new:
                    return ""
                call = self._thread.submit(partial(self._send, compose(new)))
                sending = asyncio.wrap_future(call)
                self._under_way[sending] = {message.id for message in new}
                sending.add_done_callback(self._note)
                await asyncio.wait([sending])
                return sending.result()
        except TimeoutError:
            # Where it waits behind one that hangs, it is taken back. What is taken after all is noted when it ends.
            if call is not None:
                call.cancel()
            return f"{self._name} did not take it within {SEND_S:.0f} s"

    def close(self) -> None:
        """Let go."""
        self._thread.close()

    async def _end_of(self, messages: Sequence[Message]) -> None:
        """What was given up may still be on its way: sent beside it, it would be told twice."""
        ids = {message.id for message in messages}
        if busy := [sending for sending, theirs in self._under_way.items() if theirs & ids]:
            await asyncio.wait(busy)

    def _note(self, sending: asyncio.Future[str]) -> None:
        notice_ids = self._under_way.pop(sending)
        if sending.cancelled() or sending.exception() or sending.result():
            return
        self._has |= dict.fromkeys(notice_ids)
        while len(self._has) > KNOWN_MAX:
            del self._has[next(iter(self._has))]

    def _send(self, alert: Alert) -> str:
        from apprise import NotifyFormat, NotifyType

        kind = NotifyType.WARNING if alert.grave else NotifyType.INFO
        heard: list[str] = []
        WARNINGS.set(heard)
        try:
            taken = self._apprise.notify(alert.text, alert.title, notify_type=kind, body_format=NotifyFormat.TEXT)
        except Exception as problem:  # noqa: BLE001 - a plugin may raise anything, and its words may hold the URL
            return f"{self._name} did not take it: {type(problem).__name__}"
        if taken:
            return ""
        return f"{self._name} did not take it: {self._hide(' '.join(heard)) or 'Apprise does not say why'}"

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = re.sub(re.escape(secret), "…", text, flags=re.IGNORECASE)
        return cut(text)


def recipients(urls: Sequence[str]) -> list[Recipient]:
    """Whom the URLs lead to. Raises ConfigurationInvalid, naming the entry that is wrong by its number."""
    if isinstance(urls, str) or not 1 <= len(urls) <= URLS_MAX:
        raise ConfigurationInvalid(f"needs 1 to {URLS_MAX} urls.")
    try:
        import apprise  # noqa: F401 - an extra
    except ImportError as problem:
        raise missing_extra("alerts", problem) from None
    for name in LOGGERS:
        logging.getLogger(name).addFilter(OVERHEARD)
    unheard = WARNINGS.set([])
    try:
        with warnings.catch_warnings():
            # Apprise imports all its plugins at once, and some of them import what is deprecated.
            warnings.simplefilter("ignore")
            asset = _asset()
            return [_recipient(number, url, asset) for number, url in enumerate(urls, 1)]
    finally:
        WARNINGS.reset(unheard)


def secrets_of(url: str) -> list[str]:
    """Every piece of a URL behind its scheme, as it stands there and decoded; the longest ones first."""
    _, _, rest = url.partition("://")
    raw = SEPARATORS.split(rest)
    pieces = {*raw, *map(unquote, raw), *map(unquote_plus, raw), *SEPARATORS.split(unquote(rest))}
    return sorted(
        (piece for piece in pieces if len(piece) >= SECRET_LETTERS_MIN), key=lambda piece: (-len(piece), piece)
    )


def _recipient(number: int, url: str, asset: AppriseAsset) -> Recipient:
    from apprise import Apprise
    from apprise.common import OverflowMode

    try:
        service = Apprise.instantiate(url.strip(), asset=asset)
    except Exception:  # noqa: BLE001 - plugins read the URLs, and their words may hold parts of them
        service = None
    if service is None:
        raise ConfigurationInvalid(
            f"has urls, of which entry {number} is none that Apprise understands, or its kind needs one more library."
        )
    if "overflow=" not in url:
        # Longer texts than a service takes are cut: sent whole they are refused, cut in pieces they are many messages.
        service.overflow_mode = OverflowMode.TRUNCATE
    alone = Apprise(asset=asset)
    alone.add(service)
    return Recipient(number, str(service.service_name), alone, url)


def _asset() -> AppriseAsset:
    """Apprise as we want it: it reads no files of its own, writes none, and starts no threads."""
    from apprise import AppriseAsset, NotifyFormat, PersistentStoreMode

    options: dict[str, Any] = {
        "storage_mode": PersistentStoreMode.MEMORY.value,
        "plugin_paths": None,
        "pgp_autogen": False,
        "pem_autogen": False,
        "allow_templates": False,  # they read the environment
        "language": "en",
        "timezone": "UTC",
        # With a time limit Apprise sends in threads that Python waits for at exit. Ours is SEND_S.
        "service_timeout": 0,
        "async_mode": False,
        # Tokens go where the operator said, and nowhere else.
        "http_redirects": False,
        "secure_logging": True,
        # What is told is text: no escapes, no :emoji:.
        "body_format": NotifyFormat.TEXT,
        "interpret_escapes": False,
        "interpret_emojis": False,
        "app_id": "Partnerhook",
        "app_desc": "Partnerhook",
        "app_url": "",
        # No pictures from somebody else's web site.
        "image_url_mask": "",
        "image_url_logo": "",
    }
    return AppriseAsset(**options)
