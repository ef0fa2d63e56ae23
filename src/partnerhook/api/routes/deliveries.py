"""Who got what: deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from partnerhook.api.keys import actor_of, needs
from partnerhook.api.models import deliveries as models
from partnerhook.api.paging import LIMIT, Cursor, Limit, Page, number_behind, page
from partnerhook.api.parameters import NUMBER_MAX, Number, OnlySolution, Text, number_of
from partnerhook.api.problems import not_found
from partnerhook.api.routes.router import NOT_FOUND, WITH_BODY, new_router
from partnerhook.core.access import Role
from partnerhook.core.delivery import Fate
from partnerhook.services import views
from partnerhook.services.management import Management
from partnerhook.services.outbox import DeliveryFilter, Listed

ATTEMPTS_MAX: Final = 500

OnlyTarget = Annotated[Text, Query(description="Only of this destination or forward target.")]


def routes(management: Management) -> APIRouter:
    """/deliveries and what is below it."""
    router = new_router("deliveries")
    outbox = management.outbox

    @router.get("/deliveries", response_model=Page[models.Delivery], **needs(Role.VIEWER))
    def list_deliveries(
        *,
        target: OnlyTarget = None,
        fate: Fate | None = None,
        solution_id: OnlySolution = None,
        limit: Limit = LIMIT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """List deliveries, newest first."""
        wanted = DeliveryFilter(target=target, fate=fate, solution_id=solution_id)
        found = outbox.deliveries_page(wanted, before_id=number_behind(cursor), limit=limit + 1)
        return page(found, limit, lambda one: one.id, views.delivery)

    @router.get(
        "/deliveries/{delivery_id:digits}",
        response_model=models.ShownDelivery,
        responses=NOT_FOUND,
        **needs(Role.VIEWER),
    )
    def show_delivery(delivery_id: Number) -> dict[str, Any]:
        """Show a delivery with each attempt: when, how long, and what was answered."""
        found = outbox.delivery(number_of(delivery_id, "delivery"))
        if found is None:
            raise not_found(f"delivery {delivery_id}")
        one, attempts, notice = found
        return views.delivery_story(one, attempts[-ATTEMPTS_MAX:], notice)

    @router.post("/deliveries/retry", response_model=models.Changed, responses=WITH_BODY, **needs(Role.OPERATOR))
    def retry_deliveries(request: Request, chosen: models.Chosen) -> dict[str, Any]:
        """Try deliveries again that were given up, from the first attempt on; up to 500 in one call.

        By number, or all dead ones that fit. Done twice, the second one changes nothing.
        """
        return change(request, chosen, "delivery.retry", outbox.retry, {Fate.DEAD, Fate.DISCARDED})

    @router.post("/deliveries/discard", response_model=models.Changed, responses=WITH_BODY, **needs(Role.ADMIN))
    def discard_deliveries(request: Request, chosen: models.Chosen) -> dict[str, Any]:
        """Give deliveries up: dead ones that fit, or by number those that wait, too; up to 500 in one call.

        `retry` brings them back, by number.
        """
        return change(request, chosen, "delivery.discard", outbox.discard, {Fate.DEAD, Fate.WAITING})

    def change(
        request: Request,
        chosen: models.Chosen,
        action: str,
        act: Callable[[Sequence[Listed]], int],
        fates: set[Fate],
    ) -> dict[str, Any]:
        found, more = by_number(chosen) if chosen.ids is not None else by_filter(chosen)
        fit = [one for one in found if one.fate in fates]
        if fit:
            about = chosen.model_dump(exclude_none=True, exclude={"ids"})
            numbers = [str(one.id) for one in fit]
            with management.audit.doing(actor_of(request), action, f"{len(fit)} deliveries", ids=numbers, **about):
                act(fit)
        changed = {str(one.id) for one in fit}
        left = [one for one in dict.fromkeys(chosen.ids or ()) if str(int(one)) not in changed]
        return {"changed": len(fit), "left": left, "more": more}

    def by_number(chosen: models.Chosen) -> tuple[list[Listed], bool]:
        numbers = tuple({int(one) for one in chosen.ids or () if int(one) <= NUMBER_MAX})
        wanted = DeliveryFilter(target=chosen.target, solution_id=chosen.solution_id, ids=numbers)
        return outbox.deliveries_page(wanted, before_id=None, limit=models.IDS_MAX), False

    def by_filter(chosen: models.Chosen) -> tuple[list[Listed], bool]:
        wanted = DeliveryFilter(target=chosen.target, solution_id=chosen.solution_id, fate=Fate.DEAD)
        found = list(islice(outbox.find(wanted), models.IDS_MAX + 1))  # those first that were enqueued first
        return found[: models.IDS_MAX], len(found) > models.IDS_MAX

    return router
