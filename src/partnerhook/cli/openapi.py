"""`partnerhook openapi`."""

from __future__ import annotations

from partnerhook import bootstrap
from partnerhook.cli.output import show_document


def openapi() -> None:
    """Print the API's OpenAPI 3.1 document as JSON. Needs no server and no configuration.

    Example: `partnerhook openapi > openapi.json`
    """
    show_document(bootstrap.openapi())
