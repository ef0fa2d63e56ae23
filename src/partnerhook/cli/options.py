"""The options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

ConfigFile = Annotated[
    Path | None,
    Parameter(
        name="--config",
        help="The configuration file. Without it: PARTNERHOOK_CONFIG, or partnerhook.toml in this folder.",
    ),
]
Format = Annotated[
    Literal["text", "json"],
    Parameter(name="--format", help="text for people, json for scripts: one document on stdout."),
]
