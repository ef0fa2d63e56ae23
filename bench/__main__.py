"""`python -m bench`: see --help."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from typing import Final

from bench.machine import NotPossible, choose_cores
from bench.plan import ROOT, Plan, carry_out
from bench.postgres import put_away
from bench.report import as_markdown, as_text
from bench.servers import BenchFailed

WORK: Final = ROOT / ".artifacts" / "bench"
"""On the disk of the checkout: a folder in memory would make every commit free."""
PAGE: Final = ROOT / "docs" / "benchmarks.md"


def main() -> int:
    """Measure, print, and after a complete run write docs/benchmarks.md."""
    plan = _read_arguments()
    try:
        cores = choose_cores()
        os.sched_setaffinity(0, {cores.load})  # out of the server's way
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir(parents=True)
        results = carry_out(plan, cores, WORK, tell=lambda line: print(line, flush=True))
    except (NotPossible, BenchFailed) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    finally:
        put_away()
    shutil.rmtree(WORK)
    print("\n" + as_text(results))
    if plan.complete:
        PAGE.write_text(as_markdown(results), encoding="utf-8")
        print(f"\nWritten to {PAGE.relative_to(ROOT)}.")
    return 0


def _read_arguments() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, and write docs/benchmarks.md.")
    parser.add_argument("--quick", action="store_true", help="a smoke test of two minutes; writes nothing")
    parser.add_argument("--only", default="", metavar="PARTS", help=f"some of {','.join(Plan.PARTS)}; writes nothing")
    parser.add_argument("--connections", default="", metavar="N,N", help="instead of 256,64,1; writes nothing")
    parser.add_argument("--rounds", type=int, help="instead of the default; writes nothing")
    parser.add_argument("--seconds", type=int, help="of each measurement, instead of the default; writes nothing")
    parser.add_argument(
        "--apart", type=int, help="changes between two steps of one solution; 1: in a row; writes nothing"
    )
    parser.add_argument(
        "--grown",
        default="",
        metavar="N,N",
        help="observations on PostgreSQL, instead of a million and ten; writes nothing",
    )
    given = parser.parse_args()
    plan = Plan.quick() if given.quick else Plan()
    try:
        return plan.changed(
            parts=tuple(given.only.split(",")) if given.only else None,
            connections=tuple(int(number) for number in given.connections.split(",")) if given.connections else None,
            rounds=given.rounds,
            seconds=given.seconds,
            apart=given.apart,
            grown=tuple(int(number) for number in given.grown.split(",")) if given.grown else None,
        )
    except ValueError as problem:
        parser.error(str(problem))


if __name__ == "__main__":
    sys.exit(main())
