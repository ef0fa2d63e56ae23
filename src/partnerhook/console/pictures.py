"""The charts of the overview: what each shows, in words, in a picture and as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

from partnerhook.console import charts
from partnerhook.console.charts import Series
from partnerhook.console.words import number
from partnerhook.core.delivery import Fate
from partnerhook.core.figures import ATTEMPTS, RECEIVED, REFUSED, Figures, Stretch, Within, quantile, total

REASONS_SHOWN: Final = 4
"""Of refusals, the most frequent; what is over is "other"."""
OTHER: Final = "other"

REASON_TONES: Final = ("tone-bad", "tone-waiting", "tone-odd", "tone-info")
OUTCOMES: Final = {
    Fate.DONE.value: ("delivered", "tone-good"),
    Fate.WAITING.value: ("to be tried again", "tone-waiting"),
    Fate.DEAD.value: ("given up", "tone-bad"),
}
SHARES: Final = {0.5: ("half of all", "tone-info"), 0.99: ("99 of 100", "tone-odd")}

WORDS_OF_REASON: Final = {
    "signature_missing": "no signature",
    "signature_malformed": "unreadable signature",
    "signature_wrong": "wrong signature",
    "handshake": "handshake with another verify token",
    "too_long": "body too long",
    "unavailable": "could not be stored (503)",
    "client_gone": "sender gave up",
    "method": "wrong method",
    "path": "no such path",
    "not_http": "not HTTP",
    "too_slow": "sent too slowly",
    "connections": "too many connections",
}


class Picture(NamedTuple):
    """One chart."""

    id: str
    title: str
    value: str
    """What it comes to, all in all."""
    said: str
    svg: Markup
    legend: Sequence[tuple[str, str]]
    """Name and tone of each series, where there is more than one."""
    columns: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    """The numbers: when a stretch began (Unix seconds), and a value for each column. Stretches with nothing are out."""


def received(past: Sequence[Stretch]) -> Picture:
    """What came in and was taken."""
    counts = [total(one.figures, RECEIVED) for one in past]
    said = "Webhooks that were signed, stored and answered 200."
    return _counted("received", "Received", said, past, [Series("received", "tone-good", counts)])


def refused(past: Sequence[Stretch], whole: Figures) -> Picture:
    """What was not taken, by reason."""
    counts: Mapping[str, int] = whole.get(REFUSED, {})
    frequent = sorted(counts, key=lambda reason: (-counts[reason], reason))[:REASONS_SHOWN]
    several = [
        Series(WORDS_OF_REASON.get(reason, reason), tone, [one.figures.get(REFUSED, {}).get(reason, 0) for one in past])
        for reason, tone in zip(frequent, REASON_TONES, strict=False)
    ]
    if len(counts) > len(frequent):
        rest = [
            sum(count for reason, count in one.figures.get(REFUSED, {}).items() if reason not in frequent)
            for one in past
        ]
        several.append(Series(OTHER, "tone-quiet", rest))
    said = "Requests not taken, by reason. Strangers try a public URL all the time."
    return _counted("refused", "Refused", said, past, several)


def deliveries(past: Sequence[Stretch]) -> Picture:
    """Attempts to deliver, by what became of the delivery."""
    several = [
        Series(name, tone, [one.figures.get(ATTEMPTS, {}).get(fate, 0) for one in past])
        for fate, (name, tone) in OUTCOMES.items()
    ]
    said = "Attempts to deliver notices and to pass webhooks on, by what came of each."
    return _counted("attempts", "Delivery attempts", said, past, several)


def answers(past: Sequence[Stretch], whole: Figures) -> Picture:
    """How long answers took."""
    several = [
        Series(name, tone, [_seconds(quantile(one.figures, share)) for one in past])
        for share, (name, tone) in SHARES.items()
    ]
    overall = {share: quantile(whole, share) for share in SHARES}
    value = " / ".join(within(one) for one in overall.values()) if overall[0.5] else "none"
    said = "Half of all, and 99 of 100, took no longer. Meta asks for a median under 250 ms and few above a second."
    label = f"Time to answer: half of all {within(overall[0.5])}, 99 of 100 {within(overall[0.99])}."
    rows = [
        (one.first_minute * 60, [within(quantile(one.figures, share)) for share in SHARES])
        for one in past
        if quantile(one.figures, 0.5)
    ]
    svg = charts.lines(several, span, label)
    columns = [name for name, _ in SHARES.values()]
    return Picture("answers", "Time to answer", value, said, svg, list(SHARES.values()), columns, rows)


def _counted(picture_id: str, title: str, said: str, past: Sequence[Stretch], several: Sequence[Series]) -> Picture:
    sums = {one.name: sum(int(value or 0) for value in one.values) for one in several}
    whole = sum(sums.values())
    parts = ", ".join(f"{number(count)} {name}" for name, count in sums.items() if len(several) > 1 and count)
    label = f"{title}: {number(whole)}{f', of which {parts}' if parts else ''}."
    rows = [
        (stretch.first_minute * 60, [number(int(one.values[place] or 0)) for one in several])
        for place, stretch in enumerate(past)
        if any(one.values[place] for one in several)
    ]
    legend = [(f"{one.name} {number(sums[one.name])}", one.tone) for one in several if len(several) > 1]
    svg = charts.bars(several, brief, label)
    return Picture(picture_id, title, number(whole), said, svg, legend, [one.name for one in several], rows)


def brief(value: float) -> str:
    """A count, as short as it can be said."""
    for power, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= power:
            return f"{value / power:.3g}{letter}"
    return f"{value:.3g}"


def span(seconds: float) -> str:
    """A short span of time."""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def within(bucket: Within | None) -> str:
    """A bucket in words."""
    if bucket is None:
        return "none"
    return f"over {span(bucket.at_least_s)}" if math.isinf(bucket.at_most_s) else f"≤ {span(bucket.at_most_s)}"


def _seconds(bucket: Within | None) -> float | None:
    if bucket is None:
        return None
    return bucket.at_least_s if math.isinf(bucket.at_most_s) else bucket.at_most_s
