"""Telling what was told once more."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from partnerhook.api.keys import actor_of, needs
from partnerhook.api.models.log import Replay, Replayed
from partnerhook.api.parameters import microseconds
from partnerhook.api.problems import Refusal
from partnerhook.api.routes.notices import kinds_of
from partnerhook.api.routes.router import CONFLICT, WITH_BODY, new_router
from partnerhook.core.access import Role
from partnerhook.services.management import Management
from partnerhook.services.outbox import NoticeFilter


def routes(management: Management) -> APIRouter:
    """POST /notices/replay."""
    router = new_router("notices")

    @router.post("/notices/replay", response_model=Replayed, responses=CONFLICT | WITH_BODY, **needs(Role.OPERATOR))
    def replay_notices(request: Request, asked: Replay) -> dict[str, Any]:
        """Deliver notices of the past once more; or, with `preview`, say what that would be.

        They have the ids that they had, so that whoever keeps ids drops what it knows. A call takes up to 5,000
        notices; `partnerhook replay` spreads more of them over time.
        """
        replays = management.replays
        if unknown := sorted(set(asked.destinations) - set(replays.destinations())):
            raise Refusal(409, f"There is no destination {', '.join(unknown)} in the configuration.")
        wanted = NoticeFilter(
            app=asked.app,
            solution_id=asked.solution_id,
            kinds=kinds_of(asked.types),
            since=microseconds(asked.since),
            until=microseconds(asked.until),
        )
        newest = management.outbox.newest_notice()
        planned = replays.preview(wanted, asked.destinations)
        if planned.too_many:
            raise Refusal(409, f"These are {planned.notices:,} notices; `partnerhook replay` does as many.")
        deliveries = planned.deliveries
        if not asked.preview:
            about = asked.model_dump(mode="json", exclude={"preview"}, exclude_defaults=True)
            with management.audit.doing(actor_of(request), "notice.replay", f"{planned.notices} notices", **about):
                deliveries = replays.replay(wanted, asked.destinations, up_to=newest)
        return {
            "notices": planned.notices,
            "deliveries": deliveries,
            "enqueued": not asked.preview,
            "by_destination": planned.by_destination,
        }

    return router
