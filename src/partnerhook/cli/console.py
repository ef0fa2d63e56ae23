"""`partnerhook console link | sessions | sign-out`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.audited import audited, caller
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import Column, Kind, note, put, show_document, show_list
from partnerhook.core.access import Role
from partnerhook.services import views
from partnerhook.services.access import LINK_LASTS_S, Session

app = App(
    name="console",
    help="""Who gets into the console, the pages at `admin_listen`: links to sign in with, sessions.

    Example: `partnerhook console link --who ana --role operator`
    """,
)

SESSIONS = Kind[Session](
    views.session,
    [
        Column("Who", lambda one: one.who, 20),
        Column("Role", lambda one: one.role.value, 8),
        Column("Via", lambda one: one.via, 8),
        Column("Since", lambda one: views.moment(one.created_at), 20),
        Column("Last seen", lambda one: views.moment(one.last_seen_at), 20),
        Column("Until", lambda one: views.moment(one.expires_at), 20, spare=1),
    ],
)


@app.command
def link(
    *,
    who: Annotated[str | None, Parameter(help="Who will use it: the audit log names them. Default: you.")] = None,
    role: Annotated[Role, Parameter(help="viewer looks, operator acts, admin also gives things up.")] = Role.ADMIN,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Make a link that lets somebody in, once, within an hour.

    Example: `partnerhook console link --who ana --role operator`
    """
    settings = config.load(config_file)
    named = who or caller()
    with audited(settings, "link.create", named, role=role):
        made = bootstrap.sign_in_link(settings, named, role)
    if output == "json":
        show_document({"url": made, "who": named, "role": role, "lasts_s": LINK_LASTS_S})
        return
    put(made)
    note(f"It lets {named} in as {role}, once, within {LINK_LASTS_S / 60:.0f} minutes.")


@app.command
def sessions(*, config_file: ConfigFile = None, output: Format = "text") -> None:
    """List who is signed in.

    Example: `partnerhook console sessions`
    """
    found = bootstrap.access(config.load(config_file)).sessions()
    show_list(found, SESSIONS, output, if_empty="Nobody is signed in. `partnerhook console link` lets somebody in.")


@app.command(name="sign-out")
def sign_out(
    *,
    who: Annotated[str | None, Parameter(help="Only this person. Without it: everybody.")] = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """End sessions, everywhere, and take back links that nobody has used.

    Example: `partnerhook console sign-out --who ana`
    """
    settings = config.load(config_file)
    with audited(settings, "session.end", who or "everybody"):
        ended = bootstrap.access(settings).sign_out_everywhere(who)
    if output == "json":
        show_document({"ended": ended})
    else:
        put(f"{ended} {'session' if ended == 1 else 'sessions'} ended.")
