"""Careful reading of single JSON values."""

from __future__ import annotations

import pytest

from partnerhook.core.names import Flag
from partnerhook.core.reading import TIME_AHEAD_S_MAX, TIME_MAX, as_id, as_time, as_word
from strategies import NOON_S


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("774485461512159", "774485461512159"),
        (774485461512159, "774485461512159"),
        (2**64, "18446744073709551616"),
        ("007", "007"),
        ("0", "0"),
        (0, "0"),
        ("9" * 32, "9" * 32),
    ],
)
def test_ids(sent: object, read: str):
    """Digits are kept exactly as they are, numbers too, beyond what a float could hold."""
    assert as_id(sent) == read


@pytest.mark.parametrize(
    "sent",
    [None, "", "12a", "-1", " 1", "1 ", "+1", "1.0", "٣", "¹", "9" * 33, -1, 1.0, 7e14, 10**100, True, False, [], {}],
)
def test_what_is_no_id(sent: object):
    """Anything but digits; a fraction has lost digits already, and true is not the number 1."""
    assert as_id(sent) is None


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("ACTIVE", "ACTIVE"),
        ("two words", "two words"),
        ("käse√", "käse√"),
        ("a\nb", "a\\nb"),
        ("\x00", "\\x00"),
        ("\ud800", "\\ud800"),
        ("\u202eEVITCA", "\\u202eEVITCA"),
        ("x" * 128, "x" * 128),
    ],
)
def test_words(sent: str, read: str):
    """Words are kept; what a terminal or a database would trip over is spelled out."""
    assert as_word(sent) == read


@pytest.mark.parametrize("sent", [None, "", "x" * 129, 1, 1.5, True, [], {}])
def test_what_is_no_word(sent: object):
    """Nothing, numbers, and texts too long to be a word."""
    assert as_word(sent) is None


@pytest.mark.parametrize(
    "sent", [0, 1, NOON_S, str(NOON_S), float(NOON_S), NOON_S + TIME_AHEAD_S_MAX, f"0{NOON_S}"], ids=repr
)
def test_times(sent: float | str):
    """Whole seconds from 1970 to a day ahead of our clock; any past value is taken as it is."""
    assert as_time(sent, received_at_s=NOON_S) == (int(sent), None)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "noon",
        "2025-06-15T15:06:40Z",
        "-1",
        "1.5",
        "٣",
        -1,
        1.5,
        True,
        False,
        float("nan"),
        float("inf"),
        1e300,
        10**100,
        "9" * 33,
        NOON_S * 1000,
        str(NOON_S * 1000),
        NOON_S + TIME_AHEAD_S_MAX + 1,
        [NOON_S],
        {},
    ],
    ids=repr,
)
def test_unreadable_times(sent: object):
    """Not a whole number, negative, in milliseconds, or more than a day ahead."""
    assert as_time(sent, received_at_s=NOON_S) == (None, Flag.TIME_UNREADABLE)


def test_a_missing_time_is_another_thing_than_an_unreadable_one():
    """Null counts as missing."""
    assert as_time(None, received_at_s=NOON_S) == (None, Flag.TIME_MISSING)


def test_milliseconds_are_found_without_a_clock():
    """A library user without a clock at hand is still safe from a time that no calendar can show."""
    assert as_time(NOON_S * 1000, received_at_s=TIME_MAX) == (None, Flag.TIME_UNREADABLE)
    assert as_time(TIME_MAX, received_at_s=TIME_MAX) == (TIME_MAX, None)
