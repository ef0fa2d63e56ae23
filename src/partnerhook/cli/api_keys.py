"""`partnerhook keys create | list | revoke`."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import App, Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.audited import audited
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import Column, Kind, note, put, show_document, show_list
from partnerhook.core.access import Role
from partnerhook.services import views
from partnerhook.services.access import ApiKey

app = App(
    name="keys",
    help="""Keys of scripts that use the API: `Authorization: Bearer ph_...`.

    A key is shown once, when it is made; what is stored of it does not tell it.

    Example: `partnerhook keys create reporting --role viewer`
    """,
)

KEYS = Kind[ApiKey](
    views.api_key,
    [
        Column("Id", lambda one: one.id, 12),
        Column("Name", lambda one: one.name, 20),
        Column("Role", lambda one: one.role.value, 8),
        Column("State", views.key_state, 7),
        Column("Created", lambda one: views.moment(one.created_at), 20),
        Column("Last used", lambda one: views.moment(one.last_used_at), 20, spare=1),
    ],
)


@app.command
def create(
    name: Annotated[str, Parameter(help="What it is for: the audit log names it.")],
    /,
    *,
    role: Annotated[
        Role, Parameter(help="viewer looks, operator acts, admin also gives things up and reads the audit log.")
    ] = Role.VIEWER,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Make a key, and show it: now, and never again.

    Example: `partnerhook keys create reporting --role viewer`
    """
    settings = config.load(config_file)
    with audited(settings, "key.create", name, role=role):
        made = bootstrap.access(settings).create_key(name, role)
    if output == "json":
        show_document({"key": made.key, **views.api_key(made.stored)})
        return
    put(made.key)
    note(f"This is the only time that it is shown. `partnerhook keys revoke {made.stored.id}` ends it.")


@app.command(name="list")
def list_(*, config_file: ConfigFile = None, output: Format = "text") -> None:
    """List all keys, revoked ones too.

    Example: `partnerhook keys list --format json`
    """
    found = bootstrap.access(config.load(config_file)).keys()
    show_list(found, KEYS, output, if_empty="There is no key. `partnerhook keys create NAME` makes one.")


@app.command
def revoke(
    key_id: Annotated[str, Parameter(help="Its id: 12 letters and digits, as in `keys list`.")],
    /,
    *,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """End a key, at once and for good.

    Example: `partnerhook keys revoke 5f2c9a7e01b4`
    """
    # Whoever pastes the whole key means its id.
    key_id = key_id.split("_")[1] if key_id.startswith("ph_") and key_id.count("_") == 2 else key_id
    settings = config.load(config_file)
    access = bootstrap.access(settings)
    known = access.keys()
    revoked = any(one.id == key_id and one.revoked_at is None for one in known)
    if revoked:
        with audited(settings, "key.revoke", key_id):
            revoked = access.revoke_key(key_id)
    if output == "json":
        show_document({"id": key_id, "revoked": revoked})
    elif revoked:
        put(f"Key {key_id} is good for nothing any more.")
    if not revoked:
        note(f"There is no key {key_id} that was good until now; see `partnerhook keys list`.")
        sys.exit(1)
