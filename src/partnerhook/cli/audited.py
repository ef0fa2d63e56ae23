"""Who calls a command that changes something, and what: for the audit log."""

from __future__ import annotations

import getpass
import socket
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from partnerhook import bootstrap
from partnerhook.cli.output import note
from partnerhook.core.access import Actor, Role
from partnerhook.core.errors import StoreUnavailable

if TYPE_CHECKING:
    from partnerhook.config import Settings


def actor() -> Actor:
    """Whoever may run commands here may do everything."""
    return Actor(caller(), Role.ADMIN, "command", socket.gethostname())


def caller() -> str:
    """The name of whoever runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in many containers
        return "somebody"


def audited(settings: Settings, action: str, subject: str, **details: Any) -> AbstractContextManager[None]:
    """Around what is done: written down before, and again how it ended. Raises StoreUnavailable."""
    return bootstrap.audit_log(settings).doing(actor(), action, subject, **details)


def audited_at_meta(
    settings: Settings, output: str, action: str, subject: str, **details: Any
) -> AbstractContextManager[None]:
    """The same around what is done at Meta. Whoever has a token can do that without a database, too: that is told."""
    try:
        return audited(settings, action, subject, **details)
    except StoreUnavailable:
        if output == "text":
            note("There is no database here, and so no audit log that would have this.")
        return nullcontext()
