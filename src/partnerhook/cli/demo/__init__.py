"""`partnerhook demo`: a story of two partners, played in Meta's box against a real receiver.

`story.toml` says who does what and what must become of it; it is a scenario like any other. `process`
runs the receiver, `play` lets the emulator act and looks, `registry` reads the receiver's database,
`compare` finds the differences, `screen` lays out what a person sees.
"""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter


def demo(
    *,
    keep: Annotated[
        bool,
        Parameter(
            negative=(),
            help="Go on until Ctrl-C after the story, so that the emulator's page and the console can be looked at.",
        ),
    ] = False,
) -> None:
    """See it at work: a story of two partners and their solutions, with both sides of it on this machine.

    Starts Meta in a box, with an owner's app and a partner's app, and `partnerhook serve` as a process of its own, on
    free ports of this machine and an SQLite file in a temporary folder. The two parties propose, accept, reject and
    end solutions; Meta sends webhooks, signed, over HTTP. There are the verification of the callbacks, all six
    triggers of the webhook reference, a duplicate, a late one, a batch with a broken change, a forgery, the
    dashboard's Test button, a word that is in no document, and a webhook that is lost, which reconciliation repairs.

    What it shows is read from the receiver's database, and compared with what the story implies. Exit 0: it is the
    same; 1: it differs, and each difference is named. It leaves no files, reads no configuration and needs no network.

    Example: `partnerhook demo`
    """
    from pathlib import Path

    from partnerhook.cli.demo.play import play
    from partnerhook.emulator.scenario.script import read

    sys.exit(play(read(Path(__file__).with_name("story.toml")), keep=keep))
