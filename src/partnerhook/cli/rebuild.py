"""`partnerhook rebuild`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import note, put, show_document
from partnerhook.cli.progress import progress
from partnerhook.services import views

if TYPE_CHECKING:
    from partnerhook.services.rebuild import Difference


def rebuild(
    *,
    check: Annotated[
        bool, Parameter(negative=(), help="Change nothing; exit 1 where anything differs, for a nightly job.")
    ] = False,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Fold every solution anew from the log of observations, mend what differs, and report it.

    Nothing should ever differ: the log is the truth, and what is listed is kept equal to it. This is
    the proof, and the repair after somebody has edited the database. It works beside a running
    `serve` in small slices. Rows of solutions that the log does not tell of are removed.

    Example: `partnerhook rebuild --check --format json`
    """
    with progress("Folding solutions anew") as on_progress:
        rebuilt = bootstrap.rebuild(config.load(config_file), check=check, on_progress=on_progress)
    if output == "json":
        differences = [views.difference(one) for one in rebuilt.differences]
        show_document(
            {
                "solutions": rebuilt.solutions,
                "mended": bool(rebuilt.differences) and not check,
                "differences": differences,
            }
        )
    else:
        for one in rebuilt.differences:
            put(_line(one))
        note(_summary(rebuilt.solutions, len(rebuilt.differences), check=check))
    if check and rebuilt.differences:
        sys.exit(1)


def _line(one: Difference) -> str:
    """The columns that differ, before -> after."""
    if one.after is None:
        return f"{one.app}  {one.solution_id}  removed: the log does not tell of it"
    after = views.stored(one.after)
    if one.before is None:
        return f"{one.app}  {one.solution_id}  was missing: {_value(after['status'])} since {_value(after['since'])}"
    before = views.stored(one.before)
    steps = (f"{name} {_value(before[name])} -> {_value(after[name])}" for name in one.changed)
    return f"{one.app}  {one.solution_id}  {', '.join(steps)}"


def _value(value: Any) -> str:
    text = ",".join(value) if isinstance(value, list) else str(value)
    # The row was damaged by an unknown hand: nothing in it is known to be fit for a terminal.
    return (text if text.isprintable() else ascii(text)) or "-"


def _summary(solutions: int, differing: int, *, check: bool) -> str:
    folded = f"{solutions} solution{'' if solutions == 1 else 's'} folded anew from the log"
    if not differing:
        return f"{folded}; none differed."
    fate = "nothing was changed; without --check they are mended" if check else "mended as above"
    return f"{folded}; {differing} differed, {fate}."
