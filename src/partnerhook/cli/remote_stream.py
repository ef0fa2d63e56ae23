"""A server's live stream, from anywhere: server-sent events over HTTP, begun again behind what was heard last."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import httpx2

from partnerhook.cli.output import note
from partnerhook.core.errors import PartnerhookError

PATH: Final = "/api/v1/stream"
SILENT_S: Final = 45.0
"""Three times what the server sends something in: then the connection is dead, whatever TCP thinks."""

AGAIN_FIRST_S: Final = 0.5
AGAIN_LONGEST_S: Final = 15.0

LINE_CHARS_MAX: Final = 1_000_000
"""A notice has some thousand."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Document = dict[str, Any]


class Asked(NamedTuple):
    """What to listen to. Everything that is empty is not asked for."""

    types: tuple[str, ...] = ()
    solution_id: str | None = None
    since: int | None = None
    """Unix microseconds."""


class Refused(PartnerhookError):
    """The server does not let us listen."""


def follow(server: str, key: str, asked: Asked, take: Callable[[Document], None]) -> None:
    """Hand over each notice's document as it is told, for ever. Raises Refused where another try is of no use."""
    timeout = httpx2.Timeout(10.0, read=SILENT_S)
    behind: str | None = None
    wait_s = AGAIN_FIRST_S
    with httpx2.Client(timeout=timeout, headers={"Authorization": f"Bearer {key}"}) as client:
        while True:
            try:
                for number, document in _events(client, server, asked, behind):
                    if document is not None:
                        take(document)
                    behind, wait_s = number, AGAIN_FIRST_S
                reason = "the server ended it"
            except httpx2.HTTPError as problem:
                reason = type(problem).__name__
            note(f"Not connected ({reason}); again in {wait_s:g} s.")
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, AGAIN_LONGEST_S)


def _events(
    client: httpx2.Client, server: str, asked: Asked, behind: str | None
) -> Iterator[tuple[str | None, Document | None]]:
    """Each event of one connection: where the stream stands, and the document that came with it."""
    headers = {"Accept": "text/event-stream"} | ({} if behind is None else {"Last-Event-ID": behind})
    query: list[tuple[str, str | int | float | bool | None]] = [("type", one) for one in asked.types]
    if asked.solution_id is not None:
        query.append(("solution_id", asked.solution_id))
    if asked.since is not None:
        query.append(("since", (EPOCH + timedelta(microseconds=asked.since)).isoformat()))
    with client.stream("GET", server.rstrip("/") + PATH, params=query, headers=headers) as answer:
        if answer.status_code in {400, 401, 403, 404, 405, 422}:
            raise Refused(f"{server} refuses to be listened to: {_said(answer)}")
        answer.raise_for_status()
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            raise Refused(f"{server} is no management listener of Partnerhook: its answer is no stream of events.")
        for number, data in parse(answer.iter_lines()):
            yield number or behind, json.loads(data) if data else None


def parse(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Id and data of each event. One with an id alone has no data, and tells where the stream stands."""
    number, data = "", ""
    for line in lines:
        if len(data) + len(line) > LINE_CHARS_MAX:
            raise Refused("An event of the stream is too long.")
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if number or data:
                yield number, data
            number, data = "", ""
        elif field == "id":
            number = value
        elif field == "data":
            data += value


def _said(answer: httpx2.Response) -> str:
    """The problem document's own words, on one line and cut."""
    try:
        detail = json.loads(answer.read())["detail"]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
    return f"{''.join(letter for letter in str(detail)[:300] if letter.isprintable())} (HTTP {answer.status_code})"
