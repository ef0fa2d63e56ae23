"""Whose turn it is."""

from __future__ import annotations

import pytest

from partnerhook.core.inbox import Turn, turn
from partnerhook.core.lifecycle import Solution, fold
from partnerhook.core.transitions import Party
from strategies import NOON_S, observation


def solution(*words: str) -> Solution:
    """One that came to the last of these states."""
    found = fold([observation(word, NOON_S + place) for place, word in enumerate(words)])
    assert found is not None
    return found


@pytest.mark.parametrize("word", ["INITIATED", "PENDING_DEACTIVATION"])
def test_what_waits_is_the_partners_to_answer(word: str):
    """As the guide has it; nobody knows whose it is where our side is not known."""
    one = solution("ACTIVE", word) if word != "INITIATED" else solution(word)

    assert turn(one, Party.PARTNER) is Turn.OURS
    assert turn(one, Party.OWNER) is Turn.THEIRS
    assert turn(one, None) is Turn.UNKNOWN


@pytest.mark.parametrize("word", ["DRAFT", "ACTIVE", "REJECTED", "DEACTIVATED", "LIMBO"])
def test_nothing_waits(word: str):
    """Whoever we are."""
    assert {turn(solution(word), role) for role in (None, *Party)} == {Turn.NOBODY}


def test_what_cannot_be_told():
    """In one second it was both: somebody has to ask."""
    one = fold([observation("ACTIVE", NOON_S), observation("PENDING_DEACTIVATION", NOON_S)])

    assert one is not None
    assert len(one.could_be) > 1
    assert turn(one, Party.PARTNER) in {Turn.UNKNOWN, Turn.NOBODY}
