"""What pages say of a solution, without a page around it."""

from __future__ import annotations

import pytest

from partnerhook.console.customers import WEEK_S, customers_of
from partnerhook.console.diagram import PLACES, draw, steps_of, way
from partnerhook.console.signup import snippet
from partnerhook.console.telling import meaning, turn
from partnerhook.console.words import CLASS_OF_STATE, NAME_OF_STATE, lasted
from partnerhook.core.lifecycle import fold
from partnerhook.core.names import ACTIVE, DEACTIVATION_REQUESTED, INITIATED, STATES, UNKNOWN, WORD_OF_STATE
from partnerhook.core.observations import Observation, content_key
from partnerhook.core.timeline import timeline
from partnerhook.core.transitions import TRANSITIONS
from partnerhook.services.query import CustomerEvent, GraphFacts

NOW = 1_760_000_000


def heard(*words: str) -> list[Observation]:
    """A history, an hour between one word and the next."""
    return [
        Observation(content_key("a", "1", "2", "", word, at), "a", "2", "1", "", word, at, at * 10**6, at * 10**6)
        for at, word in ((NOW + 3_600 * number, word) for number, word in enumerate(words))
    ]


def event(name: str, waba: str, days_ago: float, business: str = "7") -> CustomerEvent:
    """Of a customer."""
    return CustomerEvent(name, waba, business, "", (), "1", NOW - int(days_ago * 86_400), NOW * 10**6, 0, 1)


def test_every_state_has_its_words():
    """A name, a colour and a meaning; and a place in the picture, where the lifecycle has it."""
    assert set(NAME_OF_STATE) == set(CLASS_OF_STATE) == set(STATES)
    assert set(PLACES) == set(STATES) - {UNKNOWN}
    for word in WORD_OF_STATE.values():
        solution = fold(heard(word))
        assert solution is not None
        assert meaning(solution)


@pytest.mark.parametrize("word", ["INITIATED", "PENDING_DEACTIVATION"])
@pytest.mark.parametrize(
    ("role", "begins"), [("PARTNER", "You have"), ("OWNER", "The other side has"), ("", "The inv")]
)
def test_whose_turn_it_is(word: str, role: str, begins: str):
    """By our side; where that is not known, the side is named."""
    solution = fold(heard(word))
    assert solution is not None
    found = turn(solution, GraphFacts("", role, None, (), (), NOW))

    assert found is not None
    assert found.text.startswith(begins)
    assert found.ours is (role == "PARTNER")


def test_the_picture_is_the_table():
    """An arrow for each transition that leads somewhere else; taken ones are marked, others are named."""
    rows = {(row.before, row.after) for row in TRANSITIONS if row.before not in {None, row.after}}
    steps = steps_of(timeline(heard("INITIATED", "ACTIVE", "PENDING_DEACTIVATION", "INITIATED")))
    picture = draw(steps, [INITIATED])

    assert len(picture.arrows) == len(rows)
    assert sum(one.taken for one in picture.arrows) == 2
    assert [one.state for one in picture.boxes if one.current] == [INITIATED]
    assert way(steps) == [INITIATED, ACTIVE, DEACTIVATION_REQUESTED, INITIATED]
    assert list(picture.unusual) == [(DEACTIVATION_REQUESTED, INITIATED)]
    for box in picture.boxes:
        assert 0 <= box.x <= picture.width - picture.box_width
        assert 0 <= box.y <= picture.height - picture.box_height


def test_customers_come_and_go():
    """The newest first; whoever left is still known, and counts as new in the week in which it came."""
    found = customers_of(
        [
            event("PARTNER_REMOVED", "11", 1, ""),
            event("PARTNER_ADDED", "11", 20),
            event("PARTNER_ADDED", "12", 3, "8"),
            event("PARTNER_APP_INSTALLED", "12", 2, "8"),
            event("PARTNER_ADDED", "13", 2, "8"),
        ],
        NOW,
    )

    assert [(one.waba_id, one.business_id, one.gone_at is None) for one in found.all] == [
        ("13", "8", True),
        ("12", "8", True),
        ("11", "7", False),
    ]
    assert found.there == 2
    assert found.new_in_week == 1  # two accounts of one business


@pytest.mark.parametrize(("ago_s", "new"), [(0, 1), (WEEK_S - 1, 1), (WEEK_S, 0)])
def test_the_week_rolls(ago_s: int, new: int):
    """Seven days, to the second."""
    assert customers_of([event("PARTNER_ADDED", "11", ago_s / 86_400)], NOW).new_in_week == new


def test_a_snippet_needs_ids_only():
    """An app id that is not configured is left for the reader."""
    assert 'solutionID: "774485461512159"' in snippet("774485461512159", "1")
    assert 'appId: "YOUR_APP_ID"' in snippet("774485461512159", "")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "just now"), (59, "just now"), (61, "1 min"), (7_300, "2 h"), (172_800, "2 days"), (10**8, "3 years")],
)
def test_ages(seconds: int, said: str):
    """As short as they can be said."""
    assert lasted(seconds) == said
