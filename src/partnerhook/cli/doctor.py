"""`partnerhook doctor`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from partnerhook import bootstrap, config
from partnerhook.bootstrap.logs import set_up_logs
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import note, put, show_array

if TYPE_CHECKING:
    from partnerhook.services.doctor.findings import Finding

SIGNS: Final = {"right": "ok", "doubtful": "?", "wrong": "!!", "unknown": "--"}


def doctor(*, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Check everything that has to be right for webhooks to arrive, to be believed and to be kept.

    Configuration, secrets, the database and its durability, the clock; with PARTNERHOOK_PUBLIC_URL: TLS, the
    handshake, a forged and a signed test event that goes all the way round (the dashboard's test: no solution is made
    of it); with an app id and an access token: what Meta says of the subscription and the token; what the running
    receiver refused, and how old the newest webhook is. A line for each, and what to do where it is not right.

    Exit 1 where something is wrong. What is only doubtful, or cannot be read from here, is no failure.

    Example: `partnerhook doctor --format json`
    """
    set_up_logs("console")
    findings = asyncio.run(_examine(config.read(config_file), output))
    if output == "json":
        show_array(one._asdict() for one in findings)
    else:
        wrong = sum(one.verdict == "wrong" for one in findings)
        note(f"{len(findings)} things were looked at; {wrong or 'none'} wrong.")
    if any(one.verdict == "wrong" for one in findings):
        sys.exit(1)


async def _examine(reading: config.Reading, output: str) -> list[Finding]:
    found: list[Finding] = []
    async for finding in bootstrap.examine(reading):
        found.append(finding)
        if output == "text":
            _show(finding)
    return found


def _show(one: Finding) -> None:
    app = f" of {one.app}" if one.app else ""
    put(f"{SIGNS[one.verdict]:<2}  {one.about}{app}: {one.said}", at_once=True)
    if one.remedy:
        put(f"      {one.remedy}", at_once=True)
