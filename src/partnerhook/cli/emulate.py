"""`partnerhook emulate`."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from partnerhook import bootstrap, config
from partnerhook.cli.options import Format
from partnerhook.cli.output import note, put
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.core.timeline import clock

if TYPE_CHECKING:
    from partnerhook.emulator.box import Box
    from partnerhook.emulator.courier import Attempt
    from partnerhook.emulator.world import App

SEEDS: range = range(1, 1_000_000)


def emulate(
    *,
    listen: Annotated[
        str, Parameter(help="HOST:PORT. Port 0 picks a free one. Not for the internet.")
    ] = "127.0.0.1:9090",
    profile: Annotated[
        Literal["guide", "openapi"],
        Parameter(help="Which of Meta's sources to follow where they differ: the guide, or the OpenAPI v23.0."),
    ] = "guide",
    choose: Annotated[
        list[str] | None,
        Parameter(name="--set", help="One choice where Meta's documents differ, such as --set decline_webhook=none."),
    ] = None,
    chaos: Annotated[
        list[str] | None, Parameter(help="What goes wrong, such as --chaos duplicate=0.2 --chaos delay=0.5.")
    ] = None,
    seed: Annotated[
        int | None, Parameter(help="The same ids, secrets and chaos again. Without it: others each time.")
    ] = None,
    speed: Annotated[
        float,
        Parameter(
            validator=Number(gte=0, lte=1_000_000),
            help="Emulated seconds for each real one; 0: moved on by hand. Not 1: the clock begins 30 days ago.",
        ),
    ] = 1.0,
    state: Annotated[Path | None, Parameter(help="Keep everything in this file. Without it: in memory.")] = None,
    apps: Annotated[Path | None, Parameter(help="A TOML file with a table [[apps]] for each app.")] = None,
    output: Format = "text",
) -> None:
    """Meta in a box: both partners of a solution, the Graph API, and the sender of webhooks.

    Needs no account, no configuration and no secret. It starts with two portfolios, each with one app, and prints
    their ids and tokens. Point a Graph client at its URL, subscribe a callback, click on its page, or use
    `partnerhook dashboard`. Ends on SIGTERM or Ctrl-C.

    With --format json the first line, printed once the port accepts connections, is one JSON object.

    Example: `partnerhook emulate --speed 1000 --chaos duplicate=0.1`
    """
    try:
        host, port = config.split_listen(listen, "--listen")
    except ValueError as problem:
        raise ConfigurationInvalid(f"{problem}.") from None
    show = _Json() if output == "json" else _Text()
    bootstrap.emulate(
        host=host,
        port=port,
        profile=profile,
        choices=pairs(choose or [], "--set"),
        chaos=pairs(chaos or [], "--chaos"),
        seed=secrets.choice(SEEDS) if seed is None else seed,
        speed=speed,
        state=state,
        apps=apps,
        on_start=show.start,
        on_attempt=show.attempt,
    )


def pairs(given: list[str], option: str) -> dict[str, Any]:
    """NAME=VALUE each. Raises ConfigurationInvalid."""
    pairs: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise ConfigurationInvalid(f"{option} {one}: it is NAME=VALUE.")
        pairs[name.strip()] = int(value) if value.isascii() and value.isdigit() else value
    return pairs


class _Json:
    """For scripts: one line at the start, one for each attempt."""

    def start(self, url: str, apps: list[App], box: Box) -> None:
        told = [
            {
                "name": app.name,
                "app_id": app.id,
                "app_secret": app.secret,
                "access_token": app.access_token,
                "app_token": app.app_token,
                "portfolio_id": app.portfolio_id,
            }
            for app in apps
        ]
        put(json.dumps({"apps": told, "url": url, "seed": box.world.seed}), at_once=True)

    def attempt(self, attempt: Attempt, box: Box) -> None:
        del box  # the ids say enough
        told = {
            "at": clock(int(attempt.at)),
            "app_id": attempt.app_id,
            "callback_url": attempt.callback_url,
            "number": attempt.number,
            "changes": attempt.changes,
            "status": attempt.status,
            "delivered": attempt.delivered,
            "answer": attempt.answer,
        }
        put(json.dumps(told), at_once=True)


class _Text:
    """For people."""

    def start(self, url: str, apps: list[App], box: Box) -> None:
        put(f"Meta in a box listens at {url} (seed {box.world.seed}). Open it in a browser.")
        for app in apps:
            put("")
            put(f"{app.name}, of {box.world.portfolios[app.portfolio_id].name}")
            put(f"  app id        {app.id}")
            put(f"  app secret    {app.secret}")
            put(f"  access token  {app.access_token}")
            put(f"  app token     {app.app_token}")
            put(f"  portfolio     {app.portfolio_id}")
        put("")
        owner = apps[0]
        put(f"Next, in another terminal: a receiver for {owner.name}, which asks this Graph API as well.")
        for variable, value in (
            ("APP_SECRET", owner.secret),
            ("VERIFY_TOKEN", "any-text-of-yours"),
            ("APP_ID", owner.id),
            ("ACCESS_TOKEN", owner.access_token),
            ("GRAPH_URL", url),
            ("PUBLIC_URL", "http://127.0.0.1:8080"),
        ):
            put(f"  export PARTNERHOOK_{variable}={value}")
        put("  partnerhook serve &")
        put("  partnerhook subscribe")
        put(f"Then click on {url}, or: partnerhook dashboard create 'Our solution' --url {url}")
        put("", at_once=True)
        note("Deliveries:")

    def attempt(self, attempt: Attempt, box: Box) -> None:
        fate = "delivered" if attempt.delivered else "not delivered"
        changes = "1 change" if attempt.changes == 1 else f"{attempt.changes} changes"
        name = box.world.apps[attempt.app_id].name
        again = f", attempt {attempt.number}" if attempt.number > 1 else ""
        answer = f"  {attempt.answer}" if attempt.answer and not attempt.delivered else ""
        status = attempt.status or "no answer"
        put(f"{clock(int(attempt.at))}  {name:<16}  {changes}{again}  {status}  {fate}{answer}", at_once=True)
