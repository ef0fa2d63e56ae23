"""`partnerhook demo`: a story of several solutions, played against a real receiver.

`story` is the table of what is sent and of what must become of it, `process` runs the receiver,
`play` sends and looks, `compare` finds the differences, `screen` lays out what a person sees.
"""

from __future__ import annotations

import sys


def demo() -> None:
    """See it at work: a story of several solutions, played against a real receiver.

    Starts `partnerhook serve` as a process of its own, on free ports of this machine and an SQLite file in a temporary
    folder, and sends it webhooks as Meta would: signed, over HTTP. There are the verification of the callback URL, all
    six triggers of the webhook reference, a duplicate, a late one, a batch with a broken entry, a forgery, the
    dashboard's Test button and a word that is in no document.

    What it shows is read from the receiver's database, and compared with what the story implies. Exit 0: it is the
    same; 1: it differs, and each difference is named. It leaves no files, reads no configuration and needs no network.

    Example: `partnerhook demo`
    """
    from partnerhook.cli.demo.play import play
    from partnerhook.cli.demo.story import STORY

    sys.exit(play(STORY))
