"""`partnerhook destinations list | show | test | pause | resume | rotate-secret`."""

from __future__ import annotations

import asyncio
import secrets
import sys
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from partnerhook import bootstrap, config
from partnerhook.bootstrap.logs import set_up_logs
from partnerhook.cli.audited import audited
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import Column, Kind, note, put, show_attributes, show_document, show_list
from partnerhook.core import standard_webhooks
from partnerhook.core.errors import PartnerhookError
from partnerhook.services import management_views, views
from partnerhook.services.targets import Configured

SECRET_BYTES: Final = 32

app = App(
    name="destinations",
    help="""Who is told what happens to solutions, and who gets the POSTs themselves: look, test, pause, resume.

    They stand in the configuration file, [[destinations]] and [[forward]]; `partnerhook config init` writes all keys.

    Example: `partnerhook destinations test crm`
    """,
)

Name = Annotated[str, Parameter(help="Its name in the configuration.")]

TARGETS: Final = Kind[Configured](
    views.target,
    [
        Column("Name", lambda one: one.name, 12),
        Column("Kind", lambda one: one.kind, 7),
        Column("State", lambda one: one.state, 8),
        Column("Waiting", lambda one: str(one.waiting), 7),
        Column("Dead", lambda one: str(one.overview.dead), 5),
        Column("Waits since", views.oldest, 20, spare=2),
        Column("Where", lambda one: one.where, 30, spare=1),
    ],
)


@app.command(name="list")
def list_(*, config_file: ConfigFile = None, output: Format = "text") -> None:
    """List all destinations and forward targets, with what waits for each.

    Example: `partnerhook destinations list --format json`
    """
    hint = "No destination is configured. `partnerhook config init` writes a file that shows how."
    show_list(_configured(config_file), TARGETS, output, if_empty=hint)


@app.command
def show(name: Name, *, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Show one: where it leads, what it wants, how it stands.

    Example: `partnerhook destinations show crm`
    """
    one = _find(name, config_file)
    if output == "json":
        show_document(views.target(one))
        return
    show_attributes(
        [
            ("name", one.name),
            ("kind", one.kind),
            ("where", one.where),
            ("wants", ", ".join(f"{key} {' '.join(value)}" for key, value in one.filters.items()) or "everything"),
            ("state", one.state),
            ("because", one.overview.standing.paused_reason),
            ("waiting", str(one.waiting)),
            ("waits since", views.oldest(one)),
            ("dead", str(one.overview.dead)),
        ]
    )


@app.command(name="test")
def send_test(name: Name, *, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Send a destination a test notice, now, past the queue: type `partnerhook.test`. Exit 1 where it is not taken.

    Example: `partnerhook destinations test crm`
    """
    set_up_logs("console")
    settings = config.load(config_file)
    _find(name, config_file)
    with audited(settings, "destination.test", name):
        tried = asyncio.run(bootstrap.try_destination(settings, name))
    if output == "json":
        show_document(management_views.tried(name, tried))
    else:
        status = f" ({tried.answer.status})" if tried.answer.status else ""
        took = "took" if tried.taken else "did not take"
        put(f"{name} {took} the test notice {tried.message_id}{status}, {tried.seconds * 1000:.0f} ms")
        if tried.answer.text:
            put(f"It said: {tried.answer.text}")
    if not tried.taken:
        sys.exit(1)


@app.command
def pause(
    name: Name,
    *,
    reason: Annotated[str, Parameter(help="Why, for whoever looks.")] = "paused by hand",
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Attempt nothing there until `resume`. What is for it waits, and is not given up.

    Example: `partnerhook destinations pause crm --reason "moves to another host"`
    """
    _find(name, config_file)
    settings = config.load(config_file)
    with audited(settings, "destination.pause", name, reason=reason):
        bootstrap.outbox(settings).pause(name, reason)
    _done(
        {"destination": name, "state": "paused"}, f"{name} is paused. `partnerhook destinations resume {name}`.", output
    )


@app.command
def resume(name: Name, *, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Deliver again, beginning at once with whatever waits, oldest first.

    Example: `partnerhook destinations resume crm`
    """
    _find(name, config_file)
    settings = config.load(config_file)
    with audited(settings, "destination.resume", name):
        bootstrap.outbox(settings).resume(name)
    _done({"destination": name, "state": "works"}, f"{name} is delivered to again.", output)


@app.command(name="rotate-secret")
def rotate_secret(name: Name, *, config_file: ConfigFile = None, output: Format = "text") -> None:
    """Make a new signing secret, and say how to change over without a message that cannot be verified.

    Nothing is changed: the configuration is yours. While both stand in it, every message has both signatures.

    Example: `partnerhook destinations rotate-secret crm`
    """
    one = _find(name, config_file)
    if one.kind != "http":
        raise PartnerhookError(f"{name} is of kind {one.kind}; only http is signed.")
    made = standard_webhooks.new_secret(secrets.token_bytes(SECRET_BYTES))
    if output == "json":
        show_document({"destination": name, "secret": made})
        return
    variable = config.variable(("destinations", name, "secrets"))
    put(made)
    note(f"1. Put it before the present one: secrets = [NEW, OLD] in the table of {name}, or {variable}=NEW,OLD.")
    note("2. `partnerhook reload` (or SIGHUP): from now on both sign.")
    note("3. Give it to the receiver, in place of the old one.")
    note("4. Take the old one out, and reload again.")


def _configured(config_file: Any) -> list[Configured]:
    settings = config.load(config_file)
    return bootstrap.configured_targets(settings, bootstrap.outbox(settings))


def _find(name: str, config_file: Any) -> Configured:
    known = _configured(config_file)
    for one in known:
        if one.name == name:
            return one
    there_are = ", ".join(one.name for one in known) or "none"
    raise PartnerhookError(f"There is no destination {name!r} in the configuration. There are: {there_are}.")


def _done(document: dict[str, str], line: str, output: str) -> None:
    if output == "json":
        show_document(document)
    else:
        put(line)
