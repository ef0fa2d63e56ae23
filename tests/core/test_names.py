"""Words: every one of ours has a meaning, every one of Meta's a state."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from partnerhook.core import errors
from partnerhook.core.errors import PartnerhookError, SignatureProblem, SignatureRejected
from partnerhook.core.names import MEANING_OF_FLAG, STATE_OF_WORD, STATES, UNKNOWN, WORD_OF_STATE, Flag, State

EXCEPTIONS = [
    value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, PartnerhookError)
]


def test_every_flag_has_a_meaning():
    """Whoever is shown a flag can be told what it means."""
    assert set(MEANING_OF_FLAG) == set(Flag)
    assert all(MEANING_OF_FLAG.values())


def test_every_state_has_a_word_and_every_word_a_state():
    """The reference's six words lead to six states and back; the guide's seventh is read as INITIATED."""
    assert set(WORD_OF_STATE) == set(STATES) - {UNKNOWN}
    assert {word: STATE_OF_WORD[word] for word in WORD_OF_STATE.values()} == {
        word: state for state, word in WORD_OF_STATE.items()
    }
    assert set(STATE_OF_WORD) - set(WORD_OF_STATE.values()) == {"PENDING"}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_a_copy_of_a_state_is_that_state(state: State):
    """They are told apart by identity, and a solution may have been through a cache or another process."""
    assert copy.deepcopy(state) is state
    assert pickle.loads(pickle.dumps(state)) is state


@pytest.mark.parametrize("exception", EXCEPTIONS)
def test_every_exception_says_what_it_means(exception: type[PartnerhookError]):
    """Its own docstring is its default message, and the module's drawing shows it."""
    assert exception.__doc__
    assert exception.__name__ in (errors.__doc__ or "")
    assert exception.http_status_hint in {200, 401, 403, 500, 503}
    if exception is not SignatureRejected:
        assert str(exception()) == exception.__doc__


@pytest.mark.parametrize("problem", SignatureProblem)
def test_every_signature_problem_has_a_sentence(problem: SignatureProblem):
    """The sender is told which of the three it is."""
    assert str(SignatureRejected(problem)) == SignatureRejected.SENTENCES[problem]
