"""What came out, as text and as docs/benchmarks.md."""

from __future__ import annotations

from statistics import median

from bench.plan import Results


def as_text(results: Results) -> str:
    lines = []
    for connections, found in results.single.items():
        for name, measured in found.items():
            lines.append(f"{connections:>4} {name:<6} {median(m.answers_s for m in measured):>8,.0f}/s")
    return "\n".join(lines)


def as_markdown(results: Results) -> str:
    return ""
