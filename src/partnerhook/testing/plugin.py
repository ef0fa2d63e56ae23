"""The pytest plugin: loaded by its entry point, it costs nothing until a fixture is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from partnerhook.testing.box import MetaInABox
    from partnerhook.testing.webhooks import SignedWebhook


@pytest.fixture
def meta_in_a_box() -> Iterator[MetaInABox]:
    """Meta in a box, on a free port, alone for this test: both partners, the Graph API and the sender of webhooks."""
    from partnerhook.testing.box import MetaInABox  # noqa: PLC0415 - paid for by tests that use it

    with MetaInABox() as box:
        yield box


@pytest.fixture
def meta_webhook() -> Callable[..., SignedWebhook]:
    """Makes signed requests: `meta_webhook("accepted", app_secret="...")` has a body and headers."""
    from partnerhook.testing.webhooks import signed_webhook  # noqa: PLC0415 - paid for by tests that use it

    return signed_webhook
