"""What waits to be sent: when it is sent again, with what it shares a POST, and what chaos does to it. No network."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from partnerhook.core.wire import SUBSCRIBE_WITH_VALUES
from partnerhook.emulator.chaos import Chaos, Dice
from partnerhook.emulator.outbox import Change, Outbox, body, escape
from partnerhook.emulator.rules import DAY_S, GUIDE, HOUR_S, Rules

NOW = 1_760_000_000.0


def change(number: int = 0, time: int | None = int(NOW)) -> Change:
    """A change that can be told from others."""
    value = {"event": "SOLUTION_UPDATED", "solution_id": f"{10**14 + number}", "solution_status": "ACTIVE"}
    return Change(entry_id="506914307656634", time=time, field="partner_solutions", value=value)


def dice(**chaos: Any) -> Dice:
    """What goes wrong."""
    return Dice(Chaos.model_validate(chaos))


def attempts_until_given_up(rules: Rules) -> list[float]:
    """The seconds after the first attempt at which a change is sent that nobody ever takes."""
    outbox, plain, at = Outbox(), dice(), []
    outbox.add("app", change(), NOW, plain)
    while (due := outbox.next_due()) is not None:
        at.append(due - NOW)
        for parcel in outbox.take(due, plain):
            outbox.failed(parcel, due, rules, plain)
    assert outbox.given_up == 1
    return at


def posts(outbox: Outbox, chance: Dice) -> list[tuple[float, list[str]]]:
    """Everything that is sent until nothing is left, each with its time: the solutions of each POST."""
    sent: list[tuple[float, list[str]]] = []
    while (due := outbox.next_due()) is not None:
        parcels = outbox.take(due, chance)
        sent += [(due - NOW, [one.value["solution_id"][-2:] for one in parcel.changes]) for parcel in parcels]
    return sent


@pytest.mark.parametrize("window_s", [7.0 * DAY_S, 36.0 * HOUR_S])
def test_retries_grow_apart_until_the_window_is_over(window_s: float):
    """20 s, 40 s, 80 s, ... at most six hours; the last one within the window, and none could follow in it."""
    at = attempts_until_given_up(GUIDE.changed({"retry_window_s": window_s}))

    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert at[:5] == [0, 20, 60, 140, 300]
    assert gaps == sorted(gaps)
    assert max(gaps) == 6 * HOUR_S
    assert window_s - 6 * HOUR_S < at[-1] <= window_s


def test_a_test_is_sent_once():
    """What nobody took is gone."""
    outbox = Outbox()
    outbox.add_test("app", change(), NOW)
    (parcel,) = outbox.take(NOW, dice())

    outbox.failed(parcel, NOW, GUIDE, dice())

    assert (outbox.next_due(), outbox.given_up) == (None, 1)


def test_changes_share_posts_up_to_a_bound():
    """Those of one app, in their order; never with those of another."""
    outbox, chance = Outbox(), dice(batch_max=3)
    for number in range(7):
        outbox.add("app", change(number), NOW, chance)
    outbox.add("other", change(7), NOW, chance)

    parcels = outbox.take(NOW, chance)

    assert [(parcel.app_id, len(parcel.changes)) for parcel in parcels] == [
        ("app", 3),
        ("app", 3),
        ("app", 1),
        ("other", 1),
    ]
    order = [one.value["solution_id"] for parcel in parcels for one in parcel.changes]
    assert order == sorted(order)


def test_without_chaos_each_change_has_a_post_of_its_own():
    """Meta does not promise batches."""
    outbox, plain = Outbox(), dice()
    for number in range(3):
        outbox.add("app", change(number), NOW, plain)

    assert posts(outbox, plain) == [(0, ["00"]), (0, ["01"]), (0, ["02"])]


def test_changes_wait_for_company():
    """The first one for as long as it may; those that came in the meantime go with it."""
    outbox, chance = Outbox(), dice(batch_max=10, batch_wait_s=60)
    for seconds in (0, 20, 59, 61):
        outbox.add("app", change(seconds), NOW + seconds, chance)

    assert outbox.take(NOW + 59, chance) == []
    assert posts(outbox, chance) == [(60, ["00", "20", "59"]), (121, ["61"])]


def test_company_has_a_bound_too():
    """What finds no room waits for its own time."""
    outbox, chance = Outbox(), dice(batch_max=2, batch_wait_s=60)
    for seconds in (0, 20, 40):
        outbox.add("app", change(seconds), NOW + seconds, chance)

    assert posts(outbox, chance) == [(60, ["00", "20"]), (100, ["40"])]


def test_retries_and_tests_travel_alone():
    """A batch that failed stays as it was; new changes do not join it."""
    outbox, chance = Outbox(), dice(batch_max=10)
    for number in range(2):
        outbox.add("app", change(number), NOW, chance)
    (parcel,) = outbox.take(NOW, chance)
    outbox.failed(parcel, NOW, GUIDE, chance)
    outbox.add("app", change(2), NOW + 20, chance)
    outbox.add_test("app", change(3), NOW + 20)

    assert sorted(names for _, names in posts(outbox, chance)) == [["00", "01"], ["02"], ["03"]]


def test_a_batch_is_cut_anew():
    """Every change of it is sent again, in their order, in two parts."""
    outbox, chance = Outbox(), dice(batch_max=10, recut=1, seed=3)
    for number in range(5):
        outbox.add("app", change(number), NOW, chance)
    (parcel,) = outbox.take(NOW, chance)

    outbox.failed(parcel, NOW, GUIDE, chance)

    again = outbox.take(NOW + 20, chance)
    assert len(again) == 2
    assert sorted(one.value["solution_id"][-2:] for part in again for one in part.changes) == [
        f"{number:02}" for number in range(5)
    ]
    assert {part.attempts for part in again} == {1}
    assert len({part.id for part in again}) == 2


def test_a_retry_has_the_same_bytes():
    """Its time too, unless that is chosen otherwise (C1)."""
    told = {}
    for retry_time in ("same", "new"):
        outbox, plain = Outbox(), dice()
        outbox.add("app", change(), NOW, plain)
        (parcel,) = outbox.take(NOW, plain)
        outbox.failed(parcel, NOW, GUIDE.changed({"retry_time": retry_time}), plain)
        told[retry_time] = body(outbox.take(NOW + 20, plain)[0].changes)

    assert told["same"] == body([change()])
    assert told["new"] == body([change(time=int(NOW))])

    outbox, chance = Outbox(), dice(new_time=1)
    outbox.add("app", change(), NOW, chance)
    (parcel,) = outbox.take(NOW + 300, chance)
    outbox.failed(parcel, NOW + 300, GUIDE, chance)
    assert json.loads(body(outbox.take(NOW + 400, chance)[0].changes))["entry"][0]["time"] == int(NOW) + 300


def test_a_change_is_lost_for_good():
    """It is counted, and never sent."""
    outbox, chance = Outbox(), dice(drop=1)

    outbox.add("app", change(), NOW, chance)

    assert (outbox.next_due(), outbox.dropped) == (None, 1)


def test_a_change_is_sent_twice():
    """Within a minute, with the same bytes."""
    outbox, chance = Outbox(), dice(duplicate=1)
    outbox.add("app", change(), NOW, chance)

    first, second = sorted(outbox.parcels, key=lambda parcel: parcel.due)

    assert body(first.changes) == body(second.changes)
    assert 0 <= second.due - first.due <= 60


@pytest.mark.parametrize(("chaos", "most"), [({"reorder": 1}, 30), ({"delay": 1, "delay_s": 500}, 500)])
def test_later_changes_overtake(chaos: dict[str, Any], most: float):
    """Some, within bounds; none is lost."""
    outbox, chance = Outbox(), dice(**chaos)
    for number in range(50):
        outbox.add("app", change(number), NOW, chance)

    sent = posts(outbox, chance)

    order = [name for _, (name,) in sent]
    assert sorted(order) == [f"{number:02}" for number in range(50)]
    assert order != sorted(order)
    assert all(0 <= at <= most for at, _ in sent)


def test_bursts():
    """Held, and then all at once, every so many seconds."""
    outbox, chance = Outbox(), dice(burst_s=600)
    for number in range(3):
        outbox.add("app", change(number), NOW + number, chance)
    outbox.add("app", change(3), NOW + 700, chance)

    at = [seconds for seconds, _ in posts(outbox, chance)]

    assert len(set(at[:3])) == 1
    assert at[3] - at[0] == 600
    assert all((NOW + seconds) % 600 == 0 for seconds in at)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_tells_the_same_story(seed: int):
    """Time by time and change by change; another seed tells another one."""

    def story(number: int) -> list[tuple[float, list[str]]]:
        outbox = Outbox()
        chance = dice(seed=number, duplicate=0.3, reorder=0.3, delay=0.3, drop=0.2, batch_max=4, batch_wait_s=5)
        for at in range(40):
            outbox.add("app", change(at), NOW + at, chance)
        return posts(outbox, chance)

    assert story(seed) == story(seed)
    assert story(seed) != story(seed + 100)


def test_each_change_is_an_entry():
    """With its own portfolio and time; a test may have no time."""
    document = json.loads(body([change(1), change(2, time=None)]))

    first, second = document["entry"]
    assert document["object"] == "whatsapp_business_account"
    assert (first["id"], first["time"], len(first["changes"])) == ("506914307656634", int(NOW), 1)
    assert "time" not in second


def test_without_values_only_the_field_is_named():
    """As `include_values=false` has it; the registry says what to do about that."""
    (entry,) = json.loads(body([change()], include_values=False))["entry"]

    assert entry == {"changed_fields": ["partner_solutions"], "id": "506914307656634", "time": int(NOW)}
    assert "include_values" in SUBSCRIBE_WITH_VALUES


def test_bodies_are_php_s():
    r"""ASCII alone, slashes escaped; `@`, `%` and `<` too where that is chosen (C17). What they mean is the same."""
    value = {"text": "ä/ü 😀 100 % <b> a@b \\@ \\\\"}
    told = Change(entry_id="1", time=None, field="messages", value=value)

    plain, escaped = body([told]), body([told], escape_more=True)

    assert rb"\u00e4\/\u00fc \ud83d\ude00 100 % <b> a@b" in plain
    assert rb"100 \u0025 \u003Cb> a\u0040b" in escaped
    assert not set(b"@%<").intersection(escaped)
    assert json.loads(plain) == json.loads(escaped)
    assert json.loads(plain)["entry"][0]["changes"][0]["value"] == value
    assert escape(b"{}") == b"{}"
