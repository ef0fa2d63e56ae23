"""The command line: one command or family of commands per file, loaded only when it is called."""

from __future__ import annotations

import errno
import os
import sys

from cyclopts import App, Group, Parameter

from partnerhook import __version__
from partnerhook.core.errors import PartnerhookError

RUN = Group("Run", sort_key=1)
LOOK = Group("Look", sort_key=2)
TRY = Group("Try and diagnose", sort_key=3)
SET_UP = Group("Set up and repair", sort_key=4)

app = App(
    name="partnerhook",
    help="Stands at the callback URL of a Meta app and keeps the true state of every WhatsApp Multi-Partner Solution.",
    version=__version__,
    default_parameter=Parameter(negative_iterable=()),  # no --empty-...: leaving a list out says the same
)


def _add(name: str, target: str, group: Group, text: str) -> None:
    # The overview needs a line about each without loading it; the one that is called tells more, in its own docstring.
    called = sys.argv[1:2] == [name]
    app.command(f"partnerhook.cli.{target}", name=name, group=group, help=None if called else text)


_add("serve", "serve:serve", RUN, "Receive Meta's webhooks and keep the state of every solution.")
_add("demo", "demo:demo", RUN, "See it at work: a story of several solutions, played against a real receiver.")
_add("emulate", "emulate:emulate", RUN, "Meta in a box: both partners of a solution, for development and tests.")
_add("solutions", "solutions:app", LOOK, "List solutions, show one, explain its state; propose, accept or end one.")
_add("graph", "graph:app", LOOK, "List and show solutions as the Graph API has them now.")
_add("observations", "observations:app", LOOK, "List what was heard, or follow it live.")
_add("receipts", "receipts:app", LOOK, "List and show the POSTs that came in, quarantined ones too.")
_add("destinations", "destinations:app", LOOK, "List destinations, test, pause and resume them.")
_add("deliveries", "deliveries:app", LOOK, "List who got what, show attempts, try again, give up.")
_add("listen", "listen:listen", LOOK, "Print notices as they are told, or pass them on to a developer's URL.")
_add("console", "console:app", SET_UP, "Let people into the console, see who is in, end sessions.")
_add("keys", "api_keys:app", SET_UP, "Make, list and revoke keys for the API.")
_add("openapi", "openapi:openapi", SET_UP, "Print the API's OpenAPI document.")
_add("trigger", "trigger:trigger", TRY, "Send a signed event to a receiver, as Meta would.")
_add("dashboard", "dashboard:app", TRY, "What only Meta's dashboard can do, against the emulator.")
_add("blast", "blast:blast", TRY, "Send signed load at a rate to a receiver, and measure its answers.")
_add("scenario", "scenario:app", TRY, "Play a scenario of both parties against a callback.")
_add("signature", "signature:app", TRY, "Sign a body, verify a signature, find out why one does not match.")
_add("config", "config:app", SET_UP, "Show, check or write the configuration.")
_add("reload", "reload:reload", SET_UP, "Have a running server read its secrets and destinations again.")
_add("migrate", "migrate:migrate", SET_UP, "Create the database, or bring it to this version.")
_add("move", "move:move", SET_UP, "Move everything from an SQLite file to PostgreSQL.")
_add("rebuild", "rebuild:rebuild", SET_UP, "Fold every solution anew from the log, and report what differed.")
_add("replay", "replay:replay", SET_UP, "Deliver notices of the past once more.")
_add("reconcile", "reconcile:reconcile", SET_UP, "Compare the registry with the Graph API, and repair what was missed.")
_add("subscribe", "subscribe:subscribe", SET_UP, "Set the app's callback and webhook fields at Meta.")
_add("doctor", "doctor:doctor", SET_UP, "Check everything that has to be right, with one remedy each.")
_add("version", "version:version", SET_UP, "Print the version.")


def main() -> None:
    """The entry point of the `partnerhook` command. Exit 1: it could not be done; 2: it was called wrongly."""
    if sys.stdout is None:
        sys.exit("partnerhook: There is no standard output to write to.")
    try:
        try:
            app(exit_on_error=True)
        finally:
            sys.stdout.flush()  # here, where a closed pipe is expected, and not when Python ends
    except PartnerhookError as error:
        print(f"partnerhook: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        _drop_output()  # its reader (head, less) has seen enough
        sys.exit(0)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _drop_output()
        print(f"partnerhook: The output could not be written: {error.strerror}.", file=sys.stderr)
        sys.exit(1)


def _drop_output() -> None:
    """What is left of the output goes nowhere, also when Python ends and flushes once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
