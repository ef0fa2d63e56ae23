"""The Graph API for Multi-Partner Solutions: one method for each thing that can be asked or done.

    async with Graph(access_token, app_secret=app_secret) as graph:
        reading = await graph.solution("774485461512159")

Every method raises GraphError (see `errors`) where Meta does not do it, and ValueError, before anything is
sent, where an id is none. What changes something is sent once; `maybe_done` of an error says that nobody
can tell whether it was done.

Sources (read 2026-06-17), all at https://developers.facebook.com:
documentation/business-messaging/whatsapp/solution-providers/multi-partner-solutions and
multi-partner-solution-embedded-creation beside it; documentation/business-messaging/whatsapp/reference/application
and reference/whatsapp-business-solution, v23.0 and v25.0; docs/graph-api/webhooks/subscriptions-edge.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeVar

from pydantic import SecretStr

from partnerhook.core.graph_readings import AppReference, GraphReading, Partner
from partnerhook.core.names import WHATSAPP_OBJECT
from partnerhook.graph.address import graph_address
from partnerhook.graph.answers import (
    CustomerToken,
    app_of,
    confirm,
    created,
    customer_token_of,
    partner_of,
    reading_of,
)
from partnerhook.graph.app_answers import (
    Permission,
    Subscription,
    TokenFacts,
    permission_of,
    subscription_of,
    token_facts_of,
)
from partnerhook.graph.asking import ANSWER_BYTES_MAX, Asker, Clock, Patience, unix_microseconds
from partnerhook.graph.errors import ActionRefused, GraphUnreadable, NotFound
from partnerhook.graph.hiding import hide
from partnerhook.graph.paging import PAGES_MAX, pages
from partnerhook.graph.requests import (
    EVERYTHING,
    LISTED,
    PARTNERSHIP,
    Ask,
    Role,
    app_token,
    id_of,
    limit_of,
    secret_of,
)
from partnerhook.graph.throttle import Sleep

GRAPH_URL: Final = "https://graph.facebook.com/v25.0"

Item = TypeVar("Item")


class SolutionPage(NamedTuple):
    """Some of an app's solutions."""

    readings: tuple[GraphReading, ...]
    unreadable: int = 0
    """Rows without an id or a status: they spoil no neighbour."""


