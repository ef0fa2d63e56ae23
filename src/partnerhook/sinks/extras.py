"""Libraries that one kind of destination needs and others do not: the extras of pyproject.toml."""

from __future__ import annotations

from partnerhook.core.errors import ConfigurationInvalid


class MissingExtra(ConfigurationInvalid):
    """The library that this kind of destination needs is not installed."""


def missing_extra(extra: str, problem: ImportError) -> MissingExtra:
    """The error for a library of this extra that cannot be imported. It names the line that installs it."""
    return MissingExtra(f"needs {problem.name or extra}, which is not installed: pip install 'partnerhook[{extra}]'.")
