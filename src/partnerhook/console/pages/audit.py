"""Who changed what, when and from where: to be looked at, filtered, and taken along as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from partnerhook.console import csv
from partnerhook.console.frame import Frame
from partnerhook.console.requests import here, must_be, number_asked, word_asked
from partnerhook.core.access import Role
from partnerhook.services.aside import aside
from partnerhook.services.audit import Audit, AuditEntry, AuditFilter
from partnerhook.services.views import instant

ROWS: Final = 50
ROWS_OF_FILE: Final = 500
HEAD: Final = ("at", "who", "role", "via", "from", "action", "subject", "details", "outcome", "ended_at")


def routes(frame: Frame) -> list[Route]:
    """GET /audit and /audit.csv, for admins."""
    log = frame.management.audit

    async def show(request: Request) -> Response:
        must_be(request, Role.ADMIN)
        wanted, before = _wanted(request), number_asked(request, "before")
        found = await aside(log.page, wanted, before_id=before, limit=ROWS + 1)
        rows = found[:ROWS]
        context = {
            "entries": rows,
            "wanted": wanted,
            "file": here(request, before=None).replace("/audit", "/audit.csv", 1),
            "older": here(request, before=rows[-1].id) if len(found) > ROWS else "",
            "newest": here(request, before=None) if before else "",
        }
        return frame.page(request, "audit.html", context)

    async def download(request: Request) -> Response:
        must_be(request, Role.ADMIN)
        wanted = _wanted(request)
        return await csv.answer("audit.csv", HEAD, lambda: _rows(log, wanted))

    return [Route("/audit", show, methods=["GET"]), Route("/audit.csv", download, methods=["GET"])]


def _wanted(request: Request) -> AuditFilter:
    return AuditFilter(**{name: word_asked(request, name) for name in ("who", "action", "subject")})


def _rows(log: Audit, wanted: AuditFilter) -> Iterator[csv.Row]:
    before = None
    while page := log.page(wanted, before_id=before, limit=ROWS_OF_FILE):
        yield from map(_row, page)
        before = page[-1].id


def _row(one: AuditEntry) -> csv.Row:
    who, role, via, address = one.actor
    ended = None if one.ended_at is None else instant(one.ended_at)
    details = json.dumps(one.details, ensure_ascii=False)
    return (instant(one.at), who, role, via, address, one.action, one.subject, details, one.outcome, ended)
