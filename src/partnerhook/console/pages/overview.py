"""How it goes: what came in, what was refused, how fast, what went out, and what is wrong with ourselves."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console import pictures
from partnerhook.console.forms import read_form
from partnerhook.console.frame import Frame
from partnerhook.core.access import Role
from partnerhook.services.aside import aside
from partnerhook.services.figures import SCALES, Span, sum_of
from partnerhook.services.health import Verdict

SPANS: Final = {Span.HOUR: "Last hour", Span.DAY: "Last day", Span.WEEK: "Last week"}
DOCTOR_WITHIN_S: Final = 20.0
"""Longer than anybody waits for a page; it goes on without them."""

TONES: Final = {
    Verdict.RIGHT: "tone-good",
    Verdict.DOUBTFUL: "tone-waiting",
    Verdict.WRONG: "tone-bad",
    Verdict.UNKNOWN: "tone-quiet",
}
WORST_FIRST: Final = (Verdict.WRONG, Verdict.DOUBTFUL, Verdict.UNKNOWN, Verdict.RIGHT)


def routes(frame: Frame) -> list[Route]:
    """GET /overview, POST /overview/doctor."""
    management = frame.management

    async def show(request: Request) -> Response:
        asked = request.query_params.get("span", "")
        span = Span(asked) if asked in set(Span) else Span.DAY
        past, newest, alarms = await asyncio.gather(
            aside(management.past.look, span),
            aside(management.past.newest),
            management.health.alarms_now(),
        )
        whole = sum_of(past)
        look = management.health.look()
        context = {
            "span": span,
            "spans": SPANS,
            "minutes": SCALES[span].minutes,
            "begun": past[0].first_minute * 60,
            "ends": (past[-1].first_minute + past[-1].minutes) * 60,
            "pictures": [
                pictures.received(past),
                pictures.answers(past, whole),
                pictures.refused(past, whole),
                pictures.deliveries(past),
            ],
            "newest": newest,
            "alarms": alarms,
            "look": look,
            "findings": sorted(look.findings, key=lambda one: WORST_FIRST.index(one.verdict)),
            "tones": TONES,
        }
        return frame.page(request, "overview.html", context)

    async def examine(request: Request) -> Response:
        await read_form(request, Role.OPERATOR)
        look = await management.health.look_at_everything(patience_s=DOCTOR_WITHIN_S)
        if look.under_way:
            return frame.lead_to("/overview#health", "The doctor is still looking. Reload the page in a while.")
        wrong = sum(one.verdict is Verdict.WRONG for one in look.findings)
        note = f"The doctor looked at everything: {wrong or 'nothing'} {'is' if wrong < 2 else 'are'} wrong."
        return frame.lead_to("/overview#health", note, good=not wrong)

    return [
        Route("/overview", show, methods=["GET"]),
        Route("/overview/doctor", examine, methods=["POST"]),
    ]
