"""Charts: nothing of what they show is lost, and nobody's words become markup."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerhook.console import charts, csv, page_words
from partnerhook.console.charts import Series
from partnerhook.console.pictures import brief, within
from partnerhook.core.figures import Within


@given(st.floats(1e-6, 1e12))
def test_the_top_of_an_axis(value: float):
    """Is no lower than the highest value, and not far above it."""
    assert value <= charts.nice(value) * (1 + 1e-6)
    assert charts.nice(value) <= value * 2.5 * (1 + 1e-6)


def test_bars_stand_on_each_other():
    """Two series of one place have the height of their sum."""
    svg = charts.bars([Series("a", "x", [3.0]), Series("b", "y", [7.0])], brief, "ten")

    heights = [float(one) for one in re.findall(r'height="([\d.]+)"', svg)]
    assert heights == [pytest.approx(35.4), pytest.approx(82.6)]


def test_a_line_has_gaps_where_there_is_nothing():
    """A value between two gaps is a point."""
    svg = charts.lines([Series("a", "x", [1.0, 2.0, None, 5.0, None])], brief, "some")

    assert svg.count("<polyline") == 1
    assert svg.count("<circle") == 1


def test_words_of_others_stay_words():
    """In the label, too."""
    assert "<b>" not in charts.bars([Series("<b>", '"><b>', [1.0])], lambda _: "<b>", '"><b>')


def test_nothing_is_drawn_of_nothing():
    """An empty chart has its lines and no bar."""
    assert "<rect" not in charts.bars([], brief, "")
    assert "<rect" not in charts.bars([Series("a", "x", [0, None])], brief, "")


@given(st.text())
def test_what_a_spreadsheet_reads_is_what_it_was(text: str):
    """But for the apostrophe before what it would calculate."""
    cell = csv.cell(text)

    assert cell[1:-1].replace('""', '"').removeprefix("'") == text.removeprefix("'")
    assert not cell[1:].lstrip(" ").startswith(csv.DANGEROUS)


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("run `a <b>` now", "run <code>a &lt;b&gt;</code> now"),
        ("one ` alone <b>", "one ` alone &lt;b&gt;"),
        ("none", "none"),
    ],
)
def test_commands_in_sentences(text: str, markup: str):
    """Between backticks."""
    assert page_words.with_code(text) == markup


def test_words_for_numbers():
    """As short as they can be said."""
    assert [brief(value) for value in (0.0, 5.0, 1_500.0, 2e6)] == ["0", "5", "1.5k", "2M"]
    assert [within(one) for one in (None, Within(0.0, 0.025), Within(10.0, math.inf))] == [
        "none",
        "≤ 25 ms",
        "over 10 s",
    ]
    assert [page_words.counted(count, "delivery") for count in (1, 2_000)] == ["1 delivery", "2,000 deliveries"]
