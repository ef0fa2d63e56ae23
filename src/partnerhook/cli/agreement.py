"""Ask a person before something is changed that is not ours to change back."""

from __future__ import annotations

import sys

from partnerhook.core.errors import PartnerhookError


def agreed(question: str, *, yes: bool) -> bool:
    """Whether it is to be done. Raises PartnerhookError where nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise PartnerhookError("Nobody can be asked here, for there is no terminal: add --yes, or --dry-run.")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