class Graph:
    """The Graph API, with one access token. `timeout_s` is for a whole answer, from connecting to its last byte."""

    def __init__(
        self,
        access_token: str,
        *,
        app_secret: str | None = None,
        url: str = GRAPH_URL,
        timeout_s: float = 10.0,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        pages_max: int = PAGES_MAX,
        patience: Patience = Patience(),  # noqa: B008 - a tuple; it does not change
        clock: Clock = unix_microseconds,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Nothing is sent yet. Raises ConfigurationInvalid."""
        self._address = graph_address(url)
        self._app_secret = None if app_secret is None else secret_of(app_secret, "app secret")
        self._pages_max = pages_max
        self._asker = Asker(
            secret_of(access_token, "access token"),
            app_secret=self._app_secret,
            address=self._address,
            timeout_s=timeout_s,
            answer_bytes_max=answer_bytes_max,
            patience=patience,
            clock=clock,
            sleep=sleep,
        )

    def __repr__(self) -> str:
        return f"<Graph {self._address}>"

    async def __aenter__(self) -> Self:
        await self._asker.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._asker.__aexit__(kind, error, trace)

    # Looking at solutions.

    async def solution_pages(
        self, app_id: str, role: Role | None = None, limit: int = 100, *, detailed: bool = False
    ) -> AsyncIterator[SolutionPage]:
        """Every solution of an app, page by page; of both roles where none is given.

        `detailed`: with the apps, permissions and partners of each, and not name and state alone.
        """
        query = {"fields": EVERYTHING if detailed else LISTED, "limit": limit_of(limit)}
        if role is not None:
            query["role"] = Role(role).value
        async for page in self._solutions(f"{id_of(app_id, 'app_id')}/whatsapp_business_solutions", query):
            yield page

    async def solution(self, solution_id: str) -> GraphReading:
        """One solution with all that can be known of it; without the inner parts where Meta refuses those."""
        path = id_of(solution_id, "solution_id")
        try:
            answer = await self._asker.ask(Ask("GET", path, {"fields": EVERYTHING}))
        except ActionRefused:
            # "The requested fields are not available for this solution", HTTP 422 of the OpenAPI v23.0.
            answer = await self._asker.ask(Ask("GET", path, {"fields": LISTED}))
        reading = reading_of(answer.document, answer)
        if reading is None or reading.solution_id != solution_id:
            raise GraphUnreadable(f"The answer does not tell the state of solution {solution_id}.")
        return reading

    async def partners(self, solution_id: str) -> tuple[Partner, ...]:
        """The invited side of a solution."""
        path = f"{id_of(solution_id, 'solution_id')}/partners"
        return await self._all(Ask("GET", path, {"fields": PARTNERSHIP}), partner_of)

    async def waba_solutions(self, waba_id: str) -> tuple[GraphReading, ...]:
        """The solutions that a customer's WhatsApp business account is shared through."""
        path = f"{id_of(waba_id, 'waba_id')}/solutions"
        found = [page.readings async for page in self._solutions(path, {"fields": LISTED})]
        return tuple(reading for readings in found for reading in readings)

    async def customer_token(self, solution_id: str, business_id: str) -> CustomerToken:
        """The token for a customer's portfolio, onboarded through the solution."""
        query = {"business_id": id_of(business_id, "business_id")}
        path = f"{id_of(solution_id, 'solution_id')}/access_token"
        return customer_token_of((await self._asker.ask(Ask("GET", path, query))).document)

    # Acting on solutions.

    async def create(
        self,
        app_id: str,
        *,
        name: str,
        partner_app_id: str,
        owner_permissions: Sequence[str] = (),
        partner_permissions: Sequence[str] = (),
    ) -> str:
        """Ask a partner for a new solution; its id. One side, not both, has the permission MESSAGING."""
        body = {
            "owner_permissions": list(owner_permissions),
            "partner_app_id": id_of(partner_app_id, "partner_app_id"),
            "partner_permissions": list(partner_permissions),
            "solution_name": name,
        }
        path = f"{id_of(app_id, 'app_id')}/whatsapp_business_solution"
        return created((await self._asker.ask(Ask("POST", path, json=body))).document)

    async def accept(self, solution_id: str, *, partner_app_id: str | None = None) -> None:
        """As the invited partner: agree. `partner_app_id` is wanted by v23.0 alone."""
        await self._act(solution_id, "accept", _named(partner_app_id))

    async def reject(self, solution_id: str, *, partner_app_id: str | None = None) -> None:
        """Decline a request, for ever. `partner_app_id` is wanted by v23.0 alone."""
        named = _named(partner_app_id)
        await self._act(solution_id, "reject", named and {"request_type": "PARTNERSHIP_REQUEST", **named})

    async def request_deactivation(self, solution_id: str) -> None:
        """Ask the other party to end the solution."""
        await self._act(solution_id, "send_deactivation_request")

    async def accept_deactivation(self, solution_id: str) -> None:
        """End the solution, as the other party asked."""
        await self._act(solution_id, "accept_deactivation_request")

    async def reject_deactivation(self, solution_id: str) -> None:
        """Keep the solution active, though the other party asked to end it."""
        # v23.0 wants this body; the guide and v25.0 have none, and pass over it.
        await self._act(solution_id, "reject_deactivation_request", {"reject_deactivation_request": True})

    async def _act(self, solution_id: str, edge: str, body: dict[str, Any] | None = None) -> None:
        path = f"{id_of(solution_id, 'solution_id')}/{edge}"
        confirm((await self._asker.ask(Ask("POST", path, json=body))).document)

    # Webhook subscriptions, with the app's own token: made of the app secret, or else given as the access token.

    async def subscriptions(self, app_id: str) -> tuple[Subscription, ...]:
        """What an app is subscribed to."""
        path = f"{id_of(app_id, 'app_id')}/subscriptions"
        return await self._all(Ask("GET", path, token=self._app_token(app_id)), subscription_of)

    async def subscribe(
        self,
        app_id: str,
        *,
        callback_url: str,
        verify_token: str,
        fields: Iterable[str],
        object: str = WHATSAPP_OBJECT,  # noqa: A002 - Meta's word
    ) -> None:
        """Subscribe to `fields`, all of them: what is left out may end. Meta calls the callback before it answers."""
        form = {
            "object": object,
            "callback_url": callback_url,
            "fields": ",".join(fields),
            "include_values": "true",
        }
        path = f"{id_of(app_id, 'app_id')}/subscriptions"
        secrets = {"verify_token": SecretStr(verify_token)}
        ask = Ask("POST", path, form=form, secrets=secrets, token=self._app_token(app_id))
        confirm((await self._asker.ask(ask)).document)

    async def unsubscribe(
        self,
        app_id: str,
        *,
        fields: Iterable[str] = (),
        object: str = WHATSAPP_OBJECT,  # noqa: A002 - Meta's word
    ) -> None:
        """End the subscription to `fields`, or to all fields of `object` where none is named."""
        query = {"object": object}
        named = ",".join(fields)
        if named:
            query["fields"] = named
        path = f"{id_of(app_id, 'app_id')}/subscriptions"
        confirm((await self._asker.ask(Ask("DELETE", path, query, token=self._app_token(app_id)))).document)

    # Tokens and apps.

    async def debug_token(self, token: str, *, app_id: str | None = None) -> TokenFacts:
        """What Meta says of a token. With `app_id`, and the app secret, it is the app itself that asks."""
        # Documented as a GET with the token in its URL. The method is overridden, so that it stands in no URL.
        secrets = {"input_token": secret_of(token, "token")}
        asking = None if app_id is None else self._app_token(app_id)
        ask = Ask("POST", "debug_token", form={"method": "GET"}, secrets=secrets, token=asking, reading=True)
        return token_facts_of((await self._asker.ask(ask)).document, partial(hide, secrets=[token]))

    async def permissions(self) -> tuple[Permission, ...]:
        """What the access token may do."""
        return await self._all(Ask("GET", "me/permissions"), permission_of)

    async def assigned_apps(self) -> tuple[AppReference, ...]:
        """The apps that the token's system user works for."""
        try:
            return await self._all(Ask("GET", "me/assigned_applications"), app_of)
        except (NotFound, ActionRefused):
            # The same page's sample calls it so (C8).
            return await self._all(Ask("GET", "me/application_details"), app_of)

    # What these have in common.

    async def _solutions(self, path: str, query: dict[str, str]) -> AsyncIterator[SolutionPage]:
        async for page in pages(self._asker, Ask("GET", path, query), self._pages_max):
            found = [reading_of(row, page.answer) for row in page.rows]
            readings = tuple(reading for reading in found if reading is not None)
            yield SolutionPage(readings, len(found) - len(readings))

    async def _all(self, ask: Ask, read: Callable[[Any], Item | None]) -> tuple[Item, ...]:
        found = [read(row) async for page in pages(self._asker, ask, self._pages_max) for row in page.rows]
        return tuple(item for item in found if item is not None)

    def _app_token(self, app_id: str) -> SecretStr | None:
        if self._app_secret is None:
            return None
        return SecretStr(app_token(app_id, self._app_secret.get_secret_value()))


def _named(partner_app_id: str | None) -> dict[str, Any] | None:
    return None if partner_app_id is None else {"partner_app_id": id_of(partner_app_id, "partner_app_id")}
