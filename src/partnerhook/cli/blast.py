"""`partnerhook blast`."""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from partnerhook import bootstrap
from partnerhook.cli.app_secrets import AppName, SecretFile, find_secrets
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import put, show_document
from partnerhook.cli.trigger import EXAMPLE_PORTFOLIO_ID, callback_url, checked_url
from partnerhook.core.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from partnerhook.emulator.blast.outcome import Outcome

POSTS_MAX = 10_000_000
RATE_MAX = 100_000
FOR_S = 10.0


def blast(
    *,
    url: Annotated[
        str | None, Parameter(converter=checked_url, help="The receiver's URL. Without it: the configured one.")
    ] = None,
    rate: Annotated[float, Parameter(validator=Number(gt=0, lte=RATE_MAX), help="POSTs a second at most.")] = 100.0,
    for_s: Annotated[
        float | None,
        Parameter(name="--for", validator=Number(gt=0, lte=86_400), help="Seconds. Without it and --count: 10."),
    ] = None,
    count: Annotated[
        int | None,
        Parameter(
            validator=Number(gte=1, lte=POSTS_MAX), help="How many POSTs, however long it takes. Not with --for."
        ),
    ] = None,
    connections: Annotated[
        int, Parameter(validator=Number(gte=1, lte=1_000), help="How many at most, each with one POST at a time.")
    ] = 32,
    changes: Annotated[
        int, Parameter(validator=Number(gte=1, lte=1_000), help="Changes in a POST. Meta sends 1,000 at most.")
    ] = 1,
    solutions: Annotated[
        int, Parameter(validator=Number(gte=1, lte=1_000_000), help="How many different ones it is about.")
    ] = 1_000,
    app: AppName = None,
    secret_file: SecretFile = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Send signed load at a rate to any receiver, and measure its answers.

    It tells the lives of solutions, each step as Meta would: no two bodies are the same, so each is real work. The
    solutions are new ones, and stay in the receiver's registry. A rate that was not reached says that the receiver,
    or this machine, did not keep up; milliseconds are from the sending of a POST to the end of its answer.

    Exit 1 where an answer was not 200, or did not come within 10 seconds. Ctrl-C ends it and reports what was sent.

    Example: `partnerhook blast --rate 2000 --for 30 --connections 64`
    """
    if for_s is not None and count is not None:
        raise ConfigurationInvalid("--for and --count exclude each other: name one.")
    seconds = math.inf if count is not None else for_s or FOR_S
    posts = count if count is not None else math.ceil(rate * seconds)
    if posts > POSTS_MAX:
        raise ConfigurationInvalid(f"That are more than {POSTS_MAX:,} POSTs; lower --rate or --for.")
    secret = find_secrets(app, secret_file, config_file).own[0]
    to = url or callback_url(app, config_file)
    what = _what(posts, changes, solutions)
    with _progress() as on_progress:
        outcome = bootstrap.blast(
            url=to,
            what=what,
            app_secret=secret,
            rate=rate,
            connections=min(connections, posts),
            seconds=seconds,
            on_progress=on_progress,
        )
    if output == "json":
        show_document({"url": to, "wanted_per_second": rate, **_view(outcome, what)})
    else:
        _tell(_view(outcome, what))
    if not outcome.all_taken:
        sys.exit(1)


def _what(posts: int, changes: int, solutions: int) -> dict[str, Any]:
    now, total = int(time.time()), posts * changes
    if total // solutions > now:
        raise ConfigurationInvalid(
            "Each solution takes a step a second, and these began before 1970; raise --solutions."
        )
    return {
        "changes": total,
        "solutions": min(solutions, total),
        "per_post": changes,
        "first_id": random.randrange(10**14, 9 * 10**14),  # noqa: S311 - an id, not a secret
        "portfolio_id": EXAMPLE_PORTFOLIO_ID,
        "ends_at": now,
    }


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _view(outcome: Outcome, what: dict[str, Any]) -> dict[str, Any]:
    changes = min(outcome.posts * what["per_post"], what["changes"])
    return {
        "posts": outcome.posts,
        "changes": changes,
        "solutions": min(what["solutions"], changes),
        "first_solution_id": str(what["first_id"]),
        "portfolio_id": what["portfolio_id"],
        "seconds": round(outcome.seconds, 3),
        "per_second": round(outcome.answered / outcome.seconds, 1) if outcome.seconds else 0.0,
        "answers": {str(status): number for status, number in sorted(outcome.statuses.items())},
        "errors": dict(outcome.reasons.most_common()),
        "p50_ms": outcome.latencies.milliseconds(0.50),
        "p99_ms": outcome.latencies.milliseconds(0.99),
    }


def _tell(told: dict[str, Any]) -> None:
    put(f"sent            {told['posts']} POSTs, {told['changes']} changes of {told['solutions']} solutions")
    for status, number in told["answers"].items():
        put(f"answered {status}    {number}")
    for why, number in told["errors"].items():
        put(f"no answer       {number}  {why}")
    put(f"reached         {told['per_second']:g} answers a second, for {told['seconds']:g} s")
    if told["p50_ms"] is not None:
        put(f"milliseconds    p50 {told['p50_ms']:g}, p99 {told['p99_ms']:g}")
