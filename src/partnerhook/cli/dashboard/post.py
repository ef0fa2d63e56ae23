"""`partnerhook dashboard`: the clock, what is delivered by it, what goes wrong, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number

from partnerhook.cli.dashboard import tables
from partnerhook.cli.dashboard.at import URL, Emulator, Url
from partnerhook.cli.emulate import pairs
from partnerhook.cli.moments import SECONDS, SPAN
from partnerhook.cli.options import Format
from partnerhook.cli.output import put, show_attributes, show_document, show_list
from partnerhook.core.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from partnerhook.services.views import Json


def _span(_hint: Any, tokens: Sequence[Token]) -> int:
    given = tokens[0].value
    span = SPAN.fullmatch(given)
    if span is None:
        raise ValueError(f"{given!r} is no span of time such as 90s, 30m, 1h or 7d")
    return int(span[1]) * SECONDS[span[2]]


def clock(
    *,
    advance: Annotated[
        int | None, Parameter(converter=_span, help="Move it on: 90s, 30m, 1h, 7d. What is due then is sent.")
    ] = None,
    speed: Annotated[
        float | None,
        Parameter(
            validator=Number(gte=0, lte=1_000_000), help="Emulated seconds for each real one; 0: moved on by hand."
        ),
    ] = None,
    url: Url = URL,
    output: Format = "text",
) -> None:
    """Show the emulated clock, move it on, or let it run faster. It never goes back.

    Webhooks and retries follow it: seven days of retries pass in a second.

    Example: `partnerhook dashboard clock --advance 6h`
    """
    told = Emulator(url).ask("POST", "/clock", {"advance_s": advance or 0, "speed": speed})
    if output == "json":
        show_document(told)
    else:
        put(f"{told['now']}, speed {told['speed']:g}")


def settle(*, url: Url = URL, output: Format = "text") -> None:
    """Deliver everything now: the clock moves on over every gap, until each change is delivered or given up.

    Returns when that is done, so that a test can look at what came of it.

    Example: `partnerhook dashboard settle`
    """
    told = Emulator(url).ask("POST", "/settle")
    if output == "json":
        show_document(told)
    else:
        put(f"{told['attempts']} attempts made; it is {told['now']}.")


def chaos(
    *settings: Annotated[
        str, Parameter(help="NAME=VALUE each: duplicate=0.2 delay=0.5 delay_s=600 seed=7. What is not named is off.")
    ],
    off: Annotated[bool, Parameter(negative=(), help="Nothing goes wrong any more.")] = False,
    url: Url = URL,
    output: Format = "text",
) -> None:
    """Show what goes wrong between Meta and the callbacks, or choose it anew. The seed begins anew as well.

    Example: `partnerhook dashboard chaos duplicate=0.2 lost_answer=0.1 seed=7`
    """
    if off and settings:
        raise ConfigurationInvalid("--off stands alone: what is not named is off in any case.")
    asked = _named(settings)
    emulator = Emulator(url)
    told = emulator.ask("PUT", "/chaos", asked) if asked or off else emulator.overview()["chaos"]
    _show_settings(told, output)


def rules(
    *settings: Annotated[str, Parameter(help="NAME=VALUE each: decline_webhook=none. What is not named stays.")],
    url: Url = URL,
    output: Format = "text",
) -> None:
    """Show the choices where Meta's documents contradict each other or are silent, or choose otherwise.

    Example: `partnerhook dashboard rules decline_webhook=none retry_window_s=129600`
    """
    asked = _named(settings)
    emulator = Emulator(url)
    told = emulator.ask("PATCH", "/rules", asked) if asked else emulator.overview()["rules"]
    _show_settings(told, output)


def _named(settings: tuple[str, ...]) -> dict[str, Any]:
    return pairs(list(settings), "Setting")


def _show_settings(told: Json, output: str) -> None:
    if output == "json":
        show_document(told)
    else:
        show_attributes((name, _said(value)) for name, value in told.items())


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def deliveries(
    *,
    app: Annotated[str | None, Parameter(help="Only those to this app: its id or its name.")] = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=10_000), help="How many at most.")] = 20,
    url: Url = URL,
    output: Format = "text",
) -> None:
    """List the last attempts to deliver, newest first: what was sent to whom, and what came back.

    The JSON has the very bytes, the headers and the answer of each.

    Example: `partnerhook dashboard deliveries --app 'Owner app' --limit 5 --format json`
    """
    emulator = Emulator(url)
    overview = emulator.overview()
    params = {"limit": str(limit)} | ({"app_id": emulator.app(app)["app_id"]} if app else {})
    found = emulator.ask("GET", "/deliveries", **params)
    hint = "Nothing was delivered yet. `partnerhook dashboard show` tells whether an app has a callback."
    show_list(found, tables.deliveries(overview), output, if_empty=hint)
