"""A server to look at: one of its destinations takes notices, the other does not until it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from endpoints import Endpoint, Told, listening
from partnerhook.core.delivery import Fate
from partnerhook.services.outbox import DeliveryFilter, Listed, Outbox
from partnerhook.store.engine import open_engine
from running import Server, check_log, wait_until, webhook

HOSTILE: Final = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
"""What must be text wherever it is shown."""


class Backstage:
    """A server with destinations `crm` (works) and `billing` (answers 500 until told otherwise), and target `bot`."""

    def __init__(self, server: Server, crm: Endpoint, billing: Endpoint) -> None:
        self.server = server
        self.crm = crm
        self.billing = billing
        self.billing.answer = lambda _: Told(500, body=HOSTILE.encode())

    @property
    def engine(self) -> Engine:
        """Of its database."""
        return open_engine(self.server.environment["PARTNERHOOK_DATABASE_URL"])

    @property
    def outbox(self) -> Outbox:
        """What people look at."""
        return Outbox(self.engine)

    def hear(self, solution_id: str, status: str = "INITIATED", time: int = 1_739_321_024) -> None:
        """A webhook comes in."""
        assert self.server.post(webhook(solution_id, time, status)).status == 200

    def hear_field(self, field: str, value: Any) -> None:
        """A webhook of any field."""
        entry = {"id": "506914307656634", "time": 1, "changes": [{"field": field, "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        assert self.server.post(body).status == 200

    def dead(self) -> Listed:
        """A delivery that was given up; the newest one."""
        found = wait_until(self._all_dead, "something is given up", within_s=60)
        return found[-1]

    def fate(self, delivery_id: int) -> Fate:
        """Where a delivery stands."""
        found = self.outbox.delivery(delivery_id)
        assert found is not None
        return found[0].fate

    def _all_dead(self) -> list[Listed]:
        return list(self.outbox.find(DeliveryFilter(target="billing", fate=Fate.DEAD)))


@contextmanager
def backstage(folder: Path, **settings: Any) -> Iterator[Backstage]:
    """One for a while."""
    with listening() as crm, listening() as billing:
        (folder / "partnerhook.toml").write_text(
            f"""
            [[destinations]]
            name = "crm"
            url = "{crm.url}"
            internal = true
            [[destinations]]
            name = "billing"
            url = "{billing.url}"
            internal = true
            retry_first_s = 0.05
            retry_longest_s = 0.2
            give_up_after_s = 1
            [[forward]]
            name = "bot"
            url = "{crm.url}"
            internal = true
            fields = ["messages"]
            """
        )
        server = Server(folder, {"RECONCILE_EVERY_S": "0", **settings})
        try:
            yield Backstage(server.start(), crm, billing)
        finally:
            server.kill()
            check_log(server)
