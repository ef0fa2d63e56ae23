"""`partnerhook emulate`: a box with two partners that runs until it is told to end."""

from __future__ import annotations

import asyncio
import signal
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.emulator.box import Box
from partnerhook.emulator.chaos import Chaos
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.courier import Attempt
from partnerhook.emulator.rules import PROFILES, Profile
from partnerhook.emulator.server import running
from partnerhook.emulator.state import keep, load
from partnerhook.emulator.world import App, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulation:
    """How to run it."""

    host: str = "127.0.0.1"
    port: int = 9090
    profile: Profile = Profile.GUIDE
    choices: dict[str, Any]
    chaos: dict[str, Any]
    seed: int
    speed: float = 1.0
    state: Path | None = None
    apps: Path | None = None
    on_start: Callable[[str, list[App], Box], None]
    """Told once the port accepts connections: URL, apps, and the box."""
    on_attempt: Callable[[Attempt, Box], None]


class _ListedApp(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    portfolio: str = ""


class _AppsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    apps: list[_ListedApp] = Field(min_length=2)


async def emulate(how: Emulation) -> None:
    """Run until SIGTERM or SIGINT. Raises ConfigurationInvalid."""
    box = (load(how.state) if how.state else None) or _new_box(how)
    box.courier.on_attempt = lambda attempt: how.on_attempt(attempt, box)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(box, how.host, how.port) as url:
        keeping = asyncio.create_task(keep(box, how.state)) if how.state else None
        how.on_start(url, list(box.world.apps.values()), box)
        try:
            ended = {asyncio.create_task(stop.wait()), *([keeping] if keeping else [])}
            done, _ = await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # the state could not be kept: say so
        finally:
            for task in ended:
                task.cancel()
            await asyncio.gather(*ended, return_exceptions=True)


def new_box(*, seed: int = 0, **how: Any) -> Box:
    """A box with two portfolios, each with one app: an owner and a partner. `how`: as a Box takes it."""
    box = Box(World(seed=seed), **how)
    box.add_app("Owner app", box.add_portfolio("Solution Partner").id)
    box.add_app("Partner app", box.add_portfolio("Tech Provider").id)
    return box


def _new_box(how: Emulation) -> Box:
    try:
        rules = PROFILES[how.profile].changed(how.choices)
        chaos = Chaos.model_validate({"seed": how.seed, **how.chaos})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationInvalid(f"This cannot be emulated: {wrong}.") from None
    clock = Clock(how.speed)
    if how.apps is None:
        return new_box(seed=how.seed, rules=rules, chaos=chaos, clock=clock)
    box = Box(World(seed=how.seed), rules=rules, chaos=chaos, clock=clock)
    portfolios: dict[str, str] = {}
    for app in _read_apps(how.apps):
        name = app.portfolio or f"{app.name}'s portfolio"
        if name not in portfolios:
            portfolios[name] = box.add_portfolio(name).id
        box.add_app(app.name, portfolios[name])
    return box


def _read_apps(file: Path) -> list[_ListedApp]:
    try:
        return _AppsFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))).apps
    except OSError as error:
        raise ConfigurationInvalid(f"{file} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError):
        raise ConfigurationInvalid(
            f"{file} is no list of two or more apps: each is a table [[apps]] with a name and perhaps a portfolio."
        ) from None
