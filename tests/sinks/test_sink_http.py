"""An HTTP endpoint, through the kit of all kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from conformance import Fact, Kit, Received, every_fact

from endpoints import Endpoint
from partnerhook.core.standard_webhooks import new_secret
from partnerhook.sinks.http import HttpSink
from partnerhook.sinks.outbound import Outbound


class Web:
    """An endpoint that is stopped and started on the same port; what it has got outlives it."""

    def __init__(self) -> None:
        self.endpoint = Endpoint()
        self.endpoint.start()
        self.before: list[Received] = []
        self.url = self.endpoint.url

    def stop(self) -> None:
        """Refuse connections."""
        self.before += self._got()
        self.endpoint.stop()

    def start(self) -> None:
        """On the same port."""
        self.endpoint = Endpoint(self.endpoint.port)
        self.endpoint.start()

    def _got(self) -> list[Received]:
        return [Received(one.headers["webhook-id"], one.body) for one in self.endpoint.got]

    async def read(self) -> Sequence[Received]:
        """Everything, in its order."""
        return [*self.before, *self._got()]


@pytest.fixture
def web() -> Web:
    """One."""
    return Web()


@every_fact
def test_conforms(web: Web, fact: Fact):
    """As every kind."""

    def sink() -> HttpSink:
        outbound = Outbound(internal=True, timeout_s=5, connections_max=50)
        return HttpSink(url=web.url, secrets=[new_secret(bytes(32))], outbound=outbound)

    asyncio.run(fact(Kit(sink, web.read, web.stop, web.start)))
    web.endpoint.stop()
