"""Careful reading of single JSON values: what is understood is returned, what is not is said."""

from __future__ import annotations

from typing import Final

from partnerhook.core.names import Flag

ID_DIGITS_MAX: Final = 32
"""Meta's ids are 64-bit numbers, 20 digits at most; anything much longer is not an id."""

WORD_CHARS_MAX: Final = 128
"""Meta's longest word here has 20 characters; a longer text is not a status or an event."""

TIME_AHEAD_S_MAX: Final = 86_400
"""How far `time` may lie ahead of our clock. One webhook from the far future would outrank all later ones."""

TIME_MAX: Final = 253_402_300_799
"""The end of the year 9999, the last second that RFC 3339 can write; a `time` in milliseconds lies behind it."""


class NotUnderstood(ValueError):
    """A change cannot be understood; the message says where and why. Ends in quarantine."""


def as_id(value: object) -> str | None:
    """A string of digits. Numbers are accepted where strings are documented, and kept exact."""
    if type(value) is int and value >= 0:
        # Far beyond any id, str() refuses the number itself (sys.set_int_max_str_digits).
        return str(value) if value.bit_length() <= ID_DIGITS_MAX * 3 else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= ID_DIGITS_MAX:
        return value
    return None


def as_word(value: object) -> str | None:
    """A short text with nothing in it that a terminal, a database or a log line would trip over."""
    if not isinstance(value, str) or not value or len(value) > WORD_CHARS_MAX:
        return None
    return value if value.isprintable() else value.encode("unicode_escape").decode("ascii")


def as_time(value: object, received_at_s: int) -> tuple[int | None, Flag | None]:
    """`time` in Unix seconds, or None with the reason: missing, not a whole number, or out of range."""
    if value is None:
        return None, Flag.TIME_MISSING
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= ID_DIGITS_MAX:
        value = int(value)
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and 0 <= value <= min(received_at_s + TIME_AHEAD_S_MAX, TIME_MAX):
        return value, None
    return None, Flag.TIME_UNREADABLE
