"""The six triggers of the reference, by name."""

from __future__ import annotations

import pytest

from partnerhook.core.compose import Update
from partnerhook.core.names import WORD_OF_STATE
from partnerhook.core.triggers import TRIGGER_OF_NAME, TRIGGERS, Trigger, find_trigger

SENT = {
    "draft-saved": ("SOLUTION_CREATED", "DRAFT"),
    "request-sent": ("SOLUTION_CREATED", "INITIATED"),
    "accepted": ("SOLUTION_UPDATED", "ACTIVE"),
    "rejected": ("SOLUTION_UPDATED", "REJECTED"),
    "deactivation-requested": ("SOLUTION_UPDATED", "PENDING_DEACTIVATION"),
    "deactivated": ("SOLUTION_UPDATED", "DEACTIVATED"),
}

every_trigger = pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger.name)


def test_what_each_sends():
    """Event and status, as the reference pairs them."""
    assert {trigger.name: (trigger.event, trigger.solution_status) for trigger in TRIGGERS} == SENT
    assert list(TRIGGER_OF_NAME) == list(SENT)


def test_each_word_of_the_reference_has_one():
    """No status is left out, none is sent by two."""
    assert sorted(trigger.solution_status for trigger in TRIGGERS) == sorted(WORD_OF_STATE.values())


@every_trigger
def test_an_update(trigger: Trigger):
    """For any solution."""
    assert trigger.update("42") == Update(trigger.event, "42", trigger.solution_status)


@every_trigger
def test_it_is_found_however_it_is_written(trigger: Trigger):
    """By name, alias and status word; in capitals; with a hyphen or an underscore."""
    for name in (trigger.name, *trigger.aliases, trigger.solution_status):
        for written in (name, name.upper(), name.replace("-", "_"), name.lower().replace("_", "-"), f" {name} "):
            assert find_trigger(written) is trigger


def test_no_name_means_two():
    """Names, aliases and status words are all different, but for a trigger whose name is its status."""
    names = [
        name
        for trigger in TRIGGERS
        for name in {trigger.name, *trigger.aliases, trigger.solution_status.lower().replace("_", "-")}
    ]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["", "-", "accept ed", "SOLUTION_UPDATED", "PENDING", "unknown"])
def test_others_are_not_found(name: str):
    """Neither an event, which says too little, nor the guide's seventh word."""
    assert find_trigger(name) is None
