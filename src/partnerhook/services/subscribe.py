"""Set an app's callback and fields at Meta, and keep the fields that are there already.

Whether Meta replaces the list of fields or adds to it is not documented, so all of them are sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from partnerhook.core.names import ACCOUNT_UPDATE, PARTNER_SOLUTIONS, WHATSAPP_OBJECT
from partnerhook.graph import Graph

WANTED: Final = (PARTNER_SOLUTIONS, ACCOUNT_UPDATE)
"""What the registry reads: solutions, and their customers."""


class Plan(NamedTuple):
    """What a subscription is, and what it will be."""

    callback_before: str
    """Empty: the app was not subscribed."""
    fields_before: tuple[str, ...]
    callback_url: str
    fields: tuple[str, ...]

    @property
    def moves(self) -> bool:
        """Somebody else's callback ends: it gets no webhook of this app any more."""
        return self.callback_before not in {"", self.callback_url}


class Subscriber:
    """One app, with all that is needed to set its subscription."""

    def __init__(self, graph: Graph, app_id: str, callback_url: str, verify_token: str) -> None:
        self._graph = graph
        self._app_id = app_id
        self._callback_url = callback_url
        self._verify_token = verify_token

    async def plan(self, more_fields: Iterable[str] = ()) -> Plan:
        """What would be done. Raises GraphError."""
        found = [one for one in await self._graph.subscriptions(self._app_id) if one.object == WHATSAPP_OBJECT]
        before = found[0] if found else None
        fields_before = tuple(field.name for field in before.fields) if before else ()
        fields = tuple(dict.fromkeys((*fields_before, *WANTED, *more_fields)))
        return Plan(before.callback_url if before else "", fields_before, self._callback_url, fields)

    async def carry_out(self, wanted: Plan) -> Plan:
        """Subscribe; Meta verifies the callback before it answers. What is there afterwards. Raises GraphError."""
        await self._graph.subscribe(
            self._app_id, callback_url=wanted.callback_url, verify_token=self._verify_token, fields=wanted.fields
        )
        return await self.plan()
