"""Meta in a box, and what plays in it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from partnerhook.emulator.blast.outcome import Outcome
    from partnerhook.emulator.box import Box
    from partnerhook.emulator.remote import Remote
    from partnerhook.emulator.scenario.play import Player
    from partnerhook.emulator.scenario.script import Party, Script


def emulate(*, profile: str, **how: Any) -> None:
    """Run Meta in a box until SIGTERM or SIGINT. Raises ConfigurationInvalid."""
    import uvloop

    from partnerhook.emulator.rules import Profile
    from partnerhook.emulator.run import Emulation, emulate

    uvloop.run(emulate(Emulation(profile=Profile(profile), **how)))


def emulator_at(url: str) -> Remote:
    """The control API of an emulator that runs elsewhere."""
    from partnerhook.emulator.remote import Remote

    return Remote(url)


def blast(*, what: dict[str, Any], **how: Any) -> Outcome:
    """Send a load until it is sent or SIGINT comes. Raises PartnerhookError where nobody listens."""
    import asyncio
    import signal

    import uvloop

    from partnerhook.emulator.blast.lives import Lives
    from partnerhook.emulator.blast.load import Load

    async def run() -> Outcome:
        load = Load(lives=Lives(**what), **how)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, load.stop)
        return await load.run()

    return uvloop.run(run())


def read_scenario(file: Path) -> Script:
    """A scenario file. Raises ConfigurationInvalid, which says where what is wrong."""
    from partnerhook.emulator.scenario.script import read

    return read(file)


def scenario_player(script: Script, *, party: Party, url: str, verify_token: str, app_secret: str) -> Player:
    """A player whose one party is heard by a callback."""
    from partnerhook.emulator.scenario.play import Callback, Player

    return Player(script, {party: Callback(url, verify_token, app_secret)})


@asynccontextmanager
async def acting(box: Box) -> AsyncIterator[None]:
    """A box that delivers; the connections that it opened are closed."""
    try:
        yield
    finally:
        await box.courier.close()
