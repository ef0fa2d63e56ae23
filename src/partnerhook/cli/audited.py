"""Who calls a command that changes something, and what: for the audit log."""

from __future__ import annotations

import getpass
import socket
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from partnerhook import bootstrap
from partnerhook.core.access import Actor, Role

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
