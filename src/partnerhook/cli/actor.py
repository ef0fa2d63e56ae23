"""Who calls a command, for the audit log."""

from __future__ import annotations

import getpass
import socket

from partnerhook.core.access import Actor, Role


def actor() -> Actor:
    """Whoever may run commands here may do everything."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in many containers
        who = "somebody"
    return Actor(who, Role.ADMIN, "command", socket.gethostname())
