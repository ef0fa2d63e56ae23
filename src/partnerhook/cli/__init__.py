"""The command line: one command per file, loaded only when it is called."""

from __future__ import annotations

from cyclopts import App

from partnerhook import __version__

app = App(
    name="partnerhook",
    help="Stands at the callback URL of a Meta app and keeps the true state of every WhatsApp Multi-Partner Solution.",
    version=__version__,
)
app.command(
    "partnerhook.cli.serve:serve", name="serve", help="Receive Meta's webhooks and keep the state of every solution."
)
app.command("partnerhook.cli.migrate:migrate", name="migrate", help="Create the database, or bring it to this version.")


def main() -> None:
    """The entry point of the `partnerhook` command."""
    app()
