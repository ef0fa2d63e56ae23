"""Keeps a box in a file: its world, what is still to be delivered, its clock and its choices."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.emulator.box import Box
from partnerhook.emulator.chaos import Chaos
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.outbox import Outbox
from partnerhook.emulator.rules import Rules
from partnerhook.emulator.world import World

SAVED_EVERY_S: Final = 1.0


class Saved(BaseModel):
    """What is in the file."""

    world: World
    outbox: Outbox
    rules: Rules
    chaos: Chaos
    now: float
    speed: float


def load(file: Path) -> Box | None:
    """The box in a file; None where there is no file yet. Raises ConfigurationInvalid."""
    try:
        saved = Saved.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationInvalid(f"{file} cannot be read: {error.strerror}.") from None
    except ValidationError:
        raise ConfigurationInvalid(f"{file} is no emulator's state; name another file, or remove it.") from None
    clock = Clock(saved.speed, saved.now)
    return Box(saved.world, rules=saved.rules, chaos=saved.chaos, clock=clock, outbox=saved.outbox)


def save(box: Box, file: Path) -> None:
    """Write it whole or not at all. Raises ConfigurationInvalid."""
    saved = Saved(
        world=box.world,
        outbox=box.outbox,
        rules=box.rules,
        chaos=box.dice.chaos,
        now=box.clock.now(),
        speed=box.clock.speed,
    )
    written = file.with_name(f".{file.name}.new")
    try:
        # Its owner's alone: there are secrets in it, though of nobody.
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(saved.model_dump_json(indent=1))
        written.replace(file)
    except OSError as error:
        raise ConfigurationInvalid(f"{file} cannot be written: {error.strerror}.") from None


async def keep(box: Box, file: Path) -> None:
    """Save every second, and once more at the end."""
    try:
        while True:
            save(box, file)
            await asyncio.sleep(SAVED_EVERY_S)
    finally:
        save(box, file)
