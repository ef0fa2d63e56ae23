"""`partnerhook reconcile`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from partnerhook import bootstrap, config
from partnerhook.bootstrap.logs import set_up_logs
from partnerhook.cli.audited import actor
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import note, put, show_document
from partnerhook.cli.progress import progress
from partnerhook.services import views

if TYPE_CHECKING:
    from partnerhook.core.drift import Drift
    from partnerhook.services.reconcile import Reconciled


def reconcile(
    *,
    check: Annotated[
        bool, Parameter(negative=(), help="Change nothing; exit 1 where anything differs, for a nightly job.")
    ] = False,
    app: Annotated[str | None, Parameter(name="--app", help="Only this configured app.")] = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Compare the registry with the Graph API, repair what differs, and report it.

    Meta keeps no history of webhooks: what was missed can only be read again. Reads all solutions of each configured
    app that has an app id and an access token, in both roles. What differs becomes an observation like any other, at
    the time of Meta's answer; what a webhook tells while it is being read is not undone. It works beside a running
    `serve`, which does the same every PARTNERHOOK_RECONCILE_EVERY_S; a second run waits for the first.

    Exit 0: compared, and repaired where anything differed. Exit 1: an app could not be read; or, with --check, drift.

    Example: `partnerhook reconcile --check --format json`
    """
    set_up_logs("console")
    settings = config.load(config_file)
    with progress("Reading solutions") as on_progress:
        report = asyncio.run(
            bootstrap.reconcile(
                settings,
                app,
                actor(),
                check=check,
                on_progress=on_progress,
                on_wait=lambda: note("Another process is reconciling; waiting for it to end."),
            )
        )
    if output == "json":
        show_document(views.reconciled(report))
    else:
        _show(report)
    if report.failed or (check and report.drift):
        sys.exit(1)


def _show(report: Reconciled) -> None:
    for one in report.apps:
        for drift in one.drift:
            put(_line(drift))
        for drift in one.confirmed:
            flags = ", ".join(drift.thought.anomalies) if drift.thought else ""
            put(f"{drift.app}  {drift.reading.solution_id}  {drift.reading.reported_status} is confirmed ({flags})")
        for solution_id in one.in_doubt:
            put(f"{one.app}  {solution_id}  changed while it was read; the next run reads it again")
        for solution_id in one.unlisted:
            put(f"{one.app}  {solution_id}  is in the registry, but the Graph API does not list it for this app")
        if one.failure:
            put(f"{one.app}  was not read to its end: {one.failure}")
        if one.unreadable:
            put(f"{one.app}  {one.unreadable} rows of the Graph API had no id or no status, and were left out")
    note(_summary(report))


def _line(drift: Drift) -> str:
    missed = f"; missed: {', '.join(drift.missed)}" if drift.missed else ""
    return (
        f"{drift.app}  {drift.reading.solution_id}  the registry had {views.thought(drift.thought) or 'nothing'},"
        f" the Graph API says {drift.reading.reported_status}{missed}"
    )


def _summary(report: Reconciled) -> str:
    read = sum(one.read for one in report.apps)
    compared = f"{read} solution{'' if read == 1 else 's'} of {len(report.apps)} app{'s'[: len(report.apps) != 1]} read"
    if not report.drift:
        return f"{compared}; the registry is right."
    fate = "nothing was changed; without --check they are repaired" if report.check else "repaired as above"
    return f"{compared}; {len(report.drift)} differed, {fate}."
